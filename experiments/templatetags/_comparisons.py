"""Arms beside their control, in words and drawn."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.choices import Metric, MetricForm
from experiments.selectors.arm_rows import ArmRow
from experiments.templatetags import _drawings
from experiments.templatetags._words import metric_amount
from workspaces.models.spelling import in_figures
from workspaces.templatetags.quickno import sentence_case, whole_percent

# An expected loss below this would be told as none at all: of a share, and of anything else.
_LEAST_LOSS = {True: 0.00005, False: 0.005}


def interval_axis(rows: Sequence[ArmRow], metric: Metric) -> SafeString:
    worse, better = difference_words(metric)
    return _drawings.interval_axis(reach=_reach(rows), worse=worse, better=better)


def interval_row(rows: Sequence[ArmRow], row: ArmRow, metric: Metric) -> SafeString:
    label = _("Control") if row.is_control else interval_words(row, metric)
    return _drawings.interval(row.interval, reach=_reach(rows), label=label)


def _reach(rows: Sequence[ArmRow]) -> float:
    return _drawings.interval_reach([row.interval for row in rows if row.interval])


def difference_words(metric: Metric) -> tuple[str, str]:
    """The words for worse and better."""
    if metric.form == MetricForm.COST:
        return _("costlier"), _("cheaper")
    return _("lower"), _("higher")


def interval_words(row: ArmRow, metric: Metric) -> str:
    """``23% cheaper. Between 52% cheaper and 22% costlier.``"""
    interval = row.interval
    if interval is None:
        return _("not known yet")
    is_cost = metric.form == MetricForm.COST

    def told(share: float) -> str:
        if f"{abs(share):.0%}" == "0%":
            return _("no difference")
        return difference(abs(share), is_more=(share > 0) is not is_cost, is_cost=is_cost)

    return _("{value}. Between {high} and {low}.").format(
        value=sentence_case(told(interval.value)), high=told(interval.high), low=told(interval.low)
    )


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
