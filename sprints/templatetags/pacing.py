"""A sprint as sentences and small drawings: what was spent beside the plan, how each day went."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from experiments.choices import Direction
from experiments.models.team_words import TeamWords, words_in_common
from experiments.templatetags._comparisons import difference_words
from experiments.templatetags._drawings import _n, drawing, line, rect
from sprints.choices import DecisionKind, SprintStatus
from sprints.models import Sprint
from sprints.selectors.reach import Reach
from sprints.selectors.standing import Board, RunningCampaign, RunningHypothesis
from sprints.selectors.waiting import BurningZombie
from sprints.templatetags import _daily, _reach
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import long_day, long_weekday, sentence_case, spelled, whole_percent

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
    label = _("{spent} of {budget} spent")
    if planned is not None and not is_over:
        body.append(line("s-limit", f"M{1 + room * min(float(planned / budget), 1.0):.1f} 1v18"))
        label = _("{spent} of {budget} spent, plan by now {planned}")
    said = {
        name: in_currency(amount, currency, whole=True)
        for name, amount in (("spent", spent), ("budget", budget), ("planned", planned or Decimal(0)))
    }
    return drawing(width=width, height=HEIGHT, label=label.format(**said), body=body)


@register.simple_tag(takes_context=True)
def metric_days(
    context: Context, item: RunningCampaign, planned: Sequence[date], words: TeamWords
) -> SafeString:
    """The campaign's metric day by day, beside the line at which its rule speaks."""
    return _daily.metric_days(item, planned, context["workspace"].currency, words)


@register.simple_tag(takes_context=True)
def board_words(context: Context, board: Board) -> TeamWords:
    """What the whole board calls a conversion."""
    return words_in_common((row.hypothesis for row in board.hypotheses), context["workspace"])


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
def reach_bar(reach: Reach) -> SafeString:
    """The days that a sprint has beside those it takes to tell."""
    return _reach.reach_bar(reach)


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
    label = _("{arm} against the control: {between}, with 95% probability.").format(
        arm=arm.arm.name, between=_between(item)
    )
    return drawing(width=width, height=26, label=label, body=body)


@register.simple_tag
def best_arm_words(item: RunningCampaign) -> str:
    """``5% to 52% cheaper``, ``52% cheaper to 22% costlier``."""
    return _ends(item, _("{first} to {second} {side}"), _("{first} {first_side} to {second} {second_side}"))


def _between(item: RunningCampaign) -> str:
    return _ends(
        item,
        _("between {first} and {second} {side}"),
        _("between {first} {first_side} and {second} {second_side}"),
    )


def _ends(item: RunningCampaign, on_one_side: str, on_both: str) -> str:
    """The interval of the best arm in words, the lower end first; on one side the smaller one."""
    arm = item.best_arm
    if arm is None or arm.interval is None:
        return _("not known")
    worse, better = difference_words(item.metric)
    low, high = arm.interval.low, arm.interval.high
    if item.metric.direction == Direction.LOWER:
        # Better is to the right in the drawing, and lower in numbers.
        low, high = high, low
    sides = [better if share > 0 else worse for share in (low, high)]
    if sides[0] == sides[1]:
        low, high = sorted((abs(low), abs(high)))
    first, second = (whole_percent(abs(share)) for share in (low, high))
    return (on_one_side if sides[0] == sides[1] else on_both).format(
        first=first, second=second, side=sides[0], first_side=sides[0], second_side=sides[1]
    )


@register.simple_tag
def board_sentence(board: Board) -> SafeString:
    """``One is winning, one is leaning no, and one got a quick no on day 3.``"""
    kinds: dict[str, list[RunningHypothesis]] = {}
    for row in board.hypotheses:
        kinds.setdefault(_kind(row), []).append(row)
    parts = [_phrase(kind, kinds[kind]) for kind in _PHRASES if kind in kinds]
    first, *others = parts
    if not others:
        told = first
    elif len(others) == 1:
        told = _("{first} and {last}").format(first=first, last=others[0])
    else:
        told = _("{first}, and {last}").format(first=", ".join(parts[:-1]), last=parts[-1])
    # Our own words and numbers, one of them marked.
    return mark_safe(sentence_case(told) + ".")  # noqa: S308


