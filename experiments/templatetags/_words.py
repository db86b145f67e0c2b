"""Metrics in the words of the pages."""

from collections.abc import Iterable, Sequence

from django.utils.translation import get_language

from experiments.choices import Metric
from experiments.models import Campaign, KillCriterion
from experiments.models.sentences import retold_rule, sentence, unmarked
from experiments.models.team_words import words_of
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


def rule_in_words(campaign: Campaign, text: str) -> str:
    """A stored text of this campaign: where it is one of its rules, in the words of its reader."""
    return retold_rule(campaign, text)


def rules_told(
    events: Sequence[Event], *, workspace: Workspace, at_hand: Iterable[Campaign] = ()
) -> dict[str, str]:
    """The rules that events quote, each in the words of its reader where those are others.

    ``at_hand``: campaigns that have been read with their hypotheses and the rules in force. They are not read
    again for English, in which a rule that was amended since reads well as it was kept.
    """
    known = [event.data for event in events if isinstance(event.data, dict)]
    quoted = {str(data[key]) for data in known for key in ("rule", "reason") if data.get(key)}
    if not quoted:
        return {}
    keys = {str(data["campaign"]) for data in known if data.get("campaign")}
    keys |= {event.subject_id for event in events if event.subject_type == "campaign"}
    rules: list[KillCriterion] = []
    if get_language() == "en":
        for campaign in at_hand:
            keys.discard(campaign.key)
            rules += campaign.kill_criteria.all()
            for rule in campaign.kill_criteria.all():
                rule.campaign = campaign
    if keys:
        others = KillCriterion.objects.of(workspace).filter(campaign__key__in=keys)
        rules += others.select_related("campaign__hypothesis")
    told = {}
    for rule in rules:
        rule.workspace = workspace
        if rule.rule_text in quoted:
            words = words_of(rule.campaign.hypothesis, workspace)
            told[rule.rule_text] = unmarked(sentence(rule, workspace.currency, words=words))
    return told
