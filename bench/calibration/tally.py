"""The tally: shares over replicates with their Monte Carlo errors."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Answers(NamedTuple):
    """One replicate each: ``hit`` is what is counted, ``of`` where it counts at all (everywhere if ``None``).

    Amounts instead of yes and no make it a ratio of two sums.
    """

    hit: npt.NDArray[np.generic]
    of: npt.NDArray[np.generic] | None = None


class Figure(NamedTuple):
    """A share, its Monte Carlo standard error, and the sum that it is a share of."""

    share: float
    error: float
    of: float


@dataclass(slots=True)
class Tally:
    """Sums of answers, chunk by chunk."""

    top: float = 0.0
    bottom: float = 0.0
    top_squared: float = 0.0
    product: float = 0.0
    bottom_squared: float = 0.0

    def add(self, answers: Answers) -> None:
        """Count the answers of one chunk."""
        hit = np.asarray(answers.hit, dtype=np.float64)
        of = np.ones_like(hit) if answers.of is None else np.asarray(answers.of, dtype=np.float64)
        if answers.hit.dtype == np.bool_:
            hit = hit * of
        self.top += float(hit.sum())
        self.bottom += float(of.sum())
        self.top_squared += float(hit @ hit)
        self.product += float(hit @ of)
        self.bottom_squared += float(of @ of)

    def figure(self) -> Figure:
        """Return the ratio of the sums; its error is √(p(1 - p)/n) for a share (Cochran 1977, §2.11).

        Where nothing or everything is a hit the error is 1/n: the next replicate might have been one.
        """
        if self.bottom == 0:
            return Figure(math.nan, math.nan, 0.0)
        share = self.top / self.bottom
        squares = self.top_squared - 2 * share * self.product + share**2 * self.bottom_squared
        error = math.sqrt(max(squares, 0.0)) / self.bottom
        return Figure(share, max(error, 1 / self.bottom if share in {0.0, 1.0} else 0.0), self.bottom)


class Promise(NamedTuple):
    """What must hold: at most or at least this share."""

    is_most: bool
    share: float

    def holds(self, figure: Figure) -> bool:
        """Say whether the figure keeps the promise within 3 Monte Carlo errors of a share at the bound."""
        slack = 3 * math.sqrt(self.share * (1 - self.share) / max(figure.of, 1.0))
        if self.is_most:
            return figure.share <= self.share + slack
        return figure.share >= self.share - slack

    def __str__(self) -> str:
        return f"{'≤' if self.is_most else '≥'} {100 * self.share:g}"


def at_most(per_cent: float) -> Promise:
    return Promise(is_most=True, share=per_cent / 100)


def at_least(per_cent: float) -> Promise:
    return Promise(is_most=False, share=per_cent / 100)
