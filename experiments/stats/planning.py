"""Before launch: how much exposure a comparison needs, and what it can detect."""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from experiments.stats.arrays import Array, non_negative, open_fraction, positive
from experiments.stats.forms import MetricForm, metric_form

Method = Literal["unpooled", "pooled_null", "arcsine"]

# Spread of one arm's days around what all arms share: the centre of the prior of R5.
USUAL_INTERACTION: Final = 0.07


def _quantiles(alpha: float, power: float) -> tuple[float, float]:
    return (
        -float(special.ndtri(open_fraction("alpha", alpha) / 2)),
        float(special.ndtri(open_fraction("power", power))),
    )


def _rates(form: MetricForm, value: npt.ArrayLike, mde_relative: npt.ArrayLike) -> tuple[Array, Array]:
    """Return the judged rates without and with the effect: events per exposure, or per unit of money."""
    base, effect = positive("value", value), positive("mde_relative", mde_relative)
    if form is MetricForm.VALUE:
        raise ValueError("form is 'value'; plan it by the cost of an order.")
    if form is MetricForm.COST:
        if (effect >= 1).any():
            raise ValueError("mde_relative must lie below 1; nothing gets cheaper by 100 %.")
        return 1 / base, 1 / (base * (1 - effect))
    better = base * (1 + effect)
    if (better >= 1).any():
        raise ValueError("value x (1 + mde_relative) must lie below 1; it is a share.")
    return base, better


def design_effect(events_per_day: npt.ArrayLike, interaction_sd: npt.ArrayLike = USUAL_INTERACTION) -> Array:
    """Return how many times more exposure it takes because arms react differently to days.

    Kish 1965, *Survey Sampling*, §5.4, for days as clusters: 1 + events per day and arm x their log variance.

    >>> float(design_effect(300, 0.05))
    1.75
    """
    spread = non_negative("interaction_sd", interaction_sd)
    return np.asarray(1 + non_negative("events_per_day", events_per_day) * spread**2)


def sample_size(
    form: str,
    value: npt.ArrayLike,
    mde_relative: npt.ArrayLike,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    method: Method = "unpooled",
) -> Array:
    """Return the exposure that each of two arms needs, before the design effect.

    Agresti, *Categorical Data Analysis*, 3rd ed., §3.6 (``unpooled``); Fleiss, Levin & Paik 2003, eq. 4.14
    (``pooled_null``); Cohen 1988, ch. 6 (``arcsine``). Two-sided; the far tail is ignored. For a cost the
    exposure is money, counts are Poisson, and the effect is that it is ``mde_relative`` cheaper.

    >>> float(sample_size("rate", 0.01, 0.15).round(1))
    74190.2
    """
    kind = metric_form(form)
    first, second = _rates(kind, value, mde_relative)
    z_alpha, z_power = _quantiles(alpha, power)
    if method == "arcsine":
        if kind is MetricForm.COST:
            raise ValueError("method is 'arcsine', which is for shares; a cost takes 'unpooled'.")
        distance = 2 * (np.arcsin(np.sqrt(second)) - np.arcsin(np.sqrt(first)))
        return np.asarray(2 * ((z_alpha + z_power) / distance) ** 2)
    share = 1.0 if kind is MetricForm.RATE else 0.0
    spread = first * (1 - share * first) + second * (1 - share * second)
    middle = (first + second) / 2
    if method == "pooled_null":
        null = 2 * middle * (1 - share * middle)
        needed = (z_alpha * np.sqrt(null) + z_power * np.sqrt(spread)) ** 2
    elif method == "unpooled":
        needed = (z_alpha + z_power) ** 2 * spread
    else:
        raise ValueError(f"method is {method!r}; it must be 'unpooled', 'pooled_null' or 'arcsine'.")
    return np.asarray(needed / (second - first) ** 2)


def detectable_lift(
    form: str,
    value: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    days: float,
    interaction_sd: float = USUAL_INTERACTION,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Array:
    """Return the smallest relative effect that each arm's ``exposure`` over all days is likely to show.

    The inverse of ``sample_size`` (unpooled) after the design effect, by the quadratic that it solves. For a
    rate how much higher, for a cost how much cheaper; NaN where no share below 1 could be told from it.

    >>> float(detectable_lift("rate", 0.01, 74190.2275, days=5, interaction_sd=0.0).round(4))
    0.15
    """
    kind = metric_form(form)
    base, size = positive("value", value), positive("exposure", exposure)
    if kind is MetricForm.VALUE:
        raise ValueError("form is 'value'; plan it by the cost of an order.")
    length = float(positive("days", days))
    rate = 1 / base if kind is MetricForm.COST else base
    effective = size / design_effect(size * rate / length, interaction_sd)
    z2 = sum(_quantiles(alpha, power)) ** 2
    # effective·(r₂ - r₁)² = z²·(var(r₁) + var(r₂)) is quadratic in r₂; its larger root is the better rate.
    share = 0.0 if kind is MetricForm.COST else 1.0
    a = effective + share * z2
    half_b = effective * rate + z2 / 2
    c = effective * rate**2 - z2 * rate * (1 - share * rate)
    better = (half_b + np.sqrt(half_b**2 - a * c)) / a
    if kind is MetricForm.COST:
        return np.asarray(1 - rate / better)
    return np.asarray(np.where(better < 1, better / rate - 1, np.nan))


def days_needed(
    form: str,
    value: npt.ArrayLike,
    mde_relative: npt.ArrayLike,
    exposure_per_day: npt.ArrayLike,
    *,
    interaction_sd: float = USUAL_INTERACTION,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Array:
    """Return the days until the comparison can tell, a fraction; ``exposure_per_day`` is of one arm.

    ``sample_size`` (unpooled) times ``design_effect``, with the sources of both.

    >>> float(days_needed("rate", 0.01, 0.15, 30000, interaction_sd=0.05).round(3))
    4.328
    """
    kind = metric_form(form)
    daily = positive("exposure_per_day", exposure_per_day)
    size = sample_size(kind, value, mde_relative, alpha=alpha, power=power)
    rate = _rates(kind, value, mde_relative)[0]
    return np.asarray(size * design_effect(daily * rate, interaction_sd) / daily)
