"""What the team believes, who answers for it and by what it will be judged."""

from datetime import date
from typing import ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from experiments.choices import (
    HYPOTHESIS_TRANSITIONS,
    METRIC_CHOICES,
    METRICS,
    OUTCOME_METRIC_CHOICES,
    OUTCOME_METRICS,
    BuyerStage,
    Driver,
    HypothesisKind,
    HypothesisStatus,
    Metric,
)
from experiments.exceptions import InvalidTransition
from workspaces.models import TenantModel, TenantQuerySet
from workspaces.models.words import WORD_LENGTH

SATURDAY = 5
SCORE_VALIDATORS = [MinValueValidator(1), MaxValueValidator(10)]


class HypothesisQuerySet(TenantQuerySet["Hypothesis"]):
    def in_backlog(self) -> Self:
        return self.filter(status=HypothesisStatus.BACKLOG)

    def committed(self) -> Self:
        return self.filter(status=HypothesisStatus.COMMITTED)

    def decided(self) -> Self:
        return self.filter(status=HypothesisStatus.DECIDED)

    def by_score(self) -> Self:
        """Highest impact × confidence × ease first; those without a score last."""
        return self.annotate(score=F("impact") * F("confidence") * F("ease")).order_by(
            F("score").desc(nulls_last=True), "id"
        )


class Hypothesis(TenantModel):
    """“We believe *change* for *audience* will *effect* because *evidence*.”"""

    title = models.CharField(max_length=300)
    change = models.CharField(max_length=500)
    audience = models.CharField(max_length=500)
    expected_effect = models.CharField(max_length=500)
    because = models.CharField(max_length=1000)
    kind = models.CharField(max_length=20, choices=HypothesisKind)
    buyer_stage = models.CharField(max_length=15, choices=BuyerStage)
    driver = models.CharField(max_length=15, choices=Driver)
    persona = models.CharField(max_length=300, blank=True)
    objection = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.PROTECT, related_name="hypotheses"
    )

    primary_metric = models.CharField(max_length=40, choices=METRIC_CHOICES)
    outcome_metric = models.CharField(max_length=40, choices=OUTCOME_METRIC_CHOICES, blank=True)
    # On the metric's own scale: money for a cost, a fraction for a rate.
    target = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    mde_relative = models.FloatField(default=0.2, help_text="The smallest effect worth having, a fraction.")
    guardrail_metrics = models.JSONField(default=list, blank=True)
    # What its pages call a conversion, like a trial; empty: as the workspace does. See team_words.
    conversion_name = models.CharField(max_length=WORD_LENGTH, blank=True, default="", db_default="")
    conversion_name_plural = models.CharField(max_length=WORD_LENGTH, blank=True, default="", db_default="")
    impact = models.PositiveSmallIntegerField(null=True, blank=True, validators=SCORE_VALIDATORS)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True, validators=SCORE_VALIDATORS)
    ease = models.PositiveSmallIntegerField(null=True, blank=True, validators=SCORE_VALIDATORS)
    predicted_success = models.FloatField(null=True, blank=True)

    status = models.CharField(
        max_length=10, choices=HypothesisStatus, default=HypothesisStatus.BACKLOG, db_index=False
    )
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    # The last day of the sprint it runs in: the plan by which the judge calls it overdue.
    decide_by = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(HypothesisQuerySet)()

    class Meta:
        verbose_name_plural = "hypotheses"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(primary_metric__in=OUTCOME_METRICS) | Q(outcome_metric__in=OUTCOME_METRICS),
                name="hypothesis_serves_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(primary_metric__in=list(METRICS)), name="hypothesis_metric_is_known"
            ),
            models.CheckConstraint(condition=Q(mde_relative__gt=0), name="hypothesis_mde_is_positive"),
            models.CheckConstraint(
                condition=Q(target__isnull=True) | Q(target__gt=0), name="hypothesis_target_is_positive"
            ),
            models.CheckConstraint(
                condition=(Q(impact__isnull=True) | Q(impact__range=(1, 10)))
                & (Q(confidence__isnull=True) | Q(confidence__range=(1, 10)))
                & (Q(ease__isnull=True) | Q(ease__range=(1, 10))),
                name="hypothesis_scores_are_1_to_10",
            ),
            models.CheckConstraint(
                condition=Q(predicted_success__isnull=True) | Q(predicted_success__range=(0, 1)),
                name="hypothesis_prediction_is_a_chance",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[HypothesisStatus.BACKLOG, HypothesisStatus.ARCHIVED])
                | Q(owner__isnull=False),
                name="hypothesis_at_work_has_an_owner",
            ),
            models.CheckConstraint(
                condition=Q(status__in=HypothesisStatus.values), name="hypothesis_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(conversion_name="", conversion_name_plural="")
                | ~(Q(conversion_name="") | Q(conversion_name_plural="")),
                name="hypothesis_names_conversions_whole",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "status"], name="hypothesis_by_status")]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def metric(self) -> Metric:
        return METRICS[self.primary_metric]

    @property
    def ice(self) -> int | None:
        """Impact × confidence × ease, 1 to 1000; ``None`` until all three are given."""
        if self.impact is None or self.confidence is None or self.ease is None:
            return None
        return self.impact * self.confidence * self.ease

    @property
    def sentence(self) -> str:
        return _("We believe {change} for {audience} will {effect} because {because}.").format(
            change=self.change,
            audience=self.audience,
            effect=self.expected_effect,
            because=self.because,
        )

    def is_overdue_on(self, day: date) -> bool:
        """Whether one working day has passed after the sprint's end without a decision."""
        if self.status != HypothesisStatus.COMMITTED or self.decide_by is None:
            return False
        return day > next_working_day(self.decide_by)

    def move_to(self, status: HypothesisStatus) -> None:
        current = HypothesisStatus(self.status)
        if status not in HYPOTHESIS_TRANSITIONS[current]:
            raise InvalidTransition(
                _("“{hypothesis}” is {current}; from there it cannot become {status}.").format(
                    hypothesis=self.title, current=current.label, status=status.label
                )
            )
        self.status = status


def next_working_day(day: date) -> date:
    """The first Monday-to-Friday day after ``day``."""
    following = date.fromordinal(day.toordinal() + 1)
    while following.weekday() >= SATURDAY:
        following = date.fromordinal(following.toordinal() + 1)
    return following
