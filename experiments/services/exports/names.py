"""What people said that a platform's names stand for, and remembering it for the next file."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.exceptions import Invalid, NotFound
from experiments.models import Arm, Campaign, ImportMapping
from experiments.services.values import quoted
from workspaces.choices import EventKind
from workspaces.models import Workspace
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

# Beside the keys of campaigns and arms, which begin with a letter or a digit:
NEW: Final = "+new"
LEFT_OUT: Final = "-out"
ASK_AGAIN: Final = "?"
LONGEST_ID = 120
LONGEST_NAME = 300

Level = ImportMapping.Level


class Spelled(NamedTuple):
    """How a platform calls a thing; "" where the file does not say."""

    id: str
    name: str


NOTHING: Final = Spelled("", "")


@dataclass(frozen=True, slots=True)
class Said:
    """One name and what it stands for: a campaign's key, ``campaign/arm``, ``NEW`` or ``LEFT_OUT``.

    Or one field, as the name of a part, and the header of its column.
    """

    campaign: Spelled
    target: str
    level: str = Level.CAMPAIGN
    part: Spelled = NOTHING


class NameBook:
    """All that was said, the latest last. An id speaks louder than a name."""

    def __init__(self, said: Iterable[Said]) -> None:
        self._targets: dict[tuple[object, ...], str] = {}
        self._with_parts: set[object] = set()
        self.said = list(said)
        for one in self.said:
            key = (_stored(one.campaign), one.level, _stored(one.part))
            self._targets[key] = "" if one.target == ASK_AGAIN else one.target
            if one.level in {Level.AD_SET, Level.AD}:
                self._with_parts.add(key[0])

    def __bool__(self) -> bool:
        return bool(self._targets)

    def target(self, campaign: Spelled, level: str = Level.CAMPAIGN, part: Spelled = NOTHING) -> str:
        """What the name stands for, or "" where nobody said."""
        for campaign_key in _looked_up(campaign):
            for part_key in _looked_up(part):
                if found := self._targets.get((campaign_key, level, part_key)):
                    return found
        return ""

    def has_parts(self, campaign: Spelled) -> bool:
        """Whether anybody ever said what parts of this campaign stand for."""
        return any(key in self._with_parts for key in _looked_up(campaign))

    def put_together(self) -> set[str]:
        """Campaigns here that several names stand for."""
        names: dict[str, set[object]] = defaultdict(set)
        for (campaign, level, _part), target in self._targets.items():
            if level == Level.CAMPAIGN:
                names[target].add(campaign)
        return {key for key, several in names.items() if len(several) > 1} - {"", NEW, LEFT_OUT}


def _stored(spelled: Spelled) -> tuple[str, str]:
    return ("id", spelled.id[:LONGEST_ID]) if spelled.id else ("name", _plain(spelled.name))


def _looked_up(spelled: Spelled) -> list[tuple[str, str]]:
    by_id = [("id", spelled.id[:LONGEST_ID])] if spelled.id else []
    return [*by_id, ("name", _plain(spelled.name))]


def _plain(name: str) -> str:
    return name[:LONGEST_NAME].casefold()


def remembered(workspace: Workspace, source: str) -> list[Said]:
    """What was said of names in files of this source."""
    found = ImportMapping.objects.of(workspace).filter(source=source).order_by("id")
    return [
        Said(
            campaign=Spelled(one.campaign_id_there, one.campaign_name),
            level=one.level,
            part=Spelled(one.part_id, one.part_name),
            target=target_of(one),
        )
        for one in found.select_related("campaign", "arm__campaign")
    ]


def remembered_columns(workspace: Workspace) -> dict[str, dict[str, str]]:
    """Which column is which, as was said: fields by header, by source."""
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    found = ImportMapping.objects.of(workspace).filter(level=Level.COLUMN, asks_again=False).order_by("id")
    for source, header, name in found.values_list("source", "campaign_name", "part_name"):
        columns[source][header] = name
    return columns


def target_of(mapping: ImportMapping) -> str:
    """A campaign's key, ``campaign/arm``, ``LEFT_OUT`` or ``ASK_AGAIN``; a header, where it is a column."""
    if mapping.asks_again:
        return ASK_AGAIN
    if mapping.level == Level.COLUMN:
        return mapping.campaign_name
    if mapping.arm is not None:
        return f"{mapping.arm.campaign.key}/{mapping.arm.key}"
    return mapping.campaign.key if mapping.campaign is not None else LEFT_OUT


