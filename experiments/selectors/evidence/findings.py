"""What all the days say about all the criteria: arrays first, and a finding in words where it is wanted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from experiments.choices import CriterionLevel, EvidenceKind
from experiments.selectors.estimates import Estimates
from experiments.selectors.evidence.amounts import Ticks
from experiments.selectors.evidence.group import Group, Sight
from experiments.selectors.evidence.subjects import Finding, Subject
from experiments.selectors.maturity import MatureDays
from experiments.selectors.measurements import Amounts, Cells, Measurements

NumberT = TypeVar("NumberT", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """The findings on subjects; arrays are (subjects,), as in ``Sight``.

    ``have``: by key of a guard, -1 where the subject's rule has none of that kind.
    """

    guards_met: Cells
    is_breach: Cells
    value: Amounts
    strength: Amounts
    last_day: npt.NDArray[np.int64]
    have: Mapping[str, Ticks]
    _groups: Sequence[tuple[Group, Sight]]
    _places: npt.NDArray[np.int64]

    def __getitem__(self, subject: int) -> Finding:
        number, row = map(int, self._places[subject])
        group, sight = self._groups[number]
        return group.finding(row, sight)


def find(
    subjects: Sequence[Subject],
    measured: Measurements,
    days: Mapping[str, MatureDays],
    estimates: Estimates,
) -> Findings:
    """The findings on the subjects, in their order; criteria that are judged alike are judged together.

    ``days``: the days that count, by key of each criterion's metric.
    """
    priors = [estimates.day_spread(campaign.workspace_id) for campaign in measured.campaigns]
    alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, subject in enumerate(subjects):
        rule = subject.rule
        alike[rule.metric, rule.evidence, rule.level, priors[subject.campaign]].append(index)
    groups: list[tuple[Group, Sight]] = []
    places = np.zeros((len(subjects), 2), dtype=np.int64)
    for indices in alike.values():
        own = [subjects[index] for index in indices]
        rule = own[0].rule
        group = Group(
            rule.metric_definition,
            EvidenceKind(rule.evidence),
            CriterionLevel(rule.level),
            own,
            days[rule.metric],
            priors[own[0].campaign],
        )
        places[indices, 0], places[indices, 1] = len(groups), np.arange(len(indices))
        groups.append((group, group.see()))
    return Findings(
        guards_met=_joined([sight.guards_met for _, sight in groups], places, np.bool_),
        is_breach=_joined([sight.is_breach for _, sight in groups], places, np.bool_),
        value=_joined([sight.value for _, sight in groups], places, np.float64),
        strength=_joined([sight.strength for _, sight in groups], places, np.float64),
        last_day=_joined([sight.last_day for _, sight in groups], places, np.int64),
        have={
            guard: _joined([group.guarded(guard, sight) for group, sight in groups], places, np.int64)
            for guard in sorted({guard for group, _ in groups for guard in group.guards})
        },
        _groups=groups,
        _places=places,
    )


def _joined(
    parts: Sequence[npt.NDArray[Any]], places: npt.NDArray[np.int64], dtype: type[NumberT]
) -> npt.NDArray[NumberT]:
    """The groups' rows in the order of the subjects."""
    starts = np.cumsum([0, *map(len, parts)])
    rows = np.concatenate([np.zeros(0, dtype), *parts], dtype=dtype)
    return rows[starts[places[:, 0]] + places[:, 1]]
