"""Money: the ledger that only grows, and the plans that move it."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from sprints.choices import (
    REALLOCATION_TRANSITIONS,
    AccountKind,
    ReallocationMethod,
    ReallocationState,
    TransferKind,
)
from sprints.exceptions import InvalidTransition
from workspaces.models import TenantModel, TenantQuerySet, User


def _campaign_exactly_with(side: str) -> Q:
    """A side names a campaign exactly where it is one."""
    kind, campaign = f"{side}_kind", f"{side}_campaign__isnull"
    return Q(**{kind: AccountKind.CAMPAIGN, campaign: False}) | (
        Q(**{f"{kind}__in": [AccountKind.OUTSIDE, AccountKind.RESERVE], campaign: True})
    )


_SAME_ACCOUNT = Q(source_kind=F("target_kind")) & (
    ~Q(source_kind=AccountKind.CAMPAIGN) | Q(source_campaign=F("target_campaign"))
)


class Transfer(TenantModel):
    """One movement of money, for ever. A mistake is mended by a later, opposite row.

    The database refuses to change or delete a row, and adds each new one to the balances of the workspace's
    reserve and of the campaigns.
    """

    kind = models.CharField(max_length=15, choices=TransferKind)
    source_kind = models.CharField(max_length=10, choices=AccountKind)
    source_campaign = models.ForeignKey(
        "experiments.Campaign", null=True, blank=True, on_delete=models.PROTECT, related_name="transfers_out"
    )
    target_kind = models.CharField(max_length=10, choices=AccountKind)
    target_campaign = models.ForeignKey(
        "experiments.Campaign", null=True, blank=True, on_delete=models.PROTECT, related_name="transfers_in"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=3)
    at = models.DateTimeField()
    by = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    by_label = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    line = models.OneToOneField(
        "sprints.ReallocationLine", null=True, blank=True, on_delete=models.PROTECT, related_name="transfer"
    )

    objects = models.Manager.from_queryset(TenantQuerySet["Transfer"])()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_is_positive"),
            models.CheckConstraint(
                condition=_campaign_exactly_with("source"), name="transfer_source_is_named"
            ),
            models.CheckConstraint(
                condition=_campaign_exactly_with("target"), name="transfer_target_is_named"
            ),
            models.CheckConstraint(condition=~_SAME_ACCOUNT, name="transfer_moves_somewhere"),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "-id"], name="transfer_by_workspace")]
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.amount} from {self.source_key} to {self.target_key}"

    @property
    def source_key(self) -> str:
        return self.source_campaign.key if self.source_campaign else self.source_kind

    @property
    def target_key(self) -> str:
        return self.target_campaign.key if self.target_campaign else self.target_kind


# A plan in one of these may still move money.
OPEN_STATES = (ReallocationState.PROPOSED, ReallocationState.APPROVED)


class ReallocationQuerySet(TenantQuerySet["Reallocation"]):
    def waiting(self) -> Self:
        """For a manager's yes or no."""
        return self.filter(state=ReallocationState.PROPOSED)

    def open(self) -> Self:
        return self.filter(state__in=OPEN_STATES)


class Reallocation(TenantModel):
    """A plan to move money, with its evidence. What is approved is what was shown: the digest."""

    # Counted in its workspace. The service always gives it; empty it may be so that SQLite adds it in place.
    number = models.PositiveIntegerField(null=True, blank=True, editable=False)
    sprint = models.ForeignKey(
        "sprints.Sprint", null=True, blank=True, on_delete=models.PROTECT, related_name="reallocations"
    )
    method = models.CharField(max_length=10, choices=ReallocationMethod)
    state = models.CharField(max_length=10, choices=ReallocationState, default=ReallocationState.PROPOSED)
    plan_digest = models.CharField(max_length=64)
    evidence = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    proposed_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    # Where a key proposed it: who made the key. It is as much their proposal.
    proposed_key_maker = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # Why it was rejected, withdrawn, expired or outdated.
    closed_reason = models.CharField(max_length=1000, blank=True)
    undoes = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )

    objects = models.Manager.from_queryset(ReallocationQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "number"],
                condition=Q(number__isnull=False),
                name="reallocation_number_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True)
                | ~Q(approved_by=F("proposed_by"))
                & (Q(proposed_key_maker__isnull=True) | ~Q(approved_by=F("proposed_key_maker"))),
                name="reallocation_takes_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ReallocationState.APPROVED, ReallocationState.APPLIED])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="reallocation_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReallocationState.APPLIED) | Q(applied_at__isnull=False),
                name="reallocation_applied_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(
                    state__in=[
                        ReallocationState.REJECTED,
                        ReallocationState.WITHDRAWN,
                        ReallocationState.EXPIRED,
                        ReallocationState.OUTDATED,
                    ]
                )
                | ~Q(closed_reason=""),
                name="reallocation_refused_says_why",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "state"], name="reallocation_by_state")]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return _("Plan {number}").format(number=self.number)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def is_proposal_of(self, user: User | None) -> bool:
        """Whether this person stands behind it: proposed it, or made the key that did."""
        return user is not None and user.pk in {self.proposed_by_id, self.proposed_key_maker_id}

    def check_can_become(self, state: ReallocationState) -> None:
        current = ReallocationState(self.state)
        if state not in REALLOCATION_TRANSITIONS[current]:
            raise InvalidTransition(
                _("The plan is {current}; it cannot become {wanted}.").format(
                    current=current.label, wanted=state.label
                )
            )

    def move_to(self, state: ReallocationState) -> None:
        self.check_can_become(state)
        self.state = state


class ReallocationLine(TenantModel):
    """From one campaign (or the reserve) to another; ``None`` is the reserve."""

    reallocation = models.ForeignKey(Reallocation, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    source_campaign = models.ForeignKey(
        "experiments.Campaign", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    target_campaign = models.ForeignKey(
        "experiments.Campaign", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=3)
    reason = models.CharField(max_length=500)

    objects = models.Manager.from_queryset(TenantQuerySet["ReallocationLine"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "reallocation", "position"], name="line_position_is_unique"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="line_amount_is_positive"),
            models.CheckConstraint(
                condition=Q(source_campaign__isnull=False) | Q(target_campaign__isnull=False),
                name="line_moves_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(source_campaign__isnull=True)
                | Q(target_campaign__isnull=True)
                | ~Q(source_campaign=F("target_campaign")),
                name="line_moves_elsewhere",
            ),
        ]
        ordering: ClassVar = [F("reallocation").asc(), "position"]

    def __str__(self) -> str:
        return f"{self.amount} from {self.source_key} to {self.target_key}"

    @property
    def source_key(self) -> str:
        return self.source_campaign.key if self.source_campaign else AccountKind.RESERVE.value

    @property
    def target_key(self) -> str:
        return self.target_campaign.key if self.target_campaign else AccountKind.RESERVE.value

    def canonical(self, exponent: int) -> dict[str, Any]:
        """The line in one spelling; what the digest covers."""
        return {
            "from": self.source_key,
            "to": self.target_key,
            "amount": f"{self.amount:.{exponent}f}",
            "reason": self.reason,
        }


def plan_digest(lines: Iterable[dict[str, Any]], *, evidence: dict[str, Any]) -> str:
    """SHA-256 (hex) over the canonical lines in their order and the evidence that was shown with them."""
    text = json.dumps(
        {"lines": list(lines), "evidence": evidence},
        sort_keys=True,
        separators=(",", ":"),
        cls=DjangoJSONEncoder,
    )
    return hashlib.sha256(text.encode()).hexdigest()
