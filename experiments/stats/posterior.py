"""Posterior distributions: mixtures of 12 components, one for each spread of days."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from types import EllipsisType
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, open_fraction

NEARLY_ALL: Final = 0.99
_MOST_STEPS: Final = 100
# Newton's steps before every second one halves the bounds.
_STRAIGHT_STEPS: Final = 8
# A step of Newton's method squares the relative error, so the one from here is the last that matters.
_NEAR: Final = 1e-7
# In standard deviations; the last step is taken unseen.
_SHORT: Final = 1e-4
_EXACT: Final = 1e-11
# A rough probability is right within this ÷ the smaller parameter, see the tests.
_ROUGHNESS: Final = 0.013


class Family(IntEnum):
    """What the two parameters of a component are."""

    UNKNOWN = 0  # no data: every statement is NaN
    BETA = 1  # alpha, beta of a share
    GAMMA = 2  # shape, rate of events per unit of exposure
    NORMAL = 3  # mean, standard deviation
    LOGNORMAL = 4  # mean, standard deviation of the logarithm


Sides = tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]


def _normal_density(z: Array) -> Array:
    return np.asarray(np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi))


class _Beta:
    @staticmethod
    def sides(x: Array, a: Array, b: Array) -> Sides:
        x = np.clip(x, 0.0, 1.0)
        below: npt.NDArray[np.floating] = special.betainc(a, b, x)
        above = 1 - below
        # Only here the difference would lose digits, and the complement is several times slower.
        tail = below > NEARLY_ALL
        if tail.any():
            above[tail] = special.betaincc(a[tail], b[tail], x[tail])
        return below, above

    @staticmethod
    def roughly_below(x: Array, a: Array, b: Array) -> Array:
        # Paulson 1942, *Ann. Math. Statist.* 13, 233: the cube root of F is nearly normal.
        root = np.cbrt(b * x / (a * (1 - x)))
        z = ((1 - 1 / (9 * b)) * root - 1 + 1 / (9 * a)) / np.sqrt(root**2 / (9 * b) + 1 / (9 * a))
        return np.asarray(special.ndtr(z), dtype=np.float64)

    @staticmethod
    def density(x: Array, a: Array, b: Array) -> npt.NDArray[np.floating]:
        return np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))

    @staticmethod
    def moments(a: Array, b: Array) -> tuple[Array, Array]:
        total = a + b
        return a / total, a * b / (total**2 * (total + 1))


class _Gamma:
    @staticmethod
    def sides(x: Array, a: Array, b: Array) -> Sides:
        return special.gammainc(a, b * x), special.gammaincc(a, b * x)

    @staticmethod
    def roughly_below(x: Array, a: Array, b: Array) -> Array:
        # Wilson & Hilferty 1931, *PNAS* 17, 684.
        z = 3 * np.sqrt(a) * (np.cbrt(b * x / a) - 1 + 1 / (9 * a))
        return np.asarray(special.ndtr(z), dtype=np.float64)

    @staticmethod
    def density(x: Array, a: Array, b: Array) -> npt.NDArray[np.floating]:
        return np.asarray(b * np.exp(special.xlogy(a - 1, b * x) - b * x - special.gammaln(a)))

    @staticmethod
    def moments(a: Array, b: Array) -> tuple[Array, Array]:
        return a / b, a / b**2


class _Normal:
    @staticmethod
    def sides(x: Array, mean: Array, sd: Array) -> Sides:
        return special.ndtr((x - mean) / sd), special.ndtr((mean - x) / sd)

    @staticmethod
    def density(x: Array, mean: Array, sd: Array) -> npt.NDArray[np.floating]:
        return np.asarray(_normal_density((x - mean) / sd) / sd)

    @staticmethod
    def moments(mean: Array, sd: Array) -> tuple[Array, Array]:
        return mean, sd**2


class _Lognormal:
    @staticmethod
    def sides(x: Array, mean: Array, sd: Array) -> Sides:
        with np.errstate(divide="ignore"):
            return _Normal.sides(np.log(x), mean, sd)

    @staticmethod
    def density(x: Array, mean: Array, sd: Array) -> npt.NDArray[np.floating]:
        return _Normal.density(np.log(x), mean, sd) / x

    @staticmethod
    def moments(mean: Array, sd: Array) -> tuple[Array, Array]:
        average = np.exp(mean + sd**2 / 2)
        return average, average**2 * np.expm1(sd**2)


_Methods = type[_Beta] | type[_Gamma] | type[_Normal] | type[_Lognormal]
_Cells = npt.NDArray[np.bool_] | EllipsisType

# Keyed by plain integers: numpy searches an enumeration for half a dozen attributes before it compares.
_METHODS: Final[dict[int, _Methods]] = {
    Family.BETA.value: _Beta,
    Family.GAMMA.value: _Gamma,
    Family.NORMAL.value: _Normal,
    Family.LOGNORMAL.value: _Lognormal,
}


@dataclass(frozen=True, slots=True)
class Posterior:
    """Mixtures of one family each.

    ``family``: (...), ``weights``, ``first``, ``second``: (..., components); the weights sum to 1.
    """

    family: npt.NDArray[np.int8]
    weights: Array
    first: Array
    second: Array

    def take(self, cells: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Self:
        """Return the mixtures at a mask or an index of the first axis."""
        return type(self)(self.family[cells], self.weights[cells], self.first[cells], self.second[cells])

    def extremes(self) -> Self:
        """Return the first and the last component, each alone, (..., 2)."""
        ends = [0, -1]
        return type(self)(
            np.repeat(self.family[..., None], 2, axis=-1),
            np.ones((*self.family.shape, 2, 1)),
            self.first[..., ends, None],
            self.second[..., ends, None],
        )

    def _families(self) -> Iterator[tuple[_Methods, _Cells]]:
        """Yield the methods of each known family that is there, and its cells: often all of them, ``...``."""
        if self.family.size and (self.family == self.family.flat[0]).all():
            only = int(self.family.flat[0])
            if only in _METHODS:
                yield _METHODS[only], ...
            return
        for family, methods in _METHODS.items():
            cells = self.family == family
            if cells.any():
                yield methods, cells

    def sides(self, values: npt.ArrayLike) -> tuple[Array, Array]:
        """Return P(quantity < values) and P(quantity > values), each (...), exact in both tails.

        ``values``: one number, or one for each mixture.
        """
        points = np.empty(self.first.shape)
        points[...] = np.asarray(values, dtype=np.float64)[..., None]
        sides = np.full((2, *self.first.shape), np.nan)
        for methods, cells in self._families():
            sides[0][cells], sides[1][cells] = methods.sides(
                points[cells], self.first[cells], self.second[cells]
            )
        below, above = np.minimum((self.weights * sides).sum(axis=-1), 1.0)
        return np.asarray(below), np.asarray(above)

    def density(self, values: Array) -> Array:
        """Return the density at one value of each row, (rows,)."""
        result = np.empty(self.first.shape)
        points = np.asarray(values)[..., None]
        for methods, cells in self._families():
            result[cells] = methods.density(points[cells], self.first[cells], self.second[cells])
        return np.asarray((self.weights * result).sum(axis=-1))

    def roughly_below(self, value: float) -> tuple[Array, Array]:
        """Return P(quantity < value) of Beta and Gamma mixtures, quickly, and how far off it may be, (...).

        >>> one = np.ones((1, 1))
        >>> month = Posterior(np.array([Family.GAMMA]), weights=one, first=40 * one, second=one)
        >>> [float(part[0].round(4)) for part in month.roughly_below(50)]
        [0.9355, 0.0003]
        """
        rough, off = np.full((2, *self.family.shape), np.nan)
        for methods, cells in self._families():
            if methods is _Beta or methods is _Gamma:
                weights, first, second = self.weights[cells], self.first[cells], self.second[cells]
                below = methods.roughly_below(np.asarray(value), first, second)
                smaller = np.minimum(first, second) if methods is _Beta else first
                rough[cells] = (weights * below).sum(axis=-1)
                off[cells] = (weights * (_ROUGHNESS / smaller)).sum(axis=-1)
        return rough, off

    def quantile(self, probability: float) -> Array:
        """Return the value below which the quantity lies with this probability, shape (...).

        Equal to scipy's quantiles where there is one component; the tails are exact to 1e-9 of themselves.

        >>> one = np.ones((1, 1))
        >>> standard = Posterior(np.array([Family.NORMAL]), weights=one, first=0 * one, second=one)
        >>> float(standard.quantile(0.975)[0].round(6))
        1.959964
        """
        return np.asarray(self._quantiles(open_fraction("probability", probability))[0])

    def interval(self, level: float) -> tuple[Array, Array]:
        """Return the ends of the interval with equal tails, each (...), NaN where nothing is known.

        Gelman et al., *Bayesian Data Analysis*, 3rd ed., §2.3.

        >>> one = np.ones((1, 1))
        >>> standard = Posterior(np.array([Family.NORMAL]), weights=one, first=0 * one, second=one)
        >>> [float(end[0].round(3)) for end in standard.interval(0.95)]
        [-1.96, 1.96]
        """
        tail = (1 - open_fraction("level", level)) / 2
        low, high = self._quantiles(tail, 1 - tail)
        return low, high

    def _quantiles(self, *shares: float) -> Array:
        """Return the quantiles at each of these probabilities, (shares, ...), all found together."""
        result = np.full((len(shares), *self.family.shape), np.nan)
        known = np.flatnonzero(self.family)
        if known.size:
            parts = (part.reshape(-1, part.shape[-1]) for part in (self.weights, self.first, self.second))
            rows = type(self)(self.family.reshape(-1), *parts).take(np.tile(known, len(shares)))
            found = _quantiles(rows, np.repeat(shares, known.size))
            result.reshape(len(shares), -1)[:, known] = found.reshape(len(shares), -1)
        return result

    def mean(self) -> Array:
        """Return the mean, shape (...)."""
        return self.moments()[0]

    def variance(self) -> Array:
        """Return the variance, shape (...)."""
        return self.moments()[1]

    def component_moments(self) -> tuple[Array, Array]:
        """Return mean and variance of every component, each (..., components)."""
        mean, variance = np.full((2, *self.first.shape), np.nan)
        for methods, cells in self._families():
            mean[cells], variance[cells] = methods.moments(self.first[cells], self.second[cells])
        return mean, variance

    def moments(self) -> tuple[Array, Array]:
        """Return mean and variance, each (...)."""
        means, variances = self.component_moments()
        mean = (self.weights * means).sum(axis=-1)
        return mean, (self.weights * (variances + (means - mean[..., None]) ** 2)).sum(axis=-1)


def _quantiles(mixtures: Posterior, share: Array) -> Array:
    """Return one quantile of each known mixture, (rows,), by Newton's method within bounds that close in.

    It solves Φ⁻¹(F(x)) = Φ⁻¹(share), which is nearly a straight line where F(x) = share bends.
    """
    mean, variance = mixtures.moments()
    sd, goal, tail = np.sqrt(variance), special.ndtri(share), np.minimum(share, 1 - share)
    # Cantelli's inequality: no distribution has the quantile farther from its mean.
    low, high = mean - sd * np.sqrt(1 / share - 1), mean + sd * np.sqrt(share / (1 - share))
    low = np.where(mixtures.family == Family.NORMAL.value, low, np.maximum(low, 0.0))
    high = np.where(mixtures.family == Family.BETA.value, np.minimum(high, 1.0), high)
    found = mean + sd * goal
    rows = np.arange(mean.size)
    for step in range(_MOST_STEPS):
        least, most, at, moving = low[rows], high[rows], found[rows], mixtures.take(rows)
        # Newton's method may go to and fro; halving leads out of that.
        is_newton = (at > least) & (at < most) & (step < _STRAIGHT_STEPS or step % 2 == 0)
        at = np.where(is_newton, at, (least + most) / 2)
        below, above = moving.sides(at)
        # The nearer tail is the exact one.
        is_upper = goal[rows] > 0
        excess = np.where(is_upper, tail[rows] - above, below - tail[rows])
        score = np.where(is_upper, -special.ndtri(above), special.ndtri(below))
        low[rows], high[rows] = np.where(excess < 0, at, least), np.where(excess < 0, most, at)
        # Where the density underflows the step leads out of the bounds, and halving them goes on.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope = moving.density(at) / _normal_density(score)
            move = (score - goal[rows]) / slope
        off = np.abs(excess) / tail[rows]
        is_there = off <= _EXACT
        found[rows] = at - np.where(is_there, 0.0, move)
        # Between clusters of components, where the density is nearly none, a step may lead anywhere.
        is_last = (off <= _NEAR) & (np.abs(move) <= _SHORT * sd[rows])
        rows = rows[~(is_there | is_last)]
        if not rows.size:
            break
    return np.clip(found, low, high)
