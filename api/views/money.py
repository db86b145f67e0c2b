"""Reallocations and the ledger."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers.campaigns import ReasonInput
from api.serializers.fields import Nothing
from api.serializers.money import (
    ApproveInput,
    BalancesSerializer,
    CorrectInput,
    FundInput,
    ProposeInput,
    ReallocationInput,
    ReallocationSerializer,
    ReplaceInput,
    SpendSinceSerializer,
    TransferSerializer,
)
from api.views.base import ApiViewSet
from api.views.lists import ChoiceFilter, Filters
from sprints.choices import ReallocationState, TransferKind
from sprints.models import Reallocation, Transfer
from sprints.selectors.accounts import balances
from sprints.selectors.following import spend_since
from sprints.services.corrections import correct_reserve
from sprints.services.ledger import fund_reserve
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    propose_reallocation,
    reject_reallocation,
    replace_reallocation,
    undo_reallocation,
    withdraw_reallocation,
)


class ReallocationFilter(Filters):
    state = ChoiceFilter(choices=ReallocationState.choices)


class ReallocationViewSet(ApiViewSet):
    """Plans to move money from what fails to what shows traction."""

    model = Reallocation
    serializer_class = ReallocationSerializer
    filterset_class = ReallocationFilter
    lookup_value_converter = "id"

    def rows(self) -> QuerySet[Reallocation]:
        return (
            Reallocation.objects.of(self.workspace)
            .select_related("proposed_by", "approved_by")
            .prefetch_related("lines__source_campaign", "lines__target_campaign")
            .order_by("-id")
        )

    def list(self, request: Request) -> Response:
        return self.shown_list(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.shown(self.found(pk=pk))

    @extend_schema(request=ReallocationInput, responses={201: ReallocationSerializer})
    def create(self, request: Request) -> Response:
        """Propose a plan by hand."""
        plan = create_reallocation(lines=self.given(ReallocationInput)["lines"], by=self.actor, at=self.now)
        return self.shown(self.found(pk=plan.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=ProposeInput, responses={201: ReallocationSerializer})
    @action(detail=False, methods=["post"])
    def propose(self, request: Request) -> Response:
        """Propose the plan that the evidence of a sprint speaks for."""
        plan = propose_reallocation(sprint_id=self.given(ProposeInput)["sprint"], by=self.actor, at=self.now)
        return self.shown(self.found(pk=plan.pk), status=status.HTTP_201_CREATED)

    # An approval or application that comes too late ends the plan and is refused: it commits by itself. Doing
    # it twice is harmless, because a plan is approved and applied at most once.
    @extend_schema(request=ApproveInput)
    @action(detail=True, methods=["post"], in_one_transaction=False)
    def approve(self, request: Request, pk: int) -> Response:
        """Approve exactly the plan with this digest: a signed-in manager who did not propose it."""
        digest = self.given(ApproveInput)["plan_digest"]
        approve_reallocation(pk, plan_digest=digest, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], in_one_transaction=False)
    def apply(self, request: Request, pk: int) -> Response:
        """Move the money of an approved plan, once."""
        self.given(Nothing)
        apply_reallocation(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=ReasonInput)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: int) -> Response:
        """Say no, with a reason: a signed-in manager."""
        reject_reallocation(pk, reason=self.given(ReasonInput)["reason"], by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: int) -> Response:
        """Take a proposal back."""
        self.given(Nothing)
        withdraw_reallocation(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=ReplaceInput, responses={201: ReallocationSerializer})
    @action(detail=True, methods=["post"])
    def replace(self, request: Request, pk: int) -> Response:
        """Take a plan back and propose some of its lines, counted from 0, for somebody else to approve."""
        plan = replace_reallocation(pk, rows=self.given(ReplaceInput)["lines"], by=self.actor, at=self.now)
        return self.shown(self.found(pk=plan.pk), status=status.HTTP_201_CREATED)

    @extend_schema(responses=SpendSinceSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def spend(self, request: Request, pk: int) -> Response:
        """Whether the reported spend has followed an applied plan, campaign by campaign."""
        plan = self.found(pk=pk)
        plan.workspace = self.workspace
        return Response([row.as_dict() for row in spend_since(plan, at=self.now)])

    @extend_schema(request=None, responses={201: ReallocationSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: int) -> Response:
        """Propose the opposite of an applied plan, as far as its money is unspent."""
        self.given(Nothing)
        plan = undo_reallocation(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=plan.pk), status=status.HTTP_201_CREATED)


class TransferFilter(Filters):
    kind = ChoiceFilter(choices=TransferKind.choices)


class LedgerViewSet(ApiViewSet):
    """Every movement of money, for ever."""

    model = Transfer
    serializer_class = TransferSerializer
    filterset_class = TransferFilter

    def rows(self) -> QuerySet[Transfer]:
        return (
            Transfer.objects.of(self.workspace)
            .select_related("source_campaign", "target_campaign", "line")
            .order_by("-id")
        )

    def list(self, request: Request) -> Response:
        return self.shown_list(self.rows())

    @extend_schema(responses=BalancesSerializer)
    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None)
    def balances(self, request: Request) -> Response:
        """What the reserve and each campaign have."""
        return Response(balances(self.workspace, at=self.now).as_dict())

    @extend_schema(request=FundInput, responses={201: TransferSerializer})
    @action(detail=False, methods=["post"])
    def fund(self, request: Request) -> Response:
        """Bring money from outside into the reserve: a signed-in manager."""
        transfer = fund_reserve(**self.given(FundInput), by=self.actor, at=self.now)
        return self.shown(self.found(pk=transfer.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=CorrectInput, responses={201: TransferSerializer})
    @action(detail=False, methods=["post"])
    def correct(self, request: Request) -> Response:
        """Take money back out of the reserve, which the ledger keeps for ever: a signed-in manager."""
        transfer = correct_reserve(**self.given(CorrectInput), by=self.actor, at=self.now)
        return self.shown(self.found(pk=transfer.pk), status=status.HTTP_201_CREATED)
