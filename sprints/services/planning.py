"""A sprint from its first plan to its end."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.choices import HypothesisStatus
from experiments.exceptions import FieldError
from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import missing_for_launch
from experiments.services.lookups import lock_hypothesis
from experiments.services.values import Values, listed
from sprints.choices import MAX_SPRINT_DAYS, MIN_SPRINT_DAYS, CommitmentState, SprintStatus
from sprints.exceptions import InvalidTransition, Refused
from sprints.models import Commitment, Sprint
from sprints.services.launching import fund_and_start
from sprints.services.lookups import active_commitments, lock_sprint, lock_workspace
from sprints.services.places import run_until_end_of, take_place
from workspaces.choices import EventKind, Role
from workspaces.models import Membership
from workspaces.models.spelling import on_day
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event, require_unchanged

SPRINT_FIELDS = ("name", "goal", "starts_on", "ends_on")
# Campaigns are switched on the evening before, and where the team is, the day may have begun already.
EARLIEST_START = timedelta(days=1)


@transaction.atomic
def create_sprint(*, values: Mapping[str, Any], by: Actor, at: datetime) -> Sprint:
    """A sprint in planning, with the workspace's next number. ``values``: ``SPRINT_FIELDS``, typed."""
    by.require(Permission.PLAN)
    fields = _read(values)
    # Whoever numbers a sprint holds the workspace: no number twice, and none left out.
    lock_workspace(by)
    last = Sprint.objects.of(by.workspace).aggregate(last=Max("number"))["last"] or 0
    sprint = Sprint.objects.create(workspace=by.workspace, number=last + 1, created_at=at, **fields)
    _tell(EventKind.SPRINT_CREATED, sprint, by=by, at=at)
    return sprint


@transaction.atomic
def change_sprint(
    sprint_id: int, *, values: Mapping[str, Any], basis: str | None = None, by: Actor, at: datetime
) -> Sprint:
    """Change the fields given in ``values`` while the sprint is in planning.

    ``basis``: what it said when the change was written (``basis_of`` what is ``planned``), if that matters.
    """
    by.require(Permission.PLAN)
    sprint = lock_sprint(sprint_id, by=by)
    if sprint.status != SprintStatus.PLANNING:
        raise Refused(
            "already_started",
            _("{sprint} is {state}; a sprint changes only while it is in planning.").format(
                sprint=sprint, state=sprint.get_status_display()
            ),
        )
    before = planned(sprint)
    require_unchanged(
        before,
        basis=basis,
        subject=("sprint", sprint.pk),
        kinds=(EventKind.SPRINT_CREATED, EventKind.SPRINT_CHANGED),
        by=by,
    )
    after = _read({**before, **values})
    changed = [field for field in SPRINT_FIELDS if after[field] != before[field]]
    if changed:
        for field in changed:
            setattr(sprint, field, after[field])
        sprint.save(update_fields=changed)
        for hypothesis in _lock_hypotheses(sprint, by=by):
            if hypothesis.decide_by is not None:  # carried over, and its campaigns run already
                run_until_end_of(sprint, hypothesis)
        _tell(
            EventKind.SPRINT_CHANGED,
            sprint,
            by=by,
            at=at,
            before={field: before[field] for field in changed},
            after={field: after[field] for field in changed},
        )
    return sprint


def planned(sprint: Sprint) -> dict[str, Any]:
    """What is planned of the sprint itself, by the names that ``create_sprint`` takes."""
    return {field: getattr(sprint, field) for field in SPRINT_FIELDS}


