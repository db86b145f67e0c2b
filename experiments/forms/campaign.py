"""A campaign's plan: what it compares, and in sentences, when it hears a no."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import takewhile
from string import ascii_lowercase
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from experiments.choices import (
    METRIC_CHOICES,
    METRICS,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    ThresholdUnit,
)
from experiments.forms.amounts import (
    parse_guard,
    parse_metric_amount,
    shown_guard,
    shown_limit,
    typed_amount,
)
from experiments.forms.preview import PLAN_PREFIX, USUAL_DAYS, PlanForm, RulePreview
from experiments.models import Campaign, Hypothesis, KillCriterion
from experiments.models.sentences import percent_of
from experiments.services.values import decimal_or_none
from workspaces.exceptions import DomainError
from workspaces.forms import Form, MoneyField, ReasonForm, ShareField
from workspaces.forms.amounts import Typed
from workspaces.forms.comparing import Shown, shown_in
from workspaces.models import Source, Workspace

MOST_ARMS = 4
MOST_CRITERIA = 10
FEWEST_GUARDS = 2
_USUAL_CONFIDENCES = ("0.8", "0.9", "0.95", "0.99")
Data = Mapping[str, Any] | None


def _blank_select(choices: Iterable[tuple[str, Any]]) -> Any:
    return forms.Select(attrs={"class": "qn-blank"}, choices=list(choices))


def _blank_input(size: int) -> forms.TextInput:
    return forms.TextInput(
        attrs={"class": "qn-blank", "size": size, "inputmode": "decimal", "autocomplete": "off"}
    )


class RowForm(Form):
    """A row of a list. A row in which nothing was typed is not there."""

    # Typing in any of these makes it a row.
    telling: tuple[str, ...] = ()
    # A browser would insist on what is required of a row, also where there is none.
    use_required_attribute = False

    def __init__(
        self, data: Data, *, prefix: str, workspace: Workspace, initial: dict[str, Any] | None
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial, prefix=prefix)

    @property
    def is_blank(self) -> bool:
        return not any(self.data.get(self.add_prefix(name), "").strip() for name in self.telling)


class ArmForm(RowForm):
    telling = ("name",)

    name = forms.CharField(max_length=300, label=gettext_lazy("Name"))
    key = forms.SlugField(
        max_length=60, required=False, label=pgettext_lazy("of a campaign or an arm", "Key")
    )
    planned_share = ShareField(label=gettext_lazy("Share"))


class CriterionForm(RowForm):
    telling = ("threshold", "guard_0")
    # Only where somebody asked what the rule would do.
    preview: RulePreview | None = None
    # Likewise: of good campaigns, the share that each kind of evidence would stop by mistake.
    risks: Mapping[str, float] = MappingProxyType({})
    # What a template that it begins with says of itself.
    note = ""

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
    metric = forms.ChoiceField(choices=METRIC_CHOICES, label=gettext_lazy("Metric"))
    comparator = forms.ChoiceField(choices=Comparator.choices, label=gettext_lazy("Comparator"))
    threshold = forms.CharField(
        max_length=40,
        label=gettext_lazy("Limit"),
        widget=_blank_input(6),
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

    def _names_guard(self, number: int) -> bool:
        return self.add_prefix(f"guard_{number}") in self.data or f"guard_{number}" in (self.initial or {})

    def _add_guard(self, number: int) -> None:
        self.fields[f"guard_{number}"] = forms.CharField(
            required=not number,
            max_length=40,
            label=_("Guard amount")
            if not number
            else _("Amount of guard {number}").format(number=number + 1),
            widget=_blank_input(6),
            error_messages={"required": _("Give the guard: nothing is judged before it is reached.")},
        )
        self.fields[f"guard_{number}_of"] = forms.ChoiceField(
            choices=GuardKey.choices,
            initial=GuardKey.SPEND if not number else GuardKey.DAYS,
            required=not number,
            label=_("Guard measure")
            if not number
            else _("Measure of guard {number}").format(number=number + 1),
            widget=_blank_select(GuardKey.choices),
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
                    f"guard_{number}", _("There is a guard of {key} already.").format(key=GuardKey(key).label)
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


def is_previewing(data: Data) -> bool:
    """Whether somebody asks what the rules would do."""
    return data is not None and "preview" in data


def is_unsent(data: Data) -> bool:
    """Whether a row, a template or a preview is asked for: nothing is saved then, nor complained about."""
    return data is not None and (is_previewing(data) or any(name in data for name in ("more", "use", "keep")))


def typed(data: Data, prefix: str = "") -> dict[str, Any]:
    """What was typed into the fields with that prefix, by the fields' names."""
    given = data or {}
    return {name.removeprefix(prefix): Typed(given.get(name)) for name in given if name.startswith(prefix)}


