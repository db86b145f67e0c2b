"""Amounts whose scale depends on the metric beside them."""

from decimal import Decimal

from experiments.choices import GuardKey, Metric
from workspaces.forms import parse_money, parse_number, parse_share
from workspaces.models import Workspace
from workspaces.models.spelling import in_figures

METRIC_PLACES = 6
COUNT_PLACES = 4


def parse_metric_amount(text: str, *, metric: Metric, workspace: Workspace) -> Decimal:
    """A limit on the metric's own scale: money for a cost, a fraction for a rate typed as ``0.5%``."""
    if metric.is_money:
        return parse_money(text, workspace=workspace, places=METRIC_PLACES)
    return parse_share(text) if metric.is_share else parse_number(text, places=METRIC_PLACES)


def typed_metric_amount(amount: Decimal | None, *, metric: Metric) -> str:
    """The same amount as a person would type it."""
    if amount is None:
        return ""
    return f"{typed_amount(amount * 100)}%" if metric.is_share else typed_amount(amount)


def typed_amount(amount: Decimal) -> str:
    """A number as people type it in their language."""
    return in_figures(f"{amount.normalize():f}")


def parse_guard(text: str, *, key: GuardKey, workspace: Workspace) -> Decimal:
    """What a guard waits for: money for spend, a count for the rest."""
    if key == GuardKey.SPEND:
        return parse_money(text, workspace=workspace)
    places = COUNT_PLACES if key == GuardKey.CONVERSIONS else 0
    return parse_number(text, places=places, usual=0)
