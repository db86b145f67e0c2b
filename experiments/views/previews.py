"""Rules of a form that is not saved, tried on the plan beside them."""

from collections.abc import Mapping
from contextlib import suppress

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from experiments.choices import METRICS, EvidenceKind
from experiments.exceptions import DomainError
from experiments.forms.campaign import CriterionForm, Draft
from experiments.forms.preview import RulePreview
from experiments.selectors.prices import known_figures
from experiments.services.previews import preview_criterion
from workspaces.permissions import Actor


def is_part_wanted(request: HttpRequest) -> bool:
    """Whether htmx asks, which puts the answer into the page that is there."""
    return request.headers.get("HX-Request") == "true"


def preview_rules(draft: Draft, data: QueryDict, *, by: Actor) -> None:
    """Give each filled row what its rule would do, or what is unclear about it."""
    draft.plan.full_clean()
    tried = 0
    for row in draft.criteria.forms:
        asked = CriterionForm(data, prefix=str(row.prefix), workspace=by.workspace, initial=None)
        if not asked.is_blank:
            row.preview, row.risks = _preview(asked, draft, by=by)
            tried += 1
    if not tried:
        draft.criteria.forms[0].preview = RulePreview(
            complaints=[_("Fill in the limit and the guard first.")]
        )


def _preview(asked: CriterionForm, draft: Draft, *, by: Actor) -> tuple[RulePreview, Mapping[str, float]]:
    """What the rule would do, and the false-kill risk of each kind of evidence in its place."""
    if not asked.is_valid():
        return RulePreview(complaints=complaints_about(asked), answers=asked.limit_answers), {}
    rule = asked.values
    metric = METRICS[rule["metric"]]
    preview = RulePreview(
        metric=metric,
        action=rule["action"],
        level=rule["level"],
        words=draft.plan.words,
        comparator=rule["comparator"],
    )
    if draft.plan.lacks_price(metric):
        draft.plan.take_known(metric, known_figures(by.workspace, metric, channel=draft.channel))
    preview.assumed = draft.plan.assumed_for(metric)
    plan = draft.plan.values_for(metric, budget=draft.planned_budget)
    if plan is None:
        preview.complaints = [_("What it would do is not known yet: the plan below lacks something.")]
        return preview, {}
    risks = {}
    try:
        preview.figures = preview_criterion(values={"criterion": rule, **plan}, by=by)
    except DomainError as error:
        preview.complaints = (
            draft.plan.take_preview(error.errors, metric=metric) if error.errors else [error.message]
        )
        preview.complaints = preview.complaints or [_("The plan below does not fit this rule.")]
    else:
        preview.figures = {**preview.figures, "spend_per_day": plan["spend_per_day"], "days": plan["days"]}
        for kind in EvidenceKind:
            other = {"criterion": {**rule, "evidence": kind.value}, **plan}
            # Not every rule can have every kind: a return on spend has none that is always valid.
            with suppress(DomainError):
                risks[kind.value] = preview_criterion(values=other, by=by)["false_kill_risk"]
    return preview, risks


def complaints_about(asked: CriterionForm) -> list[str]:
    """What is unclear about a rule, each with the name of its field."""
    return [
        f"{asked.fields[name].label}: {message}" if name in asked.fields else str(message)
        for name, messages in asked.errors.items()
        for message in messages
    ]
