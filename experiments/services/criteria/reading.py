"""Kill criteria as somebody wrote them, read field by field."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from experiments.choices import (
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
    ThresholdUnit,
)
from experiments.services.soundness import is_doubtful_share
from experiments.services.values import Values, listed, quoted
from workspaces.models import Workspace
from workspaces.models.spelling import in_figures

MOST_CRITERIA = 10
MOST_GUARD_DAYS = 366
LARGEST_COUNT = 10**12
DEFAULT_CONFIDENCE = 0.95
CRITERION_FIELDS = (
    "metric",
    "comparator",
    "threshold",
    "threshold_unit",
    "level",
    "guards",
    "evidence",
    "confidence",
    "action",
)
# How sure they are is not theirs to say: they take the number as it stands.
OBSERVED_KINDS = (EvidenceKind.OBSERVED, EvidenceKind.OBSERVED_MARGIN)


def read_criteria(values: Values, name: str, *, workspace: Workspace) -> list[dict[str, Any]]:
    """The rules listed under ``name`` as fields of ``KillCriterion``; complaints go to ``values``."""
    rules = []
    for position, row in enumerate(values.rows(name, most=MOST_CRITERIA), start=1):
        rule = values.nested(f"{name}.{position - 1}", row, known=CRITERION_FIELDS)
        if rule is not None:
            rules.append({"position": position, **read_criterion(rule, workspace=workspace)})
            values.errors += rule.errors
    return rules


def read_criterion(values: Values, *, workspace: Workspace) -> dict[str, Any]:
    metric = values.metric("metric")
    evidence = values.choice("evidence", EvidenceKind, default=EvidenceKind.PROBABLE)
    if evidence == EvidenceKind.ALWAYS_VALID and metric is not None and metric.form == MetricForm.VALUE:
        values.refuse(
            "evidence",
            "evidence_not_for_values",
            _(
                "The {metric} has no always-valid evidence: a few large orders decide it. Use probable."
            ).format(metric=metric.label),
        )
    threshold = _read_threshold(values, metric=metric)
    return {
        "metric": metric.key if metric else "",
        "comparator": values.choice("comparator", Comparator),
        "threshold": threshold,
        "level": values.choice("level", CriterionLevel, default=CriterionLevel.CAMPAIGN),
        "guards": _read_guards(values, workspace=workspace),
        "evidence": evidence,
        "confidence": DEFAULT_CONFIDENCE if evidence in OBSERVED_KINDS else _read_confidence(values),
        "action": values.choice("action", CriterionAction, default=CriterionAction.PAUSE),
    }


def _read_threshold(values: Values, *, metric: Metric | None) -> Decimal | None:
    """The limit on the metric's own scale; of a share it is asked whether percent or a fraction is meant."""
    values.require("threshold")
    if "threshold_unit" not in values:
        threshold = values.metric_value("threshold", metric=metric)
        if threshold is not None and metric is not None and is_doubtful_share(metric, threshold):
            said, percent = f"{threshold.normalize():f}", f"{(threshold * 100).normalize():f}%"
            values.refuse(
                "threshold",
                "fraction_or_percent",
                _(
                    "Is a {metric} of {said}% or of {percent} meant? It is a fraction: {said}% is "
                    "{threshold}. If {percent} is meant, say “threshold_unit”: “{fraction}”."
                ).format(
                    metric=metric.label,
                    said=said,
                    percent=percent,
                    threshold=in_figures(f"{(threshold / 100).normalize():f}"),
                    fraction=ThresholdUnit.FRACTION,
                ),
            )
        return threshold
    unit = values.choice("threshold_unit", ThresholdUnit)
    if metric is not None and not metric.is_share:
        values.refuse(
            "threshold_unit",
            "unit_not_for_metric",
            _("The {metric} is no share: leave its unit out.").format(metric=metric.label),
        )
    if unit != ThresholdUnit.PERCENT:
        return values.metric_value("threshold", metric=metric)
    percent_given = values.amount("threshold", places=4, below=Decimal(100))
    return None if percent_given is None else percent_given / 100


def _read_confidence(values: Values) -> float:
    confidence = values.fraction("confidence", low=0.5, open_low=True, high=1, open_high=True)
    return DEFAULT_CONFIDENCE if confidence is None else confidence


def _read_guards(values: Values, *, workspace: Workspace) -> dict[str, Any]:
    """What must have happened first: money as a decimal string, counts and days as numbers."""
    given = values.given.get("guards")
    if given is None or given == {}:
        values.refuse(
            "guards",
            "guard_missing",
            _(
                "A kill criterion needs a guard, so that it does not judge the first few clicks. Say "
                "how much must have happened first: {names}."
            ).format(names=listed(GuardKey.values, last="or")),
        )
        return {}
    if not isinstance(given, Mapping):
        values.refuse(
            "guards",
            "not_an_object",
            _("The guards are amounts by name, not {given}.").format(given=quoted(given)),
        )
        return {}
    guards = Values(given, known=GuardKey.values, path=f"{values.path}guards.")
    read: dict[str, Any] = {}
    for key in GuardKey:
        if key not in given or not guards.require(key):
            continue
        if key == GuardKey.SPEND:
            amount = guards.money(key, workspace=workspace)
            read[key.value] = None if amount is None else str(amount)
        elif key == GuardKey.CONVERSIONS:
            # Platforms credit fractions of a conversion.
            count = guards.amount(key, places=4)
            read[key.value] = None if count is None else _plain(count)
        else:
            most = MOST_GUARD_DAYS if key == GuardKey.DAYS else LARGEST_COUNT
            read[key.value] = guards.whole(key, low=1, high=most)
    values.errors += guards.errors
    return read


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
