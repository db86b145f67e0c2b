"""Charts over days: few bars, every value printed, limits solid and unsettled days hatched."""

import math
from collections.abc import Sequence
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.choices import Metric
from experiments.models.sentences import metric_limit
from experiments.models.team_words import TeamWords
from experiments.selectors.campaign_numbers import DayView
from experiments.templatetags._drawings import _n, drawing, hatching, line, mark, rect, text
from experiments.templatetags._words import metric_amount
from workspaces.models.spelling import in_figures, in_percent, round_in_currency
from workspaces.templatetags.quickno import long_weekday, weekday

MOST_DAYS = 7
_NARROW = 400
# A phone has room for the values of so many days.
_MOST_NARROW_DAYS = 5
# Beside the days at the right, for what the limit is.
_ROOM_FOR_THE_LIMIT = 56.0
# Columns at least this wide have room for the larger figures.
_ROOMY = 90


def ceiling_of(value: float) -> tuple[float, float]:
    """The end of an axis from zero and its step: 1, 2 or 5 times a power of ten."""
    value = value or 1.0
    rough = value / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return step * math.ceil(value / step - 1e-9), step


def days(
    views: Sequence[DayView],
    metric: Metric,
    limit: Decimal | None,
    currency: str,
    words: TeamWords,
    width: float = 644,
    height: float = 300,
) -> SafeString:
    """The metric by day: a bar for the campaign, the arms' marks on it, the limit as a line.

    A day whose cost nobody can say, because nothing was counted yet, stays in its place and says so.
    """
    is_narrow = width < _NARROW
    most = _MOST_NARROW_DAYS if is_narrow else MOST_DAYS
    shown = [item for item in views if item.value is not None or item.events == 0][-most:]
    values = [value or 0.0 for item in shown for value in (item.value, item.expected)]
    marks = [value for item in shown for value in _marks(item) if value is not None]
    top, step = ceiling_of(max([*values, *marks, float(limit or 0)]) * 1.08)
    beside = 10.0 if limit is None or is_narrow else _ROOM_FOR_THE_LIMIT
    left, right, ceiling, floor = 46.0, width - beside, 34.0, height - 44

    def at(value: float) -> float:
        return floor - (floor - ceiling) * value / top

    foot, at_limit = floor - 10, floor if limit is None else at(float(limit))
    if floor - 28 < at_limit < floor - 4:
        # A low limit would strike the values out that stand at the feet of the bars.
        foot = at_limit - 7
    body: list[str] = []
    ticks = round(top / step)
    for tick in range(ticks + 1):
        y = at(tick * step)
        body.append(line("s-grid" if tick else "s-axis", f"M{_n(left)} {_n(y)}H{_n(right)}"))
        body.append(text(_tick(metric, tick * step, currency), left - 6, y + 4, "t-end"))
    slot = (right - left) / max(len(shown), 4)
    for index, item in enumerate(shown):
        bar = min(slot - 12, 92)
        value = item.value if item.expected is None else item.expected
        x, y = left + slot * (index + 0.5), at(value or 0)
        if item.value is None:
            body.append(text(_("none"), x, floor - 10, "t-mid"))
            body.append(text(weekday(item.on), x, height - 26, "t-mid t-strong"))
            continue
        body += _bar(item, x - bar / 2, bar, y, at(item.value), floor)
        is_small = is_narrow or slot < _ROOMY
        number = f"t-num t-mid{' is-s' if is_small else ''}"
        body.append(text(metric_amount(metric, value, currency), x, foot, number))
        body.append(text(weekday(item.on), x, height - 26, "t-mid t-strong"))
        so_far, is_above = metric_amount(metric, item.value, currency), at(item.value) < y
        if is_above and not is_small:
            body.append(text(_("{value} so far").format(value=so_far), x, at(item.value) - 6, "t-mid"))
        elif is_above:  # In two lines, where days are close.
            body.append(text(so_far, x, at(item.value) - 19, "t-mid"))
            body.append(text(_("so far"), x, at(item.value) - 6, "t-mid"))
        if not is_narrow:
            body.append(text(_state(item, so_far, is_above=is_above), x, height - 10, "t-mid"))
        spread = bar / (len(item.arms) + 1)
        body += [
            mark(position, x - bar / 2 + spread * (position + 1), at(arm_value))
            for position, arm_value in enumerate(_marks(item))
            if len(item.arms) > 1 and arm_value is not None
        ]
    if limit is not None:
        body += _limit(
            metric_limit(metric, limit, currency), at(float(limit)), left, right, is_narrow=is_narrow
        )
    told = ", ".join(
        _spoken(item).format(
            day=long_weekday(item.on),
            value=_told(item, metric, currency, words),
            expected=metric_amount(metric, item.expected, currency),
        )
        for item in shown
    )
    label = _("{metric} by day: {days}.").format(metric=words.metric(metric), days=told)
    return drawing(width=width, height=height, label=label, body=body, css="")


