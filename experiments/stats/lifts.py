"""What a normal mixture for a log ratio says about a lift: chance, intervals, losses, evidence.

δ is the logarithm of the treatment's judged rate over the control's, judged so that higher is better: a cost
is judged as its events per unit of money, and its lift is e^(-δ) - 1.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, Mask, log_sum
from experiments.stats.forms import MetricForm
from experiments.stats.posterior import Family, Posterior

LEVEL: Final = 0.95
# The lift, in log units, that the always-valid mixture is tuned to.
ALWAYS_VALID_SPREAD: Final = 0.3
UNBELIEVABLE: Final = 50.0
# A step of Newton's method squares the relative error, so after one as small as this nothing is left of it.
SMALL_STEP: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every treatment against its control; (campaigns, arms), NaN in the control's column or if not known.

    Lifts and their intervals (95 %) are of the metric as people read it: a cost per lead with
    ``lift_relative`` -0.2 is 20 % cheaper. Chances and losses always mean "better".

    ``lift_relative``; ``lift_absolute`` (control's value x relative lift, in the metric's unit);
    ``chance_to_beat_control``; ``credible_low``, ``credible_high``: Bayesian bounds of the relative lift;
    ``expected_loss``, ``expected_loss_control``: given up on average by choosing the treatment, or by keeping
    the control, on the metric's scale (for a cost: events per unit of money); ``confidence_low``,
    ``confidence_high``, ``p_value``: frequentist, from two days on; ``always_valid_low``,
    ``always_valid_high``, ``log_e_value``: for unplanned looks, approximate; ``two_sided_p``: what planned
    looks compare with their boundary (see ``sequential.look_allows``); ``log_ratio`` θ and ``base_variance``
    V₀ of the judged rates, ``effective_days``, ``days`` that count, ``overdispersion`` φ. ``method``:
    ``paired_days`` or ``totals``.
    """

    lift_relative: Array
    lift_absolute: Array
    chance_to_beat_control: Array
    credible_low: Array
    credible_high: Array
    expected_loss: Array
    expected_loss_control: Array
    confidence_low: Array
    confidence_high: Array
    p_value: Array
    always_valid_low: Array
    always_valid_high: Array
    log_e_value: Array
    two_sided_p: Array
    log_ratio: Array
    base_variance: Array
    effective_days: Array
    days: npt.NDArray[np.int64]
    overdispersion: Array
    method: str


@dataclass(frozen=True, slots=True)
class LogRatio:
    """The summary of two arms; arrays (...), with an axis for the components of the mixture where it says so.

    Where ``known`` is False the other arrays hold harmless numbers.
    """

    known: Mask
    theta: Array
    base_variance: Array
    variance: Array  # (..., components)
    weights: Array  # (..., components)
    control_rate: Array  # the judged rate, NaN without exposure
    effective_days: Array
    days: npt.NDArray[np.int64]
    overdispersion: Array  # NaN below two days


def losses(posterior: Posterior) -> tuple[Array, Array]:
    """Return E[(1 - e^δ)⁺] and E[(e^δ - 1)⁺] of a normal mixture for δ: options on a lognormal (Black 1976).

    The second is NaN where an expectation is beyond e^50: there the normal says more than the data do.

    >>> flat = Posterior(np.array([Family.NORMAL]), np.ones((1, 1)), np.zeros((1, 1)), np.full((1, 1), 0.1))
    >>> [float(loss[0].round(4)) for loss in losses(flat)]
    [0.0375, 0.0425]
    """
    sd = posterior.second
    z = posterior.first / sd
    log_growth = posterior.first + sd**2 / 2
    choosing = special.ndtr(-z) - np.exp(log_growth + special.log_ndtr(-z - sd))
    believable = (log_growth < UNBELIEVABLE).all(axis=-1)
    growth = np.exp(np.minimum(log_growth, UNBELIEVABLE))
    keeping = growth * special.ndtr(z + sd) - special.ndtr(z)
    return (
        np.maximum((posterior.weights * choosing).sum(axis=-1), 0.0),
        np.where(believable, np.maximum((posterior.weights * keeping).sum(axis=-1), 0.0), np.nan),
    )


def lift_posterior(ratio: LogRatio, prior_sd: float | None) -> Posterior:
    """Return the posterior of δ under a flat prior, or under a normal one around no difference."""
    theta = np.broadcast_to(ratio.theta[..., None], ratio.variance.shape)
    family = np.where(ratio.known, Family.NORMAL, Family.UNKNOWN).astype(np.int8)
    if prior_sd is None:
        return Posterior(family, ratio.weights, theta, np.sqrt(ratio.variance))
    if not 0 < prior_sd < math.inf:
        raise ValueError(f"lift_prior_sd is {prior_sd}; it must be above 0 and finite.")
    total = ratio.variance + prior_sd**2
    logs = np.log(ratio.weights) - 0.5 * (np.log(total) + theta**2 / total)
    kept = prior_sd**2 / total
    return Posterior(family, log_sum(logs)[1], theta * kept, np.sqrt(ratio.variance * kept))


