"""Kills as stones: height is the money saved, place the days lived, the lime ground a quick no."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from experiments.models.campaign import QUICK_DAYS
from experiments.templatetags._drawings import _n, drawing, line, rect, text
from sprints.selectors.graveyard import SPRINT_DAYS, No
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import sentence_case, spelled

# More stones than this would be needles; the latest stand for all.
MOST_STONES = 60
# A stone at least this wide has room for its word, one place this wide for its money.
_ROOM_FOR_A_WORD, _ROOM_FOR_MONEY, _ROOM_FOR_MORE = 30, 36, 48
# Of money in its usual size, and in the smaller one; "1.324 $" is longer than "$1,324".
_ROOM_FOR_A_LETTER, _ROOM_FOR_A_SMALL_LETTER = 9, 7
_HEIGHT_FOR_A_WORD = 42
_STONE_SHARE = 0.84


@dataclass(frozen=True, slots=True)
class _Size:
    width: float
    height: float
    floor: float
    # Between the days, and the widest place of one stone.
    gap: float
    place: float
    # At the right, for what has outlived its test.
    slow: float
    is_narrow: bool


WIDE = _Size(980, 236, 192, 21, 53.4, 156, is_narrow=False)
NARROW = _Size(316, 190, 146, 8, 26, 50, is_narrow=True)


def stones(noes: Sequence[No], currency: str, size: _Size = WIDE) -> SafeString:
    """The drawing for a container of that size; ``noes`` the latest first."""
    shown = noes[:MOST_STONES]
    chart = _Chart([no for no in shown if not no.is_slow], [no for no in shown if no.is_slow], currency, size)
    return drawing(
        width=size.width,
        height=size.height,
        label=told(shown, currency),
        body=[*chart.ground(), *chart.stones(), *chart.slow_ones()],
        css="",
    )


def told(noes: Sequence[No], currency: str) -> str:
    """``Eleven kills by days lived: one after 1 day, three after 2 days. Saved between $270 and $1,888.``"""
    by_days: dict[int, int] = {}
    for no in sorted(noes, key=lambda no: no.days):
        by_days[no.days] = by_days.get(no.days, 0) + 1
    lived = ", ".join(
        ngettext("{number} after {days} day", "{number} after {days} days", days).format(
            number=spelled(number), days=days
        )
        for days, number in by_days.items()
    )
    low, high = (in_currency(most(no.saved for no in noes), currency, whole=True) for most in (min, max))
    if len(noes) == 1:
        return _("One kill by days lived: {lived}. Saved {amount}.").format(lived=lived, amount=high)
    return _("{number} kills by days lived: {lived}. Saved between {low} and {high}.").format(
        number=sentence_case(spelled(len(noes))), lived=lived, low=low, high=high
    )


def days_lived(days: int) -> str:
    return ngettext("{days} day", "{days} days", days).format(days=days)


class _Chart:
    def __init__(self, quick: Sequence[No], slow: Sequence[No], currency: str, size: _Size) -> None:
        self.currency, self.size, self.slow = currency, size, slow
        self.by_day = {
            days: sorted((no for no in quick if max(no.days, 1) == days), key=lambda no: -no.saved)
            for days in range(1, SPRINT_DAYS + 1)
        }
        self.right = size.width - (size.slow if slow else 0)
        places = sum(max(len(row), 1) for row in self.by_day.values())
        room = self.right - size.gap * SPRINT_DAYS
        self.place = min(size.place, room / places)
        # What the stones leave free goes between the days.
        self.gap = (self.right - self.place * places) / SPRINT_DAYS
        self.most = max((float(no.saved) for no in quick), default=0.0) or 1.0
        longest = max((len(in_currency(no.saved, currency, whole=True)) for no in quick), default=0)
        # All amounts have one size: the usual one where the longest of them has room for it.
        self.is_roomy = self.place >= max(_ROOM_FOR_MORE, _ROOM_FOR_A_LETTER * longest)
        self.ceiling = 29.0 if not size.is_narrow else 28.0

    def ground(self) -> list[str]:
        size = self.size
        body = [rect("f-signal", 0, size.floor, self._end_of(QUICK_DAYS), 7)]
        if self.slow:
            left, right, floor = self.right, self.right + 10, size.floor
            body += [
                line("s-limit", f"M0 {_n(floor)}H{_n(left)}M{_n(right)} {_n(floor)}H{_n(size.width)}"),
                line(
                    "s-axis", f"M{_n(left - 2)} {_n(floor + 5)}l6 -10M{_n(right - 4)} {_n(floor + 5)}l6 -10"
                ),
            ]
        else:
            body.append(line("s-limit", f"M0 {_n(size.floor)}H{_n(size.width)}"))
        body.append(text(_("a quick no"), 4, size.height - 3, "t-strong"))
        return body

    def _end_of(self, days: int) -> float:
        places = sum(max(len(self.by_day[day]), 1) for day in range(1, days + 1))
        return places * self.place + self.gap * (days - 0.25)

    def stones(self) -> list[str]:
        body, x = [], self.gap / 2
        for days, row in self.by_day.items():
            middle = x + self.place * max(len(row), 1) / 2
            body += self._most_of_a_day(row, x)
            for no in row:
                body += self._stone(no, x)
                x += self.place
            x += self.gap + (0 if row else self.place)
            # A narrow drawing says once what it counts.
            name = str(days) if self.size.is_narrow and days > 1 else days_lived(days)
            body.append(text(name, middle, self.size.floor + 24, f"t-mid{' t-strong' if row else ''}"))
        return body

    def _stone(self, no: No, x: float) -> list[str]:
        width = self.place * _STONE_SHARE
        height = max((self.size.floor - self.ceiling) * float(no.saved) / self.most, 3.0)
        left, middle = x + (self.place - width) / 2, x + self.place / 2
        radius, crown = width / 2, min(width / 2, height)
        top, floor = self.size.floor - height, self.size.floor
        body = [
            line(
                "f-ink",
                f"M{_n(left)} {_n(floor)}V{_n(top + crown)}a{_n(radius)} {_n(crown)} 0 0 1 {_n(width)} 0"
                f"V{_n(floor)}z",
            )
        ]
        if width >= _ROOM_FOR_A_WORD and height >= _HEIGHT_FOR_A_WORD:
            body.append(text(_("no."), middle, top + 34, "t-no t-mid"))
        if self.place >= _ROOM_FOR_MONEY:
            saved = in_currency(no.saved, self.currency, whole=True)
            body.append(text(saved, middle, top - 8, "t-num t-mid" + ("" if self.is_roomy else " is-s")))
        return body

    def _most_of_a_day(self, row: Sequence[No], x: float) -> list[str]:
        """The money of a day's highest stone, where all its stones together have the room that none has."""
        if not row or self.place >= _ROOM_FOR_MONEY:
            return []
        saved = in_currency(row[0].saved, self.currency, whole=True)
        if self.place * len(row) + self.gap < _ROOM_FOR_A_SMALL_LETTER * len(saved):
            return []
        height = max((self.size.floor - self.ceiling) * float(row[0].saved) / self.most, 3.0)
        return [
            text(saved, x + self.place * (1 - _STONE_SHARE) / 2, self.size.floor - height - 8, "t-num is-s")
        ]

    def slow_ones(self) -> list[str]:
        """Beyond a week: the longest as a low mound, and how many more there are."""
        if not self.slow:
            return []
        longest, size = max(self.slow, key=lambda no: no.days), self.size
        left, width = self.right + (14 if size.is_narrow else 30), size.slow - (20 if size.is_narrow else 36)
        middle = left + width / 2
        more = len(self.slow) - 1
        body = [line("f-burn", f"M{_n(left)} {_n(size.floor - 1)}q{_n(width / 2)} -16 {_n(width)} 0z")]
        if size.is_narrow:
            return [
                *body,
                text(str(longest.days), middle, size.floor + 24, "t-mid t-strong"),
                text(_slow_ones(more), size.width, size.height - 3, "t-end"),
            ]
        saved = (
            in_currency(longest.saved, self.currency, whole=True)
            if longest.saved
            else pgettext("money saved", "nothing")
        )
        spent = in_currency(longest.spent, self.currency, whole=True)
        return [
            *body,
            text(_("{amount} saved,").format(amount=saved), middle, size.floor - 30, "t-mid"),
            text(_("{amount} spent").format(amount=spent), middle, size.floor - 15, "t-mid"),
            text(days_lived(longest.days), middle, size.floor + 24, "t-mid t-strong"),
            text(
                _slow_ones(more, longest=_short(longest.campaign.name)), size.width, size.height - 3, "t-end"
            ),
        ]


def _slow_ones(more: int, *, longest: str = "") -> str:
    """``a slow one: Webinar funnel and 2 more``: the longest of them, named where there is room."""
    if not longest:
        words = _("a slow one and {more} more") if more else _("a slow one")
    else:
        words = _("a slow one: {campaign} and {more} more") if more else _("a slow one: {campaign}")
    return words.format(campaign=longest, more=more)


def _short(name: str, longest: int = 40) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
