"""Metrics in the words of the pages."""

from collections import Counter
from collections.abc import Iterable, Sequence

from experiments.choices import Metric
from experiments.models import Campaign, KillCriterion
from experiments.models.sentences import retold_rule, sentence, unmarked
from experiments.models.team_words import words_of
from workspaces.choices import EventKind
from workspaces.models import Event, Workspace
from workspaces.models.spelling import Number, in_currency, in_figures
from workspaces.templatetags.feed import Retelling
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


def retold_events(
    events: Sequence[Event], *, workspace: Workspace, at_hand: Iterable[Campaign] = ()
) -> Retelling:
    """The rules that events quote, and what is restated of campaigns, in the words of whoever reads.

    ``at_hand``: campaigns that have been read with their hypotheses and the rules in force. They are not read
    again: a rule that was amended since reads as it was kept.
    """
    known = [event.data for event in events if isinstance(event.data, dict)]
    quoted = {str(data[key]) for data in known for key in ("rule", "reason") if data.get(key)}
    restated = {event.subject_id for event in events if event.kind == EventKind.METRICS_RESTATED}
    keys = set(restated)
    if quoted:
        keys |= {event.campaign_key for event in events if event.campaign_key}
    rules: list[KillCriterion] = []
    usual = words_of(None, workspace).several
    conversions = dict.fromkeys(restated, usual)
    for campaign in at_hand:
        if campaign.key not in keys:
            continue
        keys.discard(campaign.key)
        conversions[campaign.key] = words_of(campaign.hypothesis, workspace).several
        rules += campaign.kill_criteria.all()
        for rule in campaign.kill_criteria.all():
            rule.campaign = campaign
    if keys:
        # What somebody planned has rules, and what nobody did has no word of its own.
        others = KillCriterion.objects.of(workspace).filter(campaign__key__in=keys)
        rules += others.select_related("campaign__hypothesis")
    told = {}
    for rule in rules:
        rule.workspace = workspace
        words = words_of(rule.campaign.hypothesis, workspace)
        conversions[rule.campaign.key] = words.several
        if quoted and rule.rule_text in quoted:
            told[rule.rule_text] = unmarked(sentence(rule, workspace.currency, words=words))
    return Retelling(rules=told, conversions=conversions, repeating=_repeating(events))


def _repeating(events: Sequence[Event]) -> frozenset[int]:
    """Those that quote a rule which an earlier one of them tells, where "its rule" can mean no other."""
    told: dict[tuple[str, str], int] = {}
    quoting = [event for event in events if isinstance(event.data, dict) and event.campaign_key]
    for event in sorted(quoting, key=lambda event: event.pk):
        if rule := event.data.get("rule"):
            told.setdefault((event.campaign_key, str(rule)), event.pk)
    rules = Counter(campaign for campaign, _rule in told)
    return frozenset(
        event.pk
        for event in quoting
        if rules[event.campaign_key] == 1
        for quoted in (event.data.get("rule") or event.data.get("reason"),)
        if told.get((event.campaign_key, str(quoted)), event.pk) < event.pk
    )
