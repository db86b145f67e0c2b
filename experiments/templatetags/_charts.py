"""Charts over days: few bars, every value printed, limits solid and unsettled days hatched."""

import math
from collections.abc import Sequence
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.choices import MEASURES, Metric
from experiments.models.sentences import metric_limit
from experiments.selectors.campaign_pages import DayView
from experiments.templatetags._drawings import _n, drawing, hatching, line, mark, rect, text
from experiments.templatetags._words import metric_amount
from workspaces.models.spelling import in_figures, in_percent, round_in_currency
from workspaces.templatetags.quickno import long_weekday, weekday

MOST_DAYS = 7
_NARROW = 400
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
    width: float = 644,
    height: float = 300,
) -> SafeString:
    """The metric by day: a bar for the campaign, the arms' marks on it, the limit as a line.

    A day whose cost nobody can say, because nothing was counted yet, stays in its place and says so.
    """
    shown = [item for item in views if item.value is not None or item.events == 0][-MOST_DAYS:]
    values = [item.value or 0.0 for item in shown]
    marks = [value for item in shown for value in item.arms if value is not None]
    top, step = ceiling_of(max([*values, *marks, float(limit or 0)]) * 1.08)
    left, right, ceiling, floor = 46.0, width - 10, 20.0, height - 44

    def at(value: float) -> float:
        return floor - (floor - ceiling) * value / top

    body: list[str] = []
    ticks = round(top / step)
    for tick in range(ticks + 1):
        y = at(tick * step)
        body.append(line("s-grid" if tick else "s-axis", f"M{_n(left)} {_n(y)}H{_n(right)}"))
        body.append(text(_tick(metric, tick * step, currency), left - 6, y + 4, "t-end"))
    slot = (right - left) / max(len(shown), 4)
    is_narrow = width < _NARROW
    for index, item in enumerate(shown):
        bar = min(slot - 12, 92)
        x, y = left + slot * (index + 0.5), at(item.value or 0)
        if item.value is None:
            body.append(text(_("none"), x, floor - 10, "t-mid"))
            body.append(text(weekday(item.on), x, height - 26, "t-mid t-strong"))
            continue
        body.append(rect("f-line", x - bar / 2, y, bar, floor - y))
        if item.is_settled:
            body.append(line("s-ink", f"M{_n(x - bar / 2)} {_n(y)}h{_n(bar)}"))
        else:
            body.append(hatching(x - bar / 2, y, bar, floor - y))
            body.append(rect("s-axis", x - bar / 2, y, bar, floor - y, ' stroke-dasharray="3 3"'))
            body.append(rect("f-surface", x - bar / 2 + 3, floor - 26, bar - 6, 22))
        value = metric_amount(metric, item.value, currency)
        body.append(text(value, x, floor - 10, f"t-num t-mid{' is-s' if is_narrow or slot < _ROOMY else ''}"))
        body.append(text(weekday(item.on), x, height - 26, "t-mid t-strong"))
        if not is_narrow:
            body.append(text(_("settled") if item.is_settled else _("so far"), x, height - 10, "t-mid"))
        spread = bar / (len(item.arms) + 1)
        body += [
            mark(position, x - bar / 2 + spread * (position + 1), at(arm_value))
            for position, arm_value in enumerate(item.arms)
            if len(item.arms) > 1 and arm_value is not None
        ]
    if limit is not None:
        y = at(float(limit))
        body.append(line("s-limit", f"M{_n(left)} {_n(y)}H{_n(right)}"))
        words = _("limit {limit}").format(limit=metric_limit(metric, limit, currency))
        body.append(text(words, right, y - 6, "t-strong t-end"))
    told = ", ".join(
        (_("{day} {value}") if item.is_settled else _("{day} {value} so far")).format(
            day=long_weekday(item.on), value=_told(item, metric, currency)
        )
        for item in shown
    )
    label = _("{metric} by day: {days}.").format(metric=metric.label, days=told)
    return drawing(width=width, height=height, label=label, body=body, css="")


def _told(item: DayView, metric: Metric, currency: str) -> str:
    if item.value is None:
        return _("no {events}").format(events=MEASURES[metric.events].label)
    return metric_amount(metric, item.value, currency)


def _tick(metric: Metric, value: float, currency: str) -> str:
    if metric.is_money:
        return round_in_currency(Decimal(str(value)), currency)
    if metric.is_share:
        return in_percent(f"{value * 100:g}")
    return in_figures(f"{value:g}")
