"""Campaigns, their analysis and their kill criteria."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers.campaigns import (
    AdoptInput,
    AmendInput,
    AnalysisQuery,
    CampaignInput,
    CampaignSerializer,
    CriterionStatusSerializer,
    OptionalReasonInput,
    OverruleInput,
    PreviewInput,
    PreviewSerializer,
    ReasonInput,
    TemplateInput,
    TemplateSerializer,
)
from api.serializers.fields import Nothing
from api.views.base import ApiView, ApiViewSet
from api.views.lists import ChoiceFilter, Filters, IdFilter
from experiments.choices import CampaignStatus
from experiments.models import Campaign, CriterionTemplate
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.criteria import criteria_status
from experiments.selectors.measurements import spend_totals
from experiments.services.campaigns import (
    change_campaign,
    complete_campaign,
    create_campaign,
    discard_campaign,
    kill_campaign,
    pause_campaign,
    resume_campaign,
    scale_campaign,
    stop_arm,
)
from experiments.services.criteria import amend_criteria, overrule_breach
from experiments.services.previews import preview_criterion
from experiments.services.templates import delete_template, save_template
from experiments.tasks import judge_campaigns
from sprints.selectors.companions import companions
from sprints.selectors.days import days_of_drafts
from sprints.services.launching import adopt_campaign, launch_campaign
from workspaces.tasks import enqueue


class PreviewView(ApiView):
    """What a kill criterion would do, before it is agreed on."""

    @extend_schema(request=PreviewInput, responses=PreviewSerializer, operation_id="kill_criteria_preview")
    def post(self, request: Request) -> Response:
        """The false-kill risk, the chance to catch a loser and the expected spend, by simulation."""
        return Response(preview_criterion(values=self.given(PreviewInput), by=self.actor))


class TemplateViewSet(ApiViewSet):
    """Rules that the team keeps under a name, to begin the next ones with."""

    model = CriterionTemplate
    serializer_class = TemplateSerializer
    lookup_value_converter = "id"

    def rows(self) -> QuerySet[CriterionTemplate]:
        return CriterionTemplate.objects.of(self.workspace).select_related("workspace").order_by("name")

    def list(self, request: Request) -> Response:
        return self.shown_list(self.rows())

    @extend_schema(request=TemplateInput, responses={201: TemplateSerializer})
    def create(self, request: Request) -> Response:
        template = save_template(values=self.given(TemplateInput), by=self.actor, at=self.now)
        return self.shown(self.found(pk=template.pk), status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """Forget it: a manager, or a manager's key. Rules that began with it stay what they are."""
        delete_template(pk, by=self.actor, at=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CampaignFilter(Filters):
    status = ChoiceFilter(choices=CampaignStatus.choices)
    hypothesis = IdFilter(field_name="hypothesis_id")


class CampaignViewSet(ApiViewSet):
    """Minimum viable campaigns: arms, a budget, and kill criteria that are frozen at launch."""

    model = Campaign
    serializer_class = CampaignSerializer
    filterset_class = CampaignFilter
    lookup_field = "key"
    lookup_value_converter = "slug"

    def rows(self) -> QuerySet[Campaign]:
        return (
            Campaign.objects.of(self.workspace)
            .select_related("workspace", "hypothesis", "revives")
            .prefetch_related("arms", "kill_criteria")
            .order_by("-id")
        )

    def told_beside(self, campaigns: Iterable[Campaign]) -> dict[str, Any]:
        """What the serializer shows beside the rows: their spend and their days, each read in one go."""
        rows = list(campaigns)
        return self.get_serializer_context() | {
            "spend": spend_totals([campaign.pk for campaign in rows]),
            "days": days_of_drafts(rows, today=self.workspace.local_day(self.now)),
        }

    def shown(
        self, row: Campaign, *, status: int = status.HTTP_200_OK, has_new_rules: bool = False
    ) -> Response:
        context = self.told_beside([row]) | {"new_rules_of": row.key if has_new_rules else None}
        return Response(CampaignSerializer(row, context=context).data, status=status)

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.rows())) or []
        campaigns = CampaignSerializer(page, many=True, context=self.told_beside(page))
        return self.get_paginated_response(campaigns.data)

    def retrieve(self, request: Request, key: str) -> Response:
        return self.shown(self.found(key=key))

    @extend_schema(request=CampaignInput, responses={201: CampaignSerializer})
    def create(self, request: Request) -> Response:
        campaign = create_campaign(values=self.given(CampaignInput), by=self.actor, at=self.now)
        return self.shown(self.found(key=campaign.key), status=status.HTTP_201_CREATED)

    @extend_schema(request=CampaignInput)
    def partial_update(self, request: Request, key: str) -> Response:
        """Change the draft; arms and kill criteria that are given replace the old ones."""
        values = self.given(CampaignInput, partial=True)
        campaign = change_campaign(key, values=values, by=self.actor, at=self.now)
        return self.shown(self.found(key=campaign.key))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def launch(self, request: Request, key: str) -> Response:
        """Freeze the kill criteria, move the budget, go live."""
        self.given(Nothing)
        launch_campaign(key, by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=OptionalReasonInput)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, key: str) -> Response:
        """Stop spending for now."""
        reason = self.given(OptionalReasonInput)["reason"]
        pause_campaign(key, reason=reason, by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, key: str) -> Response:
        """Go on. Refused while a kill criterion is breached and nobody overruled it."""
        self.given(Nothing)
        resume_campaign(key, by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=ReasonInput)
    @action(detail=True, methods=["post"])
    def kill(self, request: Request, key: str) -> Response:
        """Stop for good."""
        kill_campaign(key, reason=self.given(ReasonInput)["reason"], by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, key: str) -> Response:
        """End as planned."""
        self.given(Nothing)
        complete_campaign(key, by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def scale(self, request: Request, key: str) -> Response:
        """Go on beyond the sprint, because it works."""
        self.given(Nothing)
        scale_campaign(key, by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, key: str) -> Response:
        """Throw the draft away."""
        self.given(Nothing)
        discard_campaign(key, by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=AdoptInput)
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, key: str) -> Response:
        """Give an imported campaign kill criteria, a budget and, if you like, a hypothesis."""
        campaign = adopt_campaign(key, values=self.given(AdoptInput), by=self.actor, at=self.now)
        self.judge_soon(campaign)
        return self.shown(self.found(key=key), has_new_rules=True)

    @extend_schema(request=AmendInput)
    @action(detail=True, methods=["post"])
    def amend_criteria(self, request: Request, key: str) -> Response:
        """Replace the kill criteria after launch: a signed-in manager, with a reason shown for ever."""
        amendment = amend_criteria(key, **self.given(AmendInput), by=self.actor, at=self.now)
        self.judge_soon(amendment.campaign)
        return self.shown(self.found(key=key), has_new_rules=True)

    @extend_schema(parameters=[AnalysisQuery], responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"], query_class=AnalysisQuery)
    def analysis(self, request: Request, key: str) -> Response:
        """The comparison of its arms, or of its one arm with the target, and a verdict."""
        asked = self.asked()
        campaign = self.found(key=key)
        analysis = analyse_campaign(
            campaign,
            metric=asked.get("metric"),
            as_of=asked.get("as_of"),
            beside=companions(campaign),
            at=self.now,
        )
        return Response(analysis.as_dict())

    @extend_schema(responses=CriterionStatusSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], is_paged=True)
    def criteria(self, request: Request, key: str) -> Response:
        """Each kill criterion's state, evidence and history."""
        page = self.paginate_queryset(criteria_status(self.found(key=key)))
        return self.get_paginated_response(page)

    @extend_schema(request=OverruleInput)
    @action(detail=True, methods=["post"], url_path="criteria/<id:criterion>/overrule")
    def overrule(self, request: Request, key: str, criterion: int) -> Response:
        """Go on in spite of a breach, until a day: a signed-in manager, with a reason."""
        overrule_breach(key, criterion, **self.given(OverruleInput), by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    @extend_schema(request=ReasonInput)
    @action(detail=True, methods=["post"], url_path="arms/<slug:arm>/stop")
    def stop_arm(self, request: Request, key: str, arm: str) -> Response:
        """Stop one arm. When the control or the last treatment stops, the campaign pauses."""
        reason = self.given(ReasonInput)["reason"]
        stop_arm(key, arm, reason=reason, by=self.actor, at=self.now)
        return self.shown(self.found(key=key))

    def judge_soon(self, campaign: Campaign) -> None:
        """Its criteria are new: what they say of the days so far should not wait for the sweep."""
        transaction.on_commit(lambda: enqueue(judge_campaigns, [campaign.pk]))
