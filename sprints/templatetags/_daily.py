"""Small drawings of days: a metric beside its limit, and what a zombie burns."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from experiments.choices import Comparator
from experiments.models.sentences import metric_limit
from experiments.models.team_words import TeamWords
from experiments.templatetags._drawings import _n, drawing, hatching, line, rect, text
from experiments.templatetags._words import metric_amount
from sprints.selectors.standing import BoardDay, RunningCampaign
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import day, long_weekday, weekday

WIDTH, _TOP, _FLOOR, _HEIGHT = 283.0, 4.0, 78.0, 96.0
# Room above and below the highest and the lowest mark, for its number.
_MARGIN = 22.0
_MOST_DAYS = 7
# Below this a number stands above its mark.
_LOW = 58.0

BURN_DAYS = 9
_BURN_WIDTH, _BURN_HEIGHT = 168.0, 26.0


def metric_days(
    item: RunningCampaign, planned: Sequence[date], currency: str, words: TeamWords
) -> SafeString:
    """The metric of each planned day that is reported, and the line at which its rule speaks."""
    known = [one for one in item.days if one.value is not None][-_MOST_DAYS:]
    if not known:
        return SafeString("")
    days = [on for on in planned if on >= known[0].on] or [one.on for one in known]
    days = sorted({*days, *(one.on for one in known)})[: max(len(known), _MOST_DAYS)]
    criterion = item.watch.criterion if item.watch else None
    is_limited = criterion is not None and criterion.metric == item.metric.key
    limit = float(criterion.threshold) if criterion is not None and is_limited else None
    at = _scale([one.value or 0.0 for one in known], limit)
    slot = WIDTH / len(days)
    places = {on: slot * (index + 0.5) for index, on in enumerate(days)}
    body = []
    if criterion is not None and limit is not None:
        is_above, y = criterion.comparator == Comparator.ABOVE, at(limit)
        body.append(rect("f-zone", 0, _TOP if is_above else y, WIDTH, y - _TOP if is_above else _FLOOR - y))
        body.append(line("s-limit", f"M0 {_n(y)}H{_n(WIDTH)}"))
        body.append(
            text(pgettext("the line of a rule", "stop"), WIDTH - 4, y - 5 if is_above else y + 14, "t-end")
        )
    body.append(line("s-axis", f"M0 {_n(_FLOOR + 0.5)}H{_n(WIDTH)}"))
    marks = [(places[one.on], at(one.value or 0.0), one) for one in known if one.on in places]
    # Reported days that still move are no trend.
    settled = [(x, y) for x, y, one in marks if one.is_settled]
    if len(settled) > 1:
        body.append(line("s-evidence", "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in settled)))
    edge = at(limit) if limit is not None else None
    for x, y, one in marks:
        if one.is_settled:
            body.append(f'<circle class="f-evidence s-surface" cx="{_n(x)}" cy="{_n(y)}" r="5"/>')
        else:
            body += [hatching(x - 6, y - 6, 12, 12), rect("s-evidence", x - 6, y - 6, 12, 12)]
        value = metric_amount(item.metric, one.value, currency)
        body.append(text(value, x, _beside(y, edge), "t-mid t-strong" if one.is_settled else "t-mid"))
    body += [text(weekday(on)[0], x, _HEIGHT - 3, "t-mid") for on, x in places.items()]
    return drawing(width=WIDTH, height=_HEIGHT, label=_told(item, known, currency, words), body=body)


def _beside(y: float, edge: float | None) -> float:
    """Where a mark's number stands: on the side that is away from the line, if there is room."""
    is_above = y < edge if edge is not None else y > _LOW
    baseline = y - 10 if is_above else y + 19
    return min(max(baseline, _TOP + 10), _FLOOR - 4)


def _scale(values: Sequence[float], limit: float | None) -> "_Scale":
    every = [*values, *([limit] if limit is not None else [])]
    return _Scale(min(every), max(every))


class _Scale:
    """From the lowest to the highest of what is drawn: dots need no zero."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.span = low, (high - low) or 1.0

    def __call__(self, value: float) -> float:
        room = _FLOOR - _TOP - 2 * _MARGIN
        return _FLOOR - _MARGIN - room * (value - self.low) / self.span


def _told(item: RunningCampaign, known: Sequence[BoardDay], currency: str, words: TeamWords) -> str:
    told = ", ".join(
        ("{day} {value}" if one.is_settled else _("{day} {value} so far")).format(
            day=long_weekday(one.on), value=metric_amount(item.metric, one.value, currency)
        )
        for one in known
    )
    by_day = _("{metric} by day: {days}.").format(metric=words.metric(item.metric), days=told)
    criterion = item.watch.criterion if item.watch else None
    if criterion is None or criterion.metric != item.metric.key:
        return by_day
    is_above = criterion.comparator == Comparator.ABOVE
    speaks = _("Its rule speaks above {limit}.") if is_above else _("Its rule speaks below {limit}.")
    limit = metric_limit(item.metric, criterion.threshold, currency)
    return f"{by_day} {speaks.format(limit=limit)}"


def burn_bars(
    spend: Mapping[date, Decimal], last: date, *, most: Decimal, so_far: Decimal | None, currency: str
) -> SafeString:
    """What was spent on each of the last days since it should have stopped; before that a dash.

    ``most``: the highest bar of all that stand together, so that they can be compared.
    """
    days = [date.fromordinal(last.toordinal() - back) for back in range(BURN_DAYS - 1, -1, -1)]
    slot, tallest = _BURN_WIDTH / BURN_DAYS, _BURN_HEIGHT - 2
    body = []
    for index, on in enumerate(days):
        amount = spend.get(on, Decimal(0))
        height = max(tallest * float(amount / most), 2.0) if most and amount else 2.0
        look = "f-burn" if amount else "f-line"
        body.append(rect(look, slot * index + 1, _BURN_HEIGHT - 1 - height, slot - 3, height))
    told = _("not known") if so_far is None else in_currency(so_far, currency)
    label = _("Spend by day since it should have stopped, through {day}: {amount} so far.").format(
        day=day(last), amount=told
    )
    return drawing(width=_BURN_WIDTH, height=_BURN_HEIGHT, label=label, body=body)
