"""Days that this process has read before, and that have not changed since."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import chain

import numpy as np
from django.conf import settings
from django.db.models import QuerySet

from experiments.models import Campaign, DayTotal
from experiments.selectors.columns import Columns, Kind, amount, read_columns
from workspaces.models.kept import Latest
from workspaces.models.rows import alone

_ROOM = 40_000_000  # bytes
# What an entry takes besides its numbers, and each column of it.
_ENTRY, _COLUMN = 800, 150
# By arms and measures: the days that were read last, and their version.
_known: Latest[tuple[int | None, Columns]] = Latest(room=_ROOM)


def followed(campaign: Campaign) -> tuple[object, ...]:
    """What anything follows from that is worked out of a campaign's days: itself, which has just been read,
    its hypothesis and arms, and the days by their version.
    """
    return campaign.hypothesis, alone(campaign), campaign.arms.all(), campaign.days_version


def read_days(arms: Sequence[int], keys: Sequence[str], *, as_of: date | None = None) -> Columns:
    """The days of these arms: ``arm``, ``day``, ``source``, ``reported_at``, each measure's ``sum_…``."""
    # By the index of the arms: joined with their campaigns, every chunk of a sweep reads all days.
    query = _totals(tuple(keys)).filter(arm_id__among=arms)
    if as_of is not None:
        query = query.filter(day__lte=as_of)
    kinds: dict[str, Kind] = {"arm": "whole", "day": "day", "source": "whole", "reported_at": "moment"}
    sums: dict[str, Kind] = {f"sum_{key}": "amount" for key in keys}
    return read_columns(query, kinds | sums)


def read_new_days(
    arms: Sequence[Sequence[int]], keys: Sequence[str], versions: Sequence[int | None]
) -> Columns:
    """The same, of campaigns with these arms; only those are asked for whose days are not known.

    ``versions``: of each campaign's days, read just now. What somebody adds up in between is newer than its
    version says, and is read again under its own.
    """
    if not settings.KEEPS_DRAWINGS:
        return read_days(list(chain.from_iterable(arms)), keys)
    asked = [(tuple(own), version) for own, version in zip(arms, versions, strict=True) if own]
    parts: list[Columns | None] = []
    for own, version in asked:
        known = _known.find((own, tuple(keys)))
        parts.append(known[1] if known is not None and known[0] == version else None)
    unknown = [place for place, part in enumerate(parts) if part is None]
    if unknown:
        new = [asked[place][0] for place in unknown]
        read = read_days(list(chain.from_iterable(new)), keys)
        for place, part in zip(unknown, _by_campaign(read, new), strict=True):
            parts[place] = part
            own, version = asked[place]
            _known.keep((own, tuple(keys)), (version, part), size=_bytes(part))
    found = [part for part in parts if part is not None]
    if not found:
        return read_days([], keys)
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _bytes(part: Columns) -> int:
    return _ENTRY + sum(_COLUMN + column.nbytes for column in part.values())


def _by_campaign(days: Columns, arms: Sequence[Sequence[int]]) -> list[Columns]:
    """Each campaign's days, as arrays of their own."""
    ids = np.array(list(chain.from_iterable(arms)), dtype=np.int64)
    owners = np.repeat(np.arange(len(arms)), [len(own) for own in arms])
    by_id = np.argsort(ids)
    owner = owners[by_id[np.searchsorted(ids, days["arm"], sorter=by_id)]]
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(np.bincount(owner, minlength=len(arms)))[:-1]
    columns = {name: np.split(column[order], ends) for name, column in days.items()}
    return [{name: parts[place].copy() for name, parts in columns.items()} for place in range(len(arms))]


@cache
def _totals(keys: tuple[str, ...]) -> QuerySet[DayTotal]:
    """All days with these measures, for whoever says of which arms."""
    return DayTotal.objects.annotate(**{f"sum_{key}": amount(key) for key in keys}).order_by()
