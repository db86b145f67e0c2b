"""Writing down what the team believes, until a sprint commits to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from experiments.choices import (
    METRICS,
    OUTCOME_METRICS,
    BuyerStage,
    Driver,
    HypothesisKind,
    HypothesisStatus,
    Metric,
)
from experiments.exceptions import InvalidTransition, Refused
from experiments.models import Hypothesis
from experiments.models.criterion import canonical_number
from experiments.services.campaigns import discard_campaign
from experiments.services.lookups import lock_hypothesis
from experiments.services.values import Values, listed, quoted
from workspaces.choices import EventKind, Role
from workspaces.models import Membership, User
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event, require_unchanged

DEFAULT_MDE_RELATIVE = 0.2
LARGEST_MDE_RELATIVE = 5
MOST_GUARDRAILS = 10
SCORES = ("impact", "confidence", "ease")
SENTENCE = {"title": 300, "change": 500, "audience": 500, "expected_effect": 500, "because": 1000}
OPTIONAL_TEXTS = {"persona": 300, "objection": 500}
CONVERSION_NAMES = ("conversion_name", "conversion_name_plural")
HYPOTHESIS_FIELDS = (
    *SENTENCE,
    *OPTIONAL_TEXTS,
    "kind",
    "buyer_stage",
    "driver",
    "owner",
    "primary_metric",
    "outcome_metric",
    "target",
    "mde_relative",
    "guardrail_metrics",
    *CONVERSION_NAMES,
    *SCORES,
    "predicted_success",
    "parent",
)


@transaction.atomic
def create_hypothesis(*, values: Mapping[str, Any], path: str = "", by: Actor, at: datetime) -> Hypothesis:
    """A new hypothesis in the backlog.

    ``values`` maps names out of ``HYPOTHESIS_FIELDS`` as REST has them; ``owner`` is an e-mail address or a
    user, ``parent`` the id of a hypothesis. Raises ``Invalid`` with everything that is wrong; ``path`` goes
    before the names of the fields.
    """
    by.require(Permission.PLAN)
    hypothesis = Hypothesis(workspace=by.workspace, created_at=at, **_read(values, path=path, by=by))
    hypothesis.save()
    record_event(
        EventKind.HYPOTHESIS_CREATED,
        by=by,
        at=at,
        subject=("hypothesis", hypothesis.pk),
        data={
            "title": hypothesis.title,
            "owner": hypothesis.owner.email if hypothesis.owner else None,
            "primary_metric": hypothesis.primary_metric,
            "parent": hypothesis.parent_id,
        },
    )
    return hypothesis


@transaction.atomic
def change_hypothesis(
    hypothesis_id: int, *, values: Mapping[str, Any], basis: str | None = None, by: Actor, at: datetime
) -> Hypothesis:
    """Change the fields given in ``values``, as long as no sprint has committed to the hypothesis.

    ``basis``: what it said when the change was written (``basis_of`` what is ``stated``), if that matters.
    """
    by.require(Permission.PLAN)
    hypothesis = lock_hypothesis(hypothesis_id, by=by)
    _refuse_outside_the_backlog(hypothesis)
    require_unchanged(
        stated(hypothesis),
        basis=basis,
        subject=("hypothesis", hypothesis.pk),
        kinds=(EventKind.HYPOTHESIS_CREATED, EventKind.HYPOTHESIS_CHANGED),
        by=by,
    )
    _change(hypothesis, values, by=by, at=at)
    return hypothesis


@transaction.atomic
def score_hypothesis(
    hypothesis_id: int, *, values: Mapping[str, Any], basis: str | None = None, by: Actor, at: datetime
) -> Hypothesis:
    """Change impact, confidence and ease, which somebody else may do while its words are worked on.

    ``basis``: what the three were when the change was written (``basis_of`` the ``scores_of`` it), if that
    matters.
    """
    by.require(Permission.PLAN)
    hypothesis = lock_hypothesis(hypothesis_id, by=by)
    _refuse_outside_the_backlog(hypothesis)
    require_unchanged(
        scores_of(hypothesis),
        basis=basis,
        subject=("hypothesis", hypothesis.pk),
        kinds=(EventKind.HYPOTHESIS_CREATED, EventKind.HYPOTHESIS_CHANGED),
        by=by,
    )
    _change(hypothesis, {name: values[name] for name in SCORES if name in values}, by=by, at=at)
    return hypothesis


def scores_of(hypothesis: Hypothesis) -> dict[str, int | None]:
    """The three numbers of its score."""
    return {name: getattr(hypothesis, name) for name in SCORES}


def _change(hypothesis: Hypothesis, values: Mapping[str, Any], *, by: Actor, at: datetime) -> None:
    """Take over what was sent, or refuse it, and say what has changed."""
    before = stated(hypothesis)
    for field, value in _read({**before, **values}, by=by, hypothesis=hypothesis).items():
        setattr(hypothesis, field, value)
    after = stated(hypothesis)
    changed = [field for field in HYPOTHESIS_FIELDS if after[field] != before[field]]
    if changed:
        hypothesis.save(update_fields=changed)
        record_event(
            EventKind.HYPOTHESIS_CHANGED,
            by=by,
            at=at,
            subject=("hypothesis", hypothesis.pk),
            data={
                "title": hypothesis.title,
                "before": _as_told(before, changed),
                "after": _as_told(after, changed),
            },
        )


@transaction.atomic
def archive_hypothesis(hypothesis_id: int, *, by: Actor, at: datetime) -> Hypothesis:
    """Put a hypothesis of the backlog away for good; its drafts of campaigns are discarded."""
    by.require(Permission.PLAN)
    hypothesis = lock_hypothesis(hypothesis_id, by=by)
    hypothesis.move_to(HypothesisStatus.ARCHIVED)
    running = [campaign.key for campaign in hypothesis.campaigns.unfinished()]
    if running:
        raise Refused(
            "campaigns_unfinished",
            _("“{hypothesis}” has campaigns that are not over: {names}. Kill or complete them first.").format(
                hypothesis=hypothesis.title, names=listed(running)
            ),
        )
    hypothesis.save(update_fields=["status"])
    for draft in hypothesis.campaigns.drafts().order_by("pk"):
        discard_campaign(draft.key, reason="Its hypothesis was archived.", by=by, at=at)
    record_event(
        EventKind.HYPOTHESIS_ARCHIVED,
        by=by,
        at=at,
        subject=("hypothesis", hypothesis.pk),
        data={"title": hypothesis.title},
    )
    return hypothesis


def stated(hypothesis: Hypothesis) -> dict[str, Any]:
    """What the hypothesis says, by the names that ``create_hypothesis`` takes."""
    said = {field: getattr(hypothesis, field) for field in HYPOTHESIS_FIELDS}
    return {**said, "parent": hypothesis.parent_id}


def _refuse_outside_the_backlog(hypothesis: Hypothesis) -> None:
    if hypothesis.status == HypothesisStatus.BACKLOG:
        return
    if hypothesis.status == HypothesisStatus.ARCHIVED:
        raise InvalidTransition(
            _("“{hypothesis}” is archived and cannot change any more.").format(hypothesis=hypothesis.title)
        )
    raise Refused(
        "already_committed",
        _("“{hypothesis}” was committed to a sprint; what it says stays as it was agreed.").format(
            hypothesis=hypothesis.title
        ),
    )


def _read(
    given: Mapping[str, Any], *, path: str = "", by: Actor, hypothesis: Hypothesis | None = None
) -> dict[str, Any]:
    """The model's fields out of what was sent, or everything that is wrong with it."""
    values = Values(given, known=HYPOTHESIS_FIELDS, path=path)
    metric = values.metric("primary_metric")
    mde_relative = values.fraction("mde_relative", low=0, open_low=True, high=LARGEST_MDE_RELATIVE)
    fields = {
        **{name: values.text(name, longest=longest) for name, longest in SENTENCE.items()},
        **{
            name: values.text(name, longest=longest, required=False)
            for name, longest in OPTIONAL_TEXTS.items()
        },
        "kind": values.choice("kind", HypothesisKind),
        "buyer_stage": values.choice("buyer_stage", BuyerStage),
        "driver": values.choice("driver", Driver),
        "owner": _read_owner(values, by=by),
        "primary_metric": metric.key if metric else "",
        "outcome_metric": _read_outcome_metric(values, primary=metric),
        "target": values.metric_value("target", metric=metric),
        "mde_relative": DEFAULT_MDE_RELATIVE if mde_relative is None else mde_relative,
        "guardrail_metrics": _read_guardrails(values, primary=metric),
        **_read_conversion_names(values),
        **{name: values.whole(name, low=1, high=10) for name in SCORES},
        "predicted_success": values.fraction("predicted_success"),
        "parent": _read_parent(values, by=by, child=hypothesis),
    }
    values.raise_errors()
    return fields


