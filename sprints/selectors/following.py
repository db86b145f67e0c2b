"""Whether the platforms did what an applied plan said: reported spend confirms it, or contradicts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from experiments.models import Campaign
from experiments.selectors.cuts import FEWEST_DAYS, has_followed, is_visible
from experiments.selectors.measurements import DAYS_OF_PACE
from sprints.choices import Following
from sprints.models import Reallocation
from sprints.selectors.accounts import NOTHING, whole_days
from workspaces.choices import EventKind
from workspaces.models import Event


@dataclass(frozen=True, slots=True)
class SpendSince:
    """One campaign of an applied plan: what a day was to cost, and what it has cost since.

    ``per_day``: the mean of the last whole days after the plan was applied, before a later plan.
    """

    campaign: Campaign
    pace_before: Decimal | None
    daily_budget: Decimal | None
    per_day: Decimal | None
    days: int
    state: Following

    def as_dict(self) -> dict[str, object]:
        """As the API gives it: money as decimal strings."""
        exponent = self.campaign.workspace.currency_exponent

        def money(amount: Decimal | None) -> str | None:
            return None if amount is None else f"{amount:.{exponent}f}"

        return {
            "campaign": self.campaign.key,
            "pace_before": money(self.pace_before),
            "daily_budget": money(self.daily_budget),
            "spend_per_day": money(self.per_day),
            "days": self.days,
            "state": self.state.value,
        }


def spend_since(plan: Reallocation, *, at: datetime) -> list[SpendSince]:
    """Each campaign whose money the plan moved; empty where it was not applied."""
    event = (
        Event.objects.of(plan.workspace)
        .about("reallocation", plan.pk)
        .filter(kind=EventKind.REALLOCATION_APPLIED)
        .first()
    )
    if event is None or plan.applied_at is None:
        return []
    told = {row["campaign"]: row for row in event.data["budgets"]}
    campaigns = list(
        Campaign.objects.of(plan.workspace).filter(key__in=told).select_related("workspace").order_by("key")
    )
    spent = whole_days(campaigns, at=at)
    first = plan.workspace.local_day(plan.applied_at)
    # The first whole day after the plan.
    is_day_over = plan.workspace.local_day(at) > first + timedelta(days=1)
    until = _next_plans(plan, campaigns)
    return [
        _since(
            campaign,
            told[campaign.key],
            [
                amount
                for day, amount in spent[campaign.pk].items()
                if first < day and (campaign.pk not in until or day <= until[campaign.pk])
            ],
            is_day_over=is_day_over,
        )
        for campaign in campaigns
    ]


def _next_plans(plan: Reallocation, campaigns: list[Campaign]) -> dict[int, date]:
    """The day on which a later plan moved a campaign's money: what is spent after it follows that one."""
    later = (
        Reallocation.objects.of(plan.workspace)
        .filter(applied_at__gt=plan.applied_at)
        .order_by("-applied_at")
        .prefetch_related("lines")
    )
    ours = {campaign.pk for campaign in campaigns}
    found: dict[int, date] = {}
    for other in later:
        for line in other.lines.all():
            for side in (line.source_campaign_id, line.target_campaign_id):
                if side in ours and other.applied_at is not None:
                    found[side] = plan.workspace.local_day(other.applied_at)
    return found


def _since(
    campaign: Campaign, told: Mapping[str, Any], amounts: list[Decimal], *, is_day_over: bool
) -> SpendSince:
    pace, daily = _amount(told.get("pace")), _amount(told["daily_budget"])
    recent = amounts[-DAYS_OF_PACE:]
    per_day = sum(recent, NOTHING) / len(recent) if recent else None
    return SpendSince(
        campaign=campaign,
        pace_before=pace,
        daily_budget=daily,
        per_day=per_day,
        days=len(recent),
        state=_state(campaign, pace, daily, per_day=per_day, days=len(recent), is_day_over=is_day_over),
    )


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _state(
    campaign: Campaign,
    pace: Decimal | None,
    daily: Decimal | None,
    *,
    per_day: Decimal | None,
    days: int,
    is_day_over: bool,
) -> Following:
    if campaign.is_stopped and daily == 0:
        # Nobody reports a campaign that spends nothing: a whole day without a word of it confirms the plan.
        if per_day:
            return Following.CONTRADICTED
        return Following.CONFIRMED if is_day_over else Following.TOO_EARLY
    if pace is None or daily is None or not is_visible(pace=pace, wanted=daily):
        return Following.NOT_KNOWN
    if per_day is None or days < FEWEST_DAYS:
        return Following.TOO_EARLY
    followed = has_followed(pace=pace, wanted=daily, per_day=per_day)
    return Following.CONFIRMED if followed else Following.CONTRADICTED
