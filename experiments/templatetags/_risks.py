"""What a rule would do, drawn: of 100 campaigns of each quality, how many it stops by each day."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.templatetags._drawings import _n, drawing, line, text
from workspaces.models.spelling import in_figures

WIDE, NARROW = 560.0, 300.0
# More days than this have no room for a mark and a number each.
_ROOMY_DAYS = 10
# So near the last day's number would touch another one's.
_LAST_TICK = 0.6
_LINE_HEIGHT = 17.0
# From good to very bad, as the preview orders its truths.
_LOOKS = (
    ("s-traction", "f-traction"),
    ("s-hold", "f-hold"),
    ("s-ink", "f-ink"),
    ("s-burn", "f-burn"),
)


def of_hundred(chance: float) -> str:
    """How many of 100, never none and never all: ``2.5``, ``83``, ``fewer than 0.1``."""
    if chance < 0.001:  # noqa: PLR2004 - the smallest that one decimal can say
        return _("fewer than {number}").format(number=in_figures("0.1"))
    if chance > 0.999:  # noqa: PLR2004
        return _("more than {number}").format(number=in_figures("99.9"))
    return in_figures(_count(chance))


def _count(chance: float) -> str:
    number = chance * 100
    is_fine = number < 10 or number > 99  # noqa: PLR2004 - there a decimal tells something
    return f"{number:.1f}".removesuffix(".0") if is_fine else f"{number:.0f}"


_SIDE, _GAP, _ACROSS = 9.4, 3.0, 10


def squares(chance: float, *, label: str) -> SafeString:
    """A risk as a count of 100: each square one campaign, the last one filled in part."""
    count = chance * _ACROSS**2
    step, filled, empty = _SIDE + _GAP, "", ""
    for index in range(_ACROSS**2):
        x, y = 1 + index % _ACROSS * step, 1 + index // _ACROSS * step
        full = min(max(count - index, 0.0), 1.0)
        if full > 0:
            filled += f"M{_n(x)} {_n(y)}h{_n(_SIDE * full)}v{_n(_SIDE)}h{_n(-_SIDE * full)}z"
        # Of one that is not full the frame shows, too.
        if full < 1:
            inner = _n(_SIDE - 1)
            empty += f"M{_n(x + 0.5)} {_n(y + 0.5)}h{inner}v{inner}h-{inner}z"
    size = 2 + _ACROSS * step - _GAP
    return drawing(width=size, height=size, label=label, body=[line("s-axis", empty), line("f-ink", filled)])


def _mark(index: int, x: float, y: float) -> str:
    css = f"{_LOOKS[index][1]} s-surface"
    match index:
        case 0:
            return f'<circle class="{css}" cx="{_n(x)}" cy="{_n(y)}" r="5"/>'
        case 1:
            return line(css, f"M{_n(x)} {_n(y - 6)}l6 6l-6 6l-6 -6z")
        case 2:
            return line(css, f"M{_n(x)} {_n(y - 6)}l6 11h-12z")
        case _:
            return line(css, f"M{_n(x - 6)} {_n(y - 5)}h12l-6 11z")


def _apart(heights: Sequence[float], *, floor: float) -> list[float]:
    """The same heights, at least a line of text apart; the lowest may not sink below the floor."""
    order = sorted(range(len(heights)), key=lambda index: -heights[index])
    placed, below = list(heights), floor + _LINE_HEIGHT
    for index in order:
        below = min(heights[index], below - _LINE_HEIGHT)
        placed[index] = below
    return placed


def stops(
    truths: Sequence[Mapping[str, Any]], names: Sequence[str], *, label: str, width: float = WIDE
) -> SafeString:
    """One line for each quality; the last number is printed, and all of them stand in the table beside it.

    ``label`` has a place for the ``days`` and for what is ``told`` of each quality.
    """
    days = len(truths[0]["stopped_by_day"])
    height, left, ceiling, floor = 220.0, 36.0, 14.0, 186.0
    right = width - (170 if width == WIDE else 120)

    def across(day: int) -> float:
        # One day alone stands in the middle.
        part = (day - 1) / (days - 1) if days > 1 else 0.5
        return left + (right - left) * part

    def up(chance: float) -> float:
        return floor - (floor - ceiling) * chance

    body: list[str] = []
    for tick in (0, 25, 50, 75, 100):
        y = up(tick / 100)
        body.append(line("s-grid" if tick else "s-axis", f"M{_n(left)} {_n(y)}H{_n(right)}"))
        body.append(text(str(tick), left - 8, y + 4, "t-end"))
    step = -(-days // _ROOMY_DAYS)
    body += [
        text(_("day {number}").format(number=day) if day == 1 else str(day), across(day), 206, "t-mid")
        for day in range(1, days + 1)
        if day == days or ((day - 1) % step == 0 and days - day >= step * _LAST_TICK)
    ]
    labels = _apart([up(truth["stopped_by_day"][-1]) for truth in truths], floor=floor)
    for index, truth in reversed(list(enumerate(truths))):
        points = [(across(day), up(chance)) for day, chance in enumerate(truth["stopped_by_day"], start=1)]
        path = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        body.append(line(_LOOKS[index][0], f"M{path}"))
        body += [_mark(index, x, y) for x, y in (points if days <= _ROOMY_DAYS else points[-1:])]
        body.append(text(_short(truth["probability_stop"]), right + 12, labels[index] + 5, "t-num is-s"))
        body.append(text(names[index], right + 48, labels[index] + 5))
    told = ", ".join(
        f"{name} {of_hundred(truth['probability_stop'])}" for name, truth in zip(names, truths, strict=True)
    )
    return drawing(width=width, height=height, label=label.format(days=days, told=told), body=body, css="")


def _short(chance: float) -> str:
    """For the narrow place beside a line."""
    if chance < 0.001:  # noqa: PLR2004 - as above
        return f"<{in_figures('0.1')}"
    return f">{in_figures('99.9')}" if chance > 0.999 else of_hundred(chance)  # noqa: PLR2004
