"""A kill criterion as the one sentence that everybody reads; ``**…**`` marks what somebody filled in.

All of it is said in the language that is active.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from experiments.choices import (
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
)
from experiments.models.team_words import USUAL_WORDS, TeamWords, Word, words_of
from experiments.stats.words import Figure, Said
from workspaces.models.spelling import in_figures, in_percent, limit_in_currency, round_in_currency

if TYPE_CHECKING:
    from experiments.models.campaign import Campaign
    from experiments.models.criterion import KillCriterion


def metric_limit(metric: Metric, limit: Decimal, currency: str) -> str:
    """A limit as it was chosen: ``$18.00``, ``0.5%``, ``2.5``; no digit of it is lost."""
    if metric.is_money:
        return limit_in_currency(limit, currency)
    return percent_of(limit) if metric.is_share else plain(limit)


def condition(
    criterion: "KillCriterion",
    currency: str,
    *,
    probably: bool | None = None,
    words: TeamWords = USUAL_WORDS,
) -> str:
    """``a conversion probably costs more than **$18.00**``, a clause after “when” or “that”.

    ``probably``: whether it says that it is no more than that; by default, where its evidence is probable.
    """
    metric = criterion.metric_definition
    limit = f"**{metric_limit(metric, criterion.threshold, currency)}**"
    if probably is None:
        probably = criterion.evidence == EvidenceKind.PROBABLE
    is_above = criterion.comparator == Comparator.ABOVE
    if metric.form != MetricForm.COST:
        template = {
            (True, True): _("{metric} is probably above {limit}"),
            (True, False): _("{metric} is above {limit}"),
            (False, True): _("{metric} is probably below {limit}"),
            (False, False): _("{metric} is below {limit}"),
        }[is_above, probably]
        return template.format(metric=words.the(metric), limit=limit)
    if metric.per > 1:
        template = {
            (True, True): _("1,000 impressions probably cost more than {limit}"),
            (True, False): _("1,000 impressions cost more than {limit}"),
            (False, True): _("1,000 impressions probably cost less than {limit}"),
            (False, False): _("1,000 impressions cost less than {limit}"),
        }[is_above, probably]
        return template.format(limit=limit)
    if words.is_named(metric.events):
        template = {
            (True, True): pgettext("the team's own word", "{one} probably costs more than {limit}"),
            (True, False): pgettext("the team's own word", "{one} costs more than {limit}"),
            (False, True): pgettext("the team's own word", "{one} probably costs less than {limit}"),
            (False, False): pgettext("the team's own word", "{one} costs less than {limit}"),
        }[is_above, probably]
        return template.format(one=words.one_of(metric.events), limit=limit)
    template = {
        (True, True): _("{one} probably costs more than {limit}"),
        (True, False): _("{one} costs more than {limit}"),
        (False, True): _("{one} probably costs less than {limit}"),
        (False, False): _("{one} costs less than {limit}"),
    }[is_above, probably]
    return template.format(one=words.one_of(metric.events), limit=limit)


def guard_amount(key: str, amount: object, currency: str) -> str:
    """``$1,500`` for spend, ``300`` for clicks."""
    number = Decimal(str(amount))
    if key == GuardKey.SPEND:
        return round_in_currency(number, currency)
    return in_figures(f"{number.normalize():,f}")


def floor(criterion: "KillCriterion", currency: str, *, words: TeamWords = USUAL_WORDS) -> str:
    """``**$1,500** of spend and **300** clicks``; empty without a guard."""
    text = ""
    for key, need in criterion.guards.items():
        amount = f"**{guard_amount(key, need, currency)}**"
        if key == GuardKey.SPEND:
            part = _("{amount} of spend").format(amount=amount)
        else:
            part = f"{amount} {words.guard(key)}"
        text = _("{guards} and {guard}").format(guards=text, guard=part) if text else part
    return text


def sentence(criterion: "KillCriterion", currency: str, *, words: TeamWords = USUAL_WORDS) -> str:
    """The whole rule, with ``**`` around what was filled in."""
    is_arm = criterion.level == CriterionLevel.ARM
    opening = {
        CriterionAction.PAUSE: _("Stop an arm when in it {condition}")
        if is_arm
        else _("Pause the campaign when {condition}"),
        CriterionAction.ASK: _("Ask us about an arm when in it {condition}")
        if is_arm
        else _("Ask us to stop the campaign when {condition}"),
        CriterionAction.TELL: _("Tell us when in an arm {condition}")
        if is_arm
        else _("Tell us when {condition}"),
    }[CriterionAction(criterion.action)].format(condition=condition(criterion, currency, words=words))
    guards = floor(criterion, currency, words=words)
    if guards:
        is_one = set(criterion.guards) == {GuardKey.SPEND}
        once = _("{rule}, once {guards} is in") if is_one else _("{rule}, once {guards} are in")
        opening = once.format(rule=opening, guards=guards)
    sure = _("**{percent} sure**").format(percent=percent_of(criterion.confidence))
    ending = {
        EvidenceKind.PROBABLE: _("{rule} and we are {sure}."),
        EvidenceKind.ALWAYS_VALID: _("{rule} and we are {sure}, however often we look."),
        EvidenceKind.OBSERVED: _("{rule}, as the number stands."),
        EvidenceKind.OBSERVED_MARGIN: _("{rule}, by more than {margin}."),
    }[EvidenceKind(criterion.evidence)]
    return ending.format(rule=opening, sure=sure, margin=f"**{percent_of(Decimal('0.1'))}**")


def unmarked(text: str) -> str:
    """The same words where nothing can be bold: in events, e-mails and REST."""
    return text.replace("**", "")


def percent_of(share: Decimal | float) -> str:
    """``0.5%``, as it was chosen."""
    return in_percent(f"{(Decimal(str(share)) * 100).normalize():f}")


def plain(number: Decimal) -> str:
    """A number as it was chosen, without zeros at its end."""
    return in_figures(f"{number.normalize():f}")


def retold(text: object, words: TeamWords = USUAL_WORDS) -> str:
    """What the statistics said, in the language that is active; any other text as it is."""
    if isinstance(text, Said):
        return _(text.template).format(**{name: retold(part, words) for name, part in text.parts.items()})
    if isinstance(text, Word):
        return text.said_in(words)
    return in_figures(text) if isinstance(text, Figure) else str(text)


def retold_rule(campaign: "Campaign", text: str) -> str:
    """A stored text of this campaign: where it is one of its rules, in the words of whoever reads it."""
    words = words_of(campaign.hypothesis, campaign.workspace)
    if not text or (get_language() == "en" and words == USUAL_WORDS):
        return text
    for rule in campaign.kill_criteria.all():
        rule.workspace = campaign.workspace
        if rule.rule_text == text:
            return unmarked(sentence(rule, campaign.workspace.currency, words=words))
    return text
