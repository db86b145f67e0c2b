"""The list of campaigns, the page of one, and its plan."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import CampaignStatus, HypothesisStatus, Metric
from experiments.exceptions import ChangedMeanwhile, DomainError, NotAllowed, NotFound, Refused
from experiments.forms import AmendDraft, CampaignDraft
from experiments.forms.campaign import answered, is_previewing, is_unsent
from experiments.forms.templates import TemplateChoices
from experiments.models import Campaign, CriterionTemplate, Hypothesis
from experiments.models.campaign import CampaignQuerySet
from experiments.selectors.ahead import criteria_ahead
from experiments.selectors.analysis import Known, analyse_campaign
from experiments.selectors.arm_rows import ArmRow, arm_rows
from experiments.selectors.campaign_pages import (
    WITH_PLAN,
    WITH_STORY,
    CampaignCard,
    CampaignNumbers,
    DayView,
    campaign_cards,
    campaign_events,
    campaign_numbers,
    criteria_views,
    read_known,
)
from experiments.selectors.looks import look_rows
from experiments.selectors.next_look import next_look
from experiments.services.campaigns import (
    change_campaign,
    create_campaign,
    doubts_before_launch,
    drafted,
    missing_for_launch,
)
from experiments.services.criteria import amend_criteria
from experiments.stats.false_kill import MOST_DAYS
from experiments.views.previews import is_part_wanted, preview_rules
from experiments.views.templates import keep_rule
from workspaces.choices import SourceKind
from workspaces.forms.comparing import differences
from workspaces.models import Source
from workspaces.permissions import Permission
from workspaces.services import basis_of
from workspaces.views.access import WorkspaceView, words_of
from workspaces.views.downloads import CsvView

SECTION = "campaigns"
PAGE_SIZE = 50
RECENT_EVENTS = 12

# The tabs of the list: their name in the address, and what is in them.
_LISTS: dict[str, tuple[str | Promise, list[CampaignStatus]]] = {
    "running": (
        gettext_lazy("Running"),
        [CampaignStatus.LIVE, CampaignStatus.SCALED, CampaignStatus.PAUSED],
    ),
    "drafts": (gettext_lazy("Drafts"), [CampaignStatus.DRAFT]),
    "over": (
        gettext_lazy("Over"),
        [CampaignStatus.KILLED, CampaignStatus.COMPLETED, CampaignStatus.DISCARDED],
    ),
}


class _Campaigns(WorkspaceView):
    section = SECTION

    @property
    def chosen(self) -> str:
        """The list that the address names."""
        chosen = self.request.GET.get("show", "running")
        return chosen if chosen in _LISTS else "running"

    def campaigns(self) -> CampaignQuerySet:
        return (
            Campaign.objects.of(self.workspace)
            .filter(status__in=_LISTS[self.chosen][1])
            .select_related("workspace", "hypothesis__owner")
        )


class CampaignsView(_Campaigns):
    template_name = "experiments/campaigns.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        chosen = self.chosen
        page = Paginator(self.campaigns(), PAGE_SIZE).get_page(request.GET.get("page"))
        return self.render(
            {
                "page_obj": page,
                "cards": campaign_cards(page.object_list),
                "shown": chosen,
                "lists": [(name, label) for name, (label, _statuses) in _LISTS.items()],
                "query": f"show={chosen}&",
            }
        )


class CampaignsCsvView(_Campaigns, CsvView):
    """The list that is shown, all of its pages."""

    HEADER = (
        "campaign",
        "name",
        "channel",
        "state",
        "hypothesis",
        "owner",
        "starts_on",
        "runs_until",
        "sure_it_should_stop",
        "spent",
        "budget",
        "currency",
    )

    def name(self) -> str:
        return f"campaigns-{self.chosen}"

    def items(self) -> Iterable[CampaignCard]:
        return campaign_cards(list(self.campaigns()))

    def row(self, item: CampaignCard) -> list[object]:
        campaign = item.campaign
        hypothesis = campaign.hypothesis
        return [
            campaign.key,
            campaign.name,
            campaign.channel,
            campaign.status,
            hypothesis.title if hypothesis else "",
            str(hypothesis.owner or "") if hypothesis else "",
            campaign.starts_on,
            campaign.runs_until,
            item.strength,
            self.amount(item.spend) if campaign.launched_at else "",
            self.amount(campaign.funding),
            self.workspace.currency,
        ]


class _OneCampaign(WorkspaceView):
    section = SECTION

    # With as much of it as the page tells.
    told = WITH_PLAN

    @cached_property
    def campaign(self) -> Campaign:
        campaign = self.told.of(self.workspace).filter(key=self.kwargs["key"]).first()
        if campaign is None:
            raise NotFound(_("There is no campaign “{key}” here.").format(key=self.kwargs["key"]))
        return campaign


class CampaignView(_OneCampaign):
    """Where it stands, why, and what can be done about it."""

    template_name = "experiments/campaign.html"

    told = WITH_STORY

    def get(self, request: HttpRequest) -> HttpResponseBase:
        campaign = self.campaign
        beside = self.companions(campaign)
        known = read_known(campaign, beside)
        ahead = criteria_ahead(campaign, list(campaign.kill_criteria.all()), known=known, at=self.at)
        criteria = criteria_views(campaign, ahead=ahead)
        numbers = campaign_numbers(campaign, known, at=self.at)
        main = next((view for view in criteria if view.criterion.metric == numbers.metric.key), None)
        first = main or next(iter(criteria), None)
        context = {
            "campaign": campaign,
            "criteria": criteria,
            "lead": first,
            "lead_watch": first.strongest if first else None,
            "limit": main.criterion.threshold if main else None,
            "open_breaches": [breach for view in criteria for breach in view.breaches],
            "numbers": numbers,
            "unspent": campaign.budget - numbers.spend if numbers.spend is not None else campaign.budget,
            "lived_days": self._lived_days(campaign),
            "missing": missing_for_launch(campaign) if campaign.is_draft else [],
            "doubts": doubts_before_launch(campaign) if campaign.is_draft else [],
            "revivals": campaign.revivals.all() if campaign.is_finished else [],
            "amendments": campaign.amendments.all() if campaign.amended else [],
            "events": campaign_events(campaign)[:RECENT_EVENTS],
            "next_look": next_look(campaign, first, known.measured, at=self.at) if first else None,
            **self._analysis(campaign, numbers, known, beside),
        }
        return self.render(context)

    def _lived_days(self, campaign: Campaign) -> int | None:
        first = campaign.first_judged_day()
        if first is None:
            return None
        return (self.workspace.local_day(campaign.stopped_at or self.at) - first).days + 1

    def _analysis(
        self, campaign: Campaign, numbers: CampaignNumbers, known: Known, beside: Sequence[Campaign]
    ) -> dict[str, Any]:
        metric = numbers.metric
        if campaign.launched_at is None:
            return {"rows": []}
        result = analyse_campaign(campaign, metric=metric.key, beside=beside, known=known, at=self.at)
        analysis = result.as_dict()
        rows = arm_rows(list(campaign.arms.all()), analysis, metric, events=numbers.by_arm)
        return {
            "analysis": analysis,
            "rows": rows,
            "has_control": any(row.is_control for row in rows),
            "looks": look_rows(result.looks, list(campaign.arms.all())),
        }

    def companions(self, campaign: Campaign) -> Sequence[Campaign]:
        """The campaigns that are looked at together with this one; a sprint knows of some."""
        return ()


class DaysCsvView(_OneCampaign, CsvView):
    """The days of a campaign: its metric, what it is made of, and what was spent."""

    HEADER = ("campaign", "day", "metric", "value", "events", "spent", "currency", "settled")

    def name(self) -> str:
        return f"{self.campaign.key}-days"

    def items(self) -> Iterable[tuple[DayView, Metric]]:
        known = read_known(self.campaign, ())
        numbers = campaign_numbers(self.campaign, known, at=self.at)
        return [(item, numbers.metric) for item in numbers.days]

    def row(self, item: tuple[DayView, Metric]) -> list[object]:
        day, metric = item
        return [
            self.campaign.key,
            day.on,
            metric.key,
            day.value,
            day.events,
            self.amount(day.spend),
            self.workspace.currency,
            "yes" if day.is_settled else "no",
        ]


class ArmsCsvView(CsvView, CampaignView):
    """The arms of a campaign, each beside the control, as the page computes them."""

    HEADER = (
        "campaign",
        "arm",
        "name",
        "control",
        "state",
        "planned_share",
        "metric",
        "events",
        "value",
        "lift_relative",
        "credible_low",
        "credible_high",
        "chance_to_beat_control",
        "p_value_adjusted",
    )
    FIGURES = HEADER[9:]

    def name(self) -> str:
        return f"{self.campaign.key}-arms"

    def items(self) -> Iterable[tuple[ArmRow, Metric]]:
        campaign = self.campaign
        beside = self.companions(campaign)
        known = read_known(campaign, beside)
        numbers = campaign_numbers(campaign, known, at=self.at)
        return [(row, numbers.metric) for row in self._analysis(campaign, numbers, known, beside)["rows"]]

    def row(self, item: tuple[ArmRow, Metric]) -> list[object]:
        row, metric = item
        comparison = row.comparison or {}
        return [
            self.campaign.key,
            row.arm.key,
            row.arm.name,
            "yes" if row.is_control else "no",
            row.arm.status,
            row.arm.planned_share,
            metric.key,
            row.events,
            row.result.get("value"),
            *(comparison.get(figure) for figure in self.FIGURES),
        ]


class DraftView(WorkspaceView):
    """A form of several parts, sent as one."""

    permission = Permission.PLAN
    section = SECTION

    @property
    def is_sending(self) -> bool:
        return super().is_sending and not is_unsent(answered(self.request.POST))

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(self.context(self.draft(self._unsent(self.kept_fields))))

    def post(self, request: HttpRequest) -> HttpResponse:
        data = answered(request.POST)
        chosen = ""
        if "use" in data:
            data, chosen = self.begin_with(data)
        draft = self.draft(data)
        if "keep" in data:
            keep_rule(draft, data, request=request, by=self.actor, at=self.at)
        if chosen:
            draft.take_note(chosen, note=self.templates.note(data.get("template", "")))
        if is_previewing(data):
            preview_rules(draft, data, by=self.actor)
            part = "experiments/_preview_answer.html" if is_part_wanted(request) else ""
            return self.render(self.context(draft), template=part)
        if is_unsent(data):
            return self.render(self.context(draft))
        return self._send(draft, data)

    def _send(self, draft: Any, data: QueryDict) -> HttpResponse:
        status = 422
        if draft.is_valid():
            url: list[str] = []

            def work() -> str:
                url.append(self.save(draft))
                return url[0]

            try:
                return self.once(work) or redirect(url[0])
            except (NotFound, NotAllowed):
                raise
            except ChangedMeanwhile as error:
                return self.compare(draft, data, status=error.status, changed=words_of(error))
            except DomainError as error:
                draft.take(error)
                status = error.status
        return self.landed() or self.render(self.context(draft), status=status)

    def compare(self, draft: Any, data: QueryDict, *, status: int, **told: object) -> HttpResponse:
        """What was typed beside what is stored by now; sent again, it goes through."""
        self.reload()
        compared = {}
        if self.basis():
            compared = {
                "basis": self.basis(),
                "differences": differences(self.draft().as_shown, draft.as_shown),
            }
        return self.render(
            {**self.context(self.draft(self._unsent(data))), **compared, **told}, status=status
        )

    def sent_otherwise(self, url: str) -> HttpResponse:
        data = answered(self.request.POST)
        return self.compare(self.draft(self._unsent(data)), data, status=409, sent_before=url)

    def _unsent(self, data: QueryDict | None) -> QueryDict | None:
        """The same, to be shown as it was typed without a word about it."""
        if data is None:
            return None
        shown = data.copy()
        for button in ("use", "keep", "preview", "more"):
            shown.pop(button, None)
        shown["more"] = ""
        return shown

    def draft(self, data: QueryDict | None = None) -> Any:
        raise NotImplementedError

    @cached_property
    def templates(self) -> TemplateChoices:
        own = CriterionTemplate.objects.of(self.workspace).select_related("workspace")
        return TemplateChoices(self.workspace, list(own))

    def begin_with(self, data: QueryDict) -> tuple[QueryDict, str]:
        """What was typed with the chosen template in the first empty row, and which row that is."""
        hypothesis = self.aimed_at(data)
        filled, row = self.templates.put(
            data,
            data.get("template", ""),
            aim=hypothesis.primary_metric if hypothesis else "",
            target=hypothesis.target if hypothesis else None,
        )
        return filled, row or ""

    def aimed_at(self, data: QueryDict) -> Hypothesis | None:
        """The hypothesis that is chosen on the form."""
        given = data.get("hypothesis", "")
        if not given.isdecimal():
            return None
        return Hypothesis.objects.of(self.workspace).filter(pk=int(given[:15])).first()

    def context(self, draft: Any) -> dict[str, Any]:
        return {"draft": draft, "form": draft.form, "templates": self.templates.groups}

    def save(self, draft: Any) -> str:
        """Do it, and return where to go."""
        raise NotImplementedError


class _WriteCampaign(DraftView):
    template_name = "experiments/campaign_form.html"

    def choices(self) -> dict[str, Any]:
        return {
            "workspace": self.workspace,
            "hypotheses": Hypothesis.objects.of(self.workspace)
            .filter(status__in=[HypothesisStatus.BACKLOG, HypothesisStatus.COMMITTED])
            .order_by("title"),
            "sources": Source.objects.of(self.workspace).filter(kind=SourceKind.PLATFORM).order_by("name"),
        }


class NewCampaignView(_WriteCampaign):
    def draft(self, data: QueryDict | None = None) -> CampaignDraft:
        initial = {name: self.request.GET.get(name, "") for name in ("hypothesis", "revives")}
        return CampaignDraft(data, **self.choices(), initial=initial)

    def save(self, draft: CampaignDraft) -> str:
        campaign = create_campaign(values=draft.values, by=self.actor, at=self.at)
        return self.page_url("campaign", key=campaign.key)


class EditCampaignView(_WriteCampaign, _OneCampaign):
    def basis(self) -> str:
        return basis_of(drafted(self.campaign))

    def reload(self) -> None:
        vars(self).pop("campaign", None)

    def draft(self, data: QueryDict | None = None) -> CampaignDraft:
        campaign = self.campaign
        # Of one that was launched while somebody wrote, the service says so beside what they wrote.
        if not campaign.is_draft and self.request.method == "GET":
            raise NotFound(_("This plan is frozen. A manager can amend its kill criteria."))
        initial = {
            "name": campaign.name,
            "key": campaign.key,
            "hypothesis": campaign.hypothesis_id,
            "channel": campaign.channel,
            "budget": f"{campaign.planned_budget.normalize():f}" if campaign.planned_budget else "",
            "components": "\n".join(campaign.components),
            "revives": campaign.revives.key if campaign.revives else "",
        }
        return CampaignDraft(data, **self.choices(), campaign=campaign, initial=initial)

    def context(self, draft: CampaignDraft) -> dict[str, Any]:
        return {**super().context(draft), "campaign": self.campaign}

    def save(self, draft: CampaignDraft) -> str:
        campaign = change_campaign(
            self.kwargs["key"], values=draft.values, basis=self.sent_basis, by=self.actor, at=self.at
        )
        return self.page_url("campaign", key=campaign.key)


class AmendView(DraftView, _OneCampaign):
    """The whole set of rules again, with the reason for the change."""

    template_name = "experiments/amend.html"
    permission = Permission.AMEND

    def draft(self, data: QueryDict | None = None) -> AmendDraft:
        return AmendDraft(
            data,
            workspace=self.workspace,
            criteria=list(self.campaign.kill_criteria.all()),
            **self.planned(),
        )

    def basis(self) -> str:
        return self.campaign.criteria_digest

    def reload(self) -> None:
        vars(self).pop("campaign", None)

    def planned(self) -> dict[str, Any]:
        """What it was to spend a day, as far as its budget and its last day tell."""
        campaign = self.campaign
        first, last = campaign.first_judged_day(), campaign.runs_until
        if first is None or last is None or last < first:
            return {"spend_per_day": "", "days": 0}
        days = min((last - first).days + 1, MOST_DAYS)
        daily = round(campaign.budget / days, self.workspace.currency_exponent)
        return {"spend_per_day": f"{daily.normalize():f}" if daily else "", "days": days}

    def aimed_at(self, data: QueryDict) -> Hypothesis | None:
        """The campaign's own; nothing of it is on the form."""
        return self.campaign.hypothesis

    def context(self, draft: AmendDraft) -> dict[str, Any]:
        return {**super().context(draft), "campaign": self.campaign}

    def save(self, draft: AmendDraft) -> str:
        if not draft.form.cleaned_data["reason"]:
            raise Refused("required", _("Say why."))
        amend_criteria(
            self.kwargs["key"],
            criteria=draft.rules,
            reason=draft.form.cleaned_data["reason"],
            digest=self.sent_basis,
            by=self.actor,
            at=self.at,
        )
        return self.page_url("campaign", key=self.kwargs["key"])
