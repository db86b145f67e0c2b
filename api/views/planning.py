"""Sprints and hypotheses."""

import django_filters
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers.fields import Nothing
from api.serializers.planning import (
    DecideInput,
    HypothesisInput,
    HypothesisRef,
    HypothesisSerializer,
    SizingInput,
    SizingSerializer,
    SprintInput,
    SprintSerializer,
)
from api.views.base import ApiViewSet
from api.views.lists import ChoiceFilter, Filters, Search
from experiments.choices import BuyerStage, Driver, HypothesisKind, HypothesisStatus
from experiments.models import Hypothesis
from experiments.services.hypotheses import archive_hypothesis, change_hypothesis, create_hypothesis
from experiments.services.sizing import size_comparison
from sprints.choices import SprintStatus
from sprints.models import Sprint
from sprints.services.decisions import decide
from sprints.services.planning import (
    cancel_sprint,
    change_sprint,
    close_sprint,
    commit_hypothesis,
    create_sprint,
    open_review,
    release_hypothesis,
    start_sprint,
)


class SprintFilter(Filters):
    status = ChoiceFilter(choices=SprintStatus.choices)


class SprintViewSet(ApiViewSet):
    """Four to seven days, one to three hypotheses, and what was decided about each."""

    model = Sprint
    serializer_class = SprintSerializer
    filterset_class = SprintFilter
    lookup_value_converter = "id"

    def rows(self) -> QuerySet[Sprint]:
        return Sprint.objects.of(self.workspace).prefetch_related("commitments").order_by("-number")

    def list(self, request: Request) -> Response:
        return self.shown_list(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.shown(self.found(pk=pk))

    @extend_schema(request=SprintInput, responses={201: SprintSerializer})
    def create(self, request: Request) -> Response:
        sprint = create_sprint(values=self.given(SprintInput), by=self.actor, at=self.now)
        return self.shown(self.found(pk=sprint.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=SprintInput)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change it while it is being planned."""
        change_sprint(pk, values=self.given(SprintInput, partial=True), by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=HypothesisRef)
    @action(detail=True, methods=["post"])
    def commit(self, request: Request, pk: int) -> Response:
        """Take a hypothesis into the sprint."""
        hypothesis_id = self.given(HypothesisRef)["hypothesis"]
        commit_hypothesis(pk, hypothesis_id=hypothesis_id, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=HypothesisRef)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: int) -> Response:
        """Give a hypothesis back to the backlog."""
        hypothesis_id = self.given(HypothesisRef)["hypothesis"]
        release_hypothesis(pk, hypothesis_id=hypothesis_id, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: int) -> Response:
        """Launch every draft campaign of its hypotheses, all or nothing."""
        self.given(Nothing)
        start_sprint(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, pk: int) -> Response:
        """Open the review."""
        self.given(Nothing)
        open_review(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: int) -> Response:
        """Close it, once every hypothesis is decided."""
        self.given(Nothing)
        close_sprint(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: int) -> Response:
        """Give it up before it starts; its hypotheses go back to the backlog."""
        self.given(Nothing)
        cancel_sprint(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))


class HypothesisFilter(Filters):
    status = ChoiceFilter(choices=HypothesisStatus.choices)
    kind = ChoiceFilter(choices=HypothesisKind.choices)
    driver = ChoiceFilter(choices=Driver.choices)
    stage = ChoiceFilter(field_name="buyer_stage", choices=BuyerStage.choices)
    owner = django_filters.CharFilter(
        field_name="owner__email", lookup_expr="iexact", help_text="The e-mail address of a member."
    )


class HypothesisViewSet(ApiViewSet):
    """What the team believes, and what came of it."""

    model = Hypothesis
    serializer_class = HypothesisSerializer
    filter_backends = (DjangoFilterBackend, Search)
    filterset_class = HypothesisFilter
    search_fields = ("title", "change", "audience", "expected_effect", "because", "decisions__learning")
    lookup_value_converter = "id"

    def rows(self) -> QuerySet[Hypothesis]:
        return (
            Hypothesis.objects.of(self.workspace)
            .select_related("owner")
            .prefetch_related("commitments", "campaigns", "decisions")
            .order_by("-id")
        )

    def list(self, request: Request) -> Response:
        return self.shown_list(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.shown(self.found(pk=pk))

    @extend_schema(request=HypothesisInput, responses={201: HypothesisSerializer})
    def create(self, request: Request) -> Response:
        hypothesis = create_hypothesis(values=self.given(HypothesisInput), by=self.actor, at=self.now)
        return self.shown(self.found(pk=hypothesis.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=HypothesisInput)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change it until a sprint commits to it."""
        change_hypothesis(pk, values=self.given(HypothesisInput, partial=True), by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=SizingInput, responses=SizingSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """The days and the money until two arms can tell the smallest effect worth having."""
        sizing = size_comparison(values=self.given(SizingInput), by=self.actor)
        return Response(SizingSerializer(sizing, context=self.get_serializer_context()).data)

    @extend_schema(request=DecideInput)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: int) -> Response:
        """Scale, evolve, kill or inconclusive; it acts on the hypothesis's campaigns."""
        decide(pk, **self.given(DecideInput), by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: int) -> Response:
        """Take it out of the backlog."""
        self.given(Nothing)
        archive_hypothesis(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))
