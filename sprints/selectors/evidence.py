"""What a manager sees beside a plan, frozen with it, and what would make it out of date."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from experiments.choices import CampaignStatus, Metric, ZombieSignal
from experiments.models import Campaign
from experiments.stats.words import say_probability
from sprints.models import Reallocation, ReallocationLine
from sprints.selectors.accounts import NOTHING, CampaignAccount, campaign_accounts
from sprints.selectors.candidates import Candidate, Rank
from sprints.selectors.chances import band, chances
from sprints.selectors.gains import gains, receiver_beats_donor
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency

RULE = (
    "Each sprint, move half the budget of campaigns that are probably below target (at most 20% likely to "
    "meet it) to those probably above (at least 80%), and nobody grows by more than {cap:.0%}. "
    "Killed and completed campaigns give all that is unspent and not held back for days still to be reported."
)
FOLLOW_THE_BEST = (
    "Each sprint, let the money that can still move follow each campaign's probability of being the best of "
    "those with the same outcome{outcome}, and nobody grows by more than {cap:.0%}. No target is needed. "
    "Killed and completed campaigns give all that is unspent and not held back for days still to be reported."
)
BY_HAND = "Composed by hand: the amounts follow no rule."

Line = ReallocationLine


def plan_evidence(
    lines: Sequence[Line],
    candidates: Mapping[int, Candidate],
    *,
    workspace: Workspace,
    rule: str,
    passed_over: Sequence[Mapping[str, str]] = (),
    at: datetime,
) -> dict[str, Any]:
    """What is shown with a plan, as JSON: money as strings, chances as fractions, ``None`` for unknown.

    ``candidates``: by campaign id, at least those in the lines. ``passed_over``: who is not in it, and why.
    """
    net = net_amounts(lines)
    involved = [candidates[campaign_id] for campaign_id in net if campaign_id is not None]
    through = [one.chance.data_through for one in involved if not one.campaign.is_finished]
    reserve_after = workspace.reserve + net.get(None, NOTHING)
    return {
        "evaluated_at": at.isoformat(),
        "currency": workspace.currency,
        "rule": rule,
        "data_through": _iso(min((day for day in through if day), default=None)),
        "unsettled_days": max((one.chance.unsettled_days for one in involved), default=0),
        "campaigns": [_campaign_row(one, net[one.campaign.pk], at=at) for one in involved],
        "reserve": {
            "before": money(workspace.reserve, workspace),
            "after": money(reserve_after, workspace),
        },
        "lines": [_line_row(line, candidates) for line in lines],
        **gains(net, involved),
        "do_nothing": _do_nothing(net, involved, workspace=workspace),
        "passed_over": [dict(one) for one in passed_over],
    } | _ranking(candidates.values())


def _ranking(candidates: Iterable[Candidate]) -> dict[str, Any]:
    """All that were compared with one another, the best first; nothing where the rule does not compare."""
    ranked = [one for one in candidates if one.rank is not None]
    if not ranked:
        return {}
    known = {one.campaign.key: one.rank.p_best for one in ranked if one.rank and one.rank.p_best is not None}
    order = sorted(known, key=lambda key: (-known[key], key))
    return {"ranking": [{"campaign": key, "p_best": known[key]} for key in order]}


def net_amounts(lines: Sequence[Line]) -> dict[int | None, Decimal]:
    """What each account gains by the lines, by campaign id; ``None`` is the reserve."""
    net: defaultdict[int | None, Decimal] = defaultdict(Decimal)
    for line in lines:
        net[line.source_campaign_id] -= line.amount
        net[line.target_campaign_id] += line.amount
    return dict(net)


def money(amount: Decimal, workspace: Workspace) -> str:
    """An amount as REST spells it."""
    return f"{amount:.{workspace.currency_exponent}f}"


def say_money(amount: Decimal | float, workspace: Workspace) -> str:
    return in_currency(amount, workspace.currency)


def _say_metric(value: float, metric: Metric, workspace: Workspace) -> str:
    return say_money(value, workspace) if metric.is_money else f"{value:,.2f}"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _campaign_row(one: Candidate, change: Decimal, *, at: datetime) -> dict[str, Any]:
    campaign, account, chance = one.campaign, one.account, one.chance
    workspace = campaign.workspace
    after = account.budget + change
    return {
        "campaign": campaign.key,
        "name": campaign.name,
        "status": campaign.status,
        "before": money(account.budget, workspace),
        "after": money(after, workspace),
        "change": money(change, workspace),
        "spent": money(account.spent, workspace),
        "holdback": money(account.holdback, workspace),
        "pace": None if account.pace is None else money(account.pace, workspace),
        "spend_through": _iso(account.last_reported_on),
        "unreported_days": account.unreported_days,
        "metric": chance.metric.key if chance.metric else None,
        "target": chance.target,
        "p_above_target": chance.p_above_target,
        "p_best": one.rank.p_best if one.rank else None,
        "beats_control": chance.beats_control,
        "value": chance.value,
        "credible_low": chance.low,
        "credible_high": chance.high,
        "data_through": _iso(chance.data_through),
        "settled_days": chance.settled_days,
        "unsettled_days": chance.unsettled_days,
        "signals": [signal.value for signal in one.signals],
        "sentence": standing(one),
        "daily_budget": _daily_budget(account, after, today=workspace.local_day(at)),
    }


def standing(one: Candidate) -> str:
    """Where a campaign stands, in one sentence."""
    campaign = one.campaign
    if campaign.is_finished:
        ended = f"{campaign.name} is {CampaignStatus(campaign.status).label}: what is unspent is free"
        return f"{ended}{_except_holdback(one.account)}."
    return _rank(one, one.rank) if one.rank is not None else _against_its_aim(one)


def _against_its_aim(one: Candidate) -> str:
    campaign, chance = one.campaign, one.chance
    if one.giving_signals:
        return f"{campaign.name} is {_words(one.giving_signals)}."
    if chance.metric is None:
        return f"{campaign.name} has no hypothesis, so nothing says what it should reach."
    if chance.target is None:
        stands = "beats its control in" if chance.beats_control else "has neither a target nor a win in"
        return f"{campaign.name} {stands} {chance.metric.label}."
    target = f"{chance.metric.label} of {_say_metric(chance.target, chance.metric, campaign.workspace)}"
    if chance.p_above_target is None:
        return f"No day says yet whether {campaign.name} meets its target, {target}."
    likely = say_probability(chance.p_above_target)
    return f"{campaign.name} is {likely} likely to meet its target, {target}."


def _rank(one: Candidate, rank: Rank) -> str:
    if rank.p_best is None or one.chance.metric is None:
        return rank.why_not
    flagged = f" It is {_words(one.giving_signals)}." if one.giving_signals else ""
    likely = say_probability(rank.p_best)
    among = f"the best of {rank.compared} campaigns by {one.chance.metric.label}"
    return f"{one.campaign.name} is {likely} likely to be {among}.{flagged}"


def _except_holdback(account: CampaignAccount) -> str:
    if not account.holdback:
        return ""
    days = f"{account.unreported_days} day{'' if account.unreported_days == 1 else 's'}"
    held = say_money(account.holdback, account.campaign.workspace)
    return f" except {held}, held back for {days} not reported whole yet"


def _daily_budget(account: CampaignAccount, budget: Decimal, *, today: date) -> str | None:
    """What to set on the platform from tomorrow on: what will remain, spread over the planned days left.

    Zero for what is stopped; ``None`` where no plan says how long it runs.
    """
    campaign = account.campaign
    if campaign.is_stopped:
        return money(NOTHING, campaign.workspace)
    days_left = (campaign.runs_until - today).days if campaign.runs_until else 0
    if days_left < 1:
        return None
    remaining = max(NOTHING, budget - account.spent - account.holdback)
    return money((remaining / days_left).quantize(account.unit, rounding=ROUND_FLOOR), campaign.workspace)


def budgets_to_set(lines: Sequence[Line], *, at: datetime) -> list[dict[str, Any]]:
    """For each campaign, after its money has moved: what an automation needs to carry the plan out.

    What it is called on the platform, its budget and its daily budget before and after, and its pace.
    """
    net = net_amounts(lines)
    campaigns = {
        campaign.pk: campaign
        for line in lines
        for campaign in (line.source_campaign, line.target_campaign)
        if campaign is not None
    }
    fresh = list(Campaign.objects.filter(pk__in=campaigns).select_related("workspace").order_by("key"))
    accounts = campaign_accounts(fresh, at=at)
    return [
        {
            "campaign": campaign.key,
            "channel": campaign.channel,
            "external_id": campaign.external_id,
            **_before_and_after(accounts[campaign.pk], net[campaign.pk], at=at),
        }
        for campaign in fresh
    ]


def _before_and_after(account: CampaignAccount, change: Decimal, *, at: datetime) -> dict[str, str | None]:
    campaign, workspace = account.campaign, account.campaign.workspace
    today, before = workspace.local_day(at), account.budget - change
    return {
        "budget_before": money(before, workspace),
        "budget": money(account.budget, workspace),
        "daily_budget_before": _daily_budget(account, before, today=today),
        "daily_budget": _daily_budget(account, campaign.budget, today=today),
        "pace": None if account.pace is None else money(account.pace, workspace),
    }


def _words(signals: Sequence[ZombieSignal]) -> str:
    return " and ".join(str(signal.label) for signal in signals)


def _line_row(line: Line, candidates: Mapping[int, Candidate]) -> dict[str, Any]:
    source = candidates.get(line.source_campaign_id or 0)
    target = candidates.get(line.target_campaign_id or 0)
    chance, why = receiver_beats_donor(source, target)
    return {
        "from": line.source_key,
        "to": line.target_key,
        "p_receiver_beats_donor": chance,
        "why_not_known": why,
    }


def _do_nothing(
    net: Mapping[int | None, Decimal], involved: Sequence[Candidate], *, workspace: Workspace
) -> dict[str, Any]:
    """What goes on if nobody decides."""
    donors = [one for one in involved if net[one.campaign.pk] < 0]
    spending = [one for one in donors if one.campaign.is_spending or ZombieSignal.UNDEAD in one.signals]
    paces = [one.account.pace for one in spending if one.account.pace is not None]
    idle = sum((-net[one.campaign.pk] for one in donors if one not in spending), NOTHING)
    said = []
    if spending:
        names = " and ".join(one.campaign.name for one in spending)
        much = (
            f"{say_money(sum(paces, NOTHING), workspace)} a day"
            if paces
            else "an amount a day that is not known"
        )
        said.append(f"{names} {'goes' if len(spending) == 1 else 'go'} on spending {much}")
    if idle:
        said.append(f"{say_money(idle, workspace)} stays idle")
    return {
        "sentence": f"If you do nothing: {', and '.join(said)}."
        if said
        else "If you do nothing, nothing is lost.",
        "spend_per_day": money(sum(paces, NOTHING), workspace) if len(paces) == len(spending) else None,
        "idle": money(idle, workspace),
    }


def crossings(plan: Reallocation, lines: Sequence[Line], *, at: datetime) -> list[str]:
    """Sentences for the plan's campaigns whose chances have crossed a limit since the plan was made."""
    then = {row["campaign"]: row for row in plan.evidence.get("campaigns", [])}
    campaigns = {
        campaign.pk: campaign
        for line in lines
        for campaign in (line.source_campaign, line.target_campaign)
        if campaign is not None and not campaign.is_finished
    }
    now = chances(campaigns.values(), at=at)
    crossed = []
    for campaign_id, campaign in campaigns.items():
        row = then.get(campaign.key, {})
        before = band(row.get("p_above_target"), beats_control=bool(row.get("beats_control")))
        chance = now[campaign_id]
        if before != chance.band:
            crossed.append(f"{campaign.name} was {before} when the plan was made and is {chance.band} now.")
    return crossed
