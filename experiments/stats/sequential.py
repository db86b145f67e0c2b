"""Looking at a comparison while it runs: boundaries for planned looks, evidence for unplanned ones.

Jennison & Turnbull, *Group Sequential Methods with Applications to Clinical Trials* (2000), ch. 2, 7 and 19;
Lan & DeMets 1983, *Biometrika* 70, 659.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from experiments.stats.arrays import (
    Array,
    Mask,
    finite,
    known_or_nan,
    open_fraction,
    probabilities,
    same_shape,
)

Spending = Literal["obrien_fleming", "pocock"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)
# A standard normal beyond this has less than 1e-22 left: as good as no boundary.
_FAR: Final = 10.0
# A campaign that is planned for longer is compared with the boundary of this many equal looks.
MOST_LOOKS: Final = 60


def _normal_density(values: Array) -> Array:
    return np.exp(-np.square(values) / 2) / math.sqrt(2 * math.pi)


class _Path:
    """The density of the test statistic among the paths that no boundary has stopped, look by look.

    Recursive numerical integration (Armitage, McPherson & Rowe 1969; Jennison & Turnbull, §19.2) of the score
    Z·√t, whose increments are independent normals with variance t - t_before.
    """

    def __init__(self, sides: int) -> None:
        self.sides = sides
        self.time = 0.0
        self.points = np.zeros(1)
        self.mass = np.ones(1)

    def crossing(self, z: float, time: float) -> float:
        """Return the probability to cross ``z`` at this look and at none before."""
        sd = math.sqrt(time - self.time)
        score = z * math.sqrt(time)
        upper = special.ndtr((self.points - score) / sd)
        if self.sides == 1:
            return float(self.mass @ upper)
        return float(self.mass @ (upper + special.ndtr((-score - self.points) / sd)))

    def go_on(self, z: float, time: float) -> None:
        """Keep the paths that stay inside ``z`` at this look."""
        root = math.sqrt(time)
        high = min(z, _FAR) * root
        low = -high if self.sides == 2 else -_FAR * root  # noqa: PLR2004
        half = (high - low) / 2
        points = (low + high) / 2 + half * _NODES
        sd = math.sqrt(time - self.time)
        density = _normal_density((points[:, None] - self.points) / sd) @ self.mass / sd
        self.points, self.mass, self.time = points, density * half * _WEIGHTS, time


def _spent(time: float, alpha: float, sides: int, spending: Spending) -> float:
    """Return the error probability that may be used up to this share of the information."""
    if spending == "pocock":
        return alpha * math.log1p((math.e - 1) * time)
    # Two-sided: each side spends half of alpha by its own one-sided function.
    quantile = special.ndtri(alpha / sides / 2)
    return float(sides * 2 * special.ndtr(quantile / math.sqrt(time)))


def _checked_times(times: Sequence[float]) -> tuple[float, ...]:
    shares = finite("times", times)
    if shares.ndim != 1 or shares[0] <= 0 or shares[-1] > 1 or (np.diff(shares) <= 0).any():
        raise ValueError(f"times are {list(times)}; they must rise, from above 0 to at most 1.")
    return tuple(float(share) for share in shares)


@lru_cache(maxsize=256)
def _lan_demets(times: tuple[float, ...], alpha: float, sides: int, spending: Spending) -> tuple[float, ...]:
    path, spent, boundary = _Path(sides), 0.0, []
    for time in times:
        goal = _spent(time, alpha, sides, spending)
        share = goal - spent

        def excess(z: float, time: float = time, share: float = share) -> float:
            return path.crossing(z, time) - share

        z = optimize.brentq(excess, -_FAR, 40.0, xtol=1e-13, rtol=1e-14) if excess(40.0) < 0 else 40.0
        boundary.append(z)
        path.go_on(z, time)
        spent = goal
    return tuple(boundary)


def lan_demets_boundary(
    times: Sequence[float],
    *,
    alpha: float = 0.05,
    sides: Literal[1, 2] = 2,
    spending: Spending = "obrien_fleming",
) -> Array:
    """Return the boundary of the z statistic at each planned look, shape (looks,).

    Lan & DeMets 1983, *Biometrika* 70, 659, by the integration of Jennison & Turnbull, §19.2.

    ``times``: shares of the planned information, rising, at most 1. Two-sided boundaries are symmetric.

    >>> lan_demets_boundary([0.2, 0.4, 0.6, 0.8, 1.0]).round(3)
    array([4.877, 3.357, 2.68 , 2.29 , 2.031])
    """
    if spending not in {"obrien_fleming", "pocock"} or sides not in {1, 2}:
        raise ValueError("spending must be 'obrien_fleming' or 'pocock', and sides 1 or 2.")
    return np.array(_lan_demets(_checked_times(times), open_fraction("alpha", alpha), sides, spending))


@lru_cache(maxsize=64)
def _constant(looks: int, alpha: float, power: float) -> float:
    shape = [((look + 1) / looks) ** power for look in range(looks)]

    def excess(constant: float) -> float:
        path, crossed = _Path(2), 0.0
        for look, factor in enumerate(shape):
            time = (look + 1) / looks
            crossed += path.crossing(constant * factor, time)
            path.go_on(constant * factor, time)
        return crossed - alpha

    return float(optimize.brentq(excess, 0.1, 9.0, xtol=1e-13, rtol=1e-14))


def _equal_looks(looks: int, alpha: float, power: float) -> Array:
    if not 1 <= looks <= MOST_LOOKS:
        raise ValueError(f"looks is {looks}; it must be from 1 to {MOST_LOOKS}.")
    shares = np.arange(1, looks + 1) / looks
    return _constant(looks, open_fraction("alpha", alpha), power) * shares**power


def obrien_fleming_boundary(looks: int, *, alpha: float = 0.05) -> Array:
    """Return O'Brien & Fleming's two-sided boundary at equally spaced looks (1979, *Biometrics* 35, 549).

    >>> obrien_fleming_boundary(5).round(3)
    array([4.562, 3.226, 2.634, 2.281, 2.04 ])
    """
    return _equal_looks(looks, alpha, -0.5)


def pocock_boundary(looks: int, *, alpha: float = 0.05) -> Array:
    """Return Pocock's two-sided boundary, the same at equally spaced looks (1977, *Biometrika* 64, 191).

    >>> pocock_boundary(5).round(3)
    array([2.413, 2.413, 2.413, 2.413, 2.413])
    """
    return _equal_looks(looks, alpha, 0.0)


def look_boundaries(planned_days: int, *, alpha: float = 0.05) -> Array:
    """Return the two-sided p-value that a look after each planned day asks for, shape (planned_days,).

    The Lan-DeMets boundary of O'Brien-Fleming type at equal shares. Beyond 60 planned days it is that of 60
    equal looks, the last one before the day.

    >>> look_boundaries(5).round(4)
    array([0.    , 0.0008, 0.0074, 0.022 , 0.0423])
    """
    if planned_days < 1:
        raise ValueError(f"planned_days is {planned_days}; it must be at least 1.")
    looks = min(planned_days, MOST_LOOKS)
    boundary = lan_demets_boundary([(look + 1) / looks for look in range(looks)], alpha=alpha)
    look = np.maximum(np.arange(1, planned_days + 1) * looks // planned_days, 1)
    return np.asarray(2 * special.ndtr(-boundary[look - 1]))


def look_allows(
    two_sided_p: npt.ArrayLike,
    day: int,
    planned_days: int,
    *,
    log_e_value: npt.ArrayLike = math.nan,
    alpha: float = 0.05,
) -> Mask:
    """Return where a look after this many closed days may call a difference.

    Up to the last planned day looks are planned, one a day: the p-value is compared with the boundary of that
    day (``look_boundaries``). Later looks are unplanned and need an e-value of 1/alpha. Not known is no.

    ``two_sided_p``, ``log_e_value``: the fields of a ``Comparison``, any one shape, NaN where not known.

    >>> bool(look_allows(0.02, 3, 5)), bool(look_allows(0.02, 5, 5))
    (False, True)
    """
    open_fraction("alpha", alpha)
    if day < 1 or planned_days < 1 or day % 1 or planned_days % 1:
        raise ValueError(f"day is {day} of {planned_days}; both must be whole and at least 1.")
    p_values = known_or_nan("two_sided_p", two_sided_p, probabilities)
    if day > planned_days:
        logs = np.broadcast_to(np.asarray(log_e_value, dtype=np.float64), p_values.shape)
        same_shape(two_sided_p=p_values, log_e_value=logs)
        return np.asarray(logs >= -math.log(alpha))
    return np.asarray(p_values <= look_boundaries(planned_days, alpha=alpha)[day - 1])
