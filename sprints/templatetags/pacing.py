"""A sprint as sentences and small drawings: what was spent beside the plan, how each day went."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from experiments.templatetags._drawings import _n, drawing, line, rect
from experiments.templatetags.evidence import difference_words
from sprints.choices import DecisionKind, SprintStatus
from sprints.models import Sprint
from sprints.selectors.standing import Board, RunningCampaign, RunningHypothesis
from sprints.selectors.today import BurningZombie
from sprints.templatetags import _daily
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import counted, long_day, sentence_case, spelled

register = template.Library()

WIDTH, HEIGHT = 150.0, 20.0
# Within them a weekday alone says which one.
DAYS_OF_A_WEEK = 7


@register.simple_tag(takes_context=True)
def spend_bar(
    context: Context,
    spent: Decimal | None,
    budget: Decimal,
    planned: Decimal | None,
    *,
    width: float = WIDTH,
    is_over: bool = False,
) -> SafeString:
    """Spend as a bar over the budget; the upright line is the plan by now, while there is one."""
    currency = context["workspace"].currency
    if spent is None or budget <= 0:
        return SafeString("")
    room = width - 2
    look = "f-ink" if is_over else "f-ink-3" if spent <= budget else "f-burn"
    body = [
        rect("f-line", 1, 6, room, 8),
        rect(look, 1, 6, room * min(float(spent / budget), 1.0), 8),
    ]
    label = f"{in_currency(spent, currency, whole=True)} of {in_currency(budget, currency, whole=True)} spent"
    if planned is not None and not is_over:
        body.append(line("s-limit", f"M{1 + room * min(float(planned / budget), 1.0):.1f} 1v18"))
        label += f", plan by now {in_currency(planned, currency, whole=True)}"
    return drawing(width=width, height=HEIGHT, label=label, body=body)


@register.simple_tag(takes_context=True)
def metric_days(context: Context, item: RunningCampaign, planned: Sequence[date]) -> SafeString:
    """The campaign's metric day by day, beside the line at which its rule speaks."""
    return _daily.metric_days(item, planned, context["workspace"].currency)


@register.simple_tag(takes_context=True)
def burn_bars(context: Context, zombie: BurningZombie) -> SafeString:
    """What a zombie burns, day by day."""
    return _daily.burn_bars(
        zombie.by_day,
        zombie.last,
        most=zombie.most,
        so_far=zombie.flag.money_since,
        currency=context["workspace"].currency,
    )


@register.simple_tag
def best_arm_row(item: RunningCampaign) -> SafeString:
    """The best arm's difference from the control with its interval; right is better."""
    arm = item.best_arm
    if arm is None or arm.interval is None:
        return SafeString("")
    width, reach = _daily.WIDTH, max(abs(arm.interval.low), abs(arm.interval.high), 0.25) * 1.1

    def at(share: float) -> float:
        return width / 2 * (1 + min(max(share / reach, -1.0), 1.0))

    low, value, high = at(arm.interval.low), at(arm.interval.value), at(arm.interval.high)
    body = [
        line("s-axis", f"M{_n(width / 2)} 0v26", ' stroke-dasharray="3 3"'),
        rect("f-evidence-soft", low, 6, high - low, 14, ' rx="2"'),
        line("s-evidence", f"M{_n(low)} 6v14M{_n(high)} 6v14M{_n(low)} 13H{_n(high)}"),
        rect("f-evidence", value - 2.5, 2, 5, 22, ' rx="1"'),
    ]
    label = f"{arm.arm.name} against the control: between {_between(item)}, with 95% probability."
    return drawing(width=width, height=26, label=label, body=body)


@register.simple_tag
def best_arm_words(item: RunningCampaign) -> str:
    """``5% to 52% cheaper``, ``22% costlier to 52% cheaper``."""
    return _between(item).replace(" and ", " to ")


def _between(item: RunningCampaign) -> str:
    arm = item.best_arm
    if arm is None or arm.interval is None:
        return "not known"
    worse, better = difference_words(item.metric)
    low, high = arm.interval.low, arm.interval.high
    sides = [better if share > 0 else worse for share in (low, high)]
    amounts = [f"{abs(share) * 100:.0f}%" for share in (low, high)]
    if sides[0] == sides[1]:
        first, second = sorted(amounts, key=lambda amount: float(amount[:-1]))
        return f"{first} and {second} {sides[0]}"
    return f"{amounts[0]} {sides[0]} and {amounts[1]} {sides[1]}"


