"""Rules and metrics as sentences that a person could repeat; ``**…**`` marks what somebody filled in."""

from decimal import Decimal

from experiments.choices import (
    MEASURES,
    METRICS,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
)
from experiments.models import KillCriterion
from workspaces.models.spelling import Number, in_currency, limit_in_currency, round_in_currency
from workspaces.templatetags.quickno import UNKNOWN, percent, plain_percent

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


def metric_amount(metric: Metric, value: Number | None, currency: str) -> str:
    """A measured value on the metric's own scale: ``$21.62``, ``0.42%``, ``2.41``."""
    if value is None:
        return UNKNOWN
    if metric.is_money:
        return in_currency(value, currency)
    return percent(value) if metric.is_share else f"{float(value):,.2f}"


def metric_limit(metric: Metric, limit: Decimal, currency: str) -> str:
    """A limit as it was chosen: ``$18.00``, ``0.5%``, ``2.5``; no digit of it is lost."""
    if metric.is_money:
        return limit_in_currency(limit, currency)
    return plain_percent(limit) if metric.is_share else f"{limit.normalize():f}"


def condition(criterion: KillCriterion, currency: str) -> str:
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


def guards(criterion: KillCriterion, currency: str) -> str:
    """``**$1,500** of spend and **300** clicks``."""
    parts = []
    for key, need in criterion.guards.items():
        amount = f"**{guard_amount(key, need, currency)}**"
        label = GuardKey(key).label
        parts.append(f"{amount} of spend" if key == GuardKey.SPEND else f"{amount} {label}")
    return " and ".join(parts)


def rule(criterion: KillCriterion, currency: str) -> str:
    """The whole rule as everybody reads it, with ``**`` around what was filled in."""
    is_arm = criterion.level == CriterionLevel.ARM
    opening = {
        CriterionAction.PAUSE: "Stop an arm when in it" if is_arm else "Pause the campaign when",
        CriterionAction.ASK: "Ask us about an arm when in it"
        if is_arm
        else "Ask us to stop the campaign when",
        CriterionAction.TELL: "Tell us when in an arm" if is_arm else "Tell us when",
    }[CriterionAction(criterion.action)]
    sure = f"**{plain_percent(criterion.confidence)} sure**"
    ending = {
        EvidenceKind.PROBABLE: f" and we are {sure}",
        EvidenceKind.ALWAYS_VALID: f" and we are {sure}, however often we look",
        EvidenceKind.OBSERVED: ", as the number stands",
        EvidenceKind.OBSERVED_MARGIN: ", by more than **10%**",
    }[EvidenceKind(criterion.evidence)]
    floor = guards(criterion, currency)
    once = (
        f", once {floor} {'is' if floor.endswith('of spend') and ' and ' not in floor else 'are'} in"
        if floor
        else ""
    )
    return f"{opening} {condition(criterion, currency)}{once}{ending}."


def metric_label(key: str) -> str:
    return str(METRICS[key].label) if key in METRICS else key
