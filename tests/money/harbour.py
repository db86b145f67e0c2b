"""Harbour Payroll in a second week: one campaign that works, one that does not, two that are over.

All of it is settled through Sunday 15 November; the 16th to the 18th are closed but may still gain
conversions, and the 19th has begun without a report.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from experiments.choices import CampaignStatus, ZombieSignal
from experiments.models import Campaign, ZombieFlag
from tests.factories import fill_reserve, give_budget, make_campaign, make_hypothesis, report, report_days
from workspaces.models import Workspace

LAUNCH = datetime(2026, 11, 9, 15, 0, tzinfo=UTC)  # Monday, 09:00 in Chicago
FRIDAY = datetime(2026, 11, 13, 15, 0, tzinfo=UTC)
LAST_DAY = date(2026, 11, 27)
REPORTED = range(9, 19)
SETTLED_DAYS = 7  # 9 to 15 November


@dataclass(frozen=True, slots=True)
class Harbour:
    workspace: Workspace
    founder: Campaign  # 200 a day for 14 trials: $14.29 a trial
    calculator: Campaign  # 200 a day for 8 trials: $25.00 a trial
    headlines: Campaign  # killed on the 13th
    replay: Campaign  # completed on the 13th


def build_harbour(workspace: Workspace) -> Harbour:
    fill_reserve(workspace, "1200.00")
    return Harbour(
        workspace=workspace,
        founder=run(workspace, "founder-video", budget="6000.00", trials=14),
        calculator=run(workspace, "pricing-calculator", budget="3000.00", trials=8),
        headlines=finish(workspace, "penalty-headlines", "killed", budget="4500.00", spent="2688.40"),
        replay=finish(workspace, "webinar-replay", "completed", budget="2500.00", spent="1860.00"),
    )


def run(
    workspace: Workspace,
    key: str,
    *,
    budget: str,
    trials: int,
    target: str | None = "18.00",
    **hypothesis: Any,
) -> Campaign:
    """Live since the 9th: 200 a day in two halves, and so many trials a day in all."""
    believed = make_hypothesis(workspace, key, **{"target": Decimal(target) if target else None} | hypothesis)
    campaign = make_campaign(workspace, key, hypothesis=believed, launched_at=LAUNCH, runs_until=LAST_DAY)
    give_budget(campaign, budget, at=LAUNCH)
    days = [date(2026, 11, day) for day in REPORTED]
    for arm, count in (("a", trials // 2), ("b", trials - trials // 2)):
        report_days(campaign, days, arm=arm, spend=Decimal(100), conversions=Decimal(count), clicks=50)
    return campaign


def finish(workspace: Workspace, key: str, status: str, *, budget: str, spent: str) -> Campaign:
    """Over since the 13th, and reported to its end."""
    campaign = make_campaign(
        workspace, key, status=CampaignStatus(status), launched_at=LAUNCH, ended_at=FRIDAY
    )
    give_budget(campaign, budget, at=LAUNCH)
    report(campaign, date(2026, 11, 13), spend=Decimal(spent))
    return campaign


def flag(campaign: Campaign, signal: ZombieSignal) -> ZombieFlag:
    return ZombieFlag.objects.create(
        workspace=campaign.workspace, campaign=campaign, signal=signal, since=LAUNCH, flagged_at=LAUNCH
    )
