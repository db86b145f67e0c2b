"""What the database holds by itself, whoever writes: these rows go past the services."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CheckConstraint, UniqueConstraint

from api.choices import RequestState
from experiments.choices import MEASURES
from sprints.models import Commitment
from tests.planning.rows import DAY, World, refused, twin, update
from workspaces.models import User

APPS = ("workspaces", "experiments", "sprints", "api", "notices")
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
    "workspace_names_conversions_whole": ("workspace", {"conversion_name_plural": "trials"}),
    "hypothesis_names_conversions_whole": ("hypothesis", {"conversion_name": "trial"}),
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
    "day_total_once_per_key": ("day_total", {}),
    "restatement_once_per_batch": ("restatement", {}),
    "import_mapping_once_per_name": ("mapping", {}),
    "zombie_one_open_per_signal": ("zombie", {}),
    "maturity_once_per_source": ("maturity", {}),
    "spread_once_per_kind": ("spread", {}),
    "line_position_is_unique": ("line", {}),
    "sprint_number_is_unique": ("sprint", {}),
    "reallocation_number_is_unique": ("reallocation", {}),
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
    assert name in refused(lambda: update(world[row], **_filled(changes, world)))


@pytest.mark.parametrize("name", BROKEN_ANEW)
def test_check__row_written_anew_that_breaks_it__is_refused_by_name(name: str, world: World) -> None:
    row, changes = BROKEN_ANEW[name]
    assert name in refused(lambda: twin(world[row], **_filled(changes, world)))


@pytest.mark.parametrize("name", TWINS)
def test_unique__row_written_twice__is_refused(name: str, world: World) -> None:
    row, changes = TWINS[name]
    message = refused(lambda: twin(world[row], **changes))
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