def answered(data: QueryDict) -> QueryDict:
    """A limit that was asked about takes the answer that was clicked: ``criterion-0-threshold=0.5%``."""
    asked_for_preview = "answer_preview" in data
    name, _, text = data.get("answer_preview" if asked_for_preview else "answer", "").partition("=")
    if not name.endswith("-threshold"):
        return data
    changed = data.copy()
    changed[name] = text
    if asked_for_preview:
        changed["preview"] = "rules"
    return changed


RowT = TypeVar("RowT", bound=RowForm)


class Rows(Generic[RowT]):
    """A list of rows that grows by a button, without script: it posts, and one more row comes back."""

    def __init__(
        self,
        form_class: type[RowT],
        data: Data,
        *,
        name: str,
        workspace: Workspace,
        initial: Sequence[dict[str, Any]],
        fewest: int,
        most: int,
    ) -> None:
        self.name = name
        self.most = most
        prefixes = [f"{name}-{number}" for number in range(most)]
        posted = list(takewhile(lambda prefix: f"{prefix}-{form_class.telling[0]}" in (data or {}), prefixes))
        count = max(len(initial), fewest) if data is None else len(posted) + (data.get("more") == name)
        given = dict(zip(prefixes, initial, strict=False))
        if is_unsent(data):
            given = {prefix: typed(data, f"{prefix}-") for prefix in posted}
        self.forms: list[RowT] = [
            form_class(
                data if prefix in posted and not is_unsent(data) else None,
                prefix=prefix,
                workspace=workspace,
                initial=given.get(prefix),
            )
            for prefix in prefixes[: max(count, 1)]
        ]

    @property
    def filled(self) -> list[RowT]:
        return [form for form in self.forms if not form.is_blank]

    @property
    def can_grow(self) -> bool:
        return len(self.forms) < self.most

    def is_valid(self) -> bool:
        # Each is asked, so that everything wrong is said at once.
        answers = [form.is_valid() for form in self.filled]
        return all(answers)


class CampaignForm(Form):
    name = forms.CharField(max_length=300, label=gettext_lazy("Name"))
    key = forms.SlugField(
        max_length=120,
        required=False,
        label=pgettext_lazy("of a campaign or an arm", "Key"),
        help_text=gettext_lazy("How posts of numbers name it. Left empty, it is made from the name."),
    )
    hypothesis = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, label=gettext_lazy("Hypothesis")
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    budget = MoneyField(
        required=False,
        label=gettext_lazy("Budget"),
        help_text=gettext_lazy("Like 2,500 or 2.5k. It may come later, but before the launch."),
    )
    components = forms.CharField(
        required=False,
        label=gettext_lazy("What it takes"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One thing a line: landing page, two ads. The shorter the list, the sooner you know."
        ),
    )
    revives = forms.CharField(required=False, widget=forms.HiddenInput)


class Draft:
    """Several forms that are sent and refused as one."""

    criteria: Rows[CriterionForm]
    form: Form
    plan: PlanForm

    def take_plan(self, data: Data, *, workspace: Workspace, spend_per_day: str = "", days: int = 0) -> None:
        """The plan beside the rules: as it was typed, else as far as it can be told."""
        given = {"spend_per_day": spend_per_day, "days": days or USUAL_DAYS}
        self.plan = PlanForm(
            data if is_previewing(data) else None,
            workspace=workspace,
            initial=given | typed(data, f"{PLAN_PREFIX}-"),
        )

    def take_note(self, prefix: str, *, note: str) -> None:
        """Say beside a row what the template says that filled it."""
        for row in self.criteria.forms:
            if row.prefix == prefix:
                row.note = note

    @property
    def planned_budget(self) -> Decimal | None:
        """What the form itself says about the budget, if that can be read."""
        field = self.form.fields.get("budget")
        try:
            return field.clean(self.form["budget"].value()) if field else None
        except ValidationError:
            return None

    def is_valid(self) -> bool:
        answers = [self.form.is_valid(), self.criteria.is_valid()]
        return all(answers)

    @property
    def has_row_errors(self) -> bool:
        return any(row.errors for row in self.criteria.filled)

    def take(self, error: DomainError) -> None:
        """Put each complaint to its field; ``kill_criteria.0.guards.spend`` counts the filled rows."""
        if not error.errors:
            self.form.add_error(None, error.message)
        for item in error.errors:
            name, *rest = (item.field or "").split(".")
            rows = self.rows_of(name)
            if rows is not None and len(rest) > 1 and rest[0].isdigit() and int(rest[0]) < len(rows):
                row = rows[int(rest[0])]
                field = "guard_0" if rest[1] == "guards" else rest[1]
                row.add_error(field if field in row.fields else None, item.message)
            else:
                self.form.add_error(name if name in self.form.fields else None, item.message)

    @property
    def as_shown(self) -> Shown:
        """What all of its fields show, to be compared with what is stored."""
        shown = dict(self.form.as_shown)
        for number, row in enumerate(self.criteria.forms, start=1):
            shown |= shown_in(row, about=_("Rule {number}").format(number=number))
        return shown

    def rows_of(self, name: str) -> Sequence[RowForm] | None:
        return self.criteria.filled if name in {"kill_criteria", "criteria"} else None


