"""Charts over days: few bars, every value printed, limits solid and unsettled days hatched."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from django.utils.safestring import SafeString

from experiments.choices import Metric
from experiments.selectors.campaign_pages import DayView
from experiments.templatetags._drawings import _n, drawing, line, mark, rect, text
from experiments.templatetags._words import metric_amount, metric_limit
from workspaces.templatetags.quickno import day, in_currency

MOST_DAYS = 7
_NARROW = 400


def _ceiling(value: float) -> tuple[float, float]:
    """The end of an axis from zero and its step: 1, 2 or 5 times a power of ten."""
    rough = (value or 1) / 4
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
    """The metric by day: a bar for the campaign, the arms' marks on it, the limit as a line."""
    shown = [item for item in views if item.value is not None][-MOST_DAYS:]
    values = [item.value or 0.0 for item in shown]
    marks = [value for item in shown for value in item.arms if value is not None]
    top, step = _ceiling(max([*values, *marks, float(limit or 0)]) * 1.08)
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
        body.append(rect("f-line", x - bar / 2, y, bar, floor - y))
        if item.is_settled:
            body.append(line("s-ink", f"M{_n(x - bar / 2)} {_n(y)}h{_n(bar)}"))
        else:
            body.append(
                rect(
                    "s-axis", x - bar / 2, y, bar, floor - y, ' fill="url(#qn-hatch)" stroke-dasharray="3 3"'
                )
            )
            body.append(rect("f-surface", x - bar / 2 + 2, floor - 26, bar - 4, 22))
        value = metric_amount(metric, item.value, currency)
        body.append(text(value, x, floor - 10, f"t-num t-mid{' is-s' if is_narrow or slot < 90 else ''}"))
        body.append(text(f"{item.on:%a}", x, height - 26, "t-mid t-strong"))
        if not is_narrow:
            body.append(text("settled" if item.is_settled else "so far", x, height - 10, "t-mid"))
        spread = bar / (len(item.arms) + 1)
        if len(item.arms) > 1:
            for position, arm_value in enumerate(item.arms):
                if arm_value is not None:
                    body.append(mark(position, x - bar / 2 + spread * (position + 1), at(arm_value)))
    if limit is not None:
        y = at(float(limit))
        body.append(line("s-limit", f"M{_n(left)} {_n(y)}H{_n(right)}"))
        body.append(text(f"limit {metric_limit(metric, limit, currency)}", right, y - 6, "t-strong t-end"))
    told = ", ".join(
        f"{item.on:%A} {metric_amount(metric, item.value, currency)}{'' if item.is_settled else ' so far'}"
        for item in shown
    )
    return drawing(width=width, height=height, label=f"{metric.label} by day: {told}.", body=body, css="")


def _tick(metric: Metric, value: float, currency: str) -> str:
    if metric.is_money:
        return in_currency(value, currency, whole=value == round(value))
    return f"{value * 100:g}%" if metric.is_share else f"{value:g}"


class Burning(Protocol):
    """A campaign's spend by day since it should have stopped."""

    @property
    def name(self) -> str: ...
    @property
    def by_day(self) -> Mapping[date, Decimal]: ...


_SHADES = 4


def burn(
    burning: Sequence[Burning],
    shown: Sequence[date],
    currency: str,
    *,
    width: float = 940,
    height: float = 250,
    is_narrow: bool = False,
) -> SafeString:
    """What zombies burn, day by day, stacked; the costliest lowest and darkest, from the fourth on together."""
    layers = [(item.name, item.by_day) for item in burning[: _SHADES - 1]]
    rest = burning[_SHADES - 1 :]
    if len(rest) == 1:
        layers.append((rest[0].name, rest[0].by_day))
    elif rest:
        together = {on: sum((item.by_day.get(on, Decimal(0)) for item in rest), Decimal(0)) for on in shown}
        layers.append((f"{len(rest)} others", together))
    sums = [float(sum((by_day.get(on, Decimal(0)) for _, by_day in layers), Decimal(0))) for on in shown]
    top, step = _ceiling(max(sums, default=0) * 1.1)
    left, right = 44.0, width - (4 if is_narrow else 190)
    legend = 22.0 * len(layers) if is_narrow else 0.0
    ceiling, floor = 24.0, height - 26

    def at(value: float) -> float:
        return floor - (floor - ceiling) * value / top

    body: list[str] = []
    for tick in range(round(top / step) + 1):
        y = at(tick * step)
        body.append(line("s-grid" if tick else "s-axis", f"M{_n(left)} {_n(y)}H{_n(right)}"))
        body.append(text(in_currency(tick * step, currency, whole=True), left - 6, y + 4, "t-end"))
    slot = (right - left) / max(len(shown), 1)
    bar = min(slot - 4, 84)
    last_edges: list[float] = []
    for index, on in enumerate(shown):
        x, below = left + slot * (index + 0.5), 0.0
        for shade, (_, by_day) in enumerate(layers, start=1):
            amount = float(by_day.get(on, Decimal(0)))
            if amount:
                body.append(
                    rect(
                        f"z{shade}",
                        x - bar / 2,
                        at(below + amount),
                        bar,
                        at(below) - at(below + amount) - 1.5,
                    )
                )
            if index == len(shown) - 1:
                last_edges.append((at(below) + at(below + amount)) / 2)
            below += amount
        is_end = index in {0, len(shown) - 1}
        if is_end:
            value = in_currency(below, currency, whole=True)
            body.append(text(value, x, at(below) - 6, f"t-num t-mid{' is-s' if is_narrow else ''}"))
        if not is_narrow or is_end:
            name = (
                f"{on.day}"
                if is_narrow
                else (f"{on:%a} {on.day}" if index == 0 or on.weekday() == 0 or is_end else f"{on:%a}")
            )
            body.append(text(name, x, floor + 18, "t-mid"))
    for shade, (name, _) in enumerate(layers, start=1):
        if is_narrow:
            y = height + 22.0 * (shade - 1) + 14
            body += [rect(f"z{shade}", 8, y - 10, 12, 12), text(_short(name, 38), 26, y)]
        else:
            y = last_edges[shade - 1] + 4
            body.append(text(_short(name, 26), right + 12, y, "t-strong"))
    told = ", ".join(
        f"{in_currency(total, currency, whole=True)} on {day(on)}"
        for total, on in zip(sums, shown, strict=True)
    )
    label = f"Spend by day that should not be: {told}."
    return drawing(width=width, height=height + legend, label=label, body=body, css="")


def _short(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
