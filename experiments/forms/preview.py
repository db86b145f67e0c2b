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
from experiments.stats.false_kill import MOST_DAYS
from workspaces.exceptions import FieldError
from workspaces.forms import Form, MoneyField
from workspaces.models import Workspace

# As long as a sprint is unless somebody says otherwise.
USUAL_DAYS = 5
PLAN_PREFIX = "plan"
# What a rate is counted against, and for how many of them people know the price.
PRICED_BY = {"impressions": 1000, "clicks": 1, "sends": 1000}


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
    impressions = MoneyField(required=False, label=gettext_lazy("Price of 1,000 impressions"))
    clicks = MoneyField(required=False, label=gettext_lazy("Price of one click"))
    sends = MoneyField(required=False, label=gettext_lazy("Price of 1,000 sends"))
    order_value = MoneyField(required=False, label=gettext_lazy("Average order or deal"))

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, workspace: Workspace, initial: dict[str, Any] | None
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial, prefix=PLAN_PREFIX)

    def values_for(self, metric: Metric, *, budget: Decimal | None) -> dict[str, Any] | None:
        """The plan as the service takes it; ``None`` if something that such a metric needs is not clear."""
        cleaned, needed = self.cleaned_data, ["spend_per_day", "days"]
        values = {"spend_per_day": cleaned.get("spend_per_day"), "days": cleaned.get("days")}
        if values["spend_per_day"] is None and budget is not None and values["days"]:
            places = self.workspace.currency_exponent
            values["spend_per_day"] = round(budget / values["days"], places)
        if values["spend_per_day"] is None:
            self._ask("spend_per_day", _("Say what it will spend a day, or what its budget is."))
        if metric.form == MetricForm.RATE:
            needed.append(metric.exposure)
            price = cleaned.get(metric.exposure)
            if price is None:
                self._ask(
                    metric.exposure,
                    _("The {metric} cannot be tried without it.").format(metric=self.words.metric(metric)),
                )
            else:
                values["price_of_exposure"] = price / PRICED_BY[metric.exposure]
        if metric.form == MetricForm.VALUE and metric.exposure == "spend":
            needed.append("order_value")
            values["order_value"] = cleaned.get("order_value")
            if values["order_value"] is None:
                self._ask(
                    "order_value",
                    _("The {metric} cannot be tried without it.").format(metric=self.words.metric(metric)),
                )
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