# In the order of telling: what goes well, what is open, what is over. The last one of a sprint is marked.
_PHRASES = {
    "scaled": ngettext_lazy("one was scaled", "{number} were scaled"),
    "winning": ngettext_lazy("one is winning", "{number} are winning"),
    "open": ngettext_lazy("one is still open", "{number} are still open"),
    "waiting": ngettext_lazy("one has no numbers yet", "{number} have no numbers yet"),
    "evolved": ngettext_lazy("one evolved into another", "{number} evolved into others"),
    "inconclusive": ngettext_lazy("one stayed inconclusive", "{number} stayed inconclusive"),
    "leaning": ngettext_lazy("one is leaning no", "{number} are leaning no"),
    "stopped": ngettext_lazy(
        "one was <em>stopped by its rule</em>", "{number} were <em>stopped by their rules</em>"
    ),
    "killed": ngettext_lazy("one got a <em>quick no</em>", "{number} got a <em>quick no</em>"),
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
    ended = rows[0].first.ended_on_day if rows[0].first else None
    if kind == "killed" and len(rows) == 1 and ended:
        return _("one got a <em>quick no</em> on day {day}").format(day=ended)
    return str(_PHRASES[kind] % len(rows)).format(number=spelled(len(rows)))


@register.simple_tag(takes_context=True)
def review_sentence(context: Context, sprint: Sprint, board: Board, today: date) -> SafeString:
    """``Two are decided. The third has waited since Friday, at $131.20 a day.``"""
    undecided, decided = len(board.undecided), len(board.decided)
    if not undecided:
        if sprint.status == SprintStatus.CLOSED:
            learnings = len(board.hypotheses)
            closed = ngettext(
                "Closed, with <em>{number} learning</em>.",
                "Closed, with <em>{number} learnings</em>.",
                learnings,
            )
            return format_html(closed, number=learnings)
        can = (
            _("Everything is decided. <em>The sprint can end.</em>")
            if sprint.status == SprintStatus.RUNNING
            else _("Everything is decided. <em>It can close.</em>")
        )
        return mark_safe(can)  # noqa: S308 - our own words
    per_day = board.money_per_day
    the_other, some = _WAITS[sprint.ends_on < today, bool(per_day)]
    waits = format_html(
        str(the_other if decided and undecided == 1 else some % undecided),
        number=sentence_case(spelled(undecided)),
        day=_ended(sprint.ends_on, today),
        cost=in_currency(per_day, context["workspace"].currency),
    )
    if not decided:
        return waits
    before = ngettext("One is decided.", "{number} are decided.", decided)
    return format_html("{} {}", before.format(number=sentence_case(spelled(decided))), waits)


# By whether the sprint is over and whether waiting costs money: the last open one, and any number of them.
_WAITS = {
    (True, True): (
        gettext_lazy("The other one has waited since {day}, at <em>{cost} a day</em>."),
        ngettext_lazy(
            "One has waited since {day}, at <em>{cost} a day</em>.",
            "{number} have waited since {day}, at <em>{cost} a day</em>.",
        ),
    ),
    (True, False): (
        gettext_lazy("The other one has waited since {day} for <em>a decision</em>."),
        ngettext_lazy(
            "One has waited since {day} for <em>a decision</em>.",
            "{number} have waited since {day} for <em>a decision</em>.",
        ),
    ),
    (False, True): (
        gettext_lazy("The other one waits, at <em>{cost} a day</em>."),
        ngettext_lazy("One waits, at <em>{cost} a day</em>.", "{number} wait, at <em>{cost} a day</em>."),
    ),
    (False, False): (
        gettext_lazy("The other one waits for <em>a decision</em>."),
        ngettext_lazy("One waits for <em>a decision</em>.", "{number} wait for <em>a decision</em>."),
    ),
}


def _ended(on: date, today: date) -> str:
    """``Friday`` where that says which one."""
    return long_weekday(on) if (today - on).days < DAYS_OF_A_WEEK else long_day(on)
