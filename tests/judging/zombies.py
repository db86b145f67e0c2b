"""Campaigns that may become zombies."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from experiments.choices import HypothesisStatus
from experiments.models import Campaign, ZombieFlag
from experiments.services.judging import judge_campaigns
from tests.factories import make_campaign, make_criteria, make_hypothesis, report
from workspaces.models import Workspace

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Friday after the close of Thursday.
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
SILENT = {"guards": {"spend": "1000000.00"}}


def planned(
    workspace: Workspace, key: str = "hook-test", *, rule: Mapping[str, Any] = SILENT, **fields: Any
) -> Campaign:
    """A planned campaign with nothing against it: one arm, a criterion that never speaks, money enough."""
    values: dict[str, Any] = {
        "arms": ["a"],
        "launched_at": LAUNCH,
        "hypothesis": make_hypothesis(workspace, status=HypothesisStatus.BACKLOG),
        "budget": Decimal(5000),
        **fields,
    }
    campaign = make_campaign(workspace, key, **values)
    make_criteria(campaign, rule)
    return campaign


def spend(campaign: Campaign, by_day: dict[int, str], *, at: datetime = NOW, **measures: Any) -> None:
    """Spend on days of November, reported at ``at``."""
    for day, amount in by_day.items():
        report(campaign, f"2026-11-{day}", spend=Decimal(amount), reported_at=at, **measures)


def signals(campaign: Campaign, at: datetime = NOW) -> set[str]:
    """The unresolved signals after a judging at that time."""
    judge_campaigns([campaign.pk], at=at)
    return set(ZombieFlag.objects.unresolved().filter(campaign=campaign).values_list("signal", flat=True))
