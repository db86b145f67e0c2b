"""What a manager sees beside a plan, frozen with it, and what would make it out of date."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from experiments.choices import CampaignStatus, Metric, ZombieSignal
from experiments.models import Campaign
from sprints.models import Reallocation, ReallocationLine, sentences
from sprints.selectors.accounts import NOTHING, CampaignAccount, campaign_accounts
from sprints.selectors.candidates import Candidate, Rank
from sprints.selectors.chances import band, chances
from sprints.selectors.gains import gains, receiver_beats_donor
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency, in_figures
from workspaces.templatetags.quickno import probability

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
    with override(sentences.KEPT_IN):
        return _evidence(lines, candidates, workspace=workspace, rule=rule, passed_over=passed_over, at=at)


def _evidence(
    lines: Sequence[Line],
    candidates: Mapping[int, Candidate],
    *,
    workspace: Workspace,
    rule: str,
    passed_over: Sequence[Mapping[str, str]],
    at: datetime,
) -> dict[str, Any]:
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
    return say_money(value, workspace) if metric.is_money else in_figures(f"{value:,.2f}")


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
        return _what_is_free(one.account)
    return _rank(one, one.rank) if one.rank is not None else _against_its_aim(one)


def _against_its_aim(one: Candidate) -> str:
    campaign, chance = one.campaign, one.chance
    if one.giving_signals:
        return _(sentences.FLAGGED).format(campaign=campaign.name, signals=_words(one.giving_signals))
    if chance.metric is None:
        return _(sentences.UNPLANNED).format(campaign=campaign.name)
    if chance.target is None:
        stands = _(sentences.BEATS_CONTROL) if chance.beats_control else _(sentences.NO_AIM)
        return stands.format(campaign=campaign.name, metric=chance.metric.label)
    said = {
        "campaign": campaign.name,
        "metric": chance.metric.label,
        "limit": _say_metric(chance.target, chance.metric, campaign.workspace),
    }
    if chance.p_above_target is None:
        return _(sentences.NOTHING_SAYS).format(**said)
    return _(sentences.MEETS_TARGET).format(likely=probability(chance.p_above_target), **said)


def _rank(one: Candidate, rank: Rank) -> str:
    if rank.p_best is None or one.chance.metric is None:
        return str(rank.why_not)
    best = _(sentences.BEST).format(
        campaign=one.campaign.name,
        likely=probability(rank.p_best),
        number=rank.compared,
        metric=one.chance.metric.label,
    )
    if not one.giving_signals:
        return best
    return f"{best} {_(sentences.FLAGGED_TOO).format(signals=_words(one.giving_signals))}"


def _what_is_free(account: CampaignAccount) -> str:
    campaign, days = account.campaign, account.unreported_days
    if not account.holdback:
        words = _(sentences.FINISHED)
    else:
        words = _(sentences.FINISHED_BUT_ONE_DAY) if days == 1 else _(sentences.FINISHED_BUT_DAYS)
    return words.format(
        campaign=campaign.name,
        state=CampaignStatus(campaign.status).label,
        amount=say_money(account.holdback, campaign.workspace),
        days=days,
    )


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
    return _(" and ").join(str(signal.label) for signal in signals)


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
        goes_on = _GOES_ON[len(spending) == 1, bool(paces)]
        said.append(goes_on.format(campaigns=names, amount=say_money(sum(paces, NOTHING), workspace)))
    if idle:
        said.append(sentences.STAYS_IDLE.format(amount=say_money(idle, workspace)))
    return {
        "sentence": _NOTHING_DONE[len(said)].format(**dict(zip(("first", "second"), said, strict=False))),
        "spend_per_day": money(sum(paces, NOTHING), workspace) if len(paces) == len(spending) else None,
        "idle": money(idle, workspace),
    }


# By whether one campaign goes on, and whether anything says what that costs a day.
_GOES_ON = {
    (True, True): sentences.ONE_GOES_ON,
    (True, False): sentences.ONE_GOES_ON_UNKNOWN,
    (False, True): sentences.SEVERAL_GO_ON,
    (False, False): sentences.SEVERAL_GO_ON_UNKNOWN,
}
_NOTHING_DONE = (sentences.NOTHING_LOST, sentences.DO_NOTHING, sentences.DO_NOTHING_TWICE)


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
            crossed.append(
                _(sentences.CROSSED).format(campaign=campaign.name, before=_(before), now=_(chance.band))
            )
    return crossed
