"""How much days differ: a prior on their spread, and what the days of a campaign say about it.

Days are not independent draws of one rate. Their spread is not known after four to seven of them either, so
every statement averages over 12 values of it, weighted by how well each explains the days that were seen.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from experiments.stats.arrays import Array, Mask, counted_cells, log_sum, non_negative, same_shape
from experiments.stats.forms import FEWEST_CAMPAIGNS_TO_REFIT

GRID_POINTS: Final = 12
# Campaigns taken at once: what is worked out of so many fits the processor's cache.
_BLOCK: Final = 1_000


@dataclass(frozen=True, slots=True)
class SpreadPrior:
    """A lognormal prior on a standard deviation of log rates.

    ``median`` is in log units (0.20 is about 20 %), ``log_sd`` the standard deviation of its logarithm.
    """

    median: float
    log_sd: float

    def __post_init__(self) -> None:
        if not (0 < self.median < np.inf and 0 < self.log_sd < np.inf):
            raise ValueError(f"{self} needs a median and a log_sd that are finite and above 0.")

    def points(self) -> Array:
        """Return the midpoints of 12 intervals of equal probability, shape (12,).

        >>> SpreadPrior(0.20, 0.8).points().round(3)[:3]
        array([0.05 , 0.08 , 0.104])
        """
        middles = (np.arange(GRID_POINTS) + 0.5) / GRID_POINTS
        return self.median * np.exp(self.log_sd * special.ndtri(middles))

    def of_one_arm(self) -> "SpreadPrior":
        """Return the spread of one arm's days behind that of the difference of two: 1/√2 of it."""
        if self == CONTRAST_SPREAD:
            return INTERACTION_SPREAD
        return SpreadPrior(self.median / np.sqrt(2), self.log_sd)


# The spread of a campaign's days around its own rate.
DAY_SPREAD: Final = SpreadPrior(0.20, 0.8)
# The spread of the difference of two arms on the same days: √2 times that of one arm.
CONTRAST_SPREAD: Final = SpreadPrior(0.10, 1.0)
# The spread of one arm's days around what all arms share.
INTERACTION_SPREAD: Final = SpreadPrior(0.07, 1.0)


def log_marginal(residual: Array, base_variance: Array, counted: Mask, spread: Array) -> Array:
    """Return the log likelihood of each spread, the common mean integrated out under a flat prior.

    Gelman et al., *Bayesian Data Analysis*, 3rd ed., eq. 5.21: normal means with known variances
    ``base_variance + spread²``.

    ``residual``, ``base_variance``, ``counted``: (..., days), the variances above 0 where counted;
    ``spread``: (k,). Returns (..., k), up to a constant in k; 0 where no day counts.

    >>> days = np.array([[0.3, -0.3]])
    >>> log_marginal(days, np.full((1, 2), 0.01), days != 0, np.array([0.1, 0.3])).round(3)
    array([[-2.891, -0.095]])
    """
    days = counted.shape[-1]
    cells = counted.reshape(-1, days)
    values = np.where(counted, residual, 0.0).reshape(-1, days)
    base = np.where(counted, base_variance, 1.0).reshape(-1, days)
    result = np.empty((len(cells), spread.size))
    for start in range(0, len(cells), _BLOCK):
        block = slice(start, start + _BLOCK)
        result[block] = _log_marginal(values[block], base[block], cells[block], spread)
    return result.reshape(*counted.shape[:-1], spread.size)


def _log_marginal(values: Array, base_variance: Array, counted: Mask, spread: Array) -> Array:
    # Shaped (rows, days, k), because summing long rows is several times faster than summing short ones.
    cells = counted[..., None]
    variance = base_variance[..., None] + spread**2
    precision = cells / variance
    total = precision.sum(axis=-2)
    any_day = total > 0
    total = np.where(any_day, total, 1.0)
    values = values[..., None]
    mean = (precision * values).sum(axis=-2) / total
    misfit = precision * (values - mean[..., None, :]) ** 2 + cells * np.log(variance)
    return np.where(any_day, -0.5 * (misfit.sum(axis=-2) + np.log(total)), 0.0)


@dataclass(frozen=True, slots=True)
class DayGroups:
    """Days of equal exposure, told by their sums, since nothing more of them is needed.

    ``number``: days in each group, and ``size``: exposure of each of its days, both (groups,); ``total``,
    ``squares``: sum and sum of squares of what its days brought, (campaigns, groups).
    """

    number: Array
    size: Array
    total: Array
    squares: Array

    def take(self, campaigns: Mask) -> "DayGroups":
        """Return the same days of some campaigns."""
        if campaigns.all():
            return self
        return DayGroups(self.number, self.size, self.total[campaigns], self.squares[campaigns])

    def weights(self, rate: Array, per_exposure: Array, prior: SpreadPrior) -> Array:
        """Return what ``spread_weights`` returns of the days one by one, (campaigns, 12).

        ``rate``: what a unit of exposure brings on average, (campaigns,), above 0; the variance of a day's
        residual is ``per_exposure`` ÷ its exposure, with one (campaigns,).

        >>> days, one = DayGroups(*np.ones((2, 1)), *np.ones((2, 1, 1))), np.ones(1)
        >>> days.weights(one, one, DAY_SPREAD).round(4)[0, :3]
        array([0.0833, 0.0833, 0.0833])
        """
        # Campaigns are the last axis, because summing short rows is slow.
        number, due = self.number[:, None], self.size[:, None] * rate
        residual = self.total.T / due - number
        square = self.squares.T / due**2 - 2 * self.total.T / due + number
        base, spread = per_exposure / self.size[:, None], (prior.points() ** 2)[:, None]
        information, drift, misfit, logs = np.zeros((4, GRID_POINTS, len(rate)))
        for days, off, around, least in zip(self.number, residual, square, base, strict=True):
            precision = 1 / (least + spread)
            information += days * precision
            drift += precision * off
            misfit += precision * around
            logs += days * np.log(precision)
        misfit -= drift**2 / information
        return log_sum((0.5 * (logs - misfit - np.log(information))).T)[1]


