"""What goes on without a yes, the costliest first."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from experiments.choices import ZombieResolution, ZombieSignal
from experiments.exceptions import NotFound
from experiments.forms import KeepForm
from experiments.models import Campaign, ZombieFlag
from experiments.selectors.burning import MOST_DAYS, NOTHING, burning, costliest
from experiments.services.zombies import acknowledge_zombie, resolve_zombie
from workspaces.forms import Form, ReasonForm
from workspaces.forms.days import understood_day
from workspaces.permissions import Permission
from workspaces.views.access import ActionView, FormView, WorkspaceView
from workspaces.views.downloads import CsvView

SECTION = "zombies"


class _Zombies(WorkspaceView):
    section = SECTION

    def flags(self) -> list[ZombieFlag]:
        return list(
            ZombieFlag.objects.of(self.workspace)
            .unresolved()
            .by_money()
            .select_related("campaign__workspace", "campaign__hypothesis", "acknowledged_by")
            .prefetch_related("campaign__kill_criteria")
        )


class ZombiesView(_Zombies):
    template_name = "experiments/zombies.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        flags = self.flags()
        counted = costliest(flags)
        rows, days = burning(flags)
        counts = Counter(flag.signal for flag in flags)
        return self.render(
            {
                "flags": flags,
                "campaign_count": len(counted),
                "money_since": sum((flag.money_since or NOTHING for flag in counted), NOTHING),
                "money_per_day": sum((flag.money_per_day or NOTHING for flag in counted), NOTHING),
                "shows_all": len(days) < MOST_DAYS,
                "burning": rows,
                "days": days,
                "has_launched": bool(flags) or Campaign.objects.of(self.workspace).launched().exists(),
                "signals": [(signal, counts[signal.value]) for signal in ZombieSignal],
            }
        )


class ZombiesCsvView(_Zombies, CsvView):
    NAME = "zombies"
    HEADER = (
        "campaign",
        "name",
        "channel",
        "signal",
        "state",
        "since",
        "money_since",
        "money_per_day",
        "currency",
        "acknowledged_by",
    )

    def items(self) -> Iterable[ZombieFlag]:
        return self.flags()

    def row(self, item: ZombieFlag) -> list[object]:
        return [
            item.campaign.key,
            item.campaign.name,
            item.campaign.channel,
            item.signal,
            item.state,
            self.moment(item.since),
            self.amount(item.money_since),
            self.amount(item.money_per_day),
            self.workspace.currency,
            str(item.acknowledged_by or ""),
        ]


class _OneFlag(WorkspaceView):
    section = SECTION
    permission = Permission.PLAN

    def flag(self) -> ZombieFlag:
        flag = (
            ZombieFlag.objects.of(self.workspace)
            .select_related("campaign")
            .filter(pk=self.kwargs["pk"])
            .first()
        )
        if flag is None:
            raise NotFound(_("There is no zombie {flag_id} here.").format(flag_id=self.kwargs["pk"]))
        return flag

    def done_url(self) -> str:
        return self.page_url("zombies")


class KeepView(_OneFlag, FormView):
    template_name = "components/reason_page.html"
    form_class = KeepForm

    def context(self, form: Form) -> dict[str, Any]:
        flag = self.flag()
        return {
            **super().context(form),
            "title": _("Keep {campaign} going?").format(campaign=flag.campaign),
            "lead": _("It is {signal}.").format(signal=flag.get_signal_display()),
            "note": _("Say why, and until when. If the cause is still there then, it is back on this list."),
            "verb": _("Keep it"),
            "cancel_url": self.done_url(),
        }

    def save(self, form: Form) -> str:
        flag = resolve_zombie(
            self.kwargs["pk"],
            resolution=ZombieResolution.KEPT,
            reason=form.cleaned_data["reason"],
            until=form.cleaned_data["until"],
            by=self.actor,
            at=self.at,
        )
        until = understood_day(form.cleaned_data["until"], today=self.workspace.local_day(self.at))
        return _("{campaign} is kept until {day}.").format(campaign=flag.campaign, day=until)


class StopView(_OneFlag, FormView):
    """Kills the campaign; of one that is over already it says that the platform has stopped, too."""

    template_name = "components/reason_page.html"
    form_class = ReasonForm

    def context(self, form: Form) -> dict[str, Any]:
        campaign = self.flag().campaign
        ghost = campaign.is_finished
        return {
            **super().context(form),
            "title": _("Is {campaign} stopped on the platform now?").format(campaign=campaign)
            if ghost
            else _("A quick no for {campaign}?").format(campaign=campaign),
            "note": (
                _("Only spend reported for later days raises it again.")
                if ghost
                else _(
                    "Killed is final: the idea can only come back as a new campaign. Stop it on the ad "
                    "platform, too."
                )
            ),
            "verb": _("Yes, it is stopped") if ghost else _("Kill it"),
            "stops": True,
            "cancel_url": self.done_url(),
        }

    def save(self, form: Form) -> str:
        flag = resolve_zombie(
            self.kwargs["pk"],
            resolution=ZombieResolution.KILLED,
            reason=form.cleaned_data["reason"],
            by=self.actor,
            at=self.at,
        )
        return _("{campaign} is at rest.").format(campaign=flag.campaign)


class AcknowledgeView(_OneFlag, ActionView):
    def act(self) -> str:
        flag = acknowledge_zombie(self.kwargs["pk"], by=self.actor, at=self.at)
        return _("You look after {campaign}. It calls again if the money goes on.").format(
            campaign=flag.campaign
        )
