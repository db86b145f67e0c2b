"""What zombies burn, day by day: stacked bars, the costliest lowest and darkest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.selectors.burning import Burning
from experiments.templatetags._charts import ceiling_of
from experiments.templatetags._drawings import _n, drawing, line, rect, text
from workspaces.models.spelling import as_day, in_currency
from workspaces.templatetags.quickno import day, weekday

# The theme has four shades of burning; from the fourth campaign on they burn together.
_SHADES = 4
_LEFT, _TOP = 44.0, 24.0
_ROOM_FOR_A_VALUE = 44
_ROOM_FOR_A_NAME = 18


@dataclass(frozen=True, slots=True)
class _Size:
    width: float
    height: float
    # Room at the right for the names.
    margin: float
    is_narrow: bool


WIDE = _Size(940, 250, 190, is_narrow=False)
NARROW = _Size(316, 270, 4, is_narrow=True)


def burn(burning: Sequence[Burning], shown: Sequence[date], currency: str, size: _Size = WIDE) -> SafeString:
    """The drawing for a container of that size; ``shown`` are the days, oldest first."""
    layers = _layers(burning, shown)
    chart = _Chart(layers, shown, currency, size)
    legend = 22.0 * len(layers) if size.is_narrow else 0.0
    told = ", ".join(
        _("{money} on {day}").format(money=in_currency(total, currency, whole=True), day=day(on))
        for total, on in zip(chart.totals, shown, strict=True)
    )
    return drawing(
        width=size.width,
        height=size.height + legend,
        label=_("Spend by day that should not be: {days}.").format(days=told),
        body=[*chart.axis(), *chart.bars(), *chart.names()],
        css="",
    )


@dataclass(frozen=True, slots=True)
class BurnTable:
    """The numbers of the drawing: by day each layer's name and money, ``None`` for none, and all of it."""

    layers: Sequence[Burning]
    rows: Sequence[tuple[date, Sequence[tuple[str, Decimal | None]], Decimal]]


def table(burning: Sequence[Burning], shown: Sequence[date]) -> BurnTable:
    layers = _layers(burning, shown)
    rows = []
    for on in shown:
        amounts = [(layer.name, layer.by_day.get(on) or None) for layer in layers]
        rows.append((on, amounts, sum((amount for _name, amount in amounts if amount), Decimal(0))))
    return BurnTable(layers, rows)


def _layers(burning: Sequence[Burning], shown: Sequence[date]) -> list[Burning]:
    if len(burning) <= _SHADES:
        return list(burning)
    rest = burning[_SHADES - 1 :]
    together = {on: sum((item.by_day.get(on, Decimal(0)) for item in rest), Decimal(0)) for on in shown}
    others = ngettext("{count} other", "{count} others", len(rest)).format(count=len(rest))
    return [*burning[: _SHADES - 1], Burning(others, together)]


class _Chart:
    def __init__(self, layers: Sequence[Burning], shown: Sequence[date], currency: str, size: _Size) -> None:
        self.layers, self.shown, self.currency, self.size = layers, shown, currency, size
        self.totals = [sum(float(layer.by_day.get(on, 0)) for layer in layers) for on in shown]
        self.top, self.step = ceiling_of(max(self.totals, default=0) * 1.1)
        self.floor, self.right = size.height - 26, size.width - size.margin
        self.slot = (self.right - _LEFT) / max(len(shown), 1)

    def at(self, amount: float) -> float:
        return self.floor - (self.floor - _TOP) * amount / self.top

    def money(self, amount: float) -> str:
        return in_currency(amount, self.currency, whole=True)

    def axis(self) -> list[str]:
        body = []
        for tick in range(round(self.top / self.step) + 1):
            y = self.at(tick * self.step)
            body.append(line("s-grid" if tick else "s-axis", f"M{_n(_LEFT)} {_n(y)}H{_n(self.right)}"))
            body.append(text(self.money(tick * self.step), _LEFT - 6, y + 4, "t-end"))
        return body

    def bars(self) -> list[str]:
        body, width = [], min(self.slot - 4, 84)
        for index, on in enumerate(self.shown):
            x, below = _LEFT + self.slot * (index + 0.5), 0.0
            for shade, layer in enumerate(self.layers, start=1):
                amount = float(layer.by_day.get(on, 0))
                high, low = self.at(below + amount), self.at(below)
                body += [rect(f"z{shade}", x - width / 2, high, width, low - high - 1.5)] if amount else []
                below += amount
            body += self._labels(index, on, x)
        return body

    def _labels(self, index: int, on: date, x: float) -> list[str]:
        """Every value where there is room, else that of the first and the last day; the weekday between."""
        is_end = index in {0, len(self.shown) - 1}
        value = text(
            self.money(self.totals[index]),
            x,
            self.at(self.totals[index]) - 6,
            f"t-num t-mid{' is-s' if self.size.is_narrow else ''}",
        )
        if self.slot < _ROOM_FOR_A_VALUE:
            return [value, text(str(on.day), x, self.floor + 18, "t-mid")] if is_end else []
        name = as_day(on, "ccc d") if is_end or on.weekday() == 0 else weekday(on)
        return [value, text(name, x, self.floor + 18, "t-mid")]

    def names(self) -> list[str]:
        """Beside the last day's layers, each with a line to its own, or below as a key where it is narrow."""
        if self.size.is_narrow:
            places = [self.size.height + 22.0 * shade + 14 for shade in range(len(self.layers))]
            return [
                part
                for shade, (layer, y) in enumerate(zip(self.layers, places, strict=True), start=1)
                for part in (rect(f"z{shade}", 8, y - 10, 12, 12), text(_short(layer.name, 38), 26, y))
            ]
        below, layers = 0.0, []
        for layer in self.layers:
            if amount := float(layer.by_day.get(self.shown[-1], 0)):
                layers.append((layer.name, (self.at(below) + self.at(below + amount)) / 2))
            below += amount
        bars_end = self.right - self.slot / 2 + min(self.slot - 4, 84) / 2
        body = []
        for (name, middle), y in zip(layers, _apart([middle for _name, middle in layers]), strict=True):
            path = f"M{_n(bars_end + 4)} {_n(middle)}L{_n(self.right + 12)} {_n(y)}"
            body += [line("s-axis", path), text(_short(name, 26), self.right + 18, y + 4, "t-strong")]
        return body


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights of names, the lowest first: each near its own and none on another or above the drawing."""
    places: list[float] = []
    for height in heights:
        places.append(min([height, *(place - _ROOM_FOR_A_NAME for place in places[-1:])]))
    for index in reversed(range(len(places))):
        above = places[index + 1] + _ROOM_FOR_A_NAME if index + 1 < len(places) else _TOP
        places[index] = max(places[index], above)
    return places


def _short(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
