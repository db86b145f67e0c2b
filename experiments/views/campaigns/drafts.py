"""The forms of several parts: a new plan, its change, and the amendment of its rules."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import IntegerField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.choices import HypothesisStatus
from experiments.exceptions import ChangedMeanwhile, DomainError, NotAllowed, NotFound, Refused
from experiments.forms import AmendDraft, CampaignDraft
from experiments.forms.campaign import answered, is_previewing, is_unsent
from experiments.forms.templates import TemplateChoices
from experiments.models import Campaign, CriterionTemplate, Hypothesis
from experiments.selectors.campaign_pages import WITH_PLAN
from experiments.services.campaigns import change_campaign, create_campaign, drafted
from experiments.services.criteria import amend_criteria
from experiments.stats.false_kill import MOST_DAYS
from experiments.views.campaigns.base import SECTION, OneCampaignView
from experiments.views.previews import is_part_wanted, preview_rules
from experiments.views.templates import keep_rule
from workspaces.choices import SourceKind
from workspaces.forms.comparing import differences
from workspaces.models import Source
from workspaces.models.prepared import Given, Prepared
from workspaces.permissions import Permission
from workspaces.services import basis_of
from workspaces.views.access import WorkspaceView, words_of

_TEMPLATES = Prepared(lambda: CriterionTemplate.objects.filter(workspace=Given("workspace", IntegerField())))


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
        if "aim" in data:
            data = self.templates.aim(data, self.aimed_at(data))
        if "use" in data:
            data, chosen = self.begin_with(data)
        data = self.templates.complete(data)
        draft = self.draft(data)
        if "keep" in data:
            keep_rule(draft, data, request=request, by=self.actor, at=self.at)
        if chosen:
            draft.take_note(chosen, note=self.templates.note(data.get("template", "")))
        draft.return_to(data.get("answer") or data.get("answer_preview") or "")
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
        for button in ("use", "keep", "preview", "more", "aim"):
            shown.pop(button, None)
        shown["more"] = ""
        return shown

    def draft(self, data: QueryDict | None = None) -> Any:
        raise NotImplementedError

    @cached_property
    def templates(self) -> TemplateChoices:
        own = _TEMPLATES.read(workspace=self.workspace.pk)
        for template in own:
            template.workspace = self.workspace
        return TemplateChoices(self.workspace, own)

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

    def say_saved(self, campaign: Campaign, draft: CampaignDraft) -> None:
        """That it is saved, and what of the form is not."""
        if not draft.criteria.filled:
            messages.warning(
                self.request,
                _("The draft has no kill criterion: a rule without its limit and its guard is not kept."),
            )
        elif draft.criteria.blank:
            left_out = len(draft.criteria.blank)
            messages.warning(
                self.request,
                ngettext(
                    "{count} rule is not kept: it has neither a limit nor a guard.",
                    "{count} rules are not kept: they have neither a limit nor a guard.",
                    left_out,
                ).format(count=left_out),
            )
        messages.success(
            self.request, _("The draft of “{campaign}” is saved.").format(campaign=campaign.name)
        )


class NewCampaignView(_WriteCampaign):
    def draft(self, data: QueryDict | None = None) -> CampaignDraft:
        initial = {name: self.request.GET.get(name, "") for name in ("hypothesis", "revives")}
        last = Campaign.objects.of(self.workspace).order_by("-pk").values_list("channel", flat=True)[:1]
        initial["channel"] = "".join(last)
        return CampaignDraft(data, **self.choices(), initial=initial)

    def save(self, draft: CampaignDraft) -> str:
        campaign = create_campaign(values=draft.values, by=self.actor, at=self.at)
        self.say_saved(campaign, draft)
        return self.page_url("campaign", key=campaign.key)


class EditCampaignView(_WriteCampaign, OneCampaignView):
    @cached_property
    def campaign(self) -> Campaign:
        """The one that the form was filled with: its key, and so its address, may have changed since."""
        number = self.request.POST.get("campaign", "")
        if number.isdecimal():
            known = WITH_PLAN.of(self.workspace).filter(pk=int(number[:15])).first()
            if known is not None:
                return known
        return super().campaign

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
            self.campaign.key, values=draft.values, basis=self.sent_basis, by=self.actor, at=self.at
        )
        self.say_saved(campaign, draft)
        return self.page_url("campaign", key=campaign.key)


class AmendView(DraftView, OneCampaignView):
    """The whole set of rules again, with the reason for the change."""

    template_name = "experiments/amend.html"
    permission = Permission.AMEND

    def draft(self, data: QueryDict | None = None) -> AmendDraft:
        return AmendDraft(
            data,
            workspace=self.workspace,
            campaign=self.campaign,
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