def _read_owner(values: Values, *, by: Actor) -> User | None:
    """A member who may plan; an idea may wait in the backlog without one."""
    given = values.given.get("owner")
    if given is None or given == "":
        return None
    members = Membership.objects.of(by.workspace).select_related("user")
    if isinstance(given, User):
        membership = members.filter(user=given).first()
    else:
        email = values.text("owner", longest=254)
        if not email:
            return None
        membership = members.filter(user__email__iexact=email).first()
    if membership is None:
        values.refuse(
            "owner",
            "unknown_member",
            _("{given} is not a member of this workspace. The owner is a member, by e-mail address.").format(
                given=quoted(given)
            ),
        )
        return None
    if not Role(membership.role).includes(Role.MARKETER):
        values.refuse(
            "owner",
            "owner_cannot_plan",
            _("{email} is a {role}. An owner is a marketer or above.").format(
                email=membership.user.email, role=membership.get_role_display()
            ),
        )
        return None
    return membership.user


def say_outcome_is_missing(primary: Metric) -> str:
    """What is wrong with a metric that is no outcome and moves none."""
    return _(
        "The {primary} is a {metric_class} metric. Name the outcome metric that it is meant to move."
    ).format(primary=primary.label, metric_class=primary.metric_class.label)


def _read_outcome_metric(values: Values, *, primary: Metric | None) -> str:
    if "outcome_metric" not in values:
        if primary is not None and primary.needs_outcome:
            values.refuse(
                "outcome_metric",
                "outcome_metric_missing",
                say_outcome_is_missing(primary),
            )
        return ""
    outcome = values.metric("outcome_metric")
    if outcome is None:
        return ""
    if outcome.needs_outcome:
        values.refuse(
            "outcome_metric",
            "not_an_outcome",
            _("The {outcome} is a {metric_class} metric, not an outcome. Use {names}.").format(
                outcome=outcome.label,
                metric_class=outcome.metric_class.label,
                names=listed(OUTCOME_METRICS, last="or"),
            ),
        )
    return outcome.key


