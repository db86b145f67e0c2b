"""Numbers as people say them: whole percents, words for better and worse, never 0 % or 100 % sure."""

from collections.abc import Mapping

from experiments.stats.forms import MetricForm, metric_form


class Figure(str):
    """A number as English writes it; another language may write it in its own way."""

    __slots__ = ()


class Said(str):
    """English that still knows what it was made of, so that whoever shows it can say it in another language.

    ``template`` has a name in braces for each of ``parts``. It is the text itself wherever a text is wanted.
    """

    __slots__ = ("parts", "template")
    template: str
    parts: Mapping[str, object]


def said(template: str, /, **parts: object) -> Said:
    """Fill in a template. Modules call it ``_``, by which the catalogue of translations finds the texts.

    >>> text = said("{share} cheaper", share=said("{number}%", number=Figure(23)))
    >>> text, text.template
    ('23% cheaper', '{share} cheaper')
    """
    text = Said(template.format(**parts))
    text.template, text.parts = template, parts
    return text


_ = said


def say_probability(probability: float) -> Said:
    """Say a probability with one decimal.

    >>> say_probability(0.8721), say_probability(1.0), say_probability(0.0002)
    ('87.2%', 'above 99.9%', 'below 0.1%')
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"probability is {probability}; it must be from 0 to 1.")
    if probability < 0.001:  # noqa: PLR2004 - what one decimal can say
        return _("below {share}", share=_percent("0.1"))
    if probability > 0.999:  # noqa: PLR2004
        return _("above {share}", share=_percent("99.9"))
    return _percent(f"{probability * 100:.1f}")


def say_share(fraction: float) -> Said:
    """Say the size of a difference: whole percents, one decimal below 1 %.

    >>> say_share(0.234), say_share(-0.004)
    ('23%', '0.4%')
    """
    size = abs(fraction)
    digits = 0 if size >= 0.00995 else 1  # noqa: PLR2004 - 1 % when rounded
    return _percent(f"{size * 100:.{digits}f}")


def say_lift(lift_relative: float, form: str) -> Said:
    """Say a relative difference of a metric.

    >>> say_lift(-0.23, "cost"), say_lift(0.117, "rate"), say_lift(14.0, "rate"), say_lift(0.0, "cost")
    ('23% cheaper', '12% higher', '15 times as high', 'no different')
    """
    is_cost, share = metric_form(form) is MetricForm.COST, say_share(lift_relative)
    if lift_relative >= 9:  # noqa: PLR2004 - beyond this percents stop helping
        times = Figure(f"{lift_relative + 1:,.0f}")
        if is_cost:
            return _("{times} times as costly", times=times)
        return _("{times} times as high", times=times)
    if abs(lift_relative) < 0.0005:  # noqa: PLR2004 - 0.0 % when rounded
        return _("no different")
    if lift_relative < 0:
        return _("{share} cheaper", share=share) if is_cost else _("{share} lower", share=share)
    return _("{share} costlier", share=share) if is_cost else _("{share} higher", share=share)


def say_range(low: float, high: float, form: str) -> Said:
    """Say an interval of relative differences as part of a sentence, the lower end first.

    >>> say_range(-0.52, 0.22, "cost"), say_range(0.02, 0.24, "rate")
    ('between 52% cheaper and 22% costlier', 'between 2% and 24% higher')
    """
    first, second = say_lift(low, form), say_lift(high, form)
    small, large = (say_share(size) for size in sorted((abs(low), abs(high))))
    kind = first.template if first.template == second.template else ""
    if small == large and "share" in second.parts and kind:
        return _("about {lift}", lift=second)
    match kind:
        case "{share} cheaper":
            return _("between {low} and {high} cheaper", low=small, high=large)
        case "{share} costlier":
            return _("between {low} and {high} costlier", low=small, high=large)
        case "{share} lower":
            return _("between {low} and {high} lower", low=small, high=large)
        case "{share} higher":
            return _("between {low} and {high} higher", low=small, high=large)
    return _("between {low} and {high}", low=first, high=second)


def say_interval(low: float, high: float, form: str) -> str:
    """Say an interval of relative differences as a sentence.

    >>> say_interval(-0.52, 0.22, "cost")
    'Between 52% cheaper and 22% costlier.'
    """
    text = say_range(low, high, form)
    return f"{text[0].upper()}{text[1:]}."


def _percent(number: str) -> Said:
    return _("{number}%", number=Figure(number))
