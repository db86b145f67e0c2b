"""The life cycles as the design has them, written down a second time, and what each event says of them."""

from typing import Any

# What was not there before is "new". A carried hypothesis changes its sprint, not its state.
STEPS: dict[str, frozenset[tuple[str, str]]] = {
    kind: frozenset((before, after) for step in steps.split() for before, after in [step.split(">")])
    for kind, steps in {
        "sprint": ("new>planning planning>running running>in_review in_review>closed planning>cancelled"),
        "hypothesis": ("new>backlog backlog>committed committed>backlog committed>decided backlog>archived"),
        "campaign": (
            "new>draft new>live draft>live draft>discarded live>paused live>killed live>completed "
            "live>scaled paused>live paused>killed paused>completed paused>scaled scaled>paused "
            "scaled>killed scaled>completed"
        ),
        "arm": "running>stopped",
        "criterion": (
            "waiting>judging waiting>breached judging>waiting judging>breached breached>settled "
            "breached>overruled overruled>waiting overruled>judging overruled>breached"
        ),
        "zombie": ("new>open open>acknowledged open>resolved acknowledged>open acknowledged>resolved"),
        "reallocation": (
            "new>proposed proposed>approved proposed>rejected proposed>withdrawn proposed>expired "
            "proposed>outdated approved>applied approved>outdated"
        ),
    }.items()
}

# An event's kind: whose state it tells of, and which state that is.
TOLD: dict[str, tuple[str, str]] = {
    "sprint.created": ("sprint", "planning"),
    "sprint.started": ("sprint", "running"),
    "sprint.review_opened": ("sprint", "in_review"),
    "sprint.closed": ("sprint", "closed"),
    "sprint.cancelled": ("sprint", "cancelled"),
    "hypothesis.created": ("hypothesis", "backlog"),
    "hypothesis.committed": ("hypothesis", "committed"),
    "hypothesis.released": ("hypothesis", "backlog"),
    "hypothesis.decided": ("hypothesis", "decided"),
    "hypothesis.archived": ("hypothesis", "archived"),
    "campaign.created": ("campaign", "draft"),
    "campaign.imported": ("campaign", "live"),
    "campaign.launched": ("campaign", "live"),
    "campaign.paused": ("campaign", "paused"),
    "campaign.resumed": ("campaign", "live"),
    "campaign.killed": ("campaign", "killed"),
    "campaign.completed": ("campaign", "completed"),
    "campaign.scaled": ("campaign", "scaled"),
    "campaign.discarded": ("campaign", "discarded"),
    "arm.stopped": ("arm", "stopped"),
    "criterion.breached": ("criterion", "breached"),
    "criterion.settled": ("criterion", "settled"),
    "criterion.overruled": ("criterion", "overruled"),
    "zombie.flagged": ("zombie", "open"),
    "zombie.acknowledged": ("zombie", "acknowledged"),
    "zombie.resolved": ("zombie", "resolved"),
    "reallocation.proposed": ("reallocation", "proposed"),
    "reallocation.approved": ("reallocation", "approved"),
    "reallocation.rejected": ("reallocation", "rejected"),
    "reallocation.withdrawn": ("reallocation", "withdrawn"),
    "reallocation.expired": ("reallocation", "expired"),
    "reallocation.outdated": ("reallocation", "outdated"),
    "reallocation.applied": ("reallocation", "applied"),
}
# How far a criterion's guards have come is told by its judgements: every post would be an event otherwise.
UNTOLD = frozenset({("criterion", "waiting"), ("criterion", "judging")})

# Of what kind, and which: a key, an id, or where a criterion is judged.
Thing = tuple[str, str]


def told_by(kind: str, subject: str, data: dict[str, Any]) -> tuple[Thing, str] | None:
    """Whose state the event tells of, and the state; ``None`` for an event that tells of none."""
    if kind not in TOLD:
        return None
    what, state = TOLD[kind]
    if what == "arm":
        subject = f"{subject}/{data['arm']}"
    elif what == "criterion":
        subject = place_of(data["criterion"], data["arm"])
    # A resumed campaign goes on as what it was.
    return (what, subject), data["status"] if kind == "campaign.resumed" else state


def place_of(criterion: int, arm: str | None) -> str:
    """Where a criterion is judged: in the campaign, or in one arm."""
    return f"{criterion}/{arm or ''}"


class Coverage:
    """Which steps of the life cycles have been seen."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[tuple[str, str], int]] = {kind: {} for kind in STEPS}

    def see(self, kind: str, before: str, after: str) -> None:
        """Note a step; one that no life cycle has is an error."""
        assert (before, after) in STEPS[kind], f"A {kind} went from {before} to {after}."
        self.seen[kind][before, after] = self.seen[kind].get((before, after), 0) + 1

    def unseen(self) -> list[str]:
        return [
            f"{kind} {before}>{after}"
            for kind, steps in STEPS.items()
            for before, after in sorted(steps - self.seen[kind].keys())
        ]

    def as_json(self) -> dict[str, dict[str, int]]:
        return {
            kind: {f"{before}>{after}": number for (before, after), number in sorted(steps.items())}
            for kind, steps in self.seen.items()
        }
