"""Exact comparison of independent Beta, Gamma or lognormal posteriors, without Monte Carlo.

Gauss-Legendre panels with 12 points, on the logit scale for shares and the log scale for rates and values.
The edges of the panels lie where the log density of any arm has dropped by fixed amounts from its mode, so
each panel sees smooth functions, whatever the sizes (numbers of events up to 10⁸).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, Mask, at_least, positive, same_shape
from experiments.stats.posterior import Family

# e⁻⁴² is below 10⁻¹⁸, so nothing that matters lies beyond the outermost edges.
_DROPS: Final = np.array([0.9, 3.6, 9.0, 20.0, 42.0])
_SIDES: Final = np.concatenate([-np.ones(_DROPS.size), np.ones(_DROPS.size)])
_BOTH_DROPS: Final = np.concatenate([_DROPS[::-1], _DROPS])
_FILL: Final = 4
_NEWTON_STEPS: Final = 3
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
# A smaller parameter puts mass so near 0 or 1 that exp overflows on the logit scale.
SMALLEST_PARAMETER: Final = 0.1
# Rows (campaigns by grid points) treated at once: few enough for the processor's cache.
_BLOCK: Final = 24


def _integration_matrix() -> Array:
    """Return M with (M f)_j = ∫ f from -1 to node j, exact for the polynomial through f at the nodes."""
    order = _NODES.size
    legendre = np.polynomial.legendre.legvander(_NODES, order)
    degrees = np.arange(1, order)
    integrals = np.empty((order, order))
    integrals[:, 0] = _NODES + 1
    integrals[:, 1:] = (legendre[:, 2:] - legendre[:, :-2])[:, : order - 1] / (2 * degrees + 1)
    scale = (np.arange(order) + 0.5)[:, None] * _WEIGHTS
    return integrals @ (scale * legendre[:, :order].T)


# Laid out for products with rows of values, from the right.
_FROM_LEFT: Final = np.ascontiguousarray(_integration_matrix().T)
_FROM_RIGHT: Final = np.ascontiguousarray(_FROM_LEFT[::-1, ::-1])


@dataclass(frozen=True, slots=True)
class BestOf:
    """``probability_best``, ``expected_loss`` of choosing an arm, E[(best - arm)⁺]: (rows, arms)."""

    probability_best: Array
    expected_loss: Array


def _drop(family: Family, offset: Array, first: Array, second: Array) -> Array:
    """Return by how much the log density lies below that at the mode, ``offset`` away from it."""
    if family is Family.BETA:
        total = first + second
        return total * np.log1p(first / total * np.expm1(offset)) - first * offset
    if family is Family.GAMMA:
        return first * (np.expm1(offset) - offset)
    return np.square(offset / second) / 2


def _slope(family: Family, offset: Array, first: Array, second: Array) -> Array:
    if family is Family.BETA:
        # total · logistic(mode + offset) - first
        grown = np.exp(offset)
        return (first + second) * (first * grown / (second + first * grown)) - first
    return first * np.expm1(offset)


def _edges(family: Family, first: Array, second: Array) -> Array:
    """Return the offsets from each arm's mode at which its log density has dropped, (rows, arms, 11)."""
    a, b = first[..., None], second[..., None]
    if family is Family.LOGNORMAL:
        outward = np.sqrt(2 * _DROPS) * b
        return np.concatenate([-outward[..., ::-1], np.zeros_like(a), outward], axis=-1)
    curvature, smaller = (a * b / (a + b), np.minimum(a, b)) if family is Family.BETA else (a, a)
    start = np.minimum(np.sqrt(2 * _BOTH_DROPS / curvature), np.log1p(_BOTH_DROPS / smaller) + 1)
    offset = _SIDES * start
    # Newton on a convex function; the edges need to be right to a few per cent only.
    for _ in range(_NEWTON_STEPS):
        offset = offset - (_drop(family, offset, a, b) - _BOTH_DROPS) / _slope(family, offset, a, b)
    return np.insert(offset, _DROPS.size, 0.0, axis=-1)


