"""One registry of what is counted (measures) and what is judged (metrics, each a ratio of two measures)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from experiments.choices.words import Comparator


class MeasureUnit(StrEnum):
    WHOLE = "whole"  # counted one by one
    COUNT = "count"  # counted, but platforms credit fractions: 4,838.80 conversions
    MONEY = "money"  # the workspace's currency


@dataclass(frozen=True, slots=True)
class Measure:
    """A counted thing; the key is the column of ``Observation`` and the field of a posted row."""

    key: str
    label: str | Promise
    unit: MeasureUnit = MeasureUnit.WHOLE
    # Arrives late: a day keeps growing until the source's attribution lag has passed.
    late: bool = False


MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        Measure("impressions", _("impressions")),
        Measure("reach", _("reach")),
        Measure("clicks", _("clicks")),
        Measure("engagements", _("engagements")),
        Measure("video_views", _("video views")),
        Measure("sends", _("sends")),
        Measure("opens", _("opens")),
        Measure("visits", _("visits")),
        Measure("conversions", _("conversions"), MeasureUnit.COUNT, late=True),
        Measure("leads", _("leads"), MeasureUnit.COUNT, late=True),
        Measure("marketing_qualified_leads", _("marketing-qualified leads"), MeasureUnit.COUNT, late=True),
        Measure("sales_accepted_leads", _("sales-accepted leads"), MeasureUnit.COUNT, late=True),
        Measure("sales_qualified_leads", _("sales-qualified leads"), MeasureUnit.COUNT, late=True),
        Measure("opportunities", _("opportunities"), MeasureUnit.COUNT, late=True),
        Measure("customers", _("customers"), MeasureUnit.COUNT, late=True),
        Measure("spend", _("spend"), MeasureUnit.MONEY),
        Measure("revenue", _("revenue"), MeasureUnit.MONEY, late=True),
        Measure("pipeline_value", _("pipeline value"), MeasureUnit.MONEY, late=True),
    )
}


class MetricClass(TextChoices):
    """How near a metric is to the business. A win in a vanity or proxy metric alone is a *vanity win*."""

    VANITY = "vanity", _("vanity")
    PROXY = "proxy", _("proxy")
    OUTCOME = "outcome", _("outcome")


class Direction(TextChoices):
    HIGHER = "higher", _("higher is better")
    LOWER = "lower", _("lower is better")


class MetricForm(StrEnum):
    """The statistical form, which decides the method.

    RATE: events per exposure, both counted (CTR). COST: money per event, judged as events per money (CPA).
    VALUE: money per exposure (ROAS, AOV).
    """

    RATE = "rate"
    COST = "cost"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Metric:
    """A ratio of two measures, times ``per`` (1000 for CPM).

    ``events`` names the counted measure that carries the evidence: the numerator of a rate, the denominator
    of a cost, the orders behind a value.
    """

    key: str
    label: str | Promise
    numerator: str
    denominator: str
    form: MetricForm
    metric_class: MetricClass
    events: str
    per: int = 1

    @property
    def direction(self) -> Direction:
        return Direction.LOWER if self.form == MetricForm.COST else Direction.HIGHER

    @property
    def worse(self) -> Comparator:
        """The side of a limit on which a rule stops."""
        return Comparator.ABOVE if self.direction == Direction.LOWER else Comparator.BELOW

    @property
    def exposure(self) -> str:
        """The measure that events are counted against in the judged rate."""
        return self.numerator if self.form == MetricForm.COST else self.denominator

    @property
    def is_late(self) -> bool:
        """Whether a closed day may still change, so that only settled days speak."""
        return MEASURES[self.numerator].late or MEASURES[self.denominator].late

    @property
    def is_money(self) -> bool:
        """Whether a value of this metric is an amount of money."""
        return MEASURES[self.numerator].unit == MeasureUnit.MONEY and (
            MEASURES[self.denominator].unit != MeasureUnit.MONEY
        )

    @property
    def is_share(self) -> bool:
        """Whether a value of this metric is a fraction that people read as a percentage."""
        return self.form == MetricForm.RATE

    @property
    def needs_outcome(self) -> bool:
        return self.metric_class != MetricClass.OUTCOME

    def value(self, numerator: Decimal | float | None, denominator: Decimal | float | None) -> float | None:
        """The metric's value, or ``None`` where a measure is missing or nothing stands below the line."""
        if numerator is None or denominator is None or not denominator:
            return None
        return float(numerator) / float(denominator) * self.per


def _rate(key: str, label: Promise | str, numerator: str, denominator: str, cls: MetricClass) -> Metric:
    return Metric(key, label, numerator, denominator, MetricForm.RATE, cls, events=numerator)


def _cost(key: str, label: Promise | str, denominator: str, cls: MetricClass, per: int = 1) -> Metric:
    return Metric(key, label, "spend", denominator, MetricForm.COST, cls, events=denominator, per=per)


def _value(
    key: str, label: Promise | str, numerator: str, denominator: str, cls: MetricClass, events: str
) -> Metric:
    return Metric(key, label, numerator, denominator, MetricForm.VALUE, cls, events=events)


_VANITY, _PROXY, _OUTCOME = MetricClass.VANITY, MetricClass.PROXY, MetricClass.OUTCOME

METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        _rate("ctr", _("CTR"), "clicks", "impressions", _VANITY),
        _cost("cpc", _("cost per click"), "clicks", _VANITY),
        _cost("cpm", _("cost per 1,000 impressions"), "impressions", _VANITY, per=1000),
        _rate("cvr", _("conversion rate"), "conversions", "clicks", _PROXY),
        _cost("cpa", _("cost per conversion"), "conversions", _OUTCOME),
        _cost("cpl", _("cost per lead"), "leads", _PROXY),
        _value("roas", _("return on ad spend"), "revenue", "spend", _OUTCOME, events="conversions"),
        _value("aov", _("average order value"), "revenue", "conversions", _PROXY, events="conversions"),
        _rate("open_rate", _("open rate"), "opens", "sends", _VANITY),
        _rate("engagement_rate", _("engagement rate"), "engagements", "impressions", _VANITY),
        _rate("video_view_rate", _("video view rate"), "video_views", "impressions", _VANITY),
        _cost(
            "cost_per_marketing_qualified_lead",
            _("cost per marketing-qualified lead"),
            "marketing_qualified_leads",
            _PROXY,
        ),
        _cost(
            "cost_per_sales_qualified_lead",
            _("cost per sales-qualified lead"),
            "sales_qualified_leads",
            _OUTCOME,
        ),
        _value(
            "pipeline_per_spend",
            _("pipeline per spend"),
            "pipeline_value",
            "spend",
            _OUTCOME,
            events="opportunities",
        ),
        _cost("cac", _("customer acquisition cost"), "customers", _OUTCOME),
    )
}

METRIC_CHOICES = [(metric.key, metric.label) for metric in METRICS.values()]
OUTCOME_METRICS = tuple(key for key, metric in METRICS.items() if not metric.needs_outcome)
OUTCOME_METRIC_CHOICES = [(key, METRICS[key].label) for key in OUTCOME_METRICS]
