"""What never changes once it is written, whoever writes: these rows go past the services."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection

from experiments.models import KillCriterion
from sprints.choices import REALLOCATION_TRANSITIONS, ReallocationState
from sprints.models import Reallocation
from tests.planning.rows import DAY, World, refused, twin, update
from workspaces.models import Event, User


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
    assert "amend them" in refused(lambda: update(world["frozen"], **{column: value}))


def test_frozen_criterion__is_never_deleted_but_can_be_retired(world: World, at: datetime) -> None:
    rows = KillCriterion.objects.filter(pk=world["frozen"].pk)
    assert "amend them" in refused(lambda: _delete_row("experiments_killcriterion", world["frozen"].pk))
    rows.update(retired_at=at)
    assert rows.get().retired_at == at


def test_draft_criterion__changes_and_goes_freely(world: World) -> None:
    update(world["criterion"], threshold=Decimal("0.004"))
    world["criterion"].delete()
    assert KillCriterion.objects.count() == 1


def test_transfer__once_written__never_changes_or_goes(world: World) -> None:
    assert "only grows" in refused(lambda: update(world["transfer"], amount=1))
    assert "only grows" in refused(lambda: update(world["transfer"], reason="Another"))
    assert "only grows" in refused(lambda: _delete_row("sprints_transfer", world["transfer"].pk))


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
        assert "by a transfer" in refused(partial(update, world[row], **{column: amount}))
    update(world[row], **{column: before})


def test_balance__of_a_new_row__starts_at_nothing(world: World) -> None:
    new = {"external_id": "", "key": "rich", "budget": Decimal(1)}
    assert "by a transfer" in refused(lambda: twin(world["campaign"], **new))
    assert "by a transfer" in refused(lambda: twin(world["workspace"], slug="rich", reserve=Decimal(1)))


def test_digest__changed_without_its_amendment__is_refused(world: World, at: datetime) -> None:
    campaign = world["campaign"]
    frozen, other, third = campaign.criteria_digest, "1" * 64, "2" * 64

    def amend(before: str, after: str, minutes: int) -> None:
        later = at + timedelta(minutes=minutes)
        twin(world["amendment"], digest_before=before, digest_after=after, at=later)

    assert "only with an amendment" in refused(lambda: update(campaign, criteria_digest=other))
    assert "only with an amendment" in refused(lambda: update(campaign, criteria_digest=""))
    amend(frozen, other, 1)
    assert "only with an amendment" in refused(lambda: update(campaign, criteria_digest=third))
    update(campaign, criteria_digest=other)
    amend(other, frozen, 2)
    update(campaign, criteria_digest=frozen)
    # The first amendment was used: it does not open the way a second time.
    assert "only with an amendment" in refused(lambda: update(campaign, criteria_digest=other))


def test_amendment__once_written__never_changes_or_goes(world: World) -> None:
    assert "for ever" in refused(lambda: update(world["amendment"], reason="Another"))
    assert "for ever" in refused(lambda: _delete_row("experiments_amendment", world["amendment"].pk))


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
    assert "what was shown" in refused(lambda: update(world["reallocation"], **{column: value}))


def test_plan__and_its_lines__stay_as_they_were_shown(world: World) -> None:
    assert "what was shown" in refused(lambda: update(world["line"], amount=2))
    assert "what was shown" in refused(lambda: _delete_row("sprints_reallocationline", world["line"].pk))
    assert "what was shown" in refused(lambda: _delete_row("sprints_reallocation", world["reallocation"].pk))
    update(world["reallocation"], state="rejected", closed_reason="Too late")
    assert "what was shown" in refused(lambda: twin(world["line"], position=2))


def test_plan__every_step_that_is_not_in_the_table__is_refused(world: World, at: datetime) -> None:
    manager = User.objects.get(email="manager@pilots.example")
    filled = {"approved_by": manager, "approved_at": at, "applied_at": at, "closed_reason": "-"}
    for before in ReallocationState:
        for after in set(ReallocationState) - {before}:
            twin(world["reallocation"], number=None, state=before, **filled)
            plan = Reallocation.objects.latest("pk")
            if after in REALLOCATION_TRANSITIONS[before]:
                update(plan, state=after)
            else:
                assert "what was shown" in refused(partial(update, plan, state=after)), (before, after)


def test_plan__its_approval__is_nobody_elses_afterwards(world: World, at: datetime) -> None:
    manager = User.objects.get(email="manager@pilots.example")
    owner = User.objects.get(email="owner@pilots.example")
    plan = world["reallocation"]
    update(plan, state="approved", approved_by=manager, approved_at=at)
    assert "what was shown" in refused(lambda: update(plan, approved_by=owner))
    assert "what was shown" in refused(lambda: update(plan, approved_by=None))


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
    assert "stays told" in refused(lambda: update(world["event"], **{column: value}))


def test_event__not_numbered_yet__takes_its_number_and_nothing_else(world: World) -> None:
    event = Event.objects.unpublished().latest("id")
    assert "stays told" in refused(lambda: update(event, data={}))
    assert "stays told" in refused(lambda: update(event, sequence=2, actor_label="Nobody"))
    update(event, sequence=2)
    assert "stays told" in refused(lambda: update(event, sequence=3))
    assert "stays told" in refused(lambda: _delete_row("workspaces_event", event.pk))


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
