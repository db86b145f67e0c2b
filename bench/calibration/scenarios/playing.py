"""A world that is played, and the rows of the tables that it answers."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from bench.calibration import elsewhere
from bench.calibration.tally import Answers, Figure, Promise, Tally

CHUNK: Final = 5000
OURS: Final = "Quickno"
BETA: Final = "plain Beta"
POOLED_Z: Final = "pooled z"
GBSTATS: Final = "gbstats"
COLUMNS: Final = (OURS, BETA, POOLED_Z, GBSTATS)
# What the columns answer, row by row.
Played = dict[str, dict[str, Answers]]


class Play(Protocol):
    """Draws worlds, asks for statements, and returns the answers to each row."""

    def __call__(
        self, random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None
    ) -> Played: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a part's table; ``promise``: what must hold of Quickno's figure, ``None`` if only shown."""

    part: str
    says: str
    promise: Promise | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world with the rows that it answers.

    ``times``: how many times the replicates of the others; ``chunk``: how many are drawn together.
    """

    name: str
    rows: dict[str, Row]
    play: Play
    times: float = 1
    chunk: int = CHUNK

    def figures(
        self, runs: int, gbstats: elsewhere.Gbstats | None = None
    ) -> Iterator[tuple[Row, dict[str, Figure]]]:
        """Play in chunks, each with a seed of its own, and yield each row with the figures of its columns."""
        tallies: dict[str, dict[str, Tally]] = {key: {} for key in self.rows}
        left, chunk = round(runs * self.times), 0
        while left > 0:
            random = np.random.default_rng([zlib.crc32(self.name.encode()), chunk])
            # gbstats is slow and answers for the first chunk only.
            played = self.play(random, min(left, self.chunk), gbstats if chunk == 0 else None)
            for key, columns in played.items():
                for column, answers in columns.items():
                    tallies[key].setdefault(column, Tally()).add(answers)
            left, chunk = left - self.chunk, chunk + 1
        for key, row in self.rows.items():
            yield row, {column: tally.figure() for column, tally in tallies[key].items()}
