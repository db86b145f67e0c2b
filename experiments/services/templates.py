"""Rules to begin with: those that every team needs, and those that a team has kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import (
    METRICS,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    MetricForm,
)
from experiments.exceptions import NotAllowed, NotFound, Refused
from experiments.models import CriterionTemplate, KillCriterion
from experiments.models.criterion import canonical_number
from experiments.services.criteria import CRITERION_FIELDS, DEFAULT_CONFIDENCE, read_criterion
from experiments.services.values import Values
from workspaces.choices import EventKind
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

TEMPLATE_FIELDS = ("name", "criterion")
LONGEST_NAME = 80
MOST_TEMPLATES = 50
# With three conversions' worth of money and none to show for it we are 98 % sure; with one, 90 %.
TARGETS_WORTH: Final = 3
CONVERSIONS_THAT_SPEAK: Final = 10


@dataclass(frozen=True, slots=True)
class UsualTemplate:
    """A rule with blanks. ``guard_in_targets``: its spend guard, in multiples of the limit."""

    key: str
    label: str | Promise
    note: str | Promise
    metric: str
    comparator: Comparator
    guard_in_targets: int | None = None
    guards: Mapping[str, Any] | None = None

    def fields(self, *, aim: str = "", target: Decimal | None = None) -> dict[str, Any]:
        """As a criterion has them; limit and guard are missing where only a person knows them.

        ``aim`` and ``target``: the hypothesis's metric and its target. A rule about any price takes it.
        """
        metric = METRICS[self.metric]
        limit = target if aim == self.metric else None
        if limit is None and self.key == "cost_ceiling" and aim and METRICS[aim].form == MetricForm.COST:
            metric, limit = METRICS[aim], target
        guards = dict(self.guards or {})
        if self.guard_in_targets is not None and limit is not None and metric.per == 1:
            guards[GuardKey.SPEND.value] = str(limit * self.guard_in_targets)
        return {
            "metric": metric.key,
            "comparator": self.comparator,
            "threshold": limit,
            "level": CriterionLevel.CAMPAIGN,
            "guards": guards,
            "evidence": EvidenceKind.PROBABLE,
            "confidence": DEFAULT_CONFIDENCE,
            "action": CriterionAction.PAUSE,
        }


USUAL_TEMPLATES: Final = (
    UsualTemplate(
        "ctr_floor",
        gettext_lazy("CTR below a limit, after some spend"),
        gettext_lazy("Tells early that an ad does not draw. Keep a rule about an outcome beside it."),
        "ctr",
        Comparator.BELOW,
    ),
    UsualTemplate(
        "cost_ceiling",
        gettext_lazy("Cost above a limit, after 3 times that limit and two days"),
        gettext_lazy(
            "The limit is the hypothesis's target where it is a cost. Two days, so that no single one "
            "decides."
        ),
        "cpa",
        Comparator.ABOVE,
        guard_in_targets=TARGETS_WORTH,
        guards={GuardKey.DAYS.value: 2},
    ),
    UsualTemplate(
        "no_conversion",
        gettext_lazy("Nothing to show after 3 times the target cost"),
        gettext_lazy(
            "A cost above the target, judged from 3 times the target on. With none by then we are about 98% "
            "sure, and it stops; with one, about 90%, and it goes on. Later it stops on the same evidence."
        ),
        "cpa",
        Comparator.ABOVE,
        guard_in_targets=TARGETS_WORTH,
    ),
    UsualTemplate(
        "return_floor",
        gettext_lazy("Return on ad spend below a limit, after ten orders"),
        gettext_lazy(
            "Orders differ in value, so it waits for ten. A campaign without any is not stopped by it: keep "
            "“Nothing to show” beside it."
        ),
        "roas",
        Comparator.BELOW,
        guards={GuardKey.CONVERSIONS.value: CONVERSIONS_THAT_SPEAK},
    ),
    UsualTemplate(
        "qualified_lead_ceiling",
        gettext_lazy("Cost per sales-qualified lead above a limit"),
        gettext_lazy(
            "Only leads that the ad platform is told of take part: a CRM dates them by when they were "
            "qualified, and their money was spent on another day."
        ),
        "cost_per_sales_qualified_lead",
        Comparator.ABOVE,
        guard_in_targets=TARGETS_WORTH,
    ),
)


@transaction.atomic
def save_template(*, values: Mapping[str, Any], by: Actor, at: datetime) -> CriterionTemplate:
    """Keep a rule under a name. ``values``: ``name``, and ``criterion`` as ``create_campaign`` takes one."""
    by.require(Permission.PLAN)
    if by.user is None:
        raise NotAllowed(
            _("Quickno begins with its own templates; a person keeps others."), code="person_required"
        )
    reader = Values(values, known=TEMPLATE_FIELDS)
    name = reader.text("name", longest=LONGEST_NAME)
    given = reader.nested("criterion", values.get("criterion"), known=CRITERION_FIELDS)
    fields = read_criterion(given, workspace=by.workspace) if given else {}
    reader.errors += given.errors if given else []
    reader.raise_errors()
    if CriterionTemplate.objects.of(by.workspace).count() >= MOST_TEMPLATES:
        raise Refused(
            "too_many",
            _("There are {most} templates already. A manager can delete some in the settings.").format(
                most=MOST_TEMPLATES
            ),
        )
    criterion = KillCriterion(workspace=by.workspace, **fields)
    rule = {**fields, "threshold": canonical_number(criterion.threshold)}
    template = CriterionTemplate(
        workspace=by.workspace, name=name, rule=rule, created_by=by.user, created_at=at
    )
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError:
        raise Refused(
            "name_taken", _("There is a template “{name}” already. Choose another name.").format(name=name)
        ) from None
    _tell(EventKind.TEMPLATE_SAVED, template, rule=criterion.rule_text, by=by, at=at)
    return template


@transaction.atomic
def delete_template(template_id: int, *, by: Actor, at: datetime) -> CriterionTemplate:
    """Forget a template. Rules that began with it stay what they are."""
    by.require(Permission.MANAGE_TEMPLATES)
    template = CriterionTemplate.objects.of(by.workspace).select_for_update().filter(pk=template_id).first()
    if template is None:
        raise NotFound(_("There is no template {template_id} here.").format(template_id=template_id))
    template.workspace = by.workspace
    _tell(EventKind.TEMPLATE_DELETED, template, rule=template.criterion.rule_text, by=by, at=at)
    template.delete()
    return template


def _tell(kind: EventKind, template: CriterionTemplate, *, rule: str, by: Actor, at: datetime) -> None:
    record_event(
        kind,
        by=by,
        at=at,
        subject=("criterion_template", template.pk),
        data={"name": template.name, "rule": rule},
    )
