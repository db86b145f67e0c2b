"""A preview as the page shows it: campaign by campaign, the costliest first, and why a line was ignored."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from experiments.choices import MEASURES
from experiments.services.exports.known import Identity, Known, arm_by_name
from experiments.services.exports.names import LEFT_OUT, NEW, NOTHING, Level, Spelled
from experiments.services.exports.outcome import ImportOutcome, Understood
from experiments.services.exports.questions import needs_an_answer
from experiments.services.exports.reading import DayRow
from experiments.services.observations import Preview

# Of each list, so many are shown; the rest is counted.
MOST_SHOWN = 50
MOST_CAMPAIGNS = 200
MOST_SUGGESTIONS = 3
_FINE = (Level.AD_SET, Level.AD)


@dataclass(slots=True)
class _Sum:
    """What the lines of one name come to."""

    lines: int = 0
    spend: Decimal | None = None
    first: date = date.max
    last: date = date.min
    waiting: int = 0

    def add(self, row: DayRow, *, is_waiting: bool) -> None:
        self.lines += 1
        self.waiting += is_waiting
        if (spend := row.measures.get("spend")) is not None:
            self.spend = spend if self.spend is None else self.spend + spend
        self.first = min(self.first, row.day)
        self.last = max(self.last, row.day)

    @property
    def rank(self) -> tuple[Decimal, int]:
        return self.spend or Decimal(0), self.lines

    def as_dict(self) -> dict[str, Any]:
        return {
            "lines": self.lines,
            "spend": None if self.spend is None else str(self.spend),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "waiting": self.waiting,
        }


@dataclass(slots=True)
class _Campaign:
    """One campaign of the file."""

    total: _Sum = field(default_factory=_Sum)
    parts: dict[tuple[str, Spelled], _Sum] = field(default_factory=lambda: defaultdict(_Sum))
    new: int = 0
    changed: int = 0
    same: int = 0
    # By measure: the sum over the changed days, before and after.
    before: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    after: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


def summary(read: Understood, outcome: ImportOutcome, preview: Preview) -> dict[str, Any]:
    """All that the page shows, as JSON keeps it."""
    campaigns = _campaigns(read, preview)
    ranked = sorted(campaigns.items(), key=lambda item: item[1].total.rank, reverse=True)
    ignored = _ignored(read, outcome)
    return {
        "preset": outcome.preset,
        "source": outcome.source,
        "sheets": read.export.columns.sheets,
        "columns": outcome.columns,
        "ignored_columns": outcome.ignored_columns,
        "notes": outcome.notes[:MOST_SHOWN],
        "questions": [
            {"code": item.code, "message": item.message, "field": item.field} for item in outcome.questions
        ],
        "lines": outcome.lines,
        "received": outcome.received,
        "inserted": outcome.inserted,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "waiting": outcome.waiting,
        "left_out": outcome.left_out,
        "ignored": ignored,
        "ignored_total": outcome.left_out + sum(item["count"] for item in ignored),
        "changes": outcome.changes[:MOST_SHOWN],
        "changes_more": max(outcome.updated - MOST_SHOWN, 0),
        "missing": _missing(outcome),
        "baseline": [one.as_dict() for one in outcome.baseline[:MOST_SHOWN]],
        "campaigns": [_as_dict(identity, one, read) for identity, one in ranked[:MOST_CAMPAIGNS]],
        "campaigns_more": max(len(ranked) - MOST_CAMPAIGNS, 0),
    }


def _campaigns(read: Understood, preview: Preview) -> dict[Identity, _Campaign]:
    matched, matcher = read.matched, read.matcher
    waiting = {*matched.waiting, *matched.unknown_lines}
    found: dict[Identity, _Campaign] = defaultdict(_Campaign)
    whose: dict[int, Identity] = {}
    for row in read.export.rows:
        identity = Identity(row.ids["campaign"], row.names["campaign"])
        whose[row.line] = identity
        is_waiting = row.line in waiting
        campaign = found[identity]
        campaign.total.add(row, is_waiting=is_waiting)
        known = matcher.campaign_of(identity)
        if known is None or len(known.arms) == 1 or matcher.arm:
            continue
        for level in _FINE:
            part = Spelled(row.ids[level], row.names[level])
            if any(part):
                campaign.parts[level, part].add(row, is_waiting=is_waiting)
        if not row.own["arm"] and not any(row.names[level] or row.ids[level] for level in _FINE):
            campaign.parts[Level.WHOLE, NOTHING].add(row, is_waiting=is_waiting)
    for index in preview.inserted:
        found[whose[matched.lines[index][0]]].new += 1
    for index in preview.unchanged:
        found[whose[matched.lines[index][0]]].same += 1
    for change in preview.changed:
        campaign = found[whose[matched.lines[change.row][0]]]
        campaign.changed += 1
        for measure, before in change.before.items():
            campaign.before[measure] += Decimal(before or 0)
            campaign.after[measure] += Decimal(change.after[measure] or 0)
    return found


def _as_dict(identity: Identity, campaign: _Campaign, read: Understood) -> dict[str, Any]:
    target, origin = _target(identity, read)
    is_new = target == NEW
    return {
        "id": identity.id,
        "name": identity.name,
        **campaign.total.as_dict(),
        "waiting": 0 if is_new else campaign.total.waiting,
        "new": campaign.total.lines if is_new else campaign.new,
        "changed": campaign.changed,
        "same": campaign.same,
        "left_out": len(read.matched.left_out.get(identity, [])),
        "target": target,
        "origin": origin,
        "suggestions": _suggestions(identity, read) if not target else [],
        "changes": [
            {"measure": measure, "before": str(before), "after": str(campaign.after[measure])}
            for measure in MEASURES
            if (before := campaign.before.get(measure)) is not None
        ],
        "parts": _parts(identity, campaign, read),
        "parts_more": max(len(campaign.parts) - MOST_SHOWN, 0),
    }


def _target(identity: Identity, read: Understood) -> tuple[str, str]:
    """What it stands for as things are, and how that is known: said, id, name, new, or nothing."""
    if read.options.campaign:
        return read.options.campaign, "whole file"
    said = read.matcher.book.target(identity)
    known = read.matcher.campaign_of(identity)
    if known is not None:
        by_itself = "id" if identity.id and known.external_id == identity.id else "name"
        return known.key, "said" if said else by_itself
    if said in {NEW, LEFT_OUT}:
        return said, "said"
    if read.options.create_unplanned and not needs_an_answer(identity, read):
        return NEW, "new"
    return "", ""


def _suggestions(identity: Identity, read: Understood) -> list[str]:
    """Keys of campaigns that it may be, the likeliest first."""
    named = read.matcher.namesakes(identity)
    by_name = {known.name.casefold(): known.key for known in reversed(read.matcher.all)}
    close = get_close_matches(identity.name.casefold(), by_name, n=MOST_SUGGESTIONS)
    keys = [*(known.key for known in named), *(by_name[name] for name in close)]
    return list(dict.fromkeys(keys))[:MOST_SUGGESTIONS]


def _parts(identity: Identity, campaign: _Campaign, read: Understood) -> list[dict[str, Any]]:
    """Its ad sets and ads, where they tell arms apart: those that wait first, then the costliest."""
    known = read.matcher.campaign_of(identity)
    if known is None:
        return []
    ranked = sorted(
        campaign.parts.items(), key=lambda item: (item[1].waiting > 0, item[1].rank), reverse=True
    )
    parts = []
    for (level, part), total in ranked[:MOST_SHOWN]:
        target, origin = _arm(known, identity, level, part, read)
        parts.append(
            {
                "level": level,
                "id": part.id,
                "name": part.name,
                **total.as_dict(),
                "target": target,
                "origin": origin,
            }
        )
    return parts


def _arm(known: Known, identity: Identity, level: str, part: Spelled, read: Understood) -> tuple[str, str]:
    if said := read.matcher.part_said(known, identity, level, part):
        return (said if said == LEFT_OUT else f"{known.key}/{said}"), "said"
    if level != Level.WHOLE and (arm := arm_by_name(known, part)):
        return f"{known.key}/{arm}", "name"
    return "", ""


def _ignored(read: Understood, outcome: ImportOutcome) -> list[dict[str, Any]]:
    """Why lines hold no numbers, by reason. What stands above the table was never meant to hold any."""
    lines: dict[str, list[int]] = defaultdict(list)
    for item in outcome.passed:
        if item.line > read.export.columns.header.number:
            lines[item.reason].append(item.line)
    return [
        {"reason": reason, "count": len(numbers), "lines": numbers[:5]} for reason, numbers in lines.items()
    ]


def _missing(outcome: ImportOutcome) -> list[dict[str, Any]]:
    """What earlier imports had and this file lacks, campaign by campaign."""
    days: dict[str, list[date]] = defaultdict(list)
    for item in outcome.missing_days:
        days[item.campaign_name].append(item.day)
    return [
        {"name": name, "rows": len(on), "first": min(on).isoformat(), "last": max(on).isoformat()}
        for name, on in sorted(days.items(), key=lambda item: -len(item[1]))[:MOST_SHOWN]
    ]
