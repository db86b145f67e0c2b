"""Metrics in the words of the pages."""

from collections.abc import Sequence

from django.utils.translation import get_language

from experiments.choices import METRICS, Metric
from experiments.models import Campaign, KillCriterion
from experiments.models.sentences import retold_rule, sentence, unmarked
from workspaces.models import Event, Workspace
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
    return retold_rule(campaign, text)


def rules_told(events: Sequence[Event], *, workspace: Workspace) -> dict[str, str]:
    """The rules that events quote, each with its sentence in the reader's language; empty for English."""
    if get_language() == "en":
        return {}
    known = [event.data for event in events if isinstance(event.data, dict)]
    quoted = {str(data[key]) for data in known for key in ("rule", "reason") if data.get(key)}
    campaigns = {str(data["campaign"]) for data in known if data.get("campaign")}
    campaigns |= {event.subject_id for event in events if event.subject_type == "campaign"}
    if not quoted:
        return {}
    told = {}
    for rule in KillCriterion.objects.of(workspace).filter(campaign__key__in=campaigns):
        rule.workspace = workspace
        if rule.rule_text in quoted:
            told[rule.rule_text] = unmarked(sentence(rule, workspace.currency))
    return told