def _marks(item: DayView) -> Sequence[float | None]:
    """Where the arms stand, once all is in if that can be told."""
    return item.arms if item.expected is None else item.expected_arms


def _bar(item: DayView, x: float, width: float, top: float, reported: float, floor: float) -> list[str]:
    """A day's bar up to what it comes to, with what is not settled of it hatched."""
    edge = line("s-ink", f"M{_n(x)} {_n(top)}h{_n(width)}")
    if item.is_settled:
        return [rect("f-line", x, top, width, floor - top), edge]
    if item.expected is None:
        whole = rect("f-line", x, top, width, floor - top)
        behind = rect("f-surface", x + 3, floor - 26, width - 6, 22)
        return [whole, *_hatched(x, top, width, floor - top), behind]
    # Solid is what will be there either way: of a cost it is the smaller one that is expected.
    solid = max(top, reported)
    hatched = _hatched(x, min(top, reported), width, abs(reported - top))
    return [rect("f-line", x, solid, width, floor - solid), *hatched, edge]


def _state(item: DayView, so_far: str, *, is_above: bool) -> str:
    """The words under a day; what is reported so far stands there unless it stands above the bar."""
    if item.is_settled:
        return _("settled")
    if item.expected is None:
        return _("so far")
    return _("not settled") if is_above else _("{value} so far").format(value=so_far)


def _hatched(x: float, y: float, width: float, height: float) -> list[str]:
    """Not settled, with an edge."""
    edge = rect("s-axis", x, y, width, height, ' stroke-dasharray="3 3"')
    return [hatching(x, y, width, height), edge]


def _limit(amount: str, y: float, left: float, right: float, *, is_narrow: bool) -> list[str]:
    """The line, and what it is: beside it where there is room, for the last day may stand as high."""
    if is_narrow:
        words = _("limit {limit}").format(limit=amount)
        return [line("s-limit", f"M{_n(left)} {_n(y)}H{_n(right)}"), text(words, right, 12, "t-strong t-end")]
    return [
        line("s-limit", f"M{_n(left)} {_n(y)}H{_n(right)}"),
        text(_("limit"), right + 6, y - 3, "t-strong"),
        text(amount, right + 6, y + 12, "t-strong"),
    ]


def _spoken(item: DayView) -> str:
    """How a day is told to whoever hears the drawing."""
    if item.is_settled:
        return _("{day} {value}")
    if item.expected is None:
        return _("{day} {value} so far")
    return _("{day} about {expected} once all is in, {value} so far")


def _told(item: DayView, metric: Metric, currency: str, words: TeamWords) -> str:
    if item.value is None:
        return _("no {events}").format(events=words.events(metric))
    return metric_amount(metric, item.value, currency)


def _tick(metric: Metric, value: float, currency: str) -> str:
    if metric.is_money:
        return round_in_currency(Decimal(str(value)), currency)
    if metric.is_share:
        return in_percent(f"{value * 100:g}")
    return in_figures(f"{value:g}")