def _half_width(ratio: LogRatio) -> Array:
    """Return q with Σ w Φ(q/√V) = (1 + level)/2: the credible interval under a flat prior is θ ± q."""
    share = (1 + LEVEL) / 2
    per_sd = 1 / np.sqrt(ratio.variance)
    weighted = ratio.weights * per_sd
    # By Jensen's inequality q is not less than this, and the sum is concave in q: Newton comes up from the
    # left without overshooting.
    width: Array = special.ndtri(share) / weighted.sum(axis=-1)
    for _ in range(100):
        z = width[..., None] * per_sd
        density = (weighted * np.exp(-(z**2) / 2)).sum(axis=-1) / math.sqrt(2 * math.pi)
        step = (share - (ratio.weights * special.ndtr(z)).sum(axis=-1)) / density
        width = width + step
        if (np.abs(step) <= SMALL_STEP * width).all():
            break
    return width


def _always_valid(ratio: LogRatio) -> tuple[Array, Array]:
    """Return ln e against no difference, and how far from θ the e-value reaches 1/(1 - level).

    Robbins 1970: a normal mixture over the lift for each component's variance.
    """
    goal = -math.log1p(-LEVEL)
    total = ratio.variance + ALWAYS_VALID_SPREAD**2
    with np.errstate(divide="ignore"):
        intercept = np.log(ratio.weights) + 0.5 * np.log(ratio.variance / total)
    slope = ALWAYS_VALID_SPREAD**2 / (2 * ratio.variance * total)
    # ln e is convex and grows in the squared distance: Newton from the right comes down without overshooting.
    squared = ((goal - intercept) / slope).min(axis=-1)
    for _ in range(60):
        log_e, shares = log_sum(intercept + slope * squared[..., None])
        step = (log_e - goal) / (shares * slope).sum(axis=-1)
        squared = squared - step
        if (np.abs(step) <= SMALL_STEP * squared).all():
            break
    log_e, _ = log_sum(intercept + slope * np.square(ratio.theta)[..., None])
    return log_e, np.sqrt(np.maximum(squared, 0.0))


def describe(
    form: MetricForm,
    ratio: LogRatio,
    *,
    half_width: Array,
    p_value: Array,
    method: str,
    prior_sd: float | None = None,
) -> Comparison:
    """Turn the summary of two arms into everything a comparison says.

    ``half_width``: of the frequentist interval on the log scale; ``p_value``: its test; both NaN where not
    known.
    """
    known = np.where(ratio.known, 0.0, np.nan)
    sign = -1.0 if form is MetricForm.COST else 1.0
    theta = ratio.theta

    def lift(log_lift: Array) -> Array:
        # Beyond e^700 a bound is as good as none.
        return np.expm1(np.minimum(log_lift, 700.0)) + known

    def ends(low: Array, high: Array) -> tuple[Array, Array]:
        return (lift(-high), lift(-low)) if form is MetricForm.COST else (lift(low), lift(high))

    posterior = lift_posterior(ratio, prior_sd)
    if prior_sd is None:
        credible_reach = _half_width(ratio)
        credible_low, credible_high = ends(theta - credible_reach, theta + credible_reach)
    else:
        credible_low, credible_high = ends(*posterior.interval(LEVEL))
    confidence_low, confidence_high = ends(theta - half_width, theta + half_width)
    log_e, reach = _always_valid(ratio)
    always_low, always_high = ends(theta - reach, theta + reach)
    loss, loss_control = losses(posterior)
    middle = sign * theta if prior_sd is None else sign * (posterior.weights * posterior.first).sum(axis=-1)
    rate = np.where(ratio.known, ratio.control_rate, np.nan)
    value = 1 / rate if form is MetricForm.COST else rate
    relative = lift(middle)
    z = np.abs(theta)[..., None] / np.sqrt(ratio.variance)
    return Comparison(
        lift_relative=relative,
        lift_absolute=relative * value,
        chance_to_beat_control=posterior.sides(0.0)[1],
        credible_low=credible_low,
        credible_high=credible_high,
        expected_loss=loss * rate,
        expected_loss_control=loss_control * rate,
        confidence_low=confidence_low,
        confidence_high=confidence_high,
        p_value=p_value + known,
        always_valid_low=always_low,
        always_valid_high=always_high,
        log_e_value=log_e + known,
        two_sided_p=np.minimum(2 * (ratio.weights * special.ndtr(-z)).sum(axis=-1), 1.0) + known,
        log_ratio=theta + known,
        base_variance=ratio.base_variance + known,
        effective_days=ratio.effective_days + known,
        days=ratio.days,
        overdispersion=ratio.overdispersion + known,
        method=method,
    )