@register.simple_tag
def board_sentence(board: Board) -> SafeString:
    """``One is winning, one is leaning no, and one got a quick no on day 3.``"""
    kinds: dict[str, list[RunningHypothesis]] = {}
    for row in board.hypotheses:
        kinds.setdefault(_kind(row), []).append(row)
    parts = [_phrase(kind, kinds[kind]) for kind in _PHRASES if kind in kinds]
    told = [*parts[:-2], " and ".join(parts[-2:])] if len(parts) < 3 else [*parts[:-1], f"and {parts[-1]}"]  # noqa: PLR2004
    # Our own words and numbers, one of them marked.
    return mark_safe(sentence_case(", ".join(told)) + ".")  # noqa: S308


# In the order of telling: what goes well, what is open, what is over. The last one of a sprint is marked.
_PHRASES = {
    "scaled": ("was scaled", "were scaled"),
    "winning": ("is winning", "are winning"),
    "open": ("is still open", "are still open"),
    "waiting": ("has no numbers yet", "have no numbers yet"),
    "evolved": ("evolved into another", "evolved into others"),
    "inconclusive": ("stayed inconclusive", "stayed inconclusive"),
    "leaning": ("is leaning no", "are leaning no"),
    "stopped": ("was <em>stopped by its rule</em>", "were <em>stopped by their rules</em>"),
    "killed": ("got a <em>quick no</em>", "got a <em>quick no</em>"),
}


def _kind(row: RunningHypothesis) -> str:
    if row.decision is not None and not row.decision.carry_to_id:
        return {
            DecisionKind.SCALE: "scaled",
            DecisionKind.EVOLVE: "evolved",
            DecisionKind.INCONCLUSIVE: "inconclusive",
        }.get(DecisionKind(row.decision.decision), "killed")
    if row.campaigns and all(item.is_killed for item in row.campaigns):
        return "killed"
    if any(item.breaches and item.campaign.is_paused for item in row.campaigns):
        return "stopped"
    if any(item.is_winning for item in row.campaigns):
        return "winning"
    if any(item.is_leaning_no for item in row.campaigns):
        return "leaning"
    return "open" if any(item.value is not None for item in row.campaigns) else "waiting"


def _phrase(kind: str, rows: Sequence[RunningHypothesis]) -> str:
    one, many = _PHRASES[kind]
    ended = rows[0].first.ended_on_day if rows[0].first else None
    day = f" on day {ended}" if kind == "killed" and len(rows) == 1 and ended else ""
    return f"{spelled(len(rows))} {one if len(rows) == 1 else many}{day}"


@register.simple_tag(takes_context=True)
def review_sentence(context: Context, sprint: Sprint, board: Board, today: date) -> SafeString:
    """``Two are decided. The third has waited since Friday, at $131.20 a day.``"""
    undecided, decided = len(board.undecided), len(board.decided)
    if not undecided:
        if sprint.status == SprintStatus.CLOSED:
            return format_html("Closed, with <em>{}</em>.", counted(len(board.hypotheses), "learning"))
        if sprint.status == SprintStatus.RUNNING:
            return SafeString(_("Everything is decided. <em>The review can open.</em>"))
        return SafeString("Everything is decided. <em>It can close.</em>")
    before = (
        f"{sentence_case(spelled(decided))} {'is' if decided == 1 else 'are'} decided. " if decided else ""
    )
    who = "The other one" if decided and undecided == 1 else sentence_case(spelled(undecided))
    is_one = undecided == 1
    per_day = board.money_per_day
    if sprint.ends_on < today:
        is_recent = (today - sprint.ends_on).days < DAYS_OF_A_WEEK
        since = f"{sprint.ends_on:%A}" if is_recent else long_day(sprint.ends_on)
        waits = f"{who} {'has' if is_one else 'have'} waited since {since}"
    else:
        waits = f"{who} {'waits' if is_one else 'wait'}"
    if per_day:
        cost = f"{in_currency(per_day, context['workspace'].currency)} a day"
        return format_html("{}{}, at <em>{}</em>.", before, waits, cost)
    return format_html("{}{} for <em>a decision</em>.", before, waits)
