"""Whose numbers they are: from the platform's names and ids to campaigns and arms, asking where in doubt."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext as _

from experiments.exceptions import FieldError, Invalid
from experiments.models import Observation
from experiments.services.exports.known import Identity, Known, arm_by_name, known_campaigns
from experiments.services.exports.names import LEFT_OUT, NEW, NOTHING, Level, NameBook, Spelled
from experiments.services.exports.presets import LEVELS
from experiments.services.exports.reading import DayRow
from experiments.services.observations import Row
from experiments.services.values import in_quotes, listed, quoted
from workspaces.models import Workspace

_FINE_LEVELS = LEVELS[1:]
_LONGEST_ENTITY = 120
_LONGEST_KEY = 100


@dataclass(slots=True)
class Matched:
    """Rows that have found their arm, and what keeps the others from it."""

    rows: list[Row] = field(default_factory=list)
    # The lines that each row was made of.
    lines: list[list[int]] = field(default_factory=list)
    # What the file names and nobody here knows, with the first of its days.
    unknown: dict[Identity, date] = field(default_factory=dict)
    unknown_lines: list[int] = field(default_factory=list)
    # By line: that nobody could say whose it is, or that somebody said to leave it out.
    waiting: list[int] = field(default_factory=list)
    left_out: dict[Identity, list[int]] = field(default_factory=dict)
    questions: list[FieldError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Place(NamedTuple):
    """What an observation is of, in the words of a row."""

    campaign: str
    arm: str
    entity: str
    # Whose numbers they are, where that does not go without saying.
    source: str = ""


_IS_OUT = Place("", "", "")


class Matcher:
    """Finds campaigns and arms by what people said, and else by what the platform calls them."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        channel: str = "",
        campaign: str = "",
        arm: str = "",
        book: NameBook | None = None,
        is_of_any_channel: bool = False,
    ) -> None:
        self.campaign = campaign
        self.arm = arm
        self.channel = channel
        self.book = book or NameBook([])
        self.all = known_campaigns(workspace, key=campaign)
        is_wide = is_of_any_channel or bool(campaign) or not channel
        self.known = [known for known in self.all if is_wide or known.channel == channel]
        if campaign and not self.known:
            raise Invalid.field(
                "campaign",
                "unknown_campaign",
                _("There is no campaign “{key}” here.").format(key=quoted(campaign)),
            )
        if arm and arm not in self.known[0].arms:
            arms = listed(list(self.known[0].arms))
            raise Invalid.field(
                "arm",
                "unknown_arm",
                _("Campaign {campaign} has no arm “{arm}”, but {names}.").format(
                    campaign=campaign, arm=quoted(arm), names=arms
                ),
            )
        self.by_id = {known.external_id: known for known in self.known if known.external_id}
        self.by_key = {known.key: known for known in self.all}
        # Campaigns of which several names, or several parts, make an arm: these are kept apart.
        self.put_together = self.book.put_together()
        self.workspace = workspace
        self._whole: dict[str, set[str]] = {}
        self._found: dict[Identity, Known | None] = {}
        self._places: dict[tuple[object, ...], Place | None] = {}
        self._questions: dict[str, FieldError] = {}

    def match(self, rows: Iterable[DayRow], *, source: str, reported_at: str | None) -> Matched:
        """Rows of observations; several lines of a breakdown add up to one."""
        matched = Matched()
        groups: dict[tuple[Place, date, str, str | None], list[DayRow]] = defaultdict(list)
        for row in rows:
            identity = Identity(row.ids["campaign"], row.names["campaign"])
            campaign = self.campaign_of(identity)
            if campaign is None:
                if self._said(identity) == LEFT_OUT:
                    matched.left_out.setdefault(identity, []).append(row.line)
                    continue
                matched.unknown[identity] = min(row.day, matched.unknown.get(identity, row.day))
                matched.unknown_lines.append(row.line)
                continue
            place = self._place_once(campaign, identity, row)
            if place is None:
                matched.waiting.append(row.line)
            elif place is _IS_OUT:
                matched.left_out.setdefault(identity, []).append(row.line)
            else:
                said = source or row.own["source"] or place.source
                groups[place, row.day, said, row.own["reported_at"] or None].append(row)
        self._refuse_shared_names()
        sums_reach = False
        for (place, day, whose, said_at), parts in groups.items():
            if len(parts) > 1:
                is_together = place.campaign in self.put_together
                if len({_part(part) if is_together else part.segment for part in parts}) < len(parts):
                    self._ask_about_twins(parts)
                sums_reach = sums_reach or any("reach" in part.measures for part in parts)
            matched.rows.append(
                Row(
                    campaign=place.campaign,
                    arm=place.arm,
                    day=day,
                    source=whose,
                    entity=place.entity,
                    reported_at=reported_at or said_at,
                    measures=_sum([part.measures for part in parts]),
                )
            )
            matched.lines.append([part.line for part in parts])
        if sums_reach:
            matched.notes.append(
                _("Reach was left out: a person reached in two parts of a breakdown would count twice.")
            )
        matched.questions.extend(self._questions.values())
        return matched

    def _said(self, identity: Identity) -> str:
        return "" if self.campaign else self.book.target(identity)

    def _ask(self, code: str, subject: object, message: str, field: str | None = None) -> None:
        self._questions.setdefault(f"{code} {subject}", FieldError(code, message, field))

    def campaign_of(self, identity: Identity) -> Known | None:
        """The campaign here, or ``None`` where it is not known, or is not wanted."""
        if self.campaign:
            return self.known[0]
        if identity not in self._found:
            self._found[identity] = self._search(identity)
        return self._found[identity]

    def _search(self, identity: Identity) -> Known | None:
        said = self._said(identity)
        if said in {NEW, LEFT_OUT}:
            return None
        if said in self.by_key:
            return self.by_key[said]
        if identity.id in self.by_id:
            return self.by_id[identity.id]
        # One that is known by another id is another campaign, whatever it is called.
        candidates = [known for known in self.known if not (identity.id and known.external_id)]
        named = [known for known in candidates if known.key == identity.name]
        named = named or [known for known in candidates if known.answers_to(identity.name)]
        if len(named) > 1:
            keys = listed([known.key for known in named], last="or")
            self._ask(
                "same_name",
                identity,
                _(
                    "Campaign {identity} may be {keys}. Import its rows on their own and name the "
                    "campaign, or export the file with campaign ids."
                ).format(identity=identity, keys=keys),
                "campaign",
            )
        return named[0] if len(named) == 1 else None

    def namesakes(self, identity: Identity) -> list[Known]:
        """Campaigns of whichever platform that have this name."""
        return [known for known in self.all if known.answers_to(identity.name) or known.key == identity.name]

    def _refuse_shared_names(self) -> None:
        identities: dict[str, list[Identity]] = defaultdict(list)
        for identity, known in self._found.items():
            if known is not None and known.external_id != identity.id and not self._said(identity):
                identities[known.key].append(identity)
        for key, shared in identities.items():
            if len(shared) > 1:
                self._ask(
                    "same_name",
                    key,
                    _(
                        "{names} are several campaigns of the platform, and all could be {key}. They are "
                        "never added up: import each on its own and name the campaign."
                    ).format(names=listed(shared), key=key),
                    "campaign",
                )

    def _place_once(self, campaign: Known, identity: Identity, row: DayRow) -> Place | None:
        key = (
            identity,
            *(row.names[level] for level in _FINE_LEVELS),
            *(row.ids[level] for level in _FINE_LEVELS),
            row.own["arm"],
            row.own["entity"],
        )
        if key not in self._places:
            self._places[key] = self._place(campaign, identity, row)
        return self._places[key]

    def _place(self, campaign: Known, identity: Identity, row: DayRow) -> Place | None:
        named = {level: row.names[level] or row.ids[level] for level in _FINE_LEVELS}
        is_own_arm = bool(row.own["arm"]) and not self.arm
        if not is_own_arm and (arm := self.arm_said(campaign, identity, row)):
            return _IS_OUT if arm == LEFT_OUT else self._at(campaign, arm, identity, row, _FINE_LEVELS)
        if is_own_arm:
            if row.own["arm"] in campaign.arms:
                return self._at(campaign, row.own["arm"], identity, row, _FINE_LEVELS)
            named["arm"] = row.own["arm"]
        elif self.arm or len(campaign.arms) == 1:
            return self._at(campaign, self.arm or next(iter(campaign.arms)), identity, row, _FINE_LEVELS)
        for depth, level in reversed(list(enumerate(_FINE_LEVELS, start=1))):
            if arm := arm_by_name(campaign, Spelled(row.ids[level], row.names[level])):
                return self._at(campaign, arm, identity, row, _FINE_LEVELS[depth:])
        what = listed([in_quotes(quoted(name)) for name in named.values() if name])
        arms = listed(list(campaign.arms), last="or")
        if what:
            message = _(
                "Which arm of {campaign} is {what}: {arms}? Name the arm as the platform does."
            ).format(campaign=campaign.key, what=what, arms=arms)
        else:
            message = _(
                "Campaign {campaign} has the arms {arms}, and the file does not tell them apart. "
                "Export it by ad set or ad, or import a file for each arm and name the arm."
            ).format(campaign=campaign.key, arms=arms)
        self._ask("unknown_arm", f"{campaign.key} {what}", message, "arm")
        return None

    def arm_said(self, campaign: Known, identity: Identity, row: DayRow) -> str:
        """The arm that somebody said it is, finest level first, or ``LEFT_OUT``, or ""."""
        if not self.book or self.campaign:
            return ""
        parts = [(level, Spelled(row.ids[level], row.names[level])) for level in reversed(_FINE_LEVELS)]
        for level, part in (*((level, part) for level, part in parts if any(part)), (Level.WHOLE, NOTHING)):
            if arm := self.part_said(campaign, identity, level, part):
                return arm
        return ""

    def part_said(self, campaign: Known, identity: Identity, level: str, part: Spelled) -> str:
        """The arm of this campaign that a part was said to be, or ``LEFT_OUT``, or ""."""
        target = self.book.target(identity, level, part)
        key, _, arm = target.partition("/")
        if target == LEFT_OUT or (key == campaign.key and arm in campaign.arms):
            return arm or target
        return ""

    def _at(self, campaign: Known, arm: str, identity: Identity, row: DayRow, levels: Sequence[str]) -> Place:
        """The place in this arm. ``levels``: those below the one that decided."""
        source = self.channel if self.channel not in {"", campaign.channel} else ""
        if self.book.has_parts(identity):
            self.put_together.add(campaign.key)
        if campaign.key not in self.put_together:
            return Place(campaign.key, arm, _entity(row, levels), source)
        # An arm's day that is stored as one sum stays one.
        if arm in self._whole_arms(campaign):
            return Place(campaign.key, arm, "", source)
        parts = [
            identity.id or identity.name,
            *(row.names[level] or row.ids[level] for level in _FINE_LEVELS),
        ]
        entity = row.own["entity"] or row.ids["ad"] or row.ids["ad_set"] or " / ".join(filter(None, parts))
        return Place(campaign.key, arm, _shortened(entity), source)

    def _whole_arms(self, campaign: Known) -> set[str]:
        """Its arms whose days are stored as one sum, without parts."""
        if campaign.key not in self._whole:
            stored = Observation.objects.of(self.workspace).filter(
                arm__campaign__key=campaign.key, source__key=self.channel or campaign.channel, entity=""
            )
            self._whole[campaign.key] = set(stored.order_by().values_list("arm__key", flat=True).distinct())
        return self._whole[campaign.key]

    def _ask_about_twins(self, parts: Sequence[DayRow]) -> None:
        if len({part.ids["campaign"] for part in parts}) > 1:
            # Two campaigns that one name stands for: that is asked already.
            return
        lines = listed([str(part.line) for part in parts])
        name = parts[0].names["campaign"]
        self._ask(
            "duplicate_key",
            name,
            (
                _(
                    "Lines {lines} are all for {day} of “{name}”. They may be two campaigns with one name, "
                    "or a breakdown: export with campaign ids and without breakdowns."
                )
                if name
                else _(
                    "Lines {lines} are all for {day}. They may be two campaigns with one name, or a "
                    "breakdown: export with campaign ids and without breakdowns."
                )
            ).format(lines=lines, day=parts[0].day, name=quoted(name)),
        )


def _part(row: DayRow) -> tuple[object, ...]:
    """What tells the lines apart that are put together to one day of an arm."""
    return (
        row.segment,
        *(row.ids[level] for level in LEVELS),
        *(row.names[level] for level in LEVELS),
    )


def _entity(row: DayRow, levels: Sequence[str]) -> str:
    """The platform's id of the finest thing below the arm; its name where there is no id."""
    if row.own["entity"]:
        return row.own["entity"]
    for level in reversed(levels):
        if entity := row.ids[level] or row.names[level]:
            return _shortened(entity)
    return ""


def _shortened(name: str) -> str:
    """A long name cut off, with a digest that keeps it apart from others that begin alike."""
    if len(name) <= _LONGEST_ENTITY:
        return name
    return f"{name[:_LONGEST_KEY]}…{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _sum(parts: Sequence[dict[str, Decimal]]) -> dict[str, Decimal]:
    if len(parts) == 1:
        return parts[0]
    names = {name: None for part in parts for name in part if name != "reach"}
    return {name: sum((part[name] for part in parts if name in part), Decimal(0)) for name in names}