def _log_ratio_of_modes(family: Family, first: Array, second: Array) -> Array:
    """Return each arm's mode less the first arm's on the working scale, precise where they nearly agree."""
    if family is Family.LOGNORMAL:
        return first - first[:, :1]
    top, bottom = first * second[:, :1], second * first[:, :1]
    near = np.abs(top - bottom) < bottom / 2
    return np.where(
        near, np.log1p(np.where(near, (top - bottom) / bottom, 0.0)), np.log(top) - np.log(bottom)
    )


def _others(below: Array, above: Array) -> tuple[Array, Array]:
    """Return Π F and 1 - Π F over the other arms, for every arm, (rows, arms, points).

    1 - Π F is summed up as Σ (1 - F_i) Π F before i, because the difference would cancel.
    """
    arms = below.shape[1]
    product, missing = np.empty_like(below), np.empty_like(below)
    product[:, 0], missing[:, 0] = 1.0, 0.0
    for arm in range(1, arms):
        product[:, arm] = product[:, arm - 1] * below[:, arm - 1]
        missing[:, arm] = missing[:, arm - 1] + product[:, arm - 1] * above[:, arm - 1]
    after, missing_after = below[:, -1], above[:, -1]
    for arm in range(arms - 2, -1, -1):
        missing[:, arm] += product[:, arm] * missing_after
        product[:, arm] *= after
        missing_after = missing_after * below[:, arm] + above[:, arm]
        after = after * below[:, arm]
    return product, missing


def _block(family: Family, first: Array, second: Array, present: Mask) -> BestOf:
    rows, arms = first.shape
    shift = _log_ratio_of_modes(family, first, second)
    edges = (shift[..., None] + _edges(family, first, second)).reshape(rows, -1)
    # Between arms that lie worlds apart there is no edge, yet the loss collects there.
    fill = np.linspace(shift.min(axis=-1), shift.max(axis=-1), _FILL + 2, axis=-1)[:, 1:-1]
    edges = np.sort(np.concatenate([edges, fill], axis=-1), axis=-1)
    half = np.diff(edges)[..., None] / 2
    points = ((edges[:, :-1, None] + half) + half * _NODES).reshape(rows, -1)
    offset = points[:, None] - shift[..., None]
    density = np.exp(-_drop(family, offset, first[..., None], second[..., None]))
    by_panel = density.reshape(rows, arms, -1, _NODES.size)
    width = half[:, None, :, 0]
    panels = (by_panel @ _WEIGHTS) * width
    total = panels.sum(axis=-1, keepdims=True)
    panels /= total
    by_panel *= (width / total)[..., None]
    through = np.cumsum(panels, axis=-1)
    onward = np.cumsum(panels[..., ::-1], axis=-1)[..., ::-1]
    below = by_panel @ _FROM_LEFT
    below += (through - panels)[..., None]
    above = by_panel @ _FROM_RIGHT
    above += (onward - panels)[..., None]
    below[~present], above[~present] = 1.0, 0.0
    below, above = below.reshape(density.shape), above.reshape(density.shape)
    product, missing = _others(below, above)
    product *= density
    # Sums of the last bits may miss 0 and 1 by a hair.
    best = np.clip((product.reshape(by_panel.shape) @ _WEIGHTS).sum(axis=-1), 0.0, 1.0)
    missing *= below
    step = _jacobian(family, points, first, second) * (half * _WEIGHTS).reshape(rows, -1)
    loss = (missing @ step[..., None])[..., 0]
    return BestOf(np.where(present, best, np.nan), np.where(present, loss, np.nan))


