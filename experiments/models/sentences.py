"""A kill criterion as the one sentence that everybody reads; ``**…**`` marks what somebody filled in."""

from decimal import Decimal
from typing import TYPE_CHECKING

from experiments.choices import (
    MEASURES,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
)
from workspaces.models.spelling import limit_in_currency, round_in_currency

if TYPE_CHECKING:
    from experiments.models.criterion import KillCriterion

# What one of each counted thing is called, where dropping the plural's "s" is not enough.
_SINGULAR = {
    "impressions": "impression",
    "opportunities": "opportunity",
    "sales_qualified_leads": "sales-qualified lead",
    "marketing_qualified_leads": "marketing-qualified lead",
}


def one_of(measure: str) -> str:
    """``a conversion``, ``an opportunity``."""
    noun = _SINGULAR.get(measure) or str(MEASURES[measure].label).removesuffix("s")
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def metric_limit(metric: Metric, limit: Decimal, currency: str) -> str:
    """A limit as it was chosen: ``$18.00``, ``0.5%``, ``2.5``; no digit of it is lost."""
    if metric.is_money:
        return limit_in_currency(limit, currency)
    return _percent(limit) if metric.is_share else _plain(limit)


def condition(criterion: "KillCriterion", currency: str) -> str:
    """``a conversion probably costs more than **$18.00**``."""
    metric = criterion.metric_definition
    limit = f"**{metric_limit(metric, criterion.threshold, currency)}**"
    probably = "probably " if criterion.evidence == EvidenceKind.PROBABLE else ""
    is_above = criterion.comparator == Comparator.ABOVE
    if metric.form == MetricForm.COST:
        subject = "1,000 impressions" if metric.per > 1 else one_of(metric.events)
        verb = "cost" if metric.per > 1 else "costs"
        return f"{subject} {probably}{verb} {'more' if is_above else 'less'} than {limit}"
    return f"the {metric.label} is {probably}{'above' if is_above else 'below'} {limit}"


def guard_amount(key: str, amount: object, currency: str) -> str:
    """``$1,500`` for spend, ``300`` for clicks."""
    number = Decimal(str(amount))
    if key == GuardKey.SPEND:
        return round_in_currency(number, currency)
    return f"{number.normalize():,f}"


def floor(criterion: "KillCriterion", currency: str) -> str:
    """``**$1,500** of spend and **300** clicks``; empty without a guard."""
    parts = []
    for key, need in criterion.guards.items():
        amount = f"**{guard_amount(key, need, currency)}**"
        label = GuardKey(key).label
        parts.append(f"{amount} of spend" if key == GuardKey.SPEND else f"{amount} {label}")
    return " and ".join(parts)


def sentence(criterion: "KillCriterion", currency: str) -> str:
    """The whole rule, with ``**`` around what was filled in."""
    is_arm = criterion.level == CriterionLevel.ARM
    opening = {
        CriterionAction.PAUSE: "Stop an arm when in it" if is_arm else "Pause the campaign when",
        CriterionAction.ASK: "Ask us about an arm when in it"
        if is_arm
        else "Ask us to stop the campaign when",
        CriterionAction.TELL: "Tell us when in an arm" if is_arm else "Tell us when",
    }[CriterionAction(criterion.action)]
    sure = f"**{_percent(criterion.confidence)} sure**"
    ending = {
        EvidenceKind.PROBABLE: f" and we are {sure}",
        EvidenceKind.ALWAYS_VALID: f" and we are {sure}, however often we look",
        EvidenceKind.OBSERVED: ", as the number stands",
        EvidenceKind.OBSERVED_MARGIN: ", by more than **10%**",
    }[EvidenceKind(criterion.evidence)]
    guards = floor(criterion, currency)
    are = "is" if guards.endswith("of spend") and " and " not in guards else "are"
    once = f", once {guards} {are} in" if guards else ""
    return f"{opening} {condition(criterion, currency)}{once}{ending}."


def unmarked(text: str) -> str:
    """The same words where nothing can be bold: in events, e-mails and REST."""
    return text.replace("**", "")


def _percent(share: Decimal | float) -> str:
    return f"{_plain(Decimal(str(share)) * 100)}%"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
