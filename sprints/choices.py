"""States of a sprint and of the money, and for each the states that may follow."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

MIN_SPRINT_DAYS = 4
MAX_SPRINT_DAYS = 7
MAX_HYPOTHESES = 3


class SprintStatus(TextChoices):
    PLANNING = "planning", _("planning")
    RUNNING = "running", _("running")
    IN_REVIEW = "in_review", _("in review")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("cancelled")


SPRINT_TRANSITIONS: dict[SprintStatus, frozenset[SprintStatus]] = {
    SprintStatus.PLANNING: frozenset({SprintStatus.RUNNING, SprintStatus.CANCELLED}),
    SprintStatus.RUNNING: frozenset({SprintStatus.IN_REVIEW}),
    SprintStatus.IN_REVIEW: frozenset({SprintStatus.CLOSED}),
    SprintStatus.CLOSED: frozenset(),
    SprintStatus.CANCELLED: frozenset(),
}


class CommitmentState(TextChoices):
    ACTIVE = "active", _("in this sprint")
    RELEASED = "released", _("released")
    DECIDED = "decided", _("decided")
    CARRIED = "carried", _("carried over")


class DecisionKind(TextChoices):
    SCALE = "scale", _("scale")
    EVOLVE = "evolve", _("evolve")
    KILL = "kill", _("kill")
    INCONCLUSIVE = "inconclusive", _("inconclusive")


class AccountKind(TextChoices):
    """Where money is: outside Quickno, in the workspace's reserve, or with a campaign."""

    OUTSIDE = "outside", _("outside")
    RESERVE = "reserve", _("reserve")
    CAMPAIGN = "campaign", _("campaign")


class TransferKind(TextChoices):
    FUNDING = "funding", _("funding")
    LAUNCH = "launch", _("launch")
    REALLOCATION = "reallocation", _("reallocation")
    RELEASE = "release", _("release")
    CORRECTION = "correction", _("correction")


class ReallocationState(TextChoices):
    PROPOSED = "proposed", _("proposed")
    APPROVED = "approved", _("approved")
    APPLIED = "applied", _("applied")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")
    OUTDATED = "outdated", _("outdated")


REALLOCATION_TRANSITIONS: dict[ReallocationState, frozenset[ReallocationState]] = {
    ReallocationState.PROPOSED: frozenset(
        {
            ReallocationState.APPROVED,
            ReallocationState.REJECTED,
            ReallocationState.WITHDRAWN,
            ReallocationState.EXPIRED,
            ReallocationState.OUTDATED,
        }
    ),
    # An approved plan that no longer fits when it is to be applied moves nothing.
    ReallocationState.APPROVED: frozenset({ReallocationState.APPLIED, ReallocationState.OUTDATED}),
    ReallocationState.APPLIED: frozenset(),
    ReallocationState.REJECTED: frozenset(),
    ReallocationState.WITHDRAWN: frozenset(),
    ReallocationState.EXPIRED: frozenset(),
    ReallocationState.OUTDATED: frozenset(),
}


class Following(TextChoices):
    """Whether a campaign's reported spend went where an applied plan sent it."""

    CONFIRMED = "confirmed", _("confirmed")
    CONTRADICTED = "contradicted", _("contradicted")
    TOO_EARLY = "too_early", _("too early to tell")
    NOT_KNOWN = "not_known", _("not known")


class ReallocationMethod(TextChoices):
    SHIFT = "shift", _("shift half from failing to winning")
    THOMPSON = "thompson", _("follow the chance of being the best")
    HAND = "hand", _("by hand")