class CampaignDraft(Draft):
    """The whole plan of a campaign."""

    def __init__(
        self,
        data: Data = None,
        *,
        workspace: Workspace,
        hypotheses: Iterable[Hypothesis],
        sources: Iterable[Source],
        campaign: Campaign | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        arms = list(campaign.arms.all()) if campaign else []
        criteria = list(campaign.kill_criteria.all()) if campaign else []
        if is_unsent(data):
            self.form = CampaignForm(workspace=workspace, initial=typed(data))
        else:
            self.form = CampaignForm(data, workspace=workspace, initial=initial)
        fields = self.form.fields
        cast("forms.ChoiceField", fields["hypothesis"]).choices = [
            ("", _("none yet")),
            *((hypothesis.pk, hypothesis.title) for hypothesis in hypotheses),
        ]
        channels = {source.key: source.name for source in sources}
        if campaign is not None:
            channels.setdefault(campaign.channel, campaign.channel)
        cast("forms.ChoiceField", fields["channel"]).choices = list(channels.items())
        self.arms = Rows(
            ArmForm,
            data,
            name="arm",
            workspace=workspace,
            initial=[{"name": arm.name, "key": arm.key, "planned_share": arm.planned_share} for arm in arms],
            fewest=2,
            most=MOST_ARMS,
        )
        self.criteria = Rows(
            CriterionForm,
            data,
            name="criterion",
            workspace=workspace,
            initial=[CriterionForm.typed(criterion, workspace=workspace) for criterion in criteria],
            fewest=1,
            most=MOST_CRITERIA,
        )
        controls = [number for number, arm in enumerate(arms) if arm.is_control]
        self.control = str((data or {}).get("control", controls[0] if controls else 0))
        self.take_plan(data, workspace=workspace)

    def is_valid(self) -> bool:
        answers = [super().is_valid(), self.arms.is_valid()]
        return all(answers)

    @property
    def has_row_errors(self) -> bool:
        return super().has_row_errors or any(row.errors for row in self.arms.filled)

    @property
    def as_shown(self) -> Shown:
        shown = super().as_shown
        for number, row in enumerate(self.arms.forms, start=1):
            shown |= shown_in(row, about=_("Arm {number}").format(number=number))
        return {**shown, "control": (_("Control"), self.control_name)}

    @property
    def control_name(self) -> str:
        names = (row["name"].value() or "" for row in self.arms.forms if row.prefix == f"arm-{self.control}")
        return next(names, "")

    def rows_of(self, name: str) -> Sequence[RowForm] | None:
        return self.arms.filled if name == "arms" else super().rows_of(name)

    @property
    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        cleaned = self.form.cleaned_data
        key = cleaned["key"] or slugify(cleaned["name"])[:120]
        lines = cleaned["components"].splitlines()
        return {
            "key": key,
            "name": cleaned["name"],
            "hypothesis": cleaned["hypothesis"],
            "channel": cleaned["channel"],
            "budget": cleaned["budget"],
            "components": [line.strip() for line in lines if line.strip()],
            "revives": cleaned["revives"] or None,
            "arms": [
                self._arm(number, form) for number, form in enumerate(self.arms.forms) if not form.is_blank
            ],
            "kill_criteria": [form.values for form in self.criteria.filled],
        }

    def _arm(self, number: int, form: ArmForm) -> dict[str, Any]:
        several = len(self.arms.filled) > 1
        return {
            "key": form.cleaned_data["key"] or ascii_lowercase[number],
            "name": form.cleaned_data["name"],
            "is_control": several and self.control == str(number),
            "planned_share": form.cleaned_data["planned_share"],
        }


class AmendDraft(Draft):
    """New rules for a launched campaign, and why."""

    def __init__(
        self,
        data: Data = None,
        *,
        workspace: Workspace,
        criteria: Sequence[KillCriterion],
        spend_per_day: str,
        days: int,
    ) -> None:
        if is_unsent(data):
            self.form = ReasonForm(workspace=workspace, initial=typed(data))
        else:
            self.form = ReasonForm(data, workspace=workspace)
        self.criteria = Rows(
            CriterionForm,
            data,
            name="criterion",
            workspace=workspace,
            initial=[CriterionForm.typed(criterion, workspace=workspace) for criterion in criteria],
            fewest=1,
            most=MOST_CRITERIA,
        )
        self.take_plan(data, workspace=workspace, spend_per_day=spend_per_day, days=days)

    @property
    def rules(self) -> list[dict[str, Any]]:
        return [form.values for form in self.criteria.filled]