def _read(given: Mapping[str, Any]) -> dict[str, Any]:
    values = Values(given, known=SPRINT_FIELDS)
    fields = {
        "name": values.text("name", longest=200),
        "goal": values.text("goal", longest=1000, required=False),
        "starts_on": values.day("starts_on"),
        "ends_on": values.day("ends_on"),
    }
    first, last = fields["starts_on"], fields["ends_on"]
    if isinstance(first, date) and isinstance(last, date):
        days = (last - first).days + 1
        if not MIN_SPRINT_DAYS <= days <= MAX_SPRINT_DAYS:
            earliest = first + timedelta(days=MIN_SPRINT_DAYS - 1)
            latest = first + timedelta(days=MAX_SPRINT_DAYS - 1)
            made = (
                ngettext(
                    "{first} to {last} make {days} day; a sprint takes {least} to {most} days. "
                    "From {first} on it ends between {earliest} and {latest}.",
                    "{first} to {last} make {days} days; a sprint takes {least} to {most} days. "
                    "From {first} on it ends between {earliest} and {latest}.",
                    days,
                )
                if days > 0
                else _(
                    "{first} to {last} end before they begin; a sprint takes {least} to {most} days. "
                    "From {first} on it ends between {earliest} and {latest}."
                )
            )
            values.refuse(
                "ends_on",
                "sprint_length",
                made.format(
                    first=on_day(first),
                    last=on_day(last),
                    days=days,
                    least=MIN_SPRINT_DAYS,
                    most=MAX_SPRINT_DAYS,
                    earliest=on_day(earliest),
                    latest=on_day(latest),
                ),
            )
    values.raise_errors()
    return fields


@transaction.atomic
def commit_hypothesis(sprint_id: int, *, hypothesis_id: int, by: Actor, at: datetime) -> Sprint:
    """Take a hypothesis of the backlog into a sprint in planning, which has three places."""
    by.require(Permission.PLAN)
    sprint = lock_sprint(sprint_id, by=by)
    hypothesis = lock_hypothesis(hypothesis_id, by=by)
    _require_planning(
        sprint, why_not=_("{sprint} is {state}; only a sprint in planning can take on a hypothesis.")
    )
    _refuse_ownerless(hypothesis, by=by)
    hypothesis.move_to(HypothesisStatus.COMMITTED)
    take_place(sprint, hypothesis, at=at)
    hypothesis.save(update_fields=["status"])
    _tell_hypothesis(EventKind.HYPOTHESIS_COMMITTED, hypothesis, sprint, by=by, at=at)
    return sprint


def _refuse_ownerless(hypothesis: Hypothesis, *, by: Actor) -> None:
    if hypothesis.owner is None:
        message = _("“{title}” has no owner. Say who answers for it first.")
        raise Refused("owner_missing", message.format(title=hypothesis.title))
    roles = [role for role in Role if role.includes(Role.MARKETER)]
    if not Membership.objects.of(by.workspace).filter(user=hypothesis.owner, role__in=roles).exists():
        raise Refused(
            "owner_gone",
            _(
                "{owner}, the owner of “{title}”, cannot plan in this workspace any more. "
                "Name another owner first."
            ).format(owner=hypothesis.owner, title=hypothesis.title),
        )


@transaction.atomic
def release_hypothesis(sprint_id: int, *, hypothesis_id: int, by: Actor, at: datetime) -> Sprint:
    """Put a hypothesis of a sprint in planning back into the backlog."""
    by.require(Permission.PLAN)
    sprint = lock_sprint(sprint_id, by=by)
    hypothesis = lock_hypothesis(hypothesis_id, by=by)
    _require_planning(
        sprint, why_not=_("{sprint} is {state}; only a sprint in planning can release a hypothesis.")
    )
    commitment = (
        Commitment.objects.of(by.workspace).active().filter(sprint=sprint, hypothesis=hypothesis).first()
    )
    if commitment is None:
        message = _("“{title}” is not committed to {sprint}.")
        raise Refused("not_committed", message.format(title=hypothesis.title, sprint=sprint))
    _release(commitment, hypothesis, sprint, by=by, at=at)
    return sprint