def spread_weights(residual: Array, base_variance: Array, counted: Mask, prior: SpreadPrior) -> Array:
    """Return the posterior weights of the prior's 12 points, shape (..., 12), each row summing to 1.

    One day says nothing about the spread of days, so its weights are equal:

    >>> one = np.ones((1, 1))
    >>> spread_weights(one, one, one > 0, DAY_SPREAD).round(4)[0, :3]
    array([0.0833, 0.0833, 0.0833])
    """
    return log_sum(log_marginal(residual, base_variance, counted, prior.points()))[1]


def effective_days(exposure: Array) -> Array:
    """Return N²/Σn², the number of equal days that are worth as much; NaN without exposure.

    Kish 1965, *Survey Sampling*, §11.7. ``exposure``: (..., days), 0 where a day does not count.

    >>> effective_days(np.array([[100.0, 100.0, 100.0], [200.0, 100.0, 0.0]]))
    array([3. , 1.8])
    """
    squares = np.square(exposure).sum(axis=-1)
    known = squares > 0
    return np.where(known, exposure.sum(axis=-1) ** 2 / np.where(known, squares, 1.0), np.nan)


@dataclass(frozen=True, slots=True)
class SpreadFit:
    """What ended campaigns say of a spread. ``prior`` is ``None`` below 20 that say anything of it."""

    prior: SpreadPrior | None
    campaigns: int


def fit_spread(
    residual: Array, base_variance: Array, counted: Mask, *, campaigns: int, start: SpreadPrior
) -> SpreadFit:
    """Return the prior under which the days are most likely, from ``start`` on.

    Empirical Bayes (Gelman et al., ch. 5): each row's own spread is integrated out over the 12 points. The
    median stays within 0.01 … 1 and log_sd within 0.1 … 1.5.

    ``residual``, ``base_variance``, ``counted``: (rows, days), of which ``campaigns`` campaigns consist.
    """
    if campaigns < FEWEST_CAMPAIGNS_TO_REFIT:
        return SpreadFit(None, campaigns)

    def surprise(logs: Array) -> float:
        prior = SpreadPrior(float(np.exp(logs[0])), float(np.exp(logs[1])))
        marginal = log_marginal(residual, base_variance, counted, prior.points())
        return -float(special.logsumexp(marginal, axis=-1).sum())

    fit = optimize.minimize(
        surprise,
        np.log([start.median, start.log_sd]),
        method="Nelder-Mead",
        bounds=[(np.log(0.01), 0.0), (np.log(0.1), np.log(1.5))],
    )
    return SpreadFit(SpreadPrior(float(np.exp(fit.x[0])), float(np.exp(fit.x[1]))), campaigns)


def fit_day_spread(
    events: npt.ArrayLike, exposure: npt.ArrayLike, *, mask: npt.ArrayLike | None = None
) -> SpreadFit:
    """Return the day spread of a workspace from its own ended campaigns (see ``fit_spread``).

    A campaign teaches something from two days and one event on. ``events``, ``exposure``, ``mask``:
    (campaigns, days).

    >>> fit_day_spread([[5, 6]], [[1000, 1000]])
    SpreadFit(prior=None, campaigns=1)
    """
    counts, sizes = non_negative("events", events), non_negative("exposure", exposure)
    counted = counted_cells(mask, same_shape(events=counts, exposure=sizes)) & (sizes > 0)
    counts, sizes = np.where(counted, counts, 0.0), np.where(counted, sizes, 0.0)
    useful = (counted.sum(axis=-1) >= 2) & (counts.sum(axis=-1) > 0)  # noqa: PLR2004
    counts, sizes, counted = counts[useful], sizes[useful], counted[useful]
    expected = sizes * (counts.sum(axis=-1) / sizes.sum(axis=-1))[:, None]
    base = 1.0 / np.where(counted, expected, 1.0)
    return fit_spread(
        counts * base - 1.0, base, counted, campaigns=int(np.count_nonzero(useful)), start=DAY_SPREAD
    )


def refit_day_spread(
    events: npt.ArrayLike, exposure: npt.ArrayLike, *, mask: npt.ArrayLike | None = None
) -> SpreadPrior | None:
    """Return the prior of ``fit_day_spread``, or ``None`` below 20 usable campaigns.

    >>> refit_day_spread([[5, 6]], [[1000, 1000]]) is None
    True
    """
    return fit_day_spread(events, exposure, mask=mask).prior
