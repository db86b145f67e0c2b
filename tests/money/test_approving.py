"""Approved once, by somebody else, exactly as shown; applied once; ended with a reason where it fails."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from sprints.choices import ReallocationState, TransferKind
from sprints.exceptions import ApprovalRefused, Invalid, InvalidTransition, NotFound, Refused
from sprints.models import Reallocation, Transfer
from sprints.selectors.accounts import balances
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    expire_reallocations,
    propose_reallocation,
    reject_reallocation,
    undo_reallocation,
    withdraw_reallocation,
)
from tests.beginnings import Begin
from tests.factories import make_actor, make_workspace, report, restate
from tests.money.harbour import Harbour, build_harbour
from workspaces.choices import Role, Scope
from workspaces.models import Event, Membership, Workspace
from workspaces.permissions import Actor


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


@pytest.fixture
def plan(begin: Begin, harbour: Harbour, mia: Actor, now: datetime) -> Reallocation:
    """800.00 from the calculator and 2,200.00 from what is over go to the founder, 251.60 to the reserve."""
    return begin(propose_reallocation, by=mia, at=now)


def approve(plan: Reallocation, *, by: Actor, at: datetime) -> Reallocation:
    return approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=by, at=at)


def told(key: str, before: str, after: str, *, daily: tuple[str, str], pace: str) -> dict[str, str]:
    """What the event of an applied plan tells an automation of one campaign."""
    return {
        "campaign": key,
        "channel": "meta",
        "external_id": "",
        "budget_before": before,
        "budget": after,
        "daily_budget_before": daily[0],
        "daily_budget": daily[1],
        "pace": pace,
    }


def budgets() -> dict[str, Decimal]:
    return dict(Campaign.objects.values_list("key", "budget"))


class TestApprove:
    def test_approve__by_a_manager_who_did_not_propose__moves_nothing_yet(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        before = budgets()
        approved = approve(plan, by=dana, at=now)
        assert (approved.state, approved.approved_by, approved.approved_at) == (
            ReallocationState.APPROVED,
            dana.user,
            now,
        )
        assert budgets() == before
        assert Event.objects.get(kind="reallocation.approved").data["total"] == "3251.60"

    def test_approve__where_the_policy_applies_at_once__moves_the_money_in_the_same_step(
        self, plan: Reallocation, workspace: Workspace, dana: Actor, now: datetime
    ) -> None:
        Workspace.objects.filter(pk=workspace.pk).update(apply_on_approval=True)
        assert approve(plan, by=dana, at=now).state == ReallocationState.APPLIED
        assert budgets()["founder-video"] == Decimal("9000.00")
        kinds = (
            Event.objects.filter(subject_type="reallocation").order_by("id").values_list("kind", flat=True)
        )
        assert list(kinds) == ["reallocation.proposed", "reallocation.approved", "reallocation.applied"]

    def test_approve__own_plan__is_refused(self, harbour: Harbour, dana: Actor, now: datetime) -> None:
        own = propose_reallocation(by=dana, at=now)
        with pytest.raises(ApprovalRefused) as refusal:
            approve(own, by=dana, at=now)
        assert (refusal.value.code, refusal.value.status) == ("own_proposal", 409)

    def test_approve__a_plan_that_ones_own_key_proposed__is_refused(
        self, harbour: Harbour, dana: Actor, now: datetime
    ) -> None:
        membership = Membership.objects.get(user=dana.user)
        key = Actor.by_key(
            membership, scopes=[Scope.BUDGET_PROPOSE], key_name="nightly", key_maker=dana.person
        )
        with pytest.raises(ApprovalRefused, match="another manager"):
            approve(propose_reallocation(by=key, at=now), by=dana, at=now)

    def test_approve__a_plan_proposed_by_a_key_that_one_made_for_another__is_refused(
        self, harbour: Harbour, mia: Actor, dana: Actor, workspace: Workspace, now: datetime
    ) -> None:
        key = Actor.by_key(
            Membership.objects.get(user=mia.user),
            scopes=[Scope.BUDGET_PROPOSE],
            key_name="nightly",
            key_maker=dana.person,
        )
        plan = propose_reallocation(by=key, at=now)
        with pytest.raises(ApprovalRefused, match="key of their making") as refusal:
            approve(plan, by=dana, at=now)
        assert refusal.value.code == "own_proposal"
        other = make_actor(workspace, Role.MANAGER, email="third@pilots.example")
        assert approve(plan, by=other, at=now).state == ReallocationState.APPROVED

    def test_approve__with_another_digest__is_refused_and_the_plan_stays(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        with pytest.raises(ApprovalRefused) as refusal:
            approve_reallocation(plan.pk, plan_digest="0" * 64, by=dana, at=now)
        assert refusal.value.code == "digest_mismatch"
        plan.refresh_from_db()
        assert plan.state == ReallocationState.PROPOSED

    def test_approve__lines_changed_behind_the_services_back__is_refused(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        # The database keeps a line as it is, but a proposal may get another one.
        smuggled = plan.lines.get(position=0)
        smuggled.pk, smuggled.position = None, 99
        smuggled.save(force_insert=True)
        with pytest.raises(ApprovalRefused) as refusal:
            approve(plan, by=dana, at=now)
        assert refusal.value.code == "digest_mismatch"

    def test_approve__twice__is_refused(self, plan: Reallocation, dana: Actor, now: datetime) -> None:
        approve(plan, by=dana, at=now)
        with pytest.raises(InvalidTransition):
            approve(plan, by=dana, at=now)

    def test_approve__in_another_workspace__does_not_find_it(self, plan: Reallocation, now: datetime) -> None:
        with pytest.raises(NotFound):
            approve(plan, by=make_actor(make_workspace("other"), Role.MANAGER), at=now)


class TestEndedByTheRefusal:
    """The call is refused, and the plan has ended all the same."""

    def test_approve__after_its_time__expires_it(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        with pytest.raises(Refused) as refusal:
            approve(plan, by=dana, at=now + timedelta(hours=72))
        assert (refusal.value.code, refusal.value.status) == ("expired", 409)
        plan.refresh_from_db()
        assert plan.state == ReallocationState.EXPIRED
        assert plan.closed_reason == "Nobody approved it until Sun 22 Nov 2026, 10:12."
        event = Event.objects.get(kind="reallocation.expired")
        assert (event.actor_label, event.data["reason"]) == ("Quickno", plan.closed_reason)

    def test_approve__a_moment_before_its_time__is_in_time(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        # The calculator has reported since, so nothing else has changed.
        report(Campaign.objects.get(key="pricing-calculator"), date(2026, 11, 19), spend=Decimal(200))
        Reallocation.objects.update(expires_at=now + timedelta(seconds=1))
        assert approve(plan, by=dana, at=now).state == ReallocationState.APPROVED

    def test_approve__a_donor_has_spent_the_money__is_outdated_and_names_it(
        self, plan: Reallocation, harbour: Harbour, dana: Actor, now: datetime
    ) -> None:
        report(harbour.calculator, date(2026, 11, 19), spend=Decimal("200.01"))
        with pytest.raises(Refused, match=r"can give at most \$799\.99") as refusal:
            approve(plan, by=dana, at=now)
        assert refusal.value.code == "outdated"
        plan.refresh_from_db()
        assert (plan.state, plan.approved_by) == (ReallocationState.OUTDATED, None)
        assert Event.objects.filter(kind="reallocation.outdated").count() == 1

    def test_approve__the_receiver_was_killed__is_outdated(
        self, plan: Reallocation, harbour: Harbour, dana: Actor, now: datetime
    ) -> None:
        Campaign.objects.filter(pk=harbour.founder.pk).update(status=CampaignStatus.KILLED, ended_at=now)
        with pytest.raises(Refused, match="founder-video is killed") as refusal:
            approve(plan, by=dana, at=now)
        assert refusal.value.code == "outdated"

    def test_approve__late_conversions_lifted_the_donor__is_outdated_and_says_so(
        self, plan: Reallocation, harbour: Harbour, dana: Actor, now: datetime
    ) -> None:
        restate(harbour.calculator, conversions=Decimal(8))
        with pytest.raises(Refused, match="Pricing calculator was probably below target") as refusal:
            approve(plan, by=dana, at=now)
        assert refusal.value.code == "outdated"

    def test_approve__a_chance_that_moved_within_its_band__stands(
        self, plan: Reallocation, harbour: Harbour, dana: Actor, now: datetime
    ) -> None:
        restate(harbour.founder, conversions=Decimal(8))
        assert approve(plan, by=dana, at=now).state == ReallocationState.APPROVED

    def test_apply__a_donor_has_spent_the_money_since_the_approval__is_outdated_and_moves_nothing(
        self, plan: Reallocation, harbour: Harbour, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        before = budgets()
        report(harbour.headlines, date(2026, 11, 14), spend=Decimal("0.01"))
        with pytest.raises(Refused, match="Penalty headlines can give") as refusal:
            apply_reallocation(plan.pk, by=mia, at=now)
        assert refusal.value.code == "outdated"
        plan.refresh_from_db()
        assert plan.state == ReallocationState.OUTDATED
        assert budgets() == before


class TestApply:
    def test_apply__an_approved_plan__moves_each_line_once(
        self, plan: Reallocation, workspace: Workspace, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        apply_reallocation(plan.pk, by=mia, at=now)
        assert budgets() == {
            "founder-video": Decimal("9000.00"),
            "pricing-calculator": Decimal("2200.00"),
            "penalty-headlines": Decimal("2688.40"),
            "webinar-replay": Decimal("1860.00"),
        }
        workspace.refresh_from_db()
        assert workspace.reserve == Decimal("1451.60")
        moved = Transfer.objects.filter(line__reallocation=plan).order_by("id")
        assert [(one.kind, one.line.position) for one in moved if one.line] == [
            (TransferKind.REALLOCATION, 0),
            (TransferKind.REALLOCATION, 1),
            (TransferKind.REALLOCATION, 2),
            (TransferKind.RELEASE, 3),
        ]
        found = balances(workspace, at=now)
        assert found.outside + found.reserve + sum(one.budget for one in found.campaigns) == 0

    def test_apply__tells_what_daily_budget_to_set(
        self, plan: Reallocation, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        apply_reallocation(plan.pk, by=mia, at=now)
        # The calculator keeps 2,200 − 2,000 − 200 for eight days.
        assert Event.objects.get(kind="reallocation.applied").data["budgets"] == [
            told("founder-video", "6000.00", "9000.00", daily=("475.00", "850.00"), pace="200.00"),
            told("penalty-headlines", "4500.00", "2688.40", daily=("0.00", "0.00"), pace="2688.40"),
            told("pricing-calculator", "3000.00", "2200.00", daily=("100.00", "0.00"), pace="200.00"),
            told("webinar-replay", "2500.00", "1860.00", daily=("0.00", "0.00"), pace="1860.00"),
        ]

    def test_apply__before_it_is_approved__is_refused(
        self, plan: Reallocation, mia: Actor, now: datetime
    ) -> None:
        with pytest.raises(InvalidTransition):
            apply_reallocation(plan.pk, by=mia, at=now)

    def test_apply__twice__moves_the_money_once(
        self, plan: Reallocation, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        apply_reallocation(plan.pk, by=mia, at=now)
        after = budgets()
        with pytest.raises(InvalidTransition):
            apply_reallocation(plan.pk, by=mia, at=now)
        assert budgets() == after


class TestOtherEnds:
    def test_reject__by_a_manager__keeps_the_reason(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        reject_reallocation(plan.pk, reason="Wait for Friday's leads.", by=dana, at=now)
        plan.refresh_from_db()
        assert (plan.state, plan.closed_reason, plan.closed_at) == (
            ReallocationState.REJECTED,
            "Wait for Friday's leads.",
            now,
        )
        assert Event.objects.get(kind="reallocation.rejected").data["reason"] == "Wait for Friday's leads."

    def test_reject__without_a_reason__is_refused(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        with pytest.raises(Invalid):
            reject_reallocation(plan.pk, reason=" ", by=dana, at=now)

    def test_reject__own_plan__is_withdrawn_instead(
        self, harbour: Harbour, dana: Actor, now: datetime
    ) -> None:
        own = propose_reallocation(by=dana, at=now)
        with pytest.raises(ApprovalRefused, match="withdraw it"):
            reject_reallocation(own.pk, reason="Changed my mind", by=dana, at=now)
        assert withdraw_reallocation(own.pk, by=dana, at=now).state == ReallocationState.WITHDRAWN

    def test_withdraw__by_a_manager__is_theirs_to_do(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        assert withdraw_reallocation(plan.pk, by=dana, at=now).state == ReallocationState.WITHDRAWN

    def test_withdraw__an_approved_plan__is_refused(
        self, plan: Reallocation, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        with pytest.raises(InvalidTransition):
            withdraw_reallocation(plan.pk, by=mia, at=now)

    def test_expire__only_proposals_whose_time_is_over__and_once(
        self, plan: Reallocation, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        lines = [{"from": "reserve", "to": "founder-video", "amount": Decimal("1.00")}]
        later = create_reallocation(lines=lines, by=mia, at=now + timedelta(hours=1))
        assert expire_reallocations(at=now + timedelta(hours=72)) == 1
        assert expire_reallocations(at=now + timedelta(hours=72)) == 0
        states = dict(Reallocation.objects.values_list("pk", "state"))
        assert states == {plan.pk: ReallocationState.EXPIRED, later.pk: ReallocationState.PROPOSED}

    def test_expire__an_approved_plan__stays_approved(
        self, plan: Reallocation, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        assert expire_reallocations(at=now + timedelta(days=365)) == 0


class TestUndo:
    def test_undo__an_applied_plan__proposes_the_opposite_and_gives_nothing_to_what_is_over(
        self, plan: Reallocation, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        apply_reallocation(plan.pk, by=mia, at=now)
        undoing = undo_reallocation(plan.pk, by=mia, at=now)
        # 1,811.60 and 388.40 came from campaigns that are over, so they go to the reserve.
        assert [(one.source_key, one.target_key, one.amount) for one in undoing.lines.all()] == [
            ("founder-video", "pricing-calculator", Decimal("800.00")),
            ("founder-video", "reserve", Decimal("2200.00")),
        ]
        assert (undoing.state, undoing.undoes) == (ReallocationState.PROPOSED, plan)
        with pytest.raises(Refused) as refusal:
            undo_reallocation(plan.pk, by=mia, at=now)
        assert refusal.value.code == "already_undone"

    def test_undo__approved_and_applied__restores_the_budgets_of_what_still_runs(
        self, plan: Reallocation, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        before = budgets()
        approve(plan, by=dana, at=now)
        apply_reallocation(plan.pk, by=mia, at=now)
        undoing = undo_reallocation(plan.pk, by=mia, at=now)
        approve(undoing, by=dana, at=now)
        apply_reallocation(undoing.pk, by=mia, at=now)
        after = budgets()
        assert {key: after[key] for key in ("founder-video", "pricing-calculator")} == {
            key: before[key] for key in ("founder-video", "pricing-calculator")
        }

    def test_undo__a_plan_that_was_never_applied__is_refused(
        self, plan: Reallocation, mia: Actor, now: datetime
    ) -> None:
        with pytest.raises(Refused) as refusal:
            undo_reallocation(plan.pk, by=mia, at=now)
        assert refusal.value.code == "not_applied"

    def test_undo__part_of_the_money_is_spent__proposes_what_is_left(
        self, plan: Reallocation, harbour: Harbour, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        apply_reallocation(plan.pk, by=mia, at=now)
        report(harbour.founder, date(2026, 11, 19), spend=Decimal("5000.00"))
        undoing = undo_reallocation(plan.pk, by=mia, at=datetime(2026, 11, 19, 20, tzinfo=UTC))
        assert [(one.target_key, one.amount) for one in undoing.lines.all()] == [
            ("pricing-calculator", Decimal("800.00")),
            ("reserve", Decimal("1200.00")),
        ]
        said = f"Undoes plan {plan.number} as far as its money is unspent: $2,000.00 of $3,000.00."
        assert undoing.evidence["rule"] == said

    def test_undo__all_of_the_money_is_spent__is_refused(
        self, plan: Reallocation, harbour: Harbour, mia: Actor, dana: Actor, now: datetime
    ) -> None:
        approve(plan, by=dana, at=now)
        apply_reallocation(plan.pk, by=mia, at=now)
        report(harbour.founder, date(2026, 11, 19), spend=Decimal("9000.00"))
        with pytest.raises(Refused, match="spent or held back") as refusal:
            undo_reallocation(plan.pk, by=mia, at=now)
        assert refusal.value.code == "nothing_to_undo"
