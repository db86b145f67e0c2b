"""Whose numbers they are: from the platform's names and ids to campaigns and arms, asking where in doubt."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.utils.text import slugify
from django.utils.translation import gettext as _

from experiments.choices import CampaignStatus
from experiments.exceptions import FieldError, Invalid
from experiments.models import Arm, Campaign
from experiments.services.exports.presets import LEVELS
from experiments.services.exports.reading import DayRow
from experiments.services.observations import Row
from experiments.services.values import in_quotes, listed, quoted
from workspaces.models import Workspace

_FINE_LEVELS = LEVELS[1:]
_LONGEST_ENTITY = 120
_LONGEST_KEY = 100


class Identity(NamedTuple):
    """How a platform tells its campaigns apart; "" where the file does not say."""

    id: str
    name: str

    def __str__(self) -> str:
        if not self.name:
            return self.id
        name = in_quotes(quoted(self.name))
        return f"{name} ({self.id})" if self.id else name


@dataclass(frozen=True, slots=True)
class Known:
    """A campaign that a file's rows can belong to, with its arms by key."""

    key: str
    name: str
    external_id: str
    arms: dict[str, str]

    def answers_to(self, name: str) -> bool:
        return bool(name) and (self.name.casefold() == name.casefold() or self.key == slugify(name))


@dataclass(slots=True)
class Matched:
    """Rows that have found their arm, and what keeps the others from it."""

    rows: list[Row] = field(default_factory=list)
    # The lines that each row was made of.
    lines: list[list[int]] = field(default_factory=list)
    # What the file names and nobody here knows, with the first of its days.
    unknown: dict[Identity, date] = field(default_factory=dict)
    unknown_lines: list[int] = field(default_factory=list)
    questions: list[FieldError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Place(NamedTuple):
    """What an observation is of, in the words of a row."""

    campaign: str
    arm: str
    entity: str


class Matcher:
    """Finds campaigns and arms by what the platform calls them."""

    def __init__(self, workspace: Workspace, *, channel: str = "", campaign: str = "", arm: str = "") -> None:
        self.campaign = campaign
        self.arm = arm
        self.known = _known_campaigns(workspace, channel="" if campaign else channel, key=campaign)
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
        self._found: dict[Identity, Known | None] = {}
        self._questions: dict[str, FieldError] = {}

    def match(self, rows: Iterable[DayRow], *, source: str, reported_at: str | None) -> Matched:
        """Rows of observations; several lines of a breakdown add up to one."""
        matched = Matched()
        groups: dict[tuple[object, ...], list[DayRow]] = defaultdict(list)
        for row in rows:
            identity = Identity(row.ids["campaign"], row.names["campaign"])
            campaign = self._campaign(identity)
            if campaign is None:
                matched.unknown[identity] = min(row.day, matched.unknown.get(identity, row.day))
                matched.unknown_lines.append(row.line)
            elif (place := self._place(campaign, row)) is not None:
                said = source or row.own["source"], row.own["reported_at"] or None
                groups[*place, row.day, *said].append(row)
        self._refuse_shared_names()
        sums_reach = False
        for (campaign_key, arm, entity, _day, whose, said_at), parts in groups.items():
            if len({part.segment for part in parts}) < len(parts):
                self._ask_about_twins(parts)
            sums_reach = sums_reach or (len(parts) > 1 and any("reach" in part.measures for part in parts))
            matched.rows.append(
                Row(
                    campaign=str(campaign_key),
                    arm=str(arm),
                    day=parts[0].day,
                    source=str(whose),
                    entity=str(entity),
                    reported_at=reported_at or (str(said_at) if said_at else None),
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

    def _ask(self, code: str, subject: object, message: str, field: str | None = None) -> None:
        self._questions.setdefault(f"{code} {subject}", FieldError(code, message, field))

    def _campaign(self, identity: Identity) -> Known | None:
        if self.campaign:
            return self.known[0]
        if identity not in self._found:
            self._found[identity] = self._search(identity)
        return self._found[identity]

    def _search(self, identity: Identity) -> Known | None:
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

    def _refuse_shared_names(self) -> None:
        identities: dict[str, list[Identity]] = defaultdict(list)
        for identity, known in self._found.items():
            if known is not None and known.external_id != identity.id:
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

    def _place(self, campaign: Known, row: DayRow) -> _Place | None:
        named = {level: row.names[level] or row.ids[level] for level in _FINE_LEVELS}
        if row.own["arm"] and not self.arm:
            if row.own["arm"] in campaign.arms:
                return _Place(campaign.key, row.own["arm"], _entity(row, _FINE_LEVELS))
            named["arm"] = row.own["arm"]
        elif self.arm or len(campaign.arms) == 1:
            arm = self.arm or next(iter(campaign.arms))
            return _Place(campaign.key, arm, _entity(row, _FINE_LEVELS))
        for depth, level in reversed(list(enumerate(_FINE_LEVELS, start=1))):
            for arm, name in campaign.arms.items():
                if _means({row.names[level], row.ids[level]}, arm=arm, name=name):
                    return _Place(campaign.key, arm, _entity(row, _FINE_LEVELS[depth:]))
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


def _known_campaigns(workspace: Workspace, *, channel: str, key: str) -> list[Known]:
    campaigns = Campaign.objects.of(workspace).exclude(status=CampaignStatus.DISCARDED).order_by("id")
    if channel:
        campaigns = campaigns.filter(channel=channel)
    if key:
        # PostgreSQL takes no NUL in a text, not even to say that there is none such.
        campaigns = campaigns.none() if "\x00" in key else campaigns.filter(key=key)
    arms: dict[int, dict[str, str]] = defaultdict(dict)
    for campaign_id, arm, name in (
        Arm.objects.of(workspace)
        .filter(campaign__in=campaigns)
        .order_by("campaign_id", "position")
        .values_list("campaign_id", "key", "name")
    ):
        arms[campaign_id][arm] = name
    return [
        Known(key, name, external_id, arms[pk])
        for pk, key, name, external_id in campaigns.values_list("id", "key", "name", "external_id")
    ]


def _means(given: Collection[str], *, arm: str, name: str) -> bool:
    spellings = {arm, name.casefold()}
    return any(text and (text.casefold() in spellings or slugify(text) == arm) for text in given)


def _entity(row: DayRow, levels: Sequence[str]) -> str:
    """The platform's id of the finest thing below the arm; its name where there is no id."""
    if row.own["entity"]:
        return row.own["entity"]
    for level in reversed(levels):
        if entity := row.ids[level] or row.names[level]:
            return entity if len(entity) <= _LONGEST_ENTITY else _shortened(entity)
    return ""


def _shortened(name: str) -> str:
    """A long name cut off, with a digest that keeps it apart from others that begin alike."""
    return f"{name[:_LONGEST_KEY]}…{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _sum(parts: Sequence[dict[str, Decimal]]) -> dict[str, Decimal]:
    names = {name: None for part in parts for name in part if len(parts) == 1 or name != "reach"}
    return {name: sum((part[name] for part in parts if name in part), Decimal(0)) for name in names}


def new_key(identity: Identity, *, taken: Collection[str]) -> str:
    """A key for a campaign that is new here, after its name."""
    stem = slugify(identity.name)[:_LONGEST_KEY].strip("-_") or f"campaign-{slugify(identity.id)}".strip("-")
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key