def _jacobian(family: Family, points: Array, first: Array, second: Array) -> Array:
    """Return d(quantity)/d(working scale) at the points, which are relative to the first arm's mode."""
    if family is Family.LOGNORMAL:
        return np.exp(first[:, :1] + points)
    centre = np.log(first[:, :1]) - np.log(second[:, :1])
    if family is Family.GAMMA:
        return np.exp(centre + points)
    return special.expit(centre + points) * special.expit(-centre - points)


def best_of(family: Family, first: Array, second: Array, present: Mask) -> BestOf:
    """Compare arms exactly: P(best = j) = ∫ f_j Π F_i, loss_j = ∫ F_j (1 - Π F_i) dx over the others i.

    ``first``, ``second``: parameters of the family, (rows, arms), positive also where an arm is not
    ``present`` (where the results are NaN). Quickno's method, described in docs/statistics.md.

    >>> alpha, beta = np.array([[121.0, 141.0]]), np.array([[1081.0, 1061.0]])
    >>> arms = best_of(Family.BETA, alpha, beta, present=alpha > 0)
    >>> arms.probability_best.round(4)
    array([[0.0948, 0.9052]])
    """
    blocks = [
        _block(
            family,
            first[start : start + _BLOCK],
            second[start : start + _BLOCK],
            present[start : start + _BLOCK],
        )
        for start in range(0, first.shape[0], _BLOCK)
    ]
    return BestOf(
        np.concatenate([block.probability_best for block in blocks]),
        np.concatenate([block.expected_loss for block in blocks]),
    )


def _best(family: Family, first: Array, second: Array) -> BestOf:
    """Compare arms along the last axis."""
    rows = first.reshape(-1, first.shape[-1]), second.reshape(-1, first.shape[-1])
    result = best_of(family, *rows, np.ones(rows[0].shape, dtype=np.bool_))
    return BestOf(result.probability_best.reshape(first.shape), result.expected_loss.reshape(first.shape))


def beta_best(alpha: npt.ArrayLike, beta: npt.ArrayLike) -> BestOf:
    """Return who is best among independent Beta posteriors, (..., arms); by the integrals of ``best_of``.

    ``alpha``, ``beta``: at least 0.1.

    >>> beta_best([121, 141, 133], [1081, 1061, 1100]).probability_best.round(4)
    array([0.061 , 0.7281, 0.2109])
    """
    first, second = (
        at_least(name, values, SMALLEST_PARAMETER) for name, values in (("alpha", alpha), ("beta", beta))
    )
    same_shape(alpha=first, beta=second)
    return _best(Family.BETA, first, second)


def gamma_best(shape: npt.ArrayLike, rate: npt.ArrayLike) -> BestOf:
    """Return who is best among independent Gamma posteriors of rates, (..., arms); as ``best_of``.

    ``shape``: at least 0.1; ``rate``: in units of exposure, above 0.

    >>> gamma_best([32, 25], [2030.75, 2060.10]).probability_best.round(4)
    array([0.8387, 0.1613])
    """
    first, second = at_least("shape", shape, SMALLEST_PARAMETER), positive("rate", rate)
    same_shape(shape=first, rate=second)
    return _best(Family.GAMMA, first, second)


def gamma_beats(
    shape1: npt.ArrayLike, rate1: npt.ArrayLike, shape2: npt.ArrayLike, rate2: npt.ArrayLike
) -> Array:
    """Return P(λ₂ > λ₁) of two independent Gamma rates in closed form: I_{b₁/(b₁+b₂)}(a₁, a₂).

    Since b₁λ₁/(b₁λ₁ + b₂λ₂) is Beta(a₁, a₂): Johnson, Kotz & Balakrishnan, *Continuous Univariate
    Distributions*, vol. 2, §25.2.

    >>> float(gamma_beats(32, 2030.75, 25, 2060.10).round(4))
    0.1613
    """
    a1, b1 = positive("shape1", shape1), positive("rate1", rate1)
    a2, b2 = positive("shape2", shape2), positive("rate2", rate2)
    return np.asarray(special.betainc(a1, a2, b1 / (b1 + b2)))
