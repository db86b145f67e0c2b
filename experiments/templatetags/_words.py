"""Metrics in the words of the pages."""

from django.utils.translation import get_language

from experiments.choices import METRICS, Metric
from experiments.models import Campaign
from experiments.models.sentences import sentence, unmarked
from workspaces.models.spelling import Number, in_currency, in_figures
from workspaces.templatetags.quickno import UNKNOWN, percent


def metric_amount(metric: Metric, value: Number | None, currency: str) -> str:
    """A measured value on the metric's own scale: ``$21.62``, ``0.42%``, ``2.41``."""
    if value is None:
        return str(UNKNOWN)
    if metric.is_money:
        return in_currency(value, currency)
    if metric.is_share:
        return percent(value)
    return in_figures(f"{float(value):,.2f}")


def metric_label(key: str) -> str:
    return str(METRICS[key].label) if key in METRICS else key


def rule_in_words(campaign: Campaign, text: str) -> str:
    """A stored text of this campaign: where it is one of its rules, in the language of the reader."""
    if not text or get_language() == "en":
        return text
    rules = {rule.rule_text: rule for rule in campaign.kill_criteria.all()}
    return unmarked(sentence(rules[text], campaign.workspace.currency)) if text in rules else text
