"""Acts on a campaign that is under way. Each asks on a page of its own, with what follows from it."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.exceptions import NotFound
from experiments.forms import OverruleForm, WordsForm
from experiments.models import Arm, Campaign
from experiments.selectors.campaign_pages import by_key
from experiments.services.campaigns import (
    complete_campaign,
    discard_campaign,
    kill_campaign,
    pause_campaign,
    resume_campaign,
    stop_arm,
)
from experiments.services.criteria import overrule_breach
from workspaces.forms import Form, ReasonForm
from workspaces.forms.days import understood_day
from workspaces.permissions import Permission
from workspaces.views.access import ActionView, FormView, WorkspaceView

SECTION = "campaigns"


_CAMPAIGN = by_key(Campaign.objects.all())


class _OneCampaign(WorkspaceView):
    section = SECTION
    permission = Permission.PLAN

    def campaign(self) -> Campaign:
        found = _CAMPAIGN.read(workspace=self.workspace.pk, key=self.kwargs["key"])
        if not found:
            raise NotFound(_("There is no campaign “{key}” here.").format(key=self.kwargs["key"]))
        return found[0]

    def done_url(self) -> str:
        return self.page_url("campaign", key=self.kwargs["key"])


class _ActView(_OneCampaign, FormView):
    """``title`` and ``note`` are sentences about ``words``."""

    template_name = "components/reason_page.html"
    form_class: ClassVar[type[Form]] = WordsForm
    title: ClassVar[str | Promise]
    note: ClassVar[str | Promise]
    verb: ClassVar[str | Promise]
    stops: ClassVar[bool] = False

    def words(self, campaign: Campaign) -> dict[str, object]:
        """What title and note may name."""
        return {"campaign": campaign}

    def context(self, form: Form) -> dict[str, Any]:
        campaign = self.campaign()
        return {
            **super().context(form),
            "title": str(self.title).format(**self.words(campaign)),
            "note": str(self.note).format(**self.words(campaign)),
            "verb": self.verb,
            "stops": self.stops,
            "cancel_url": self.done_url(),
        }


class PauseView(_ActView):
    title = gettext_lazy("Pause {campaign}?")
    note = gettext_lazy(
        "It can go on later. Pause it on the ad platform, too: spend after the pause makes it undead."
    )
    verb = gettext_lazy("Pause it")

    def save(self, form: Form) -> str:
        reason = form.cleaned_data["reason"]
        campaign = pause_campaign(self.kwargs["key"], reason=reason, by=self.actor, at=self.at)
        return _("{campaign} is paused. Pause it on the ad platform, too.").format(campaign=campaign)


class ResumeView(_OneCampaign, ActionView):
    def act(self) -> str:
        campaign = resume_campaign(self.kwargs["key"], by=self.actor, at=self.at)
        return _("{campaign} goes on.").format(campaign=campaign)


class KillView(_ActView):
    form_class = ReasonForm
    title = gettext_lazy("A quick no for {campaign}?")
    note = gettext_lazy(
        "Killed is final: the idea can only come back as a new campaign. Stop it on the ad platform, too."
    )
    verb = gettext_lazy("Kill it")
    stops = True

    def save(self, form: Form) -> str:
        reason = form.cleaned_data["reason"]
        campaign = kill_campaign(self.kwargs["key"], reason=reason, by=self.actor, at=self.at)
        return _("{campaign} is killed. Stop it on the ad platform, too.").format(campaign=campaign)


class CompleteView(_ActView):
    title = gettext_lazy("Has {campaign} served its purpose?")
    note = gettext_lazy(
        "Completed is final, and what is unspent is free for others. Stop it on the ad platform, too."
    )
    verb = gettext_lazy("Complete it")

    def save(self, form: Form) -> str:
        reason = form.cleaned_data["reason"]
        campaign = complete_campaign(self.kwargs["key"], reason=reason, by=self.actor, at=self.at)
        return _("{campaign} is completed.").format(campaign=campaign)


class DiscardView(_ActView):
    title = gettext_lazy("Throw the draft {campaign} away?")
    note = gettext_lazy(
        "It never spent anything. Its key stays taken, so that nothing else is ever mistaken for it."
    )
    verb = gettext_lazy("Discard the draft")

    def save(self, form: Form) -> str:
        reason = form.cleaned_data["reason"]
        campaign = discard_campaign(self.kwargs["key"], reason=reason, by=self.actor, at=self.at)
        return _("The draft {campaign} is discarded.").format(campaign=campaign)

    def done_url(self) -> str:
        return self.page_url("campaigns")


class OverruleView(_ActView):
    form_class = OverruleForm
    permission = Permission.OVERRULE
    title = gettext_lazy("Overrule the rule of {campaign}?")
    note = gettext_lazy(
        "The criterion rests through that day, at most two weeks. Everybody will see that "
        "you overruled it, and why. It resumes nothing by itself."
    )
    verb = gettext_lazy("Overrule it")

    def save(self, form: Form) -> str:
        overrule_breach(
            self.kwargs["key"],
            self.kwargs["criterion_id"],
            reason=form.cleaned_data["reason"],
            until=form.cleaned_data["until"],
            by=self.actor,
            at=self.at,
        )
        until = understood_day(form.cleaned_data["until"], today=self.workspace.local_day(self.at))
        return _("The breach is overruled until {day}. Then the criterion is judged again.").format(day=until)


class StopArmView(_ActView):
    title = gettext_lazy("Stop the arm {arm} of {campaign}?")
    note = gettext_lazy(
        "A stopped arm does not come back. Without its control or its last treatment the campaign pauses."
    )
    verb = gettext_lazy("Stop the arm")
    stops = True

    def words(self, campaign: Campaign) -> dict[str, object]:
        arm = Arm.objects.filter(campaign=campaign, key=self.kwargs["arm_key"]).first()
        if arm is None:
            raise NotFound(
                _("{campaign} has no arm “{arm_key}”.").format(
                    campaign=campaign, arm_key=self.kwargs["arm_key"]
                )
            )
        return {**super().words(campaign), "arm": arm.name}

    def save(self, form: Form) -> str:
        arm = stop_arm(
            self.kwargs["key"],
            self.kwargs["arm_key"],
            reason=form.cleaned_data["reason"],
            by=self.actor,
            at=self.at,
        )
        return _("Arm {arm} is stopped. Stop it on the ad platform, too.").format(arm=arm)