def _read_guardrails(values: Values, *, primary: Metric | None) -> list[str]:
    rows = values.rows("guardrail_metrics", most=MOST_GUARDRAILS)
    for position, key in enumerate(rows):
        if not isinstance(key, str) or key not in METRICS:
            values.refuse(
                f"guardrail_metrics.{position}",
                "unknown_metric",
                _("“{key}” is no metric. Use {names}.").format(
                    key=quoted(key), names=listed(METRICS, last="or")
                ),
            )
        elif primary is not None and key == primary.key:
            values.refuse(
                f"guardrail_metrics.{position}",
                "guardrail_is_primary",
                _("The {primary} is the primary metric already; a guardrail is another one.").format(
                    primary=primary.label
                ),
            )
    return list(dict.fromkeys(key for key in rows if isinstance(key, str)))


def _read_conversion_names(values: Values) -> dict[str, str]:
    """The team's words for one conversion and for several: both, or none."""
    names = {name: values.word(name) for name in CONVERSION_NAMES}
    missing = [name for name in CONVERSION_NAMES if not str(values.given.get(name) or "").strip()]
    if len(missing) == 1:
        values.refuse(
            missing[0], "required", _("Say both what one conversion is called and what several are.")
        )
    return names


def _read_parent(values: Values, *, by: Actor, child: Hypothesis | None) -> Hypothesis | None:
    given = values.given.get("parent")
    if given is None:
        return None
    parent = (
        Hypothesis.objects.of(by.workspace).filter(pk=given).first()
        if isinstance(given, int) and not isinstance(given, bool)
        else None
    )
    if parent is None:
        values.refuse(
            "parent",
            "unknown_hypothesis",
            _("There is no hypothesis {given} here.").format(given=quoted(given)),
        )
    elif child is not None and child in _lineage(parent):
        values.refuse("parent", "own_ancestor", _("A hypothesis cannot descend from itself."))
        return None
    return parent


def _lineage(hypothesis: Hypothesis) -> list[Hypothesis]:
    """The hypothesis, its parent, and so on to the first."""
    line = [hypothesis]
    while (parent := line[-1].parent) is not None:
        line.append(parent)
    return line


def _as_told(said: Mapping[str, Any], fields: list[str]) -> dict[str, Any]:
    """These fields as a feed can carry them."""
    told = {field: said[field] for field in fields}
    if isinstance(told.get("owner"), User):
        told["owner"] = told["owner"].email
    if told.get("target") is not None:
        told["target"] = canonical_number(told["target"])
    return told
