"""What must be true of a workspace after whatever crowd has been at it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign
from sprints.choices import ReallocationState
from sprints.models import Reallocation, Transfer
from workspaces.models import Event, Workspace

# What a client is told where somebody was sooner; nothing else may come out of a race.
LOST = frozenset({"invalid_transition", "outdated", "overdrawn", "open_breach", "no_open_breach"})


def check_money(workspace: Workspace) -> None:
    """Every balance is the sum of its transfers to the cent, and each plan moved its money once or not."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in Transfer.objects.of(workspace).select_related("source_campaign", "target_campaign"):
        sums[row.source_key] -= row.amount
        sums[row.target_key] += row.amount
    workspace.refresh_from_db()
    assert sum(sums.values()) == 0
    assert sums["reserve"] == workspace.reserve >= 0
    for key, budget in Campaign.objects.of(workspace).values_list("key", "budget"):
        assert sums[key] == budget >= 0, key
    for plan in Reallocation.objects.of(workspace):
        lines = list(plan.lines.order_by("position").values_list("amount", "transfer__amount"))
        is_applied = plan.state == ReallocationState.APPLIED
        assert all(moved == (amount if is_applied else None) for amount, moved in lines), plan


def check_events(workspace: Workspace) -> None:
    """Numbers without a hole, and one event for each change of state."""
    events = Event.objects.of(workspace).order_by("sequence", "id")
    sequences = list(events.values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))
    told: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, subject_type, subject in events.values_list("kind", "subject_type", "subject_id"):
        told[subject_type, subject].append(kind)
    for plan in Reallocation.objects.of(workspace):
        _check_plan(plan, told["reallocation", str(plan.pk)])
    for campaign in Campaign.objects.of(workspace):
        _check_campaign(campaign, told["campaign", campaign.key])


_ON_THE_WAY = {
    ReallocationState.PROPOSED: [],
    ReallocationState.APPLIED: ["reallocation.approved"],
}


def _check_plan(plan: Reallocation, kinds: list[str]) -> None:
    state = ReallocationState(plan.state)
    expected = ["reallocation.proposed", *_ON_THE_WAY.get(state, [])]
    if state != ReallocationState.PROPOSED:
        expected.append(f"reallocation.{state}")
    if plan.approved_at is not None and state not in {ReallocationState.APPROVED, ReallocationState.APPLIED}:
        expected.insert(1, "reallocation.approved")
    assert kinds == expected, plan


def _check_campaign(campaign: Campaign, kinds: Iterable[str]) -> None:
    """Told in an order in which it can have happened, down to the state that it is in."""
    counts = Counter(kinds)
    breaches = Breach.objects.filter(campaign=campaign)
    assert counts["criterion.breached"] == breaches.count(), campaign
    for closed_as in ("settled", "overruled"):
        assert counts[f"criterion.{closed_as}"] == breaches.filter(closed_as=closed_as).count(), campaign
    assert counts["criteria.amended"] == campaign.amendments.count(), campaign
    state = ""
    for kind in kinds:
        _, _, verb = kind.partition(".")
        if verb in {"paused", "resumed", "scaled", "killed", "completed"} and kind.startswith("campaign."):
            assert verb != state, f"{campaign} {verb} twice"
            assert state not in {"killed", "completed"}, f"{campaign} {verb} after its end"
            state = verb
    goes_on = {CampaignStatus.LIVE, CampaignStatus.SCALED}
    assert not state or campaign.status in (goes_on if state == "resumed" else {state}), campaign
