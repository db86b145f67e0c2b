"""What a rule would do, asked before it is saved: the plan that it is tried on, and the answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import Metric, MetricForm
from experiments.models.team_words import USUAL_WORDS, TeamWords
from experiments.selectors.prices import Known
from experiments.stats.false_kill import MOST_DAYS
from workspaces.exceptions import FieldError
from workspaces.forms import Form, MoneyField
from workspaces.models import Workspace

# As long as a sprint is unless somebody says otherwise.
USUAL_DAYS = 5
PLAN_PREFIX = "plan"
# What a rate is counted against, and for how many of them people know the price.
PRICED_BY = {"impressions": 1000, "clicks": 1, "sends": 1000}
_AS_LATELY = gettext_lazy("Left empty, as in the last campaigns of the channel.")


@dataclass(frozen=True, slots=True)
class Assumed:
    """What stands in for an amount of the plan that was not typed."""

    label: str
    value: Decimal
    source: str


@dataclass(slots=True)
class RulePreview:
    """What a rule would do, or the sentences that say why that is not known."""

    metric: Metric | None = None
    action: str = ""
    level: str = ""
    words: TeamWords = USUAL_WORDS
    comparator: str = ""
    figures: Mapping[str, Any] | None = None
    complaints: list[str] = field(default_factory=list)
    # What a limit that is either of two may have meant, each with the value of the button that says so.
    answers: list[tuple[str, str]] = field(default_factory=list)
    assumed: Assumed | None = None


def _price_of(metric: Metric) -> str:
    """The field with the price that such a metric is tried by; empty where money alone is enough."""
    if metric.form == MetricForm.RATE:
        return metric.exposure
    return "order_value" if metric.form == MetricForm.VALUE and metric.exposure == "spend" else ""


class PlanForm(Form):
    """The plan that rules are tried on. It is asked for beside them and never saved."""

    # A campaign is saved without any of it.
    use_required_attribute = False
    words = USUAL_WORDS

    spend_per_day = MoneyField(
        required=False,
        label=gettext_lazy("Planned a day"),
        help_text=gettext_lazy("Left empty, it is the budget divided by the days."),
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=MOST_DAYS,
        label=gettext_lazy("Days"),
        error_messages={
            "required": format_lazy(
                gettext_lazy("Say how many days it runs, from 1 to {most}."), most=MOST_DAYS
            )
        },
    )
    impressions = MoneyField(
        required=False, label=gettext_lazy("Price of 1,000 impressions"), help_text=_AS_LATELY
    )
    clicks = MoneyField(required=False, label=gettext_lazy("Price of one click"), help_text=_AS_LATELY)
    sends = MoneyField(required=False, label=gettext_lazy("Price of 1,000 sends"), help_text=_AS_LATELY)
    order_value = MoneyField(
        required=False, label=gettext_lazy("Average order or deal"), help_text=_AS_LATELY
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, workspace: Workspace, initial: dict[str, Any] | None
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial, prefix=PLAN_PREFIX)
        self.assumed: dict[str, Assumed] = {}

    def lacks_price(self, metric: Metric) -> bool:
        """Whether nobody has typed the price that such a metric is tried by."""
        name = _price_of(metric)
        return bool(name) and name not in self.errors and self.cleaned_data.get(name) is None

    def take_known(self, metric: Metric, known: Mapping[str, Known]) -> None:
        """Let the price that the workspace knows stand in for one that was not typed."""
        name = _price_of(metric)
        figure = known.get("order_value" if name == "order_value" else "price_of_exposure")
        if figure is None:
            return
        price = round(figure.value * PRICED_BY.get(name, 1), self.workspace.currency_exponent)
        if price:
            self.cleaned_data[name] = price
            self.assumed[name] = Assumed(str(self.fields[name].label), price, figure.source)

    def assumed_for(self, metric: Metric) -> Assumed | None:
        return self.assumed.get(_price_of(metric))

    def values_for(self, metric: Metric, *, budget: Decimal | None) -> dict[str, Any] | None:
        """The plan as the service takes it; ``None`` if something that such a metric needs is not clear."""
        cleaned, needed = self.cleaned_data, ["spend_per_day", "days"]
        values = {"spend_per_day": cleaned.get("spend_per_day"), "days": cleaned.get("days")}
        if values["spend_per_day"] is None and budget is not None and values["days"]:
            places = self.workspace.currency_exponent
            values["spend_per_day"] = round(budget / values["days"], places)
        if values["spend_per_day"] is None:
            self._ask("spend_per_day", _("Say what it will spend a day, or what its budget is."))
        if name := _price_of(metric):
            needed.append(name)
            price = cleaned.get(name)
            if price is None:
                self._ask(
                    name,
                    _("The {metric} cannot be tried without it.").format(metric=self.words.metric(metric)),
                )
            elif name == "order_value":
                values["order_value"] = price
            else:
                values["price_of_exposure"] = price / PRICED_BY[name]
        return None if any(name in self.errors for name in needed) else values

    def take_preview(self, errors: Iterable[FieldError], *, metric: Metric) -> list[str]:
        """Put what is wrong with the plan to its fields; the rest is the rule's, and comes back."""
        fields = {
            "spend_per_day": "spend_per_day",
            "days": "days",
            "price_of_exposure": metric.exposure,
            "order_value": "order_value" if metric.exposure == "spend" else "",
        }
        left = []
        for error in errors:
            name = fields.get(error.field or "")
            if name:
                self._ask(name, error.message)
            elif name is None:
                left.append(error.message)
        return left

    def _ask(self, name: str, message: str) -> None:
        # Several rules may lack the same, and what cannot be read is complained about already.
        if name not in self.errors:
            self.add_error(name, ValidationError(message))
