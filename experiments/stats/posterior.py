"""Posterior distributions: mixtures of 12 components, one for each spread of days."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import elementwise

from experiments.stats.arrays import Array, open_fraction


class Family(IntEnum):
    """What the two parameters of a component are."""

    UNKNOWN = 0  # no data: every statement is NaN
    BETA = 1  # alpha, beta of a share
    GAMMA = 2  # shape, rate of events per unit of exposure
    NORMAL = 3  # mean, standard deviation
    LOGNORMAL = 4  # mean, standard deviation of the logarithm


def _beta_mean(first: Array, second: Array) -> tuple[Array, Array]:
    total = first + second
    return first / total, first * second / (total**2 * (total + 1))


def _lognormal_mean(first: Array, second: Array) -> tuple[Array, Array]:
    mean = np.exp(first + second**2 / 2)
    return mean, mean**2 * np.expm1(second**2)


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

    def _by_component(self, name: str, values: Array) -> Array:
        """Apply one of the tables below to every component; NaN where the family is unknown."""
        result = np.full(self.first.shape, np.nan)
        spread = np.broadcast_to(values[..., None], self.first.shape)
        for family, functions in _FUNCTIONS.items():
            cells = self.family == family
            if cells.any():
                result[cells] = functions[name](spread[cells], self.first[cells], self.second[cells])
        return result

    def cdf(self, values: npt.ArrayLike) -> Array:
        """Return P(quantity < values), shape (...)."""
        points = np.broadcast_to(np.asarray(values, dtype=np.float64), self.family.shape)
        return np.asarray(np.clip((self.weights * self._by_component("cdf", points)).sum(axis=-1), 0.0, 1.0))

    def sf(self, values: npt.ArrayLike) -> Array:
        """Return P(quantity > values), shape (...), exact in the upper tail too."""
        points = np.broadcast_to(np.asarray(values, dtype=np.float64), self.family.shape)
        return np.asarray(np.clip((self.weights * self._by_component("sf", points)).sum(axis=-1), 0.0, 1.0))

    def quantile(self, probability: float) -> Array:
        """Return the value below which the quantity lies with this probability, shape (...).

        >>> standard = Posterior(np.array([Family.NORMAL]), np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)))
        >>> float(standard.quantile(0.975)[0].round(6))
        1.959964
        """
        share = open_fraction("probability", probability)
        result = np.full(self.family.shape, np.nan)
        known = self.family != Family.UNKNOWN
        if not known.any():
            return result
        mixtures = self.take(known)
        ends = mixtures._by_component("quantile", np.full(mixtures.family.shape, share))
        # The mixture's quantile lies between those of its components; the slack is for components that agree.
        low, high = ends.min(axis=-1), ends.max(axis=-1)
        slack = 1e-9 * np.maximum(np.abs(low), np.abs(high)) + 1e-300
        index = np.arange(low.size)
        upper = share > 0.5  # noqa: PLR2004 - the nearer tail is the exact one

        def miss(values: Array, rows: Array) -> Array:
            chosen = mixtures.take(rows.astype(np.intp))
            return (1 - share) - chosen.sf(values) if upper else chosen.cdf(values) - share

        inner = np.where(mixtures.family == Family.BETA, np.minimum(high + slack, 1.0), high + slack)
        outer = np.where(mixtures.family == Family.NORMAL, low - slack, np.maximum(low - slack, 0.0))
        root = elementwise.find_root(miss, (outer, inner), args=(index.astype(np.float64),))
        result[known] = root.x
        return result

    def mean(self) -> Array:
        """Return the mean, shape (...)."""
        return self._moments()[0]

    def variance(self) -> Array:
        """Return the variance, shape (...)."""
        return self._moments()[1]

    def component_moments(self) -> tuple[Array, Array]:
        """Return mean and variance of every component, each (..., components)."""
        mean, variance = np.full((2, *self.first.shape), np.nan)
        for family, moments in _MOMENTS.items():
            cells = self.family == family
            if cells.any():
                mean[cells], variance[cells] = moments(self.first[cells], self.second[cells])
        return mean, variance

    def _moments(self) -> tuple[Array, Array]:
        means, variances = self.component_moments()
        mean = (self.weights * means).sum(axis=-1)
        return mean, (self.weights * (variances + (means - mean[..., None]) ** 2)).sum(axis=-1)


def _log(values: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(values)


_FUNCTIONS: Final[dict[Family, dict[str, Callable[[Array, Array, Array], npt.NDArray[np.floating]]]]] = {
    Family.BETA: {
        "cdf": lambda x, a, b: special.betainc(a, b, np.clip(x, 0, 1)),
        "sf": lambda x, a, b: special.betaincc(a, b, np.clip(x, 0, 1)),
        "quantile": lambda q, a, b: special.betaincinv(a, b, q),
    },
    Family.GAMMA: {
        "cdf": lambda x, a, b: special.gammainc(a, b * x),
        "sf": lambda x, a, b: special.gammaincc(a, b * x),
        "quantile": lambda q, a, b: special.gammaincinv(a, q) / b,
    },
    Family.NORMAL: {
        "cdf": lambda x, m, s: special.ndtr((x - m) / s),
        "sf": lambda x, m, s: special.ndtr((m - x) / s),
        "quantile": lambda q, m, s: m + s * special.ndtri(q),
    },
    Family.LOGNORMAL: {
        "cdf": lambda x, m, s: special.ndtr((_log(x) - m) / s),
        "sf": lambda x, m, s: special.ndtr((m - _log(x)) / s),
        "quantile": lambda q, m, s: np.exp(m + s * special.ndtri(q)),
    },
}
_MOMENTS: Final[dict[Family, Callable[[Array, Array], tuple[Array, Array]]]] = {
    Family.BETA: _beta_mean,
    Family.GAMMA: lambda a, b: (a / b, a / b**2),
    Family.NORMAL: lambda m, s: (m, s**2),
    Family.LOGNORMAL: _lognormal_mean,
}