@transaction.atomic
def remember_names(source: str, said: Iterable[Said], *, by: Actor, at: datetime) -> None:
    """Keep what was said for the next file; what the same name stood for before is replaced."""
    by.require(Permission.POST_METRICS)
    said = [one for one in said if one.target != NEW]
    places = _places([one for one in said if one.level != Level.COLUMN], by=by)
    for one in said:
        is_column = one.level == Level.COLUMN
        campaign, arm = (None, None) if is_column else places[one.target]
        ImportMapping.objects.update_or_create(
            workspace=by.workspace,
            source=source,
            digest=_digest(one),
            defaults={
                "campaign_id_there": one.campaign.id[:LONGEST_ID],
                "campaign_name": (one.target if is_column else one.campaign.name)[:LONGEST_NAME],
                "level": one.level,
                "part_id": one.part.id[:LONGEST_ID],
                "part_name": one.part.name[:LONGEST_NAME],
                "campaign": campaign,
                "arm": arm,
                "asks_again": False,
                "said_by": by.person,
                "said_at": at,
            },
        )
    if said:
        _tell(source, len(said), by=by, at=at)


@transaction.atomic
def change_names(source: str, targets: Mapping[int, str], *, by: Actor, at: datetime) -> int:
    """Let remembered names stand for something else, by their ids; ``ASK_AGAIN`` forgets them.

    Returns how many changed.
    """
    by.require(Permission.POST_METRICS)
    found = {
        one.pk: one
        for one in ImportMapping.objects.of(by.workspace)
        .filter(source=source, pk__in=targets)
        .select_related("campaign", "arm__campaign")
        .order_by("id")
    }
    if targets.keys() - found.keys():
        raise NotFound(_("Somebody has changed what is remembered meanwhile. Look at it again."))
    changed = {pk: target for pk, target in targets.items() if target_of(found[pk]) != target}
    places = _places(
        [
            Said(Spelled("", ""), target, level=found[pk].level)
            for pk, target in changed.items()
            if target != ASK_AGAIN
        ],
        by=by,
    )
    for pk, target in changed.items():
        mapping = found[pk]
        mapping.asks_again = target == ASK_AGAIN
        mapping.campaign, mapping.arm = (None, None) if mapping.asks_again else places[target]
        mapping.said_by, mapping.said_at = by.person, at
        mapping.save(update_fields=["campaign", "arm", "asks_again", "said_by", "said_at"])
    if changed:
        _tell(source, len(changed), by=by, at=at)
    return len(changed)


def _places(said: Iterable[Said], *, by: Actor) -> dict[str, tuple[Campaign | None, Arm | None]]:
    """The rows of the database behind the targets. Raises ``Invalid`` where there is none such."""
    places: dict[str, tuple[Campaign | None, Arm | None]] = {LEFT_OUT: (None, None)}
    wanted = {one.target: one.level for one in said if one.target != LEFT_OUT}
    arms = [target for target, level in wanted.items() if level != Level.CAMPAIGN]
    campaigns = [target for target, level in wanted.items() if level == Level.CAMPAIGN]
    for campaign in Campaign.objects.of(by.workspace).filter(key__in=campaigns):
        places[campaign.key] = campaign, None
    keys = {target.partition("/")[0] for target in arms}
    for arm in Arm.objects.of(by.workspace).filter(campaign__key__in=keys).select_related("campaign"):
        places[f"{arm.campaign.key}/{arm.key}"] = None, arm
    for target in wanted:
        if target not in places:
            raise Invalid("unknown_campaign", _("There is no “{name}” here.").format(name=quoted(target)))
    return places


def _digest(said: Said) -> str:
    return sha256(json.dumps([_stored(said.campaign), said.level, _stored(said.part)]).encode()).hexdigest()


def _tell(source: str, number: int, *, by: Actor, at: datetime) -> None:
    record_event(
        EventKind.IMPORT_NAMES_CHANGED,
        by=by,
        at=at,
        subject=("source", source),
        data={"name": source, "names": number},
    )
