"""A kill criterion as a row of the form: a sentence with blanks."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import (
    METRIC_CHOICES,
    METRICS,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
    ThresholdUnit,
)
from experiments.forms.amounts import parse_guard, parse_metric_amount, shown_guard, shown_limit, typed_amount
from experiments.forms.campaign.posts import Data
from experiments.forms.campaign.rows import RowForm
from experiments.forms.preview import RulePreview
from experiments.models import Hypothesis, KillCriterion
from experiments.models.sentences import percent_of
from experiments.models.team_words import USUAL_WORDS, TeamWords
from experiments.services.templates import USUAL_TEMPLATES
from experiments.services.values import decimal_or_none, listed
from workspaces.models import Workspace

FEWEST_GUARDS = 2
# What an empty blank may look like.
_COST, _SHARE, _RETURN = Decimal(18), Decimal("0.005"), Decimal(2)
_NEEDS = {GuardKey.SPEND: 1000, GuardKey.IMPRESSIONS: 10_000, GuardKey.CLICKS: 100, GuardKey.DAYS: 2}
_USUAL_NEED = 10
_NARROWEST = 4
_USUAL_CONFIDENCES = ("0.8", "0.9", "0.95", "0.99")


class _Choices(forms.Select):
    """Choices of what the amount beside them is of. Each carries what that amount may look like."""

    examples: Mapping[str, str] = MappingProxyType({})

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        example = self.examples.get(str(option["value"]))
        return option | {"attrs": option["attrs"] | {"data-example": example}} if example else option


def _blank_input() -> forms.TextInput:
    return forms.TextInput(attrs={"class": "qn-blank", "inputmode": "decimal", "autocomplete": "off"})


class CriterionForm(RowForm):
    telling = ("threshold", "guard_0")
    # Only where somebody asked what the rule would do.
    preview: RulePreview | None = None
    # Likewise: of good campaigns, the share that each kind of evidence would stop by mistake.
    risks: Mapping[str, float] = MappingProxyType({})
    # What a template that it begins with says of itself, and what it leaves to whoever chose it.
    note = ""
    left_open = ""
    # What the hypothesis of its campaign calls a conversion.
    words = USUAL_WORDS

    action = forms.ChoiceField(
        choices=[
            (CriterionAction.PAUSE, gettext_lazy("Pause")),
            (CriterionAction.ASK, gettext_lazy("Ask about")),
            (CriterionAction.TELL, gettext_lazy("Tell us about")),
        ],
        label=gettext_lazy("What happens"),
    )
    level = forms.ChoiceField(
        choices=[
            (CriterionLevel.CAMPAIGN, gettext_lazy("the campaign")),
            (CriterionLevel.ARM, gettext_lazy("an arm")),
        ],
        label=gettext_lazy("Level"),
    )
    metric = forms.ChoiceField(choices=METRIC_CHOICES, label=gettext_lazy("Metric"), widget=_Choices)
    comparator = forms.ChoiceField(choices=Comparator.choices, label=gettext_lazy("Comparator"))
    threshold = forms.CharField(
        max_length=40,
        label=gettext_lazy("Limit"),
        widget=_blank_input(),
        error_messages={"required": gettext_lazy("Give the limit, like 18.00 or 0.5%.")},
    )
    confidence = forms.ChoiceField(initial="0.95", label=gettext_lazy("How sure"))
    evidence = forms.ChoiceField(
        choices=[
            (EvidenceKind.PROBABLE, gettext_lazy("allowing for good and bad days")),
            (EvidenceKind.ALWAYS_VALID, gettext_lazy("however often we look")),
            (EvidenceKind.OBSERVED, gettext_lazy("taking the number as it stands")),
            (EvidenceKind.OBSERVED_MARGIN, gettext_lazy("taking the number with a 10% margin")),
        ],
        initial=EvidenceKind.PROBABLE,
        label=gettext_lazy("What counts as sure"),
    )

    def __init__(
        self, data: Data, *, prefix: str, workspace: Workspace, initial: dict[str, Any] | None
    ) -> None:
        super().__init__(data, prefix=prefix, workspace=workspace, initial=initial)
        for name in ("action", "level", "metric", "comparator", "evidence", "confidence"):
            self.fields[name].widget.attrs["class"] = "qn-blank"
        self.guard_count = FEWEST_GUARDS
        while self._names_guard(self.guard_count) and self.guard_count < len(GuardKey):
            self.guard_count += 1
        for number in range(self.guard_count):
            self._add_guard(number)
        typed = str(
            (data or {}).get(self.add_prefix("confidence")) or (initial or {}).get("confidence", "0.95")
        )
        known = sorted({*_USUAL_CONFIDENCES, typed} if _is_chance(typed) else _USUAL_CONFIDENCES)
        cast("forms.ChoiceField", self.fields["confidence"]).choices = [
            (chance, _("{percent} sure").format(percent=percent_of(Decimal(chance)))) for chance in known
        ]

    def speak(self, words: TeamWords) -> None:
        """Say the rule, and what can be chosen for it, in these words."""
        self.words = words
        cast("forms.ChoiceField", self.fields["metric"]).choices = [
            (key, words.metric(key)) for key in METRICS
        ]
        for number in range(self.guard_count):
            measures = cast("forms.ChoiceField", self.fields[f"guard_{number}_of"])
            measures.choices = [(key.value, words.guard(key)) for key in GuardKey]

    def show_blanks(self) -> None:
        """Show in each empty blank what it may look like, so that nobody takes it for filled in."""
        limits = {key: self._limit_like(metric) for key, metric in METRICS.items()}
        needs = {key.value: self._guard_like(key) for key in GuardKey}
        self._show_blank("threshold", of="metric", examples=limits)
        for number in range(self.guard_count):
            self._show_blank(f"guard_{number}", of=f"guard_{number}_of", examples=needs)

    def _show_blank(self, name: str, *, of: str, examples: Mapping[str, str]) -> None:
        if not self.fields[name].required:
            example = _("optional")
        elif name == "guard_0" and self._guard_in_limits is not None:
            example = _("{times} × limit").format(times=self._guard_in_limits)
        else:
            cast("_Choices", self.fields[of].widget).examples = examples
            # A list of choices that nobody touched shows its first.
            example = examples.get(str(self[of].value() or next(iter(examples))), "")
        # The size is for browsers that do not fit a field to its text.
        size = len(str(self[name].value() or example))
        self.fields[name].widget.attrs |= {"placeholder": example, "size": max(size, _NARROWEST)}

    def _limit_like(self, metric: Metric) -> str:
        like = _SHARE if metric.is_share else _COST if metric.is_money else _RETURN
        return _("e.g. {example}").format(example=shown_limit(like, metric=metric, workspace=self.workspace))

    def _guard_like(self, key: GuardKey) -> str:
        like = Decimal(_NEEDS.get(key, _USUAL_NEED))
        return _("e.g. {example}").format(example=shown_guard(like, key=key, workspace=self.workspace))

    def begin_with_blank(self) -> None:
        """Begin with the first empty blank, and say which are left."""
        names = {"threshold": _("the limit"), "guard_0": _("the guard")}
        empty = [name for name in names if not str(self[name].value() or "").strip()]
        for name in empty[:1]:
            self.fields[name].widget.attrs["autofocus"] = True
        if not empty:
            self.left_open = _("All of it is filled in. Change what does not fit.")
        elif self._guard_in_limits is not None and "threshold" in empty:
            self.left_open = _("Still to give: the limit. The guard follows from it.")
        else:
            blanks = listed([names[name] for name in empty])
            self.left_open = _("Still to give: {blanks}.").format(blanks=blanks)

    @property
    def begun_with(self) -> str:
        """The usual template that it began with and that waits for its limit."""
        typed = self.data.get(self.add_prefix("begun_with")) or (self.initial or {}).get("begun_with")
        return str(typed or "")

    @property
    def guard_by_limit(self) -> str:
        """The guard as its template makes it of the limit; empty where it is there, or not known yet."""
        times, limit = self._guard_in_limits, str(self["threshold"].value() or "")
        if times is None or str(self["guard_0"].value() or "").strip():
            return ""
        metric = METRICS[str(self["metric"].value())]
        try:
            guard = parse_metric_amount(limit, metric=metric, workspace=self.workspace) * times
        except ValidationError:
            return ""
        rounded = round(guard, self.workspace.currency_exponent)
        return shown_guard(rounded, key=GuardKey.SPEND, workspace=self.workspace)

    @property
    def _guard_in_limits(self) -> int | None:
        """What it is to spend first, in multiples of its limit, if the template is still the rule's."""
        usual = next((template for template in USUAL_TEMPLATES if template.key == self.begun_with), None)
        metric = METRICS.get(str(self["metric"].value()))
        if usual is None or metric is None or str(self["guard_0_of"].value()) != GuardKey.SPEND:
            return None
        return usual.guard_in_targets if metric.form == MetricForm.COST and metric.per == 1 else None

    def _names_guard(self, number: int) -> bool:
        return self.add_prefix(f"guard_{number}") in self.data or f"guard_{number}" in (self.initial or {})

    def _add_guard(self, number: int) -> None:
        self.fields[f"guard_{number}"] = forms.CharField(
            required=not number,
            max_length=40,
            label=_("Guard amount")
            if not number
            else _("Amount of guard {number}").format(number=number + 1),
            widget=_blank_input(),
            error_messages={"required": _("Give the guard: nothing is judged before it is reached.")},
        )
        self.fields[f"guard_{number}_of"] = forms.ChoiceField(
            choices=GuardKey.choices,
            initial=GuardKey.SPEND if not number else GuardKey.DAYS,
            required=not number,
            label=_("Guard measure")
            if not number
            else _("Measure of guard {number}").format(number=number + 1),
            widget=_Choices(attrs={"class": "qn-blank"}),
        )

    @property
    def guard_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"guard_{number}"], self[f"guard_{number}_of"]) for number in range(self.guard_count)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        metric = METRICS.get(cleaned.get("metric", ""))
        if metric is not None and cleaned.get("threshold"):
            try:
                cleaned["threshold"] = parse_metric_amount(
                    cleaned["threshold"], metric=metric, workspace=self.workspace
                )
            except ValidationError as error:
                self.add_error("threshold", error)
        cleaned["guards"] = self._clean_guards(cleaned)
        return cleaned

    def _clean_guards(self, cleaned: dict[str, Any]) -> dict[str, str]:
        guards: dict[str, str] = {}
        for number in range(self.guard_count):
            text, key = cleaned.get(f"guard_{number}"), cleaned.get(f"guard_{number}_of")
            if not text or not key:
                continue
            if key in guards:
                self.add_error(
                    f"guard_{number}",
                    _("There is a guard of {key} already.").format(key=self.words.guard(key)),
                )
                continue
            try:
                guards[key] = str(parse_guard(text, key=GuardKey(key), workspace=self.workspace))
            except ValidationError as error:
                self.add_error(f"guard_{number}", error)
        return guards

    @property
    def values(self) -> dict[str, Any]:
        names = ("metric", "comparator", "threshold", "level", "guards", "evidence", "confidence", "action")
        values = {name: self.cleaned_data[name] for name in names}
        # On the form a share has its % sign, so there is nothing left to ask.
        is_share = METRICS[values["metric"]].is_share
        return {**values, "threshold_unit": ThresholdUnit.FRACTION} if is_share else values

    @property
    def reading(self) -> KillCriterion | None:
        """The rule as it is on the form now; ``None`` while something is missing."""
        given = {self.add_prefix(name): str(self[name].value() or "") for name in self.fields}
        asked = CriterionForm(given, prefix=str(self.prefix), workspace=self.workspace, initial=None)
        if asked.is_blank or not asked.is_valid() or not asked.cleaned_data["guards"]:
            return None
        values = asked.values
        names = ("metric", "comparator", "threshold", "level", "guards", "evidence", "action")
        return KillCriterion(
            workspace=self.workspace,
            confidence=float(values["confidence"]),
            **{name: values[name] for name in names},
        )

    @property
    def limit_answers(self) -> list[tuple[str, str]]:
        """Where a limit was typed that is either of two: each with the value of the button that says so."""
        if not any(error.code == "ambiguous" for error in self.errors.as_data().get("threshold", [])):
            return []
        metric = METRICS.get(self["metric"].value())
        typed_number = decimal_or_none(str(self["threshold"].value()).strip().replace(",", "."))
        if metric is None or not metric.is_share or typed_number is None:
            return []
        said = [f"{typed_amount(number)}%" for number in (typed_number, typed_number * 100)]
        return [(answer, f"{self.add_prefix('threshold')}={answer}") for answer in said]

    @staticmethod
    def aimed_at(hypothesis: Hypothesis | None) -> dict[str, Any]:
        """A rule about what the hypothesis is judged by, before anything of it is typed."""
        if hypothesis is None:
            return {}
        return {"metric": hypothesis.primary_metric, "comparator": hypothesis.metric.worse}

    @staticmethod
    def typed(criterion: KillCriterion, *, workspace: Workspace) -> dict[str, Any]:
        """The rule as a person would type it."""
        typed: dict[str, Any] = {
            "action": criterion.action,
            "level": criterion.level,
            "metric": criterion.metric,
            "comparator": criterion.comparator,
            "threshold": shown_limit(
                criterion.threshold, metric=criterion.metric_definition, workspace=workspace
            ),
            "confidence": f"{Decimal(str(criterion.confidence)).normalize():f}",
            "evidence": criterion.evidence,
        }
        # In one order, whichever the database keeps them in, so that none changes places once it is saved.
        guards = [(key.value, criterion.guards[key]) for key in GuardKey if key in criterion.guards]
        for number, (key, need) in enumerate(guards):
            typed[f"guard_{number}"] = shown_guard(Decimal(str(need)), key=key, workspace=workspace)
            typed[f"guard_{number}_of"] = key
        return typed


def _is_chance(text: str) -> bool:
    try:
        return Decimal("0.5") < Decimal(text) < 1
    except ArithmeticError:
        return False
