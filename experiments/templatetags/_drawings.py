"""Drawings of evidence, money and days as SVG. Numbers go into attributes: the policy allows no style."""

from collections.abc import Sequence
from statistics import NormalDist

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from experiments.selectors.arm_rows import Interval
from workspaces.models.spelling import in_percent
from workspaces.templatetags.quickno import probability, whole_percent

_NORMAL = NormalDist()
# Sureness runs on a probit scale, because from 90 to 95 matters more than from 50 to 55.
_TRACK_REACH = 2.535
_TINIEST = 0.0005
# A bar this high has room for its number inside; more bars than this need it smaller.
_ROOM_FOR_A_NUMBER = 30
_ROOMY_BARS = 5
# And with more than this, words around a number need a line of their own.
_ROOMIEST_BARS = 4
_FIGURE_HEIGHT = 12
_LINE = 13


def probit(chance: float) -> float:
    """0 at 50 %, 1.64 at 95 %; chances that no drawing tells from certain are cut."""
    return _NORMAL.inv_cdf(min(max(chance, _TINIEST), 1 - _TINIEST))


def _n(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")


def drawing(
    *, width: float, height: float, label: str, body: Sequence[str], css: str = "qn-svg"
) -> SafeString:
    """An SVG with its finding as label; ``body`` holds elements made of numbers and escaped texts only."""
    return format_html(
        '<svg class="{}" role="img" aria-label="{}" width="{}" height="{}" viewBox="0 0 {} {}">{}</svg>',
        css,
        label,
        _n(width),
        _n(height),
        _n(width),
        _n(height),
        mark_safe("".join(body)),  # noqa: S308 - see above
    )


def text(content: str, x: float, y: float, css: str = "") -> str:
    look = f' class="{css}"' if css else ""
    return f'<text{look} x="{_n(x)}" y="{_n(y)}">{escape(content)}</text>'


def rect(css: str, x: float, y: float, width: float, height: float, more: str = "") -> str:
    size = f'width="{_n(max(width, 0))}" height="{_n(max(height, 0))}"'
    return f'<rect class="{css}" x="{_n(x)}" y="{_n(y)}" {size}{more}/>'


def hatching(x: float, y: float, width: float, height: float) -> str:
    """Not settled. The pattern is in the page, so it cannot be named from the stylesheet."""
    size = f'width="{_n(width)}" height="{_n(max(height, 0))}"'
    return f'<rect x="{_n(x)}" y="{_n(y)}" {size} fill="url(#qn-hatch)"/>'


def line(css: str, path: str, more: str = "") -> str:
    return f'<path class="{css}" d="{path}"{more}/>'


def track(strengths: Sequence[float], limit: float, *, width: float = 184) -> SafeString:
    """How sure we are that it should stop: earlier days hollow, now filled, past the line a full stop."""
    middle = width / 2

    def at(chance: float) -> float:
        return middle + middle * min(max(probit(chance) / _TRACK_REACH, -0.97), 0.97)

    edge = at(limit)
    body = [
        rect("f-zone", edge, 4, width - edge, 16),
        line("s-axis", f"M0 12H{_n(width)}M{_n(middle)} 8v8"),
    ]
    *earlier, now = strengths
    body += [
        f'<circle class="f-surface s-evidence" cx="{_n(at(chance))}" cy="12" r="3" stroke-width="1.5"/>'
        for chance in earlier[-4:]
    ]
    is_past = now >= limit
    if is_past:
        body.append(rect("f-ink s-surface", at(now) - 6, 6, 12, 12))
    else:
        body.append(f'<circle class="f-evidence s-surface" cx="{_n(at(now))}" cy="12" r="5.5"/>')
    body.append(line("s-limit", f"M{_n(edge)} 2v20"))
    told = _("{chance} sure, past the {limit} line") if is_past else _("{chance} sure; stops at {limit}")
    label = told.format(chance=probability(now), limit=whole_percent(limit))
    return drawing(width=width, height=24, label=label, body=body)


def track_axis(limit: float, *, width: float = 184) -> SafeString:
    """The ticks above a column of tracks."""
    middle = width / 2
    edge = middle + middle * probit(limit) / _TRACK_REACH
    places = ((0.01, 0.0, ""), (0.5, middle, "t-mid"), (limit, edge, "t-mid"))
    ticks = "".join(text(whole_percent(chance), x, 12, look) for chance, x, look in places)
    return format_html(
        '<svg class="qn-svg" aria-hidden="true" width="{}" height="16" viewBox="0 0 {} 16">{}</svg>',
        _n(width),
        _n(width),
        mark_safe(ticks),  # noqa: S308 - our own numbers
    )


def steps(days: Sequence[tuple[str, float]], limit: float) -> SafeString:
    """The evidence day by day: (label, chance), the last one the latest. Wide enough for seven."""
    left, right, top, floor = 34.0, 392.0, 8.0, 188.0

    def at(chance: float) -> float:
        return min(max(155.2 - 62.55 * probit(chance), top + 6), floor - 4)

    edge = at(limit)
    body = [
        rect("f-zone", left, top, right - left, edge - top),
        text(_("stops here"), 386, (top + edge) / 2 + 4, "t-end"),
    ]
    for tick in (0.5, 0.8):
        if tick < limit:
            body += [
                line("s-grid", f"M34 {_n(at(tick))}H392"),
                text(whole_percent(tick), 28, at(tick) + 4, "t-end"),
            ]
    slots = max(len(days), 4)
    slot = (right - left) / slots
    for index, (name, chance) in enumerate(days):
        x, y, width = left + slot * index + 5, at(chance), slot - 10
        is_now = index == len(days) - 1
        body.append(rect("f-evidence" if is_now else "f-evidence-soft", x, y, width, floor - y))
        if not is_now:
            body.append(line("s-evidence", f"M{_n(x)} {_n(y)}h{_n(width)}"))
        inside = floor - y > _ROOM_FOR_A_NUMBER
        told_chance = probability(chance)
        # “above 99.9%” is as wide as a bar, and needs smaller letters first.
        is_small = slots > _ROOMY_BARS or " " in told_chance
        look = "t-num t-mid" + (" is-s" if is_small else "") + (" f-surface" if is_now and inside else "")
        figure_y = y + 20 if inside else y - 6
        if inside and abs(figure_y - 5 - edge) < _FIGURE_HEIGHT:
            figure_y = edge + 20  # Below the line that would strike it through.
        words = told_chance.split(" ", 1) if slots > _ROOMIEST_BARS else [told_chance]
        first_y = figure_y if inside else figure_y - _LINE * (len(words) - 1)
        body += [text(word, x + width / 2, first_y + _LINE * row, look) for row, word in enumerate(words)]
        body.append(text(name, x + width / 2, 206, "t-mid t-strong" if is_now else "t-mid"))
    body += [
        line("s-axis", "M34 188.5H392"),
        line("s-limit", f"M34 {_n(edge)}H392"),
        text(whole_percent(limit), 28, edge + 4, "t-end t-strong"),
    ]
    told = ", ".join(f"{name} {probability(chance)}" for name, chance in days)
    label = _("How sure we are, day by day: {days}. It stops at {limit}.").format(
        days=told, limit=whole_percent(limit)
    )
    return drawing(width=400, height=214, label=label, body=body, css="")


def mark(index: int, x: float, y: float) -> str:
    """An arm's mark around a point."""
    match index:
        case 0:
            return line("f-surface s-control", f"M{_n(x)} {_n(y - 6)}l6 6l-6 6l-6 -6z")
        case 1:
            return f'<circle class="f-evidence s-surface" cx="{_n(x)}" cy="{_n(y)}" r="6.5"/>'
        case 2:
            return line("f-traction s-surface", f"M{_n(x - 7.5)} {_n(y - 5)}h15l-7.5 13z")
        case _:
            return line(
                "s-hold", f"M{_n(x - 6)} {_n(y)}h12M{_n(x)} {_n(y - 6)}v12", ' stroke-dasharray="none"'
            )


def arm_key(index: int) -> SafeString:
    """The mark beside an arm's name."""
    drawings = (
        '<path class="f-surface s-control" d="M8 2l6 6-6 6-6-6z"/>',
        '<circle class="f-evidence" cx="8" cy="8" r="6"/>',
        '<path class="f-traction" d="M1.5 2.5h13l-6.5 11.5z"/>',
        '<path class="s-hold" d="M2 8h12M8 2v12" stroke-dasharray="none"/>',
    )
    return mark_safe(  # noqa: S308 - our own constants
        f'<svg class="qn-armkey" viewBox="0 0 16 16" aria-hidden="true">{drawings[min(index, 3)]}</svg>'
    )


def interval_reach(intervals: Sequence[Interval]) -> float:
    """Half the axis: the first round share that holds every interval, at most 200 %."""
    widest = max((max(abs(item.low), abs(item.high)) for item in intervals), default=0.25)
    return next((reach for reach in (0.1, 0.25, 0.5, 0.75, 1.0, 1.5) if widest <= reach * 0.97), 2.0)


def interval(
    item: Interval | None, *, is_control: bool, reach: float, label: str, width: float = 280
) -> SafeString:
    """One row of the arms' table: the control's mark, an interval, or nothing where it is not known."""
    middle = width / 2

    def at(share: float) -> float:
        return middle + (middle - 6) * min(max(share / reach, -1), 1)

    body = [line("s-axis", f"M{_n(middle)} 0v40", ' stroke-dasharray="3 3"')]
    if is_control:
        body.append(line("f-surface s-control", f"M{_n(middle)} 12l8 8l-8 8l-8 -8z"))
    elif item is not None:
        low, high = at(item.low), at(item.high)
        body += [
            rect("f-evidence-soft", low, 13, high - low, 14, ' rx="2"'),
            line("s-evidence", f"M{_n(low)} 13v14M{_n(high)} 13v14M{_n(low)} 20H{_n(high)}"),
            rect("f-evidence", at(item.value) - 2.5, 9, 5, 22, ' rx="1"'),
        ]
    return drawing(width=width, height=40, label=label, body=body)


def interval_axis(*, reach: float, worse: str, better: str, width: float = 280) -> SafeString:
    """The shared axis in the table's header."""
    middle = width / 2
    body = [
        text(worse, 0, 11, "t-strong"),
        text(_("control"), middle, 11, "t-strong t-mid"),
        text(better, width, 11, "t-strong t-end"),
    ]
    for share in (-reach, -reach / 2, 0.0, reach / 2, reach):
        x = middle + (middle - 6) * share / reach
        anchor = "t-mid" if abs(share) < reach else ("t-end" if share > 0 else "")
        body += [
            text(in_percent(f"{abs(share) * 100:g}") if share else "0", x, 27, anchor),
            line("s-axis", f"M{_n(x)} 30v4"),
        ]
    return format_html(
        '<svg class="qn-svg" aria-hidden="true" width="{}" height="34" viewBox="0 0 {} 34">{}</svg>',
        _n(width),
        _n(width),
        mark_safe("".join(body)),  # noqa: S308 - our own words and numbers
    )
