"""What is said about a file, what was understood of it, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _

from experiments.exceptions import FieldError
from experiments.services.exports.baseline import Baseline
from experiments.services.exports.bodies import Passed
from experiments.services.exports.days import DayOrder
from experiments.services.exports.matching import Matched, Matcher
from experiments.services.exports.names import (
    Said,
)
from experiments.services.exports.numbers import DecimalMark
from experiments.services.exports.reading import Export
from experiments.services.observations import (
    BatchResult,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What a person says about a file; everything else is read off it."""

    preset: str = "auto"
    # Field by header, for columns that are not known or could mean two things.
    mapped: Mapping[str, str] = field(default_factory=dict)
    # The table of a workbook that has several.
    sheet: str = ""
    # The campaign and the arm that the whole file is of.
    campaign: str = ""
    arm: str = ""
    # Whose numbers they are; default: the campaign's channel.
    source: str = ""
    day_order: DayOrder | None = None
    decimal_mark: DecimalMark | None = None
    # When the platform said so; default: now.
    reported_at: str | None = None
    create_unplanned: bool = False
    # What names in the file stand for, beside what is remembered of its source.
    said: tuple[Said, ...] = ()
    # Whether ``mapped`` holds for later files of the platform, too.
    remembers_columns: bool = False
    # Whether a campaign that is new here and called as another platform's is asked about, not just made.
    asks_about_namesakes: bool = False


class MissingDay(NamedTuple):
    """A row that an earlier import had."""

    campaign: str
    arm: str
    day: date
    entity: str
    campaign_name: str


@dataclass(slots=True, kw_only=True)
class ImportOutcome:
    """What became of a file, or would. ``result`` is there once it is stored."""

    preset: str
    columns: dict[str, str]
    ignored_columns: list[str]
    passed: list[Passed]
    notes: list[str]
    questions: list[FieldError]
    # Keys of campaigns that run already and were not known here.
    unplanned: list[str]
    received: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    # Restated days in words, the first of them.
    changes: list[str] = field(default_factory=list)
    # Rows of an earlier import that this file lacks.
    missing_days: list[MissingDay] = field(default_factory=list)
    # Rows of days before their campaign's launch.
    baseline: list[Baseline] = field(default_factory=list)
    # Lines that hold numbers; of these, those that wait for an answer and those that nobody wants.
    lines: int = 0
    waiting: int = 0
    left_out: int = 0
    # Of which source the names are remembered.
    source: str = ""
    result: BatchResult | None = None

    @property
    def missing(self) -> list[str]:
        """The rows that this file lacks, in words."""
        return [
            _("{campaign}, arm {arm}, {day}").format(campaign=day.campaign, arm=day.arm, day=day.day)
            + (f", {day.entity}" if day.entity else "")
            for day in self.missing_days
        ]


@dataclass(slots=True)
class Understood:
    """A file as it was read and matched, before anything is compared or stored."""

    export: Export
    matcher: Matcher
    matched: Matched
    options: ImportOptions


def channel_of(export: Export, options: ImportOptions) -> str:
    """The ad platform that the file is from; "" where nothing tells."""
    preset = export.columns.preset.key
    return options.source or ("" if preset == "generic" else preset)
