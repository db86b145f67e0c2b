"""Amounts whose scale depends on the metric beside them."""

from decimal import Decimal

from experiments.choices import GuardKey, Metric
from workspaces.forms import parse_money, parse_number, parse_share
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency, in_figures, limit_in_currency

METRIC_PLACES = 6
COUNT_PLACES = 4
_GROUP = 3


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


def shown_limit(amount: Decimal | None, *, metric: Metric, workspace: Workspace) -> str:
    """The same where it stands within a sentence: money with its currency."""
    if amount is None or not metric.is_money:
        return typed_metric_amount(amount, metric=metric)
    return limit_in_currency(amount, workspace.currency)


def shown_guard(amount: Decimal, *, key: str, workspace: Workspace) -> str:
    if key != GuardKey.SPEND:
        return typed_amount(amount)
    # Without decimals, a group of three digits could be taken for those of a currency that has three.
    is_whole = amount == round(amount) and workspace.currency_exponent < _GROUP
    return in_currency(amount, workspace.currency, whole=is_whole)


def parse_guard(text: str, *, key: GuardKey, workspace: Workspace) -> Decimal:
    """What a guard waits for: money for spend, a count for the rest."""
    if key == GuardKey.SPEND:
        return parse_money(text, workspace=workspace)
    places = COUNT_PLACES if key == GuardKey.CONVERSIONS else 0
    return parse_number(text, places=places, usual=0)
