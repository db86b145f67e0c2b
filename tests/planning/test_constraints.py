"""What the database holds by itself, whoever writes: these rows go past the services."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint, Model, UniqueConstraint

from api.choices import RequestState
from api.models import ApiKey, IdempotentRequest, WebhookDelivery, WebhookEndpoint
from experiments.choices import MEASURES
from experiments.models import (
    Amendment,
    Breach,
    Campaign,
    CriterionTemplate,
    CriterionWatch,
    FileImport,
    Hypothesis,
    ImportMapping,
    Judgement,
    KillCriterion,
    MaturityEstimate,
    ObservationBatch,
    Restatement,
    SpreadEstimate,
    ZombieFlag,
)
from notices.models import Channel, Notice, Wishes
from sprints.choices import REALLOCATION_TRANSITIONS, ReallocationState
from sprints.models import Commitment, Decision, Reallocation, ReallocationLine, Transfer
from sprints.services.ledger import fund_reserve
from tests.factories import make_draft, make_hypothesis, make_running_sprint, report
from workspaces.models import Event, Invitation, Membership, SentForm, Source, User
from workspaces.permissions import Actor

APPS = ("workspaces", "experiments", "sprints", "api", "notices")
DAY = date(2026, 11, 19)

World = Mapping[str, Any]


@pytest.fixture
def world(marketer: Actor, manager: Actor, at: datetime) -> World:
    """One row of everything that the database keeps a rule about."""
    workspace = marketer.workspace
    person = User.objects.get(email="marketer@pilots.example")
    boss = User.objects.get(email="manager@pilots.example")
    own: dict[str, Any] = {"workspace": workspace}
    sprint = make_running_sprint(marketer, at=at)
    hypothesis = Hypothesis.objects.get()
    campaign = Campaign.objects.get()
    Campaign.objects.update(external_id="123")
    campaign.refresh_from_db()
    draft = make_draft(marketer, make_hypothesis(workspace), "draft", at=at)
    fund_reserve(amount=Decimal(100), reason="November", by=manager, at=at)
    watch = CriterionWatch.objects.get()
    key = ApiKey.objects.create(
        **own,
        name="nightly",
        user=person,
        prefix="qn",
        secret_hash="0",
        scopes=[],
        created_at=at,
        created_by=person,
    )
    endpoint = WebhookEndpoint.objects.create(
        **own,
        url="https://example.com",
        secret="s",
        created_at=at,
        created_by=person,
        after_sequence=0,
    )
    event = Event.objects.order_by("id")[0]
    Event.objects.filter(pk=event.pk).update(sequence=1)
    reallocation = Reallocation.objects.create(
        **own,
        method="hand",
        plan_digest="0",
        proposed_by=person,
        proposed_at=at,
        expires_at=at + timedelta(days=3),
    )
    observation = report(campaign, DAY, clicks=1)
    channel = Channel.objects.create(
        **own, name="#growth", url="slack://", created_at=at, created_by=person, kinds=["breach"]
    )
    invitation = Invitation.objects.create(
        **own,
        email="nora@pilots.example",
        role="viewer",
        invited_by=boss,
        invited_at=at,
        expires_at=at,
        nonce="n",
    )
    notice: dict[str, Any] = {**own, "created_at": at}
    told = {**notice, "event": Event.objects.get(sequence=1)}
    return {
        "workspace": workspace,
        "channel": channel,
        "invitation": invitation,
        "wishes": Wishes.objects.create(**own, user=person),
        "letter": Notice.objects.create(**told, user=person, message_id="a"),
        "digest": Notice.objects.create(**notice, day=DAY, user=person, message_id="b"),
        "message": Notice.objects.create(**told, channel=channel, message_id="c"),
        "morning": Notice.objects.create(**notice, day=DAY, channel=channel, message_id="d"),
        "invited": Notice.objects.create(**told, invitation=invitation, message_id="e"),
        "membership": Membership.objects.get(user=person),
        "sent_form": SentForm.objects.create(**own, user=person, token="t", fingerprint="0", sent_at=at),
        "user": person,
        "source": Source.objects.get(key="meta"),
        "event": Event.objects.get(sequence=1),
        "hypothesis": hypothesis,
        "campaign": campaign,
        "draft": draft,
        "arm": campaign.arms.get(key="b"),
        "control": campaign.arms.get(key="a"),
        "criterion": draft.kill_criteria.get(),
        "frozen": campaign.kill_criteria.get(),
        "template": CriterionTemplate.objects.create(
            **own, name="Floor", rule={}, created_by=person, created_at=at
        ),
        "amendment": Amendment.objects.create(
            **own,
            campaign=campaign,
            at=at,
            by=boss,
            reason="Too strict",
            before=[],
            after=[],
            digest_before="0",
            digest_after="1",
        ),
        "watch": watch,
        "arm_watch": CriterionWatch.objects.create(
            **own, criterion=watch.criterion, arm=campaign.arms.get(key="b")
        ),
        "judgement": Judgement.objects.create(**own, watch=watch, data_through=DAY, at=at, state="waiting"),
        "breach": Breach.objects.create(
            **own,
            watch=watch,
            campaign=campaign,
            at=at,
            rule="CTR below 0.5%",
            criteria_digest="0",
            action="pause",
            data_through=DAY,
        ),
        "observation": observation,
        "restatement": Restatement.objects.create(
            **own,
            observation=observation,
            batch=ObservationBatch.objects.get(),
            reported_at=at,
            before={"clicks": 2},
        ),
        "file": FileImport.objects.create(
            **own, file_name="a.csv", size=1, by=person, created_at=at, touched_at=at
        ),
        "batch": ObservationBatch.objects.get(),
        "mapping": ImportMapping.objects.create(
            **own, source="meta", digest="0", campaign=campaign, said_by=person, said_at=at
        ),
        "maturity": MaturityEstimate.objects.create(
            **own,
            source=observation.source,
            share=[0.5, 1.0],
            low=[0.4, 1.0],
            high=[0.6, 1.0],
            days_known=[12],
            days=12,
            last_day=DAY,
            learnt_at=at,
        ),
        "spread": SpreadEstimate.objects.create(**own, kind="days", campaigns=3, learnt_at=at),
        "zombie": ZombieFlag.objects.create(
            **own, campaign=campaign, signal="blind", since=at, flagged_at=at
        ),
        "transfer": Transfer.objects.get(kind="funding"),
        "reallocation": reallocation,
        "line": ReallocationLine.objects.create(
            **own, reallocation=reallocation, position=1, target_campaign=campaign, amount=1, reason="More"
        ),
        "sprint": sprint,
        "commitment": Commitment.objects.get(),
        "decision": Decision.objects.create(
            **own,
            hypothesis=hypothesis,
            sprint=sprint,
            decision="kill",
            moved_the_business=False,
            learning="Nobody clicks",
            decided_by=person,
            decided_at=at,
        ),
        "api_key": key,
        "request": IdempotentRequest.objects.create(
            **own, actor="user:1", key="k", fingerprint="0", created_at=at, claimed_at=at
        ),
        "delivery": WebhookDelivery.objects.create(
            **own, endpoint=endpoint, event=event, message_id="m", created_at=at
        ),
    }


def update(row: Model, **changes: Any) -> None:
    """Change the row past its model and every service."""
    type(row)._base_manager.filter(pk=row.pk).update(**changes)


def twin(row: Model, **changes: Any) -> None:
    """Write the row a second time, but for these values."""
    row.refresh_from_db()
    row.pk = None
    row._state.adding = True
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(force_insert=True)


# For each check constraint: the row, and a change that breaks this rule and no other
BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "membership_role_is_known": ("membership", {"role": "king"}),
    "source_kind_is_known": ("source", {"kind": "oracle"}),
    "campaign_planned_budget_is_positive": ("campaign", {"planned_budget": 0}),
    "campaign_status_is_known": ("campaign", {"status": "asleep"}),
    "campaign_at_work_was_launched": ("draft", {"status": "live"}),
    "campaign_finished_has_an_end": ("campaign", {"status": "killed"}),
    "arm_at_most_four": ("arm", {"position": 5}),
    "arm_share_is_a_share": ("arm", {"planned_share": Decimal("1.000001")}),
    "arm_stopped_has_a_time": ("arm", {"status": "stopped"}),
    "criterion_threshold_is_positive": ("criterion", {"threshold": 0}),
    "criterion_confidence_is_a_chance": ("criterion", {"confidence": 1}),
    "criterion_in_force_has_a_guard": ("criterion", {"frozen_at": "2026-11-19T10:12Z", "guards": {}}),
    "criterion_metric_is_known": ("criterion", {"metric": "likes"}),
    "watch_breached_has_a_time": ("watch", {"state": "breached"}),
    "watch_overruled_has_an_end": ("watch", {"state": "overruled"}),
    "breach_closed_one_way": ("breach", {"closed_as": "settled"}),
    "breach_overruled_has_a_reason": (
        "breach",
        {"closed_as": "overruled", "closed_at": "2026-11-19T10:12Z"},
    ),
    "hypothesis_serves_an_outcome": ("hypothesis", {"primary_metric": "ctr"}),
    "hypothesis_metric_is_known": ("hypothesis", {"primary_metric": "likes", "outcome_metric": "cac"}),
    "hypothesis_mde_is_positive": ("hypothesis", {"mde_relative": 0}),
    "hypothesis_target_is_positive": ("hypothesis", {"target": 0}),
    "hypothesis_scores_are_1_to_10": ("hypothesis", {"ease": 11}),
    "hypothesis_prediction_is_a_chance": ("hypothesis", {"predicted_success": 1.01}),
    "hypothesis_at_work_has_an_owner": ("hypothesis", {"owner": None}),
    "hypothesis_status_is_known": ("hypothesis", {"status": "dreamt"}),
    **{
        f"observation_{measure}_not_negative": ("observation", {measure: Decimal(-1)}) for measure in MEASURES
    },
    "file_import_state_is_known": ("file", {"state": "lost"}),
    "file_import_batch_once_done": ("file", {"batch": "batch"}),
    "import_mapping_leads_to_its_level": ("mapping", {"level": "ad"}),
    "zombie_resolved_one_way": ("zombie", {"state": "resolved"}),
    "zombie_kept_has_reason_person_and_end": (
        "zombie",
        {"state": "resolved", "resolution": "kept", "resolved_at": "2026-11-19T10:12Z"},
    ),
    "zombie_signal_is_known": ("zombie", {"signal": "haunted"}),
    "reallocation_takes_four_eyes": ("reallocation", {"approved_by": "user"}),
    "reallocation_approved_by_somebody": ("reallocation", {"state": "approved"}),
    "reallocation_refused_says_why": ("reallocation", {"state": "rejected"}),
    "maturity_is_learnt_from_days": ("maturity", {"days": 0}),
    "spread_kind_is_known": ("spread", {"kind": "hours"}),
    "spread_is_known_from_enough": ("spread", {"campaigns": 20}),
    "sprint_takes_4_to_7_days": ("sprint", {"ends_on": DAY + timedelta(days=2)}),
    "sprint_status_is_known": ("sprint", {"status": "late"}),
    "commitment_at_most_three": ("commitment", {"position": 4}),
    "commitment_ended_has_a_time": ("commitment", {"state": "released"}),
    "decision_has_a_learning": ("decision", {"learning": ""}),
    "decision_child_only_when_evolving": ("decision", {"child": "hypothesis"}),
    "decision_carried_only_when_inconclusive": ("decision", {"carry_to": "sprint"}),
    "idempotent_request_answered_has_a_status": ("request", {"state": RequestState.ANSWERED}),
    "api_key_has_a_name": ("api_key", {"name": ""}),
    "delivery_ends_when_delivered": (
        "delivery",
        {"delivered_at": "2026-11-19T10:12Z", "next_attempt_at": "2026-11-19T10:13Z"},
    ),
    "invitation_role_is_known": ("invitation", {"role": "king"}),
    "invitation_ends_in_one_way": (
        "invitation",
        {"accepted_at": "2026-11-19T10:12Z", "withdrawn_at": "2026-11-19T10:12Z"},
    ),
    "wishes_digest_is_known": ("wishes", {"digest": "hourly"}),
    "notice_has_one_receiver": ("letter", {"user": None}),
    "notice_is_of_events_or_a_morning": ("letter", {"day": DAY}),
    "notice_ends_when_delivered": (
        "letter",
        {"delivered_at": "2026-11-19T10:12Z", "next_attempt_at": "2026-11-19T10:13Z"},
    ),
}
# These rows never change, or not in this way, so they are written anew
BROKEN_ANEW: dict[str, tuple[str, dict[str, Any]]] = {
    "workspace_reserve_is_not_overdrawn": (
        "transfer",
        {
            "source_kind": "reserve",
            "target_kind": "campaign",
            "target_campaign": "campaign",
            "amount": Decimal("100.01"),
        },
    ),
    "campaign_budget_is_not_overdrawn": (
        "transfer",
        {"source_kind": "campaign", "source_campaign": "campaign", "amount": Decimal("2500.01")},
    ),
    "transfer_amount_is_positive": ("transfer", {"amount": 0}),
    "transfer_source_is_named": ("transfer", {"source_kind": "campaign"}),
    "transfer_target_is_named": ("transfer", {"target_campaign": "campaign"}),
    "transfer_moves_somewhere": ("transfer", {"target_kind": "outside"}),
    "criterion_template_has_a_name": ("template", {"name": ""}),
    "amendment_has_a_reason": ("amendment", {"reason": "", "at": "2026-11-19T10:13Z"}),
    "reallocation_applied_has_a_time": (
        "reallocation",
        {"state": "applied", "approved_by": "manager", "approved_at": "2026-11-19T10:12Z"},
    ),
    "line_amount_is_positive": ("line", {"amount": 0, "position": 2}),
    "line_moves_somewhere": ("line", {"target_campaign": None, "position": 2}),
    "line_moves_elsewhere": ("line", {"source_campaign": "campaign", "position": 2}),
}
# For each unique constraint: the row that is written twice, and what differs so that no other rule is broken
TWINS: dict[str, tuple[str, dict[str, Any]]] = {
    "membership_once_per_person": ("membership", {}),
    "sent_form_is_one": ("sent_form", {}),
    "source_key_is_unique": ("source", {}),
    "event_sequence_is_unique": ("event", {}),
    "user_email_is_unique_in_any_case": ("user", {"email": "Marketer@Pilots.example"}),
    "campaign_key_is_unique": ("campaign", {"external_id": "", "budget": 0}),
    "campaign_external_id_is_unique": ("campaign", {"key": "another", "budget": 0}),
    "arm_key_is_unique": ("arm", {"position": 3}),
    "arm_position_is_unique": ("arm", {"key": "c"}),
    "arm_one_control": ("control", {"key": "c", "position": 3}),
    "criterion_position_is_unique": ("criterion", {}),
    "criterion_template_once_per_name": ("template", {}),
    "amendment_once_at_a_time": ("amendment", {}),
    "watch_once_per_campaign": ("watch", {}),
    "watch_once_per_arm": ("arm_watch", {}),
    "judgement_once_per_day": ("judgement", {}),
    "breach_one_open": ("breach", {}),
    "observation_once_per_key": ("observation", {}),
    "restatement_once_per_batch": ("restatement", {}),
    "import_mapping_once_per_name": ("mapping", {}),
    "zombie_one_open_per_signal": ("zombie", {}),
    "maturity_once_per_source": ("maturity", {}),
    "spread_once_per_kind": ("spread", {}),
    "line_position_is_unique": ("line", {}),
    "sprint_number_is_unique": ("sprint", {}),
    "commitment_in_one_sprint": ("commitment", {"position": 2}),
    "commitment_place_is_unique": ("commitment", {"state": "decided", "ended_at": "2026-11-19T10:12Z"}),
    "decision_once_per_sprint": ("decision", {}),
    "idempotent_request_is_one": ("request", {}),
    "delivery_once_per_event": ("delivery", {"message_id": "n"}),
    "invitation_waits_once_per_address": ("invitation", {}),
    "wishes_once_per_person": ("wishes", {}),
    "channel_name_is_unique": ("channel", {}),
    "notice_once_user_event": ("letter", {"message_id": "n"}),
    "notice_once_user_day": ("digest", {"message_id": "n"}),
    "notice_once_channel_event": ("message", {"message_id": "n"}),
    "notice_once_channel_day": ("morning", {"message_id": "n"}),
    "notice_once_invitation_event": ("invited", {"message_id": "n"}),
}


def _filled(changes: Mapping[str, Any], world: World) -> dict[str, Any]:
    """The changes with the rows of the world that they name."""
    people = {"user": world["user"], "manager": User.objects.get(email="manager@pilots.example")}
    names = {field for field in changes if field in {"approved_by", "child", "carry_to", "batch"}}
    names |= {field for field in changes if field.endswith("_campaign")}
    return {
        field: {**world, **people}[value] if field in names and value is not None else value
        for field, value in changes.items()
    }


def _refused(write: Callable[[], None]) -> str:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write()
    return str(refusal.value)


def test_constraints__every_one_of_the_models__is_tried_below() -> None:
    declared = {
        constraint.name: type(constraint)
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }
    tried = dict.fromkeys([*BROKEN, *BROKEN_ANEW], CheckConstraint) | dict.fromkeys(TWINS, UniqueConstraint)
    assert tried == declared


@pytest.mark.parametrize("name", BROKEN)
def test_check__row_that_breaks_it__is_refused_by_name(name: str, world: World) -> None:
    row, changes = BROKEN[name]
    assert name in _refused(lambda: update(world[row], **_filled(changes, world)))


@pytest.mark.parametrize("name", BROKEN_ANEW)
def test_check__row_written_anew_that_breaks_it__is_refused_by_name(name: str, world: World) -> None:
    row, changes = BROKEN_ANEW[name]
    assert name in _refused(lambda: twin(world[row], **_filled(changes, world)))


@pytest.mark.parametrize("name", TWINS)
def test_unique__row_written_twice__is_refused(name: str, world: World) -> None:
    row, changes = TWINS[name]
    message = _refused(lambda: twin(world[row], **changes))
    # SQLite names the columns where PostgreSQL names the constraint.
    assert (name if connection.vendor == "postgresql" else "UNIQUE constraint failed") in message


def test_unique__conditional_rules__let_pass_what_they_do_not_speak_of(world: World) -> None:
    twin(world["campaign"], key="another", external_id="", budget=0)
    twin(world["campaign"], key="a-third", external_id="")
    update(world["breach"], closed_at=DAY.isoformat() + "T10:12Z", closed_as="settled")
    twin(world["breach"], closed_at=None, closed_as="")
    update(world["commitment"], state="released", ended_at=DAY.isoformat() + "T10:12Z")
    twin(world["commitment"], state="active", ended_at=None)
    assert Commitment.objects.count() == 2


# Triggers


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("position", 2),
        ("metric", "cpc"),
        ("comparator", "above"),
        ("threshold", Decimal("0.004")),
        ("level", "arm"),
        ("guards", {"spend": "1.00"}),
        ("evidence", "observed"),
        ("confidence", 0.9),
        ("action", "tell"),
        ("frozen_at", None),
        ("campaign", "draft"),
    ],
)
def test_frozen_criterion__any_part_of_its_rule__never_changes(
    column: str, value: object, world: World
) -> None:
    value = world[value] if column == "campaign" and isinstance(value, str) else value
    assert "amend them" in _refused(lambda: update(world["frozen"], **{column: value}))


def test_frozen_criterion__is_never_deleted_but_can_be_retired(world: World, at: datetime) -> None:
    rows = KillCriterion.objects.filter(pk=world["frozen"].pk)
    assert "amend them" in _refused(lambda: _delete_row("experiments_killcriterion", world["frozen"].pk))
    rows.update(retired_at=at)
    assert rows.get().retired_at == at


def test_draft_criterion__changes_and_goes_freely(world: World) -> None:
    update(world["criterion"], threshold=Decimal("0.004"))
    world["criterion"].delete()
    assert KillCriterion.objects.count() == 1


def test_transfer__once_written__never_changes_or_goes(world: World) -> None:
    assert "only grows" in _refused(lambda: update(world["transfer"], amount=1))
    assert "only grows" in _refused(lambda: update(world["transfer"], reason="Another"))
    assert "only grows" in _refused(lambda: _delete_row("sprints_transfer", world["transfer"].pk))


def test_transfer__written_by_anybody__moves_the_balances(world: World) -> None:
    workspace, campaign = world["workspace"], world["campaign"]
    workspace.refresh_from_db()
    campaign.refresh_from_db()
    before = workspace.reserve, campaign.budget
    twin(
        world["transfer"],
        source_kind="reserve",
        target_kind="campaign",
        target_campaign=campaign,
        amount=Decimal("0.07"),
    )
    workspace.refresh_from_db()
    campaign.refresh_from_db()
    assert (workspace.reserve, campaign.budget) == (
        before[0] - Decimal("0.07"),
        before[1] + Decimal("0.07"),
    )


@pytest.mark.parametrize(
    ("row", "column"), [("campaign", "budget"), ("draft", "budget"), ("workspace", "reserve")]
)
def test_balance__changed_by_anything_but_a_transfer__is_refused(row: str, column: str, world: World) -> None:
    before = type(world[row]).objects.values_list(column, flat=True).get(pk=world[row].pk)
    for amount in (before + Decimal("0.001"), before + 1000):
        assert "by a transfer" in _refused(partial(update, world[row], **{column: amount}))
    update(world[row], **{column: before})


def test_balance__of_a_new_row__starts_at_nothing(world: World) -> None:
    new = {"external_id": "", "key": "rich", "budget": Decimal(1)}
    assert "by a transfer" in _refused(lambda: twin(world["campaign"], **new))
    assert "by a transfer" in _refused(lambda: twin(world["workspace"], slug="rich", reserve=Decimal(1)))


def test_digest__changed_without_its_amendment__is_refused(world: World, at: datetime) -> None:
    campaign = world["campaign"]
    frozen, other, third = campaign.criteria_digest, "1" * 64, "2" * 64

    def amend(before: str, after: str, minutes: int) -> None:
        later = at + timedelta(minutes=minutes)
        twin(world["amendment"], digest_before=before, digest_after=after, at=later)

    assert "only with an amendment" in _refused(lambda: update(campaign, criteria_digest=other))
    assert "only with an amendment" in _refused(lambda: update(campaign, criteria_digest=""))
    amend(frozen, other, 1)
    assert "only with an amendment" in _refused(lambda: update(campaign, criteria_digest=third))
    update(campaign, criteria_digest=other)
    amend(other, frozen, 2)
    update(campaign, criteria_digest=frozen)
    # The first amendment was used: it does not open the way a second time.
    assert "only with an amendment" in _refused(lambda: update(campaign, criteria_digest=other))


def test_amendment__once_written__never_changes_or_goes(world: World) -> None:
    assert "for ever" in _refused(lambda: update(world["amendment"], reason="Another"))
    assert "for ever" in _refused(lambda: _delete_row("experiments_amendment", world["amendment"].pk))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("plan_digest", "1" * 64),
        ("evidence", {"donors": []}),
        ("method", "shift"),
        ("proposed_by", "manager"),
        ("proposed_key_maker", "manager"),
        ("proposed_at", DAY.isoformat() + "T10:13Z"),
    ],
)
def test_plan__any_part_of_what_was_shown__never_changes(column: str, value: object, world: World) -> None:
    value = User.objects.get(email="manager@pilots.example") if value == "manager" else value
    assert "what was shown" in _refused(lambda: update(world["reallocation"], **{column: value}))


def test_plan__and_its_lines__stay_as_they_were_shown(world: World) -> None:
    assert "what was shown" in _refused(lambda: update(world["line"], amount=2))
    assert "what was shown" in _refused(lambda: _delete_row("sprints_reallocationline", world["line"].pk))
    assert "what was shown" in _refused(lambda: _delete_row("sprints_reallocation", world["reallocation"].pk))
    update(world["reallocation"], state="rejected", closed_reason="Too late")
    assert "what was shown" in _refused(lambda: twin(world["line"], position=2))


def test_plan__every_step_that_is_not_in_the_table__is_refused(world: World, at: datetime) -> None:
    manager = User.objects.get(email="manager@pilots.example")
    filled = {"approved_by": manager, "approved_at": at, "applied_at": at, "closed_reason": "-"}
    for before in ReallocationState:
        for after in set(ReallocationState) - {before}:
            twin(world["reallocation"], state=before, **filled)
            plan = Reallocation.objects.latest("pk")
            if after in REALLOCATION_TRANSITIONS[before]:
                update(plan, state=after)
            else:
                assert "what was shown" in _refused(partial(update, plan, state=after)), (before, after)


def test_plan__its_approval__is_nobody_elses_afterwards(world: World, at: datetime) -> None:
    manager = User.objects.get(email="manager@pilots.example")
    owner = User.objects.get(email="owner@pilots.example")
    plan = world["reallocation"]
    update(plan, state="approved", approved_by=manager, approved_at=at)
    assert "what was shown" in _refused(lambda: update(plan, approved_by=owner))
    assert "what was shown" in _refused(lambda: update(plan, approved_by=None))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sequence", 7),
        ("sequence", None),
        ("kind", "campaign.killed"),
        ("at", DAY.isoformat() + "T10:13Z"),
        ("actor", None),
        ("actor_label", "Nobody"),
        ("subject_id", "another"),
        ("data", {"amount": "0.00"}),
    ],
)
def test_event__numbered__never_changes(column: str, value: object, world: World) -> None:
    assert "stays told" in _refused(lambda: update(world["event"], **{column: value}))


def test_event__not_numbered_yet__takes_its_number_and_nothing_else(world: World) -> None:
    event = Event.objects.unpublished().latest("id")
    assert "stays told" in _refused(lambda: update(event, data={}))
    assert "stays told" in _refused(lambda: update(event, sequence=2, actor_label="Nobody"))
    update(event, sequence=2)
    assert "stays told" in _refused(lambda: update(event, sequence=3))
    assert "stays told" in _refused(lambda: _delete_row("workspaces_event", event.pk))


# SQLite drops a table's triggers where a migration builds the table anew
TRIGGERS = {
    "experiments_amendment_never_changes",
    "experiments_amendment_stays",
    "experiments_campaign_budget_moves_by_transfer",
    "experiments_campaign_budget_starts_at_zero",
    "experiments_campaign_digest_is_frozen",
    "experiments_killcriterion_is_frozen",
    "experiments_killcriterion_stays",
    "sprints_reallocation_is_as_shown",
    "sprints_reallocation_stays",
    "sprints_reallocationline_comes_with_its_plan",
    "sprints_reallocationline_never_changes",
    "sprints_reallocationline_stays",
    "sprints_transfer_stays_at_home",
    "workspaces_event_is_told_once",
    "workspaces_event_stays",
    "workspaces_workspace_reserve_moves_by_transfer",
    "workspaces_workspace_reserve_starts_at_zero",
}


@pytest.mark.django_db
def test_triggers__after_all_migrations__are_there() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        names = {name for (name,) in cursor.fetchall()}
    expected = {
        "postgresql": {"sprints_transfer_is_append_only", "sprints_transfer_keeps_balances"},
        "sqlite": {
            "sprints_transfer_refuses_update",
            "sprints_transfer_refuses_delete",
            *(
                f"sprints_transfer_{side}_{account}"
                for side in ("source", "target")
                for account in ("reserve", "campaign")
            ),
        },
    }[connection.vendor]
    missing = (expected | TRIGGERS) - names
    assert not missing


def _delete_row(table: str, pk: int) -> None:
    """Delete past Django, which would refuse on its own because others point here."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [pk])  # noqa: S608
