"""Arms beside their control, in words and drawn."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.choices import Metric, MetricForm
from experiments.models.sentences import retold
from experiments.models.team_words import TeamWords
from experiments.selectors.arm_rows import ArmRow, Gap, Lack
from experiments.stats.words import say_lift, say_range
from experiments.templatetags import _drawings
from experiments.templatetags._words import metric_amount
from workspaces.models.spelling import in_figures
from workspaces.templatetags.quickno import sentence_case, whole_percent

# An expected loss below this would be told as none at all: of a share, and of anything else.
_LEAST_LOSS = {True: 0.00005, False: 0.005}


def interval_axis(rows: Sequence[ArmRow], metric: Metric) -> SafeString:
    worse, better = difference_words(metric)
    return _drawings.interval_axis(reach=_reach(rows), worse=worse, better=better)


def interval_row(rows: Sequence[ArmRow], row: ArmRow, metric: Metric, words: TeamWords) -> SafeString:
    label = _("Control") if row.is_control else interval_words(row, metric, words)
    return _drawings.interval(row.interval, is_control=row.is_control, reach=_reach(rows), label=label)


def _reach(rows: Sequence[ArmRow]) -> float:
    return _drawings.interval_reach([row.interval for row in rows if row.interval])


def difference_words(metric: Metric) -> tuple[str, str]:
    """The words for worse and better."""
    if metric.form == MetricForm.COST:
        return _("costlier"), _("cheaper")
    return _("lower"), _("higher")


def interval_words(row: ArmRow, metric: Metric, words: TeamWords) -> str:
    """``23% cheaper. Between 52% cheaper and 22% costlier.``, or why it cannot be said."""
    comparison = row.comparison
    if comparison is None or row.interval is None:
        unknown = _("Not known yet.")
        return f"{unknown} {gap_words(row.why_not_compared, words)}" if row.why_not_compared else unknown
    lift = say_lift(comparison["lift_relative"], metric.form)
    span = say_range(comparison["credible_low"], comparison["credible_high"], metric.form)
    return f"{sentence_case(retold(lift))}. {sentence_case(retold(span))}."


def gap_words(gap: Gap, words: TeamWords) -> str:
    """``Founder has no trials yet.``"""
    sentence = {
        Lack.REPORT: _("Nothing is reported yet of {arm} that this could be worked out of."),
        Lack.CLOSED_DAY: _("No day of {arm} has closed yet."),
        Lack.OLDER_DAY: _("No day of {arm} counts yet: most of what comes late is still to come."),
        Lack.COUNTED_DAY: _("No day of {arm} counts yet."),
        Lack.MEASURE: _("{arm} has no {measure} yet."),
        Lack.COMMON_DAY: _("{arm} and the control have no day in common yet that counts."),
    }[gap.lack]
    return sentence.format(arm=gap.arm.name, measure=words.measure(gap.measure) if gap.measure else "")


def expected_loss(row: ArmRow, metric: Metric, currency: str) -> str:
    """What choosing the arm gives up on average: ``$0.68``, ``0.02 points`` of a rate."""
    loss = row.expected_loss
    if loss is not None and 0 < loss < _LEAST_LOSS[metric.is_share]:
        return _("next to nothing")
    if loss is None or not metric.is_share:
        return metric_amount(metric, loss, currency)
    return _("{points} points").format(points=in_figures(f"{loss * 100:.2f}"))


def difference(size: float, *, is_more: bool, is_cost: bool) -> str:
    """``20% costlier``, ``10% lower``."""
    share = whole_percent(size)
    if is_cost:
        words = _("{share} costlier") if is_more else _("{share} cheaper")
    else:
        words = _("{share} higher") if is_more else _("{share} lower")
    return words.format(share=share)
