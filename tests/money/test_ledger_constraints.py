"""Whoever writes behind the services' back is stopped by the database."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from experiments.models import Campaign
from sprints.choices import AccountKind, ReallocationState, TransferKind
from sprints.exceptions import InvalidTransition
from sprints.models import Reallocation, ReallocationLine, Transfer
from tests.factories import LONG_AGO, fill_reserve, give_budget, make_campaign, make_workspace
from workspaces.models import Workspace
from workspaces.permissions import Actor


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return give_budget(make_campaign(workspace), "100.00")


def write_transfer(workspace: Workspace, **fields: Any) -> Transfer:
    values: dict[str, Any] = {
        "kind": TransferKind.CORRECTION,
        "source_kind": AccountKind.OUTSIDE,
        "target_kind": AccountKind.RESERVE,
        "amount": Decimal("1.00"),
        "at": LONG_AGO,
        "by_label": "nobody",
    }
    with transaction.atomic():
        return Transfer.objects.create(workspace=workspace, **values | fields)


def write_plan(by: Actor, **fields: Any) -> Reallocation:
    values: dict[str, Any] = {
        "method": "hand",
        "plan_digest": "0" * 64,
        "proposed_by": by.user,
        "proposed_at": LONG_AGO,
        "expires_at": LONG_AGO,
    }
    with transaction.atomic():
        return Reallocation.objects.create(workspace=by.workspace, **values | fields)


class TestTransferTable:
    @pytest.mark.parametrize("amount", ["0", "-0.01"])
    def test_transfer__not_positive__is_refused(self, workspace: Workspace, amount: str) -> None:
        with pytest.raises(IntegrityError, match="transfer_amount_is_positive"):
            write_transfer(workspace, amount=Decimal(amount))

    @pytest.mark.parametrize("side", ["source", "target"])
    def test_transfer__a_campaigns_side_without_the_campaign__is_refused(
        self, workspace: Workspace, side: str
    ) -> None:
        with pytest.raises(IntegrityError, match=f"transfer_{side}_is_named"):
            write_transfer(workspace, **{f"{side}_kind": AccountKind.CAMPAIGN})

    def test_transfer__a_campaign_on_the_reserves_side__is_refused(
        self, workspace: Workspace, campaign: Campaign
    ) -> None:
        with pytest.raises(IntegrityError, match="transfer_target_is_named"):
            write_transfer(workspace, target_campaign=campaign)

    @pytest.mark.parametrize("kind", [AccountKind.RESERVE, AccountKind.OUTSIDE])
    def test_transfer__from_an_account_to_itself__is_refused(self, workspace: Workspace, kind: str) -> None:
        with pytest.raises(IntegrityError, match="transfer_moves_somewhere"):
            write_transfer(workspace, source_kind=kind, target_kind=kind)

    def test_transfer__from_a_campaign_to_itself__is_refused(
        self, workspace: Workspace, campaign: Campaign
    ) -> None:
        sides = {"source_kind": AccountKind.CAMPAIGN, "target_kind": AccountKind.CAMPAIGN}
        with pytest.raises(IntegrityError, match="transfer_moves_somewhere"):
            write_transfer(workspace, source_campaign=campaign, target_campaign=campaign, **sides)

    def test_transfer__once_written__cannot_be_changed_or_deleted(self, workspace: Workspace) -> None:
        fill_reserve(workspace, "100.00")
        with pytest.raises(DatabaseError, match="The ledger only grows"), transaction.atomic():
            Transfer.objects.update(amount=Decimal("999.00"))
        with pytest.raises(DatabaseError, match="The ledger only grows"), transaction.atomic():
            Transfer.objects.all()._raw_delete("default")
        assert Transfer.objects.get().amount == Decimal("100.00")

    def test_transfer__more_than_a_campaigns_budget__is_refused(
        self, workspace: Workspace, campaign: Campaign
    ) -> None:
        with pytest.raises(IntegrityError, match="campaign_budget_is_not_overdrawn"):
            write_transfer(
                workspace,
                source_kind=AccountKind.CAMPAIGN,
                source_campaign=campaign,
                amount=Decimal("100.01"),
            )
        campaign.refresh_from_db()
        assert campaign.budget == Decimal("100.00")

    def test_transfer__more_than_the_reserve__is_refused(
        self, workspace: Workspace, campaign: Campaign
    ) -> None:
        fill_reserve(workspace, "5.00")
        with pytest.raises(IntegrityError, match="workspace_reserve_is_not_overdrawn"):
            write_transfer(
                workspace,
                source_kind=AccountKind.RESERVE,
                target_kind=AccountKind.CAMPAIGN,
                target_campaign=campaign,
                amount=Decimal("5.01"),
            )
        assert not Transfer.objects.filter(amount=Decimal("5.01")).exists()

    def test_transfer__to_a_campaign_of_another_workspace__is_refused(self, workspace: Workspace) -> None:
        stranger = make_campaign(make_workspace("other"))
        with pytest.raises(IntegrityError, match="another workspace"):
            write_transfer(workspace, target_kind=AccountKind.CAMPAIGN, target_campaign=stranger)
        stranger.refresh_from_db()
        assert stranger.budget == 0

    def test_transfer__a_line_applied_twice__is_refused(
        self, workspace: Workspace, campaign: Campaign, mia: Actor
    ) -> None:
        line = ReallocationLine.objects.create(
            workspace=workspace,
            reallocation=write_plan(mia),
            position=0,
            source_campaign=campaign,
            amount=Decimal("1.00"),
            reason="-",
        )
        write_transfer(workspace, line=line)
        with pytest.raises(IntegrityError):
            write_transfer(workspace, line=line)


class TestPlanTables:
    def test_plan__approved_by_its_proposer__is_refused(self, mia: Actor) -> None:
        with pytest.raises(IntegrityError, match="reallocation_takes_four_eyes"):
            write_plan(mia, approved_by=mia.user, approved_at=LONG_AGO, state=ReallocationState.APPROVED)

    def test_plan__approved_by_the_maker_of_the_key_that_proposed_it__is_refused(
        self, mia: Actor, dana: Actor
    ) -> None:
        approval = {"approved_by": dana.user, "approved_at": LONG_AGO, "state": ReallocationState.APPROVED}
        with pytest.raises(IntegrityError, match="reallocation_takes_four_eyes"):
            write_plan(mia, proposed_key_maker=dana.user, **approval)
        assert write_plan(mia, proposed_key_maker=mia.user, **approval).pk

    @pytest.mark.parametrize("state", [ReallocationState.APPROVED, ReallocationState.APPLIED])
    def test_plan__approved_by_nobody__is_refused(self, mia: Actor, state: str) -> None:
        with pytest.raises(IntegrityError, match="reallocation_approved_by_somebody"):
            write_plan(mia, state=state, applied_at=LONG_AGO)

    def test_plan__applied_at_no_time__is_refused(self, mia: Actor, dana: Actor) -> None:
        with pytest.raises(IntegrityError, match="reallocation_applied_has_a_time"):
            write_plan(mia, approved_by=dana.user, approved_at=LONG_AGO, state=ReallocationState.APPLIED)

    @pytest.mark.parametrize("state", ["rejected", "withdrawn", "expired", "outdated"])
    def test_plan__ended_without_a_reason__is_refused(self, mia: Actor, state: str) -> None:
        with pytest.raises(IntegrityError, match="reallocation_refused_says_why"):
            write_plan(mia, state=state)

    @pytest.mark.parametrize(
        ("fields", "constraint"),
        [
            ({"amount": Decimal(0)}, "line_amount_is_positive"),
            ({"source_campaign": None}, "line_moves_somewhere"),
            ({"target_campaign": "itself"}, "line_moves_elsewhere"),
        ],
    )
    def test_line__that_moves_nothing__is_refused(
        self, campaign: Campaign, mia: Actor, fields: dict[str, Any], constraint: str
    ) -> None:
        if "target_campaign" in fields:
            fields = {"target_campaign": campaign}
        values: dict[str, Any] = {"source_campaign": campaign, "amount": Decimal("1.00")}
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            ReallocationLine.objects.create(
                workspace=mia.workspace,
                reallocation=write_plan(mia),
                position=0,
                reason="-",
                **values | fields,
            )

    def test_line__two_in_one_place__are_refused(self, campaign: Campaign, mia: Actor) -> None:
        plan = write_plan(mia)
        rows = [
            ReallocationLine(
                workspace=mia.workspace,
                reallocation=plan,
                position=0,
                source_campaign=campaign,
                amount=Decimal("1.00"),
                reason="-",
            )
            for _ in range(2)
        ]
        with pytest.raises(IntegrityError), transaction.atomic():
            ReallocationLine.objects.bulk_create(rows)


class TestTransitions:
    def test_plan__every_step_that_is_not_in_the_table__is_refused(self) -> None:
        allowed = {
            ("proposed", "approved"),
            ("proposed", "rejected"),
            ("proposed", "withdrawn"),
            ("proposed", "expired"),
            ("proposed", "outdated"),
            ("approved", "applied"),
            ("approved", "outdated"),
        }
        for before in ReallocationState:
            for after in ReallocationState:
                plan = Reallocation(state=before)
                if (before.value, after.value) in allowed:
                    plan.move_to(after)
                    assert plan.state == after
                else:
                    with pytest.raises(InvalidTransition):
                        plan.move_to(after)
                    assert plan.state == before
