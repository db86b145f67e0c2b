"""The forms that are sent as one: the plan of a campaign, and new rules for a launched one."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from string import ascii_lowercase
from typing import Any, NamedTuple, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import slug_re
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from experiments.forms.campaign.criterion import CriterionForm
from experiments.forms.campaign.posts import Data, is_previewing, is_unsent, typed
from experiments.forms.campaign.rows import RowForm, Rows
from experiments.forms.preview import PLAN_PREFIX, USUAL_DAYS, PlanForm
from experiments.models import Campaign, Hypothesis, KillCriterion
from experiments.models.hypothesis import HypothesisQuerySet
from experiments.models.team_words import TeamWords, words_of
from experiments.services.campaigns import MOST_ARMS
from experiments.services.campaigns.drafts import SHARE_UNIT
from experiments.services.criteria import MOST_CRITERIA
from workspaces.exceptions import DomainError
from workspaces.forms import Form, MoneyField, ReasonForm, ShareField
from workspaces.forms.comparing import Shown, shown_in
from workspaces.models import Source, Workspace


class WrongField(NamedTuple):
    """A field with a complaint, as the summary above the form names it and leads to it."""

    label: str
    id_for_label: str
    auto_id: str


def wrong_in(form: Form, *, about: str = "") -> list[WrongField]:
    """``about``: what its labels begin with, where there are several forms."""
    before = f"{about}: " if about else ""
    return [
        WrongField(f"{before}{field.label}", field.id_for_label, str(field.auto_id)) for field in form.wrong
    ]


class ArmForm(RowForm):
    telling = ("name",)

    name = forms.CharField(max_length=300, label=gettext_lazy("Name"))
    key = forms.SlugField(
        max_length=60, required=False, label=pgettext_lazy("of a campaign or an arm", "Key")
    )
    planned_share = ShareField(required=False, label=gettext_lazy("Share"))

    @property
    def has_share(self) -> bool:
        return bool(str(self["planned_share"].value() or "").strip())


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
        help_text=gettext_lazy("Like 2,500 or 2.5k. Needed by the launch."),
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
    # Whose prices its rules are tried with; any where that is open.
    channel = ""
    # Whether it is about its rules, so that it cannot do without one.
    needs_rule = False

    def take_rules(
        self,
        data: Data,
        *,
        workspace: Workspace,
        criteria: Iterable[KillCriterion] = (),
        aim: Hypothesis | None = None,
        most: int = MOST_CRITERIA,
    ) -> None:
        """The rows of the rules: as they were typed, else as ``criteria`` say them, else one for the aim."""
        begun = [CriterionForm.typed(criterion, workspace=workspace) for criterion in criteria]
        self.criteria = Rows(
            CriterionForm,
            data,
            name="criterion",
            workspace=workspace,
            initial=begun or [CriterionForm.aimed_at(aim)],
            fewest=1,
            most=most,
        )
        for row in self.criteria.forms:
            row.show_blanks()

    def take_plan(self, data: Data, *, workspace: Workspace, spend_per_day: str = "", days: int = 0) -> None:
        """The plan beside the rules: as it was typed, else as far as it can be told."""
        given = {"spend_per_day": spend_per_day, "days": days or USUAL_DAYS}
        self.plan = PlanForm(
            data if is_previewing(data) else None,
            workspace=workspace,
            initial=given | typed(data, f"{PLAN_PREFIX}-"),
        )

    def speak(self, words: TeamWords) -> None:
        """Say the rules, and what they would do, in these words."""
        self.plan.words = words
        for row in self.criteria.forms:
            row.speak(words)

    def aim_among(self, hypotheses: HypothesisQuerySet) -> Hypothesis | None:
        """The one that is chosen on the form."""
        chosen = str(self.form["hypothesis"].value() or "")
        return hypotheses.filter(pk=int(chosen[:15])).first() if chosen.isdecimal() else None

    def take_note(self, prefix: str, *, note: str) -> None:
        """Say beside a row what the template says that filled it, and begin with what it left open."""
        for row in self.criteria.forms:
            if row.prefix == prefix:
                row.note = note
                row.begin_with_blank()

    def return_to(self, answer: str) -> None:
        """Begin with the limit whose question was answered: ``criterion-0-threshold=0.5%``."""
        name = answer.partition("=")[0]
        for row in self.criteria.forms:
            if row["threshold"].html_name == name:
                row.fields["threshold"].widget.attrs["autofocus"] = True

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
        first = self.criteria.forms[0]
        if self.needs_rule and not self.criteria.filled and first.is_bound:
            # It was held back as an empty one, and says now what its blanks lack.
            first.full_clean()
            answers.append(first.is_valid())
        return all(answers)

    @property
    def wrong(self) -> list[WrongField]:
        """Its fields with a complaint, in their order on the page."""
        return [*wrong_in(self.form), *self._wrong_rules]

    @property
    def _wrong_rules(self) -> list[WrongField]:
        return [
            field
            for number, row in enumerate(self.criteria.forms, start=1)
            for field in wrong_in(row, about=_("Rule {number}").format(number=number))
        ]

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
        hypotheses: HypothesisQuerySet,
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
            *hypotheses.values_list("pk", "title"),
        ]
        channels = {source.key: source.name for source in sources}
        if campaign is not None:
            channels.setdefault(campaign.channel, campaign.channel)
        self.channel = str(self.form["channel"].value() or "")
        # Nobody is taken for the first channel of the list just because it is the first.
        unchosen = [] if self.form["channel"].value() in channels else [("", _("choose"))]
        cast("forms.ChoiceField", fields["channel"]).choices = [*unchosen, *channels.items()]
        self.arms = Rows(
            ArmForm,
            data,
            name="arm",
            workspace=workspace,
            initial=[{"name": arm.name, "key": arm.key, "planned_share": arm.planned_share} for arm in arms],
            fewest=2,
            most=MOST_ARMS,
        )
        if any(arm.has_share for arm in self.arms.filled):
            # Nobody can tell whether the others are to have an equal part of the rest.
            for arm in self.arms.filled:
                arm.fields["planned_share"].required = True
                arm.fields["planned_share"].error_messages["required"] = _(
                    "Give every arm its share, or none: without any, they are equal."
                )
        aim = self.aim_among(hypotheses)
        self.take_rules(data, workspace=workspace, criteria=criteria, aim=aim)
        controls = [number for number, arm in enumerate(arms) if arm.is_control]
        self.control = str((data or {}).get("control", controls[0] if controls else 0))
        self.take_plan(data, workspace=workspace)
        self.speak(words_of(aim, workspace))

    def is_valid(self) -> bool:
        answers = [super().is_valid(), self.arms.is_valid()]
        return all(answers)

    @property
    def wrong(self) -> list[WrongField]:
        arms = [
            field
            for number, row in enumerate(self.arms.forms, start=1)
            for field in wrong_in(row, about=_("Arm {number}").format(number=number))
        ]
        return [*wrong_in(self.form), *arms, *self._wrong_rules]

    @property
    def has_row_errors(self) -> bool:
        return super().has_row_errors or any(row.errors for row in self.arms.filled)

    @property
    def names_keys(self) -> bool:
        """Whether an arm has a key of its own, or a complaint about it."""
        return any(row["key"].value() or row["key"].errors for row in self.arms.forms)

    @property
    def as_shown(self) -> Shown:
        shown = super().as_shown
        for number, row in enumerate(self.arms.forms, start=1):
            shown |= shown_in(row, about=_("Arm {number}").format(number=number))
        return {**shown, "control": (_("Control"), self.control_name)}

    @property
    def revived(self) -> str:
        """The key of the campaign that this one revives; "" where the address or the form names none."""
        key = str(self.form["revives"].value() or "")
        return key if slug_re.match(key) else ""

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
        arms = len(self.arms.filled)
        equal = (Decimal(1) / arms).quantize(SHARE_UNIT)
        return {
            "key": form.cleaned_data["key"] or ascii_lowercase[number],
            "name": form.cleaned_data["name"],
            "is_control": arms > 1 and self.control == str(number),
            "planned_share": form.cleaned_data["planned_share"] or equal,
        }


class AmendDraft(Draft):
    """New rules for a launched campaign, and why."""

    needs_rule = True

    def __init__(
        self,
        data: Data = None,
        *,
        workspace: Workspace,
        campaign: Campaign,
        spend_per_day: str,
        days: int,
    ) -> None:
        if is_unsent(data):
            self.form = ReasonForm(workspace=workspace, initial=typed(data))
        else:
            self.form = ReasonForm(data, workspace=workspace)
        self.channel = campaign.channel
        self.take_rules(data, workspace=workspace, criteria=campaign.kill_criteria.all())
        self.take_plan(data, workspace=workspace, spend_per_day=spend_per_day, days=days)
        self.speak(words_of(campaign.hypothesis, workspace))

    @property
    def rules(self) -> list[dict[str, Any]]:
        return [form.values for form in self.criteria.filled]
