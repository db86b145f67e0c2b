"""Planning a sprint and choosing what goes into it."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.db.models import Expression, ExpressionWrapper, F, IntegerField, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from experiments.choices import METRICS, BuyerStage, Driver, HypothesisKind
from experiments.models.hypothesis import HypothesisQuerySet
from sprints.forms.filters import by_label, ordering
from workspaces.forms import DayField, FilterForm, Form
from workspaces.models import Membership, Workspace


class SprintForm(Form):
    name = forms.CharField(max_length=200, label=_("Name"), help_text=_("What it is about, in three words."))
    goal = forms.CharField(
        max_length=1000,
        required=False,
        label=_("Goal"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What the team will know at its end."),
    )
    starts_on = DayField(
        label=_("First day"),
        help_text=_("Start it on this day, or on the day before: its campaigns launch with it."),
    )
    ends_on = DayField(
        label=_("Last day"),
        help_text=_("A sprint takes 4 to 7 days, weekends included."),
    )


class CommitForm(Form):
    hypothesis = forms.IntegerField(widget=forms.HiddenInput)


class BacklogFilter(FilterForm):
    """What of the backlog is shown, and in which order."""

    arranging = ("sort",)
    # A minus turns the order round.
    SORTS = (
        ("score", _("highest score first")),
        ("-score", _("lowest score first")),
        ("newest", _("newest first")),
        ("-newest", _("oldest first")),
        ("title", _("by title")),
        ("-title", _("by title, from the end")),
        ("kind", _("by kind")),
        ("-kind", _("by kind, from the end")),
        ("metric", _("by metric")),
        ("-metric", _("by metric, from the end")),
        ("owner", _("by owner")),
        ("-owner", _("by owner, from the end")),
    )
    # These begin with the largest.
    _DOWN_FIRST = ("score", "newest")

    search = forms.CharField(required=False, max_length=200, label=_("Search"))
    kind = forms.ChoiceField(
        required=False, label=_("Kind"), choices=[("", _("any")), *HypothesisKind.choices]
    )
    stage = forms.ChoiceField(
        required=False, label=_("Buyer stage"), choices=[("", _("any")), *BuyerStage.choices]
    )
    driver = forms.ChoiceField(required=False, label=_("Driver"), choices=[("", _("any")), *Driver.choices])
    owner = forms.ChoiceField(required=False, label=_("Owner"))
    sort = forms.ChoiceField(required=False, label=_("Order"), choices=SORTS)

    def __init__(
        self, data: Mapping[str, Any] | None, *, workspace: Workspace, people: Iterable[Membership]
    ) -> None:
        super().__init__(data, workspace=workspace)
        owner = cast("forms.ChoiceField", self.fields["owner"])
        owner.choices = [
            ("", _("anybody")),
            *((str(member.user_id), str(member.user)) for member in people),
        ]

    @property
    def condition(self) -> Q:
        """The filter as a query; needs a valid form."""
        given = self.cleaned_data
        condition = Q()
        for name, lookup in (
            ("kind", "kind"),
            ("stage", "buyer_stage"),
            ("driver", "driver"),
            ("owner", "owner"),
        ):
            if given.get(name):
                condition &= Q(**{lookup: given[name]})
        for word in given.get("search", "").split():
            condition &= (
                Q(title__icontains=word)
                | Q(change__icontains=word)
                | Q(audience__icontains=word)
                | Q(expected_effect__icontains=word)
                | Q(because__icontains=word)
                | Q(persona__icontains=word)
            )
        return condition

    @property
    def sorted_by(self) -> str:
        """The order in which it stands: one of ``SORTS``."""
        given = self.cleaned_data.get("sort") if self.is_bound and self.is_valid() else ""
        return given or "score"

    def is_descending(self, sort: str) -> bool:
        return (sort.lstrip("-") in self._DOWN_FIRST) != sort.startswith("-")

    def in_order(self, rows: HypothesisQuerySet) -> HypothesisQuerySet:
        """As it was asked for."""
        sort = self.sorted_by
        if sort == "score":
            return rows.by_score()
        columns: dict[str, Expression | F] = {
            "score": ExpressionWrapper(
                F("impact") * F("confidence") * F("ease"), output_field=IntegerField()
            ),
            "newest": F("id"),
            "title": Lower("title"),
            "kind": by_label("kind", dict(HypothesisKind.choices)),
            "metric": by_label("primary_metric", {key: metric.label for key, metric in METRICS.items()}),
            "owner": Lower("owner__first_name"),
        }
        column = columns[sort.lstrip("-")]
        return rows.order_by(ordering(column, is_down=self.is_descending(sort)), "id")