def _release(
    commitment: Commitment, hypothesis: Hypothesis, sprint: Sprint, *, by: Actor, at: datetime
) -> None:
    running = [campaign.key for campaign in hypothesis.campaigns.unfinished().order_by("pk")]
    if running and hypothesis.decide_by is not None:
        raise Refused(
            "campaigns_unfinished",
            _(
                "“{title}” was carried over with campaigns that are not over: {campaigns}. "
                "Kill or complete them before it goes back to the backlog."
            ).format(title=hypothesis.title, campaigns=listed(running)),
        )
    commitment.state, commitment.ended_at = CommitmentState.RELEASED, at
    commitment.save(update_fields=["state", "ended_at"])
    hypothesis.move_to(HypothesisStatus.BACKLOG)
    hypothesis.decide_by = None
    hypothesis.save(update_fields=["status", "decide_by"])
    _tell_hypothesis(EventKind.HYPOTHESIS_RELEASED, hypothesis, sprint, by=by, at=at)


@transaction.atomic
def start_sprint(sprint_id: int, *, by: Actor, at: datetime) -> Sprint:
    """Start the sprint and launch every draft campaign of its hypotheses: all of them, or nothing happens.

    Raises ``Refused`` (``not_ready``) with everything that is missing, campaign by campaign.
    """
    by.require(Permission.PLAN)
    # The ledger's lock comes first in the order, and the launches need it.
    lock_workspace(by)
    sprint = lock_sprint(sprint_id, by=by)
    sprint.move_to(SprintStatus.RUNNING)
    today = by.workspace.local_day(at)
    _refuse_other_days(sprint, today=today)
    hypotheses = _lock_hypotheses(sprint, by=by)
    drafts = _drafts(hypotheses)
    _refuse_unready(sprint, hypotheses, drafts, today=today)
    for hypothesis in hypotheses:
        run_until_end_of(sprint, hypothesis)
    for campaign in drafts:
        fund_and_start(campaign.key, runs_until=sprint.ends_on, by=by, at=at)
    sprint.started_at = at
    sprint.save(update_fields=["status", "started_at"])
    _tell(
        EventKind.SPRINT_STARTED,
        sprint,
        by=by,
        at=at,
        hypotheses=[hypothesis.title for hypothesis in hypotheses],
        campaigns=[campaign.key for campaign in drafts],
    )
    return sprint


def _refuse_other_days(sprint: Sprint, *, today: date) -> None:
    if sprint.ends_on < today:
        raise Refused(
            "sprint_over",
            _("{sprint} was to end on {day}. Give it days that are still to come.").format(
                sprint=sprint, day=on_day(sprint.ends_on)
            ),
        )
    if sprint.starts_on > today + EARLIEST_START:
        raise Refused(
            "too_early",
            _(
                "{sprint} begins on {day}. Start it on the day before at the earliest, or change its days."
            ).format(sprint=sprint, day=on_day(sprint.starts_on)),
        )


def _lock_hypotheses(sprint: Sprint, *, by: Actor) -> list[Hypothesis]:
    ids = sorted(commitment.hypothesis_id for commitment in active_commitments(sprint))
    return [lock_hypothesis(hypothesis_id, by=by) for hypothesis_id in ids]


def _drafts(hypotheses: list[Hypothesis]) -> list[Campaign]:
    """Their drafts, held: what is found ready is what is launched."""
    return list(
        Campaign.objects.filter(hypothesis__in=hypotheses)
        .drafts()
        .select_related("workspace", "hypothesis__owner")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )


def _refuse_unready(
    sprint: Sprint, hypotheses: list[Hypothesis], drafts: list[Campaign], *, today: date
) -> None:
    errors = []
    if not hypotheses:
        message = _("It has no hypothesis: commit one to three.")
        errors.append(FieldError("hypotheses_missing", message, "hypotheses"))
    drafted = {campaign.hypothesis_id for campaign in drafts}
    for hypothesis in hypotheses:
        # One that was carried over goes on with the campaigns it has.
        if hypothesis.pk not in drafted and not hypothesis.campaigns.unfinished().exists():
            message = _("“{title}” has no campaign that could launch.").format(title=hypothesis.title)
            errors.append(FieldError("campaign_missing", message, f"hypotheses.{hypothesis.pk}.campaigns"))
    errors += [
        FieldError(item.code, f"{campaign.key}: {item.message}", f"campaigns.{campaign.key}.{item.field}")
        for campaign in drafts
        for item in missing_for_launch(campaign, days=sprint.days_left(today))
    ]
    if errors:
        sentences = " ".join(error.message for error in errors)
        not_yet = _("{sprint} cannot start yet.").format(sprint=sprint)
        raise Refused("not_ready", f"{not_yet} {sentences}", errors=errors)


