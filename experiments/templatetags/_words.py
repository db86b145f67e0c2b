"""Metrics in the words of the pages."""

from experiments.choices import METRICS, Metric
from workspaces.models.spelling import Number, in_currency
from workspaces.templatetags.quickno import UNKNOWN, percent


def metric_amount(metric: Metric, value: Number | None, currency: str) -> str:
    """A measured value on the metric's own scale: ``$21.62``, ``0.42%``, ``2.41``."""
    if value is None:
        return str(UNKNOWN)
    if metric.is_money:
        return in_currency(value, currency)
    return percent(value) if metric.is_share else f"{float(value):,.2f}"


def metric_label(key: str) -> str:
    return str(METRICS[key].label) if key in METRICS else key
