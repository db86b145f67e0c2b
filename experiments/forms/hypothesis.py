"""A hypothesis as the sentence it is, and how it will be judged."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from experiments.choices import (
    METRIC_CHOICES,
    METRICS,
    OUTCOME_METRIC_CHOICES,
    BuyerStage,
    Driver,
    HypothesisKind,
)
from experiments.forms.amounts import parse_metric_amount, typed_metric_amount
from experiments.models import Hypothesis
from experiments.services.hypotheses import say_outcome_is_missing, scores_of
from workspaces.choices import SourceKind
from workspaces.exceptions import DomainError
from workspaces.forms import Form, MoneyField, ShareField
from workspaces.models import Membership, Source, Workspace
from workspaces.models.words import WORD_LENGTH

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

_CHOOSE = ("", gettext_lazy("choose"))
# What a hypothesis says itself of how long it takes.
_SIZED_BY = ("primary_metric", "mde_relative")


def _blank(example: str | Promise) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "qn-blank", "rows": 1, "placeholder": example})


def _score(label: "StrPromise") -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=10)


def _choices(options: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [_CHOOSE, *options]


class _OutcomeField(forms.ChoiceField):
    # What its label says in the place of "optional".
    optional_as = gettext_lazy("depends on the metric")


class HypothesisForm(Form):
    title = forms.CharField(
        max_length=300,
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("A claim that can turn out false: “Founder video beats studio video”."),
    )
    change = forms.CharField(
        max_length=500,
        label=gettext_lazy("What we change"),
        widget=_blank(gettext_lazy("a founder on a phone")),
    )
    audience = forms.CharField(
        max_length=500, label=gettext_lazy("For whom"), widget=_blank(gettext_lazy("cold audiences"))
    )
    expected_effect = forms.CharField(
        max_length=500,
        label=gettext_lazy("What it will do"),
        widget=_blank(gettext_lazy("lower the cost per lead")),
    )
    because = forms.CharField(
        max_length=1000,
        label=gettext_lazy("Why we believe it"),
        widget=_blank(gettext_lazy("sales calls praise candour")),
    )
    owner = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Owner"),
        help_text=gettext_lazy("Who answers for it. A sprint needs one."),
    )
    kind = forms.ChoiceField(choices=_choices(HypothesisKind.choices), label=gettext_lazy("Kind of change"))
    buyer_stage = forms.ChoiceField(
        choices=_choices(BuyerStage.choices), label=gettext_lazy("Stage of the buyer")
    )
    driver = forms.ChoiceField(choices=_choices(Driver.choices), label=gettext_lazy("What moves them"))
    persona = forms.CharField(required=False, max_length=300, label=gettext_lazy("Persona"))
    objection = forms.CharField(
        required=False, max_length=500, label=gettext_lazy("The objection it answers")
    )
    primary_metric = forms.ChoiceField(choices=_choices(METRIC_CHOICES), label=gettext_lazy("Judged by"))
    target = forms.CharField(
        required=False,
        max_length=40,
        label=gettext_lazy("Target"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("18.00 for a cost, 0.5% for a rate. Needed with a single arm."),
    )
    mde_relative = ShareField(
        label=gettext_lazy("Smallest effect worth having"),
        help_text=gettext_lazy("A difference below this changes nothing for us."),
    )
    outcome_metric = _OutcomeField(
        required=False,
        choices=[("", pgettext_lazy("an outcome", "none")), *OUTCOME_METRIC_CHOICES],
        label=gettext_lazy("Business outcome it serves"),
        help_text=gettext_lazy(
            "Needed unless it is judged by one of these itself: CTR or cost per lead alone is a vanity win, "
            "as a lead has bought nothing yet."
        ),
    )
    guardrail_metrics = forms.MultipleChoiceField(
        required=False,
        choices=METRIC_CHOICES,
        label=gettext_lazy("Must not get worse"),
        widget=forms.CheckboxSelectMultiple,
    )
    conversion_name = forms.CharField(
        required=False,
        max_length=WORD_LENGTH,
        label=gettext_lazy("One conversion is"),
        widget=forms.TextInput(attrs={"list": "one-conversion", "autocomplete": "off"}),
    )
    conversion_name_plural = forms.CharField(
        required=False,
        max_length=WORD_LENGTH,
        label=gettext_lazy("Several are"),
        widget=forms.TextInput(attrs={"list": "several-conversions", "autocomplete": "off"}),
    )
    impact = _score(gettext_lazy("Impact"))
    confidence = _score(gettext_lazy("Confidence"))
    ease = _score(gettext_lazy("Ease"))
    predicted_success = ShareField(
        required=False,
        allow_zero=True,
        label=gettext_lazy("Owner's own bet"),
        help_text=gettext_lazy("How likely it is to work, like 40%. Nobody is paid for being right."),
    )
    parent = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        owners: Iterable[Membership],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial)
        owner = cast("forms.ChoiceField", self.fields["owner"])
        owner.choices = [("", _("nobody yet")), *((member.user.email, str(member.user)) for member in owners)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        metric = METRICS.get(cleaned.get("primary_metric", ""))
        if metric is not None and cleaned.get("target"):
            try:
                cleaned["target"] = parse_metric_amount(
                    cleaned["target"], metric=metric, workspace=self.workspace
                )
            except ValidationError as error:
                self.add_error("target", error)
        # The service asks for it, too, but is not asked while anything else is wrong.
        if metric is not None and metric.needs_outcome and not cleaned.get("outcome_metric"):
            self.add_error("outcome_metric", say_outcome_is_missing(metric))
        return cleaned

    @property
    def says_of_the_bet(self) -> bool:
        """Whether anything is said, or wrong, of what can as well be left open."""
        names = ("impact", "confidence", "ease", "predicted_success", "persona", "objection")
        return any(self[name].value() not in (None, "") or self[name].errors for name in names)

    @property
    def values(self) -> dict[str, Any]:
        """As the service takes them: what was left empty is not known, not empty."""
        cleaned = self.cleaned_data
        texts = {"persona", "objection", "outcome_metric", "conversion_name", "conversion_name_plural"}
        values = {
            name: value if value or name in texts else (value or None) for name, value in cleaned.items()
        }
        return {**values, "guardrail_metrics": cleaned["guardrail_metrics"]}

    @staticmethod
    def typed(hypothesis: Hypothesis) -> dict[str, Any]:
        """The hypothesis as a person would type it."""
        names = [name for name in HypothesisForm.base_fields if name not in {"owner", "target", "parent"}]
        return {
            **{name: getattr(hypothesis, name) for name in names},
            "owner": hypothesis.owner.email if hypothesis.owner else "",
            "target": typed_metric_amount(hypothesis.target, metric=hypothesis.metric),
            "parent": hypothesis.parent_id,
        }


class ScoresForm(Form):
    """The numbers of the score by themselves, in the list of hypotheses."""

    impact = _score(gettext_lazy("Impact"))
    confidence = _score(gettext_lazy("Confidence"))
    ease = _score(gettext_lazy("Ease"))

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        hypothesis: Hypothesis,
        focus: str = "",
    ) -> None:
        super().__init__(data, workspace=workspace, initial=scores_of(hypothesis))
        # In a list there are several: the number and the field in its place are known by the same name.
        self.auto_id = f"%s-{hypothesis.pk}"
        if focus in self.fields:
            self.fields[focus].widget.attrs["autofocus"] = True


# Left empty, the last campaigns tell these; where there are none, only a person can.
_ASKED_FOR = ("stands_at", "money_per_day")


class SizingForm(Form):
    """What it takes to say whether a sprint can see the effect. Nothing of it is saved.

    It is sent with the hypothesis, whose metric and smallest effect it reads.
    """

    # A browser that insisted on these would not let the hypothesis be saved without them.
    use_required_attribute = False

    primary_metric = forms.ChoiceField(
        choices=METRIC_CHOICES,
        label=gettext_lazy("Judged by"),
        error_messages={"required": gettext_lazy("Choose first what it is judged by.")},
    )
    mde_relative = ShareField(label=gettext_lazy("Smallest effect worth having"))
    channel = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("a channel", "On"),
        help_text=gettext_lazy("Whose prices and rates stand in for what is left empty below."),
    )
    stands_at = forms.CharField(
        required=False,
        max_length=40,
        label=gettext_lazy("It stands at today"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy(
            "24.00 for a cost, 0.5% for a rate, 2.4 for a return. Left empty, as your last campaigns had it."
        ),
    )
    money_per_day = MoneyField(
        required=False,
        label=gettext_lazy("Money a day"),
        help_text=gettext_lazy("Of both arms together. Left empty, as it was lately."),
    )
    price_of_exposure = MoneyField(
        required=False,
        label=gettext_lazy("Price of 1,000 impressions"),
        help_text=gettext_lazy(
            "Only for a rate. For a rate per click, of 1,000 clicks; for an open rate, of 1,000 sends."
        ),
    )
    order_value = MoneyField(
        required=False,
        label=gettext_lazy("Average order"),
        help_text=gettext_lazy("Only for a return: what one order brings."),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial)
        channels = Source.objects.of(workspace).filter(kind=SourceKind.PLATFORM).order_by("name")
        cast("forms.ChoiceField", self.fields["channel"]).choices = [
            ("", _("any channel")),
            *((source.key, source.name) for source in channels),
        ]

    @property
    def shown(self) -> list[forms.BoundField]:
        """The fields that the hypothesis does not have itself."""
        return [self[name] for name in self.fields if name not in _SIZED_BY]

    def take(self, error: DomainError) -> None:
        """What is left empty and that no campaign tells is asked for in the words of the form."""
        asked = [item for item in error.errors if item.code == "required" and item.field in _ASKED_FOR]
        words = (
            _("No campaign here tells it yet, so type it.")
            if self.cleaned_data.get("channel")
            else _("No campaign here tells it yet, so type it, or choose a channel whose averages stand in.")
        )
        for item in asked:
            self.add_error(item.field, words)
        others = [item for item in error.errors if item not in asked]
        if others or not error.errors:
            super().take(DomainError(error.code, error.message, errors=others))

    @property
    def is_open(self) -> bool:
        """Whether anything is typed into it or asked for."""
        return any(field.value() or field.errors for field in self.shown)

    @property
    def is_begun(self) -> bool:
        """Whether something was typed that only this asks for; before that nothing is wrong."""
        names = [name for name in self.fields if name not in {*_SIZED_BY, "channel"}]
        return any(str(self.data.get(name, "")).strip() for name in names)

    @property
    def elsewhere(self) -> list[str]:
        """Complaints about the hypothesis's own fields, with their names."""
        said = [f"{self[name].label}: {error}" for name in _SIZED_BY for error in self[name].errors]
        return said + [str(error) for error in self.non_field_errors()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        metric = METRICS.get(cleaned.get("primary_metric", ""))
        if metric is not None and cleaned.get("stands_at"):
            try:
                cleaned["stands_at"] = parse_metric_amount(
                    cleaned["stands_at"], metric=metric, workspace=self.workspace
                )
            except ValidationError as error:
                self.add_error("stands_at", error)
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        cleaned = {name: value for name, value in self.cleaned_data.items() if name != "channel"}
        price = cleaned["price_of_exposure"]
        return {**cleaned, "price_of_exposure": None if price is None else price / 1000}

    def as_assumed(self, name: str, value: Decimal, source: str) -> dict[str, Any]:
        """A figure that stands in for an empty field, as that field would show it."""
        is_price = name == "price_of_exposure"
        return {
            "label": self.fields[name].label,
            "value": value * 1000 if is_price else value,
            "metric": METRICS[self.cleaned_data["primary_metric"]] if name == "stands_at" else None,
            "source": source,
        }

    @property
    def complaints(self) -> list[str]:
        """All of them with the names of their fields, for where the fields themselves are not shown anew."""
        said = [f"{field.label}: {error}" for field in self for error in field.errors]
        return said + [str(error) for error in self.non_field_errors()]