@transaction.atomic
def open_review(sprint_id: int, *, by: Actor, at: datetime) -> Sprint:
    """End the run and begin deciding; earlier than planned where nothing is left to learn."""
    by.require(Permission.PLAN)
    sprint = lock_sprint(sprint_id, by=by)
    sprint.move_to(SprintStatus.IN_REVIEW)
    sprint.review_opened_at = at
    sprint.save(update_fields=["status", "review_opened_at"])
    _tell(EventKind.SPRINT_REVIEWED, sprint, by=by, at=at)
    return sprint


@transaction.atomic
def close_sprint(sprint_id: int, *, by: Actor, at: datetime) -> Sprint:
    """Close the review; refused (``undecided``) while a hypothesis has no decision."""
    by.require(Permission.PLAN)
    sprint = lock_sprint(sprint_id, by=by)
    sprint.move_to(SprintStatus.CLOSED)
    undecided = [f"“{commitment.hypothesis.title}”" for commitment in active_commitments(sprint)]
    if undecided:
        message = ngettext(
            "{sprint} cannot close yet: {titles} has no decision and no learning.",
            "{sprint} cannot close yet: {titles} have no decision and no learning.",
            len(undecided),
        )
        raise Refused("undecided", message.format(sprint=sprint, titles=listed(undecided)))
    sprint.closed_at = at
    sprint.save(update_fields=["status", "closed_at"])
    _tell(EventKind.SPRINT_CLOSED, sprint, by=by, at=at)
    return sprint


@transaction.atomic
def cancel_sprint(sprint_id: int, *, by: Actor, at: datetime) -> Sprint:
    """Give up a sprint in planning; its hypotheses go back to the backlog."""
    by.require(Permission.PLAN)
    sprint = lock_sprint(sprint_id, by=by)
    sprint.move_to(SprintStatus.CANCELLED)
    for commitment in sorted(active_commitments(sprint), key=lambda item: item.hypothesis_id):
        hypothesis = lock_hypothesis(commitment.hypothesis_id, by=by)
        _release(commitment, hypothesis, sprint, by=by, at=at)
    sprint.closed_at = at
    sprint.save(update_fields=["status", "closed_at"])
    _tell(EventKind.SPRINT_CANCELLED, sprint, by=by, at=at)
    return sprint


def _require_planning(sprint: Sprint, *, why_not: str) -> None:
    """``why_not``: the refusal, with places for the sprint and its state."""
    if sprint.status != SprintStatus.PLANNING:
        raise InvalidTransition(why_not.format(sprint=sprint, state=sprint.get_status_display()))


def _tell(kind: EventKind, sprint: Sprint, *, by: Actor, at: datetime, **data: object) -> None:
    record_event(
        kind,
        by=by,
        at=at,
        subject=("sprint", sprint.pk),
        data={
            "number": sprint.number,
            "name": sprint.name,
            "starts_on": sprint.starts_on,
            "ends_on": sprint.ends_on,
            **data,
        },
    )


def _tell_hypothesis(
    kind: EventKind, hypothesis: Hypothesis, sprint: Sprint, *, by: Actor, at: datetime
) -> None:
    record_event(
        kind,
        by=by,
        at=at,
        subject=("hypothesis", hypothesis.pk),
        data={
            "title": hypothesis.title,
            "owner": hypothesis.owner.email if hypothesis.owner else None,
            "sprint": sprint.pk,
            "number": sprint.number,
            "name": sprint.name,
        },
    )
