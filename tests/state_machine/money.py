"""Budgets on paper, after docs/money.md: what is free in an account, and what a plan may still move."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

from tests.state_machine.model import Campaign, Line, Team

RESERVE, OUTSIDE = "reserve", "outside"
NOTHING = Decimal(0)


def available(team: Team, campaign: Campaign, *, at: datetime) -> Decimal:
    """Budget less spend less holdback, in whole units, never below zero."""
    spend = spend_since_launch(team, campaign)
    free = campaign.budget - sum(spend.values(), NOTHING) - holdback(team, campaign, spend, at=at)
    return max(NOTHING, free.quantize(team.unit, rounding=ROUND_FLOOR))


def spend_since_launch(team: Team, campaign: Campaign) -> dict[date, Decimal]:
    if campaign.launched_at is None:
        return {}
    launch = team.day(campaign.launched_at)
    days = team.reports.spend(campaign.key)
    return {day: days[day] for day in sorted(days) if day >= launch}


def holdback(team: Team, campaign: Campaign, spend: dict[date, Decimal], *, at: datetime) -> Decimal:
    """The pace times the days that are not reported whole, less what an open day has reported."""
    if campaign.launched_at is None:
        return NOTHING
    until = _spends_until(team, campaign, spend, at=at)
    whole = [day for day in spend if _is_whole(team, day, at=at)]
    first = whole[-1] + timedelta(days=1) if whole else team.day(campaign.launched_at)
    due = [first + timedelta(days=number) for number in range((until - first).days + 1)]
    last_days = [spend[day] for day in whole if day <= until][-3:]
    if last_days:
        pace = sum(last_days, NOTHING) / len(last_days)
    else:
        planned = 0
        if campaign.starts_on and campaign.runs_until:
            planned = (campaign.runs_until - campaign.starts_on).days + 1
        if planned <= 0:
            # Nothing says what a day costs.
            rest = max(NOTHING, campaign.budget - sum(spend.values(), NOTHING))
            return rest.quantize(team.unit, rounding=ROUND_CEILING) if due else NOTHING
        pace = campaign.budget / planned
    held = sum((max(NOTHING, pace - spend.get(day, NOTHING)) for day in due), NOTHING)
    return held.quantize(team.unit, rounding=ROUND_CEILING)


def _spends_until(team: Team, campaign: Campaign, spend: dict[date, Decimal], *, at: datetime) -> date:
    """Today; of a stopped campaign the day of its stop, unless its latest report shows spend after it."""
    today, stopped_at = team.day(at), campaign.stopped_at
    if stopped_at is None:
        return today
    stop = team.day(stopped_at)
    latest = max(spend, default=stop)
    return today if latest > stop and spend[latest] > 0 else min(stop, today)


def _is_whole(team: Team, day: date, *, at: datetime) -> bool:
    """A day closes six hours after its midnight."""
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(team.timezone))
    return midnight.astimezone(UTC) + timedelta(hours=6) <= at


def misfits(team: Team, lines: Sequence[Line], *, at: datetime) -> set[str]:
    """Codes of what keeps these lines from being moved now."""
    asked: defaultdict[str, Decimal] = defaultdict(Decimal)
    codes = set()
    for source, target, amount in lines:
        if target != RESERVE and not team.campaigns[target].is_unfinished:
            codes.add("cannot_receive")
        asked[source] += amount
        free = team.reserve if source == RESERVE else available(team, team.campaigns[source], at=at)
        if asked[source] > free:
            codes.add("overdrawn")
    return codes


def move(team: Team, source: str, target: str, amount: Decimal) -> None:
    """Write one transfer into the books."""
    team.transfers += 1
    _add(team, source, -amount)
    _add(team, target, amount)


def _add(team: Team, account: str, amount: Decimal) -> None:
    if account == OUTSIDE:
        team.outside += amount
    elif account == RESERVE:
        team.reserve += amount
    else:
        team.campaigns[account].budget += amount


def pay_launch(team: Team, campaign: Campaign) -> None:
    """The budget comes from the reserve as far as it reaches, the rest from outside."""
    assert campaign.planned is not None
    from_reserve = min(team.reserve, campaign.planned)
    for source, amount in ((RESERVE, from_reserve), (OUTSIDE, campaign.planned - from_reserve)):
        if amount:
            move(team, source, campaign.key, amount)


def outdate_misfits(team: Team, *, at: datetime) -> None:
    """Whoever moves money ends the open plans that wanted it."""
    for plan in team.plans.values():
        if plan.is_open and misfits(team, plan.lines, at=at):
            plan.state = "outdated"
