"""Numbers as people say them: whole percents, words for better and worse, never 0 % or 100 % sure."""

from experiments.stats.forms import MetricForm, metric_form

_WORDS = {
    MetricForm.COST: ("cheaper", "costlier"),
    MetricForm.RATE: ("lower", "higher"),
    MetricForm.VALUE: ("lower", "higher"),
}


def say_probability(probability: float) -> str:
    """Say a probability with one decimal.

    >>> say_probability(0.8721), say_probability(1.0), say_probability(0.0002)
    ('87.2%', 'above 99.9%', 'below 0.1%')
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"probability is {probability}; it must be from 0 to 1.")
    if probability < 0.001:  # noqa: PLR2004 - what one decimal can say
        return "below 0.1%"
    if probability > 0.999:  # noqa: PLR2004
        return "above 99.9%"
    return f"{probability:.1%}"


def say_share(fraction: float) -> str:
    """Say the size of a difference: whole percents, one decimal below 1 %.

    >>> say_share(0.234), say_share(-0.004)
    ('23%', '0.4%')
    """
    size = abs(fraction)
    return f"{size:.0%}" if size >= 0.00995 else f"{size:.1%}"  # noqa: PLR2004 - 1 % when rounded


def say_lift(lift_relative: float, form: str) -> str:
    """Say a relative difference of a metric.

    >>> say_lift(-0.23, "cost"), say_lift(0.117, "rate"), say_lift(14.0, "rate"), say_lift(0.0, "cost")
    ('23% cheaper', '12% higher', '15 times as high', 'no different')
    """
    lower, higher = _WORDS[metric_form(form)]
    if lift_relative >= 9:  # noqa: PLR2004 - beyond this percents stop helping
        return f"{lift_relative + 1:,.0f} times as {'costly' if higher == 'costlier' else 'high'}"
    if abs(lift_relative) < 0.0005:  # noqa: PLR2004 - 0.0 % when rounded
        return "no different"
    return f"{say_share(lift_relative)} {lower if lift_relative < 0 else higher}"


def say_range(low: float, high: float, form: str) -> str:
    """Say an interval of relative differences as part of a sentence, the better end first for a cost.

    >>> say_range(-0.52, 0.22, "cost"), say_range(0.02, 0.24, "rate")
    ('between 52% cheaper and 22% costlier', 'between 2% and 24% higher')
    """
    first, second = say_lift(low, form), say_lift(high, form)
    share, _, word = first.partition(" ")
    if second.endswith(f"% {word}"):
        small, large = sorted((abs(low), abs(high)))
        share = say_share(small)
        if share == say_share(large):
            return f"about {second}"
        return f"between {share} and {say_share(large)} {word}"
    return f"between {first} and {second}"


def say_interval(low: float, high: float, form: str) -> str:
    """Say an interval of relative differences as a sentence.

    >>> say_interval(-0.52, 0.22, "cost")
    'Between 52% cheaper and 22% costlier.'
    """
    text = say_range(low, high, form)
    return f"{text[0].upper()}{text[1:]}."
