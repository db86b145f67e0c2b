"""The plan that the rule makes, and the evidence that is frozen with it. Amounts are worked out by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from experiments.choices import CampaignStatus, ZombieSignal
from experiments.models import Campaign
from experiments.stats.threshold import cost_evidence
from sprints.choices import ReallocationState
from sprints.exceptions import NotFound, Refused
from sprints.models import Reallocation
from sprints.models.ledger import plan_digest
from sprints.selectors.candidates import candidates_of
from sprints.services.reallocations import propose_reallocation
from tests.beginnings import Begin
from tests.factories import make_actor, make_workspace, report, restate
from tests.money.harbour import SETTLED_DAYS, Harbour, build_harbour, finish, flag, run
from workspaces.choices import Role
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


def moves(plan: Reallocation) -> list[tuple[str, str, Decimal]]:
    return [(line.source_key, line.target_key, line.amount) for line in plan.lines.all()]


class TestTheRule:
    def test_propose__a_winner_a_loser_and_two_that_are_over__fills_the_winner_to_its_cap(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        plan = propose_reallocation(by=mia, at=now)
        # The calculator gives the smaller of half its budget (1,500) and what is free, 3,000 − 2,000 − 200
        # for today. The founder may grow by half of 6,000; what it cannot take goes to the reserve.
        assert moves(plan) == [
            ("pricing-calculator", "founder-video", Decimal("800.00")),
            ("penalty-headlines", "founder-video", Decimal("1811.60")),
            ("webinar-replay", "founder-video", Decimal("388.40")),
            ("webinar-replay", "reserve", Decimal("251.60")),
        ]
        assert plan.state == ReallocationState.PROPOSED
        assert plan.proposed_by == mia.user
        assert plan.expires_at == now + timedelta(hours=72)

    def test_propose__a_smaller_growth_cap__is_kept(
        self, harbour: Harbour, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        workspace.growth_cap = 0.1
        workspace.save(update_fields=["growth_cap"])
        plan = propose_reallocation(by=mia, at=now)
        to_founder = sum(amount for _, target, amount in moves(plan) if target == "founder-video")
        assert to_founder == Decimal("600.00")
        assert "grows by more than 10%" in plan.evidence["rule"]

    def test_propose__nobody_probably_above__stopped_money_goes_to_the_reserve_and_live_money_stays(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        run(workspace, "pricing-calculator", budget="3000.00", trials=8)
        finish(workspace, "webinar-replay", "completed", budget="2500.00", spent="1860.00")
        plan = propose_reallocation(by=mia, at=now)
        assert moves(plan) == [("webinar-replay", "reserve", Decimal("640.00"))]

    def test_propose__a_blind_campaign__neither_gives_nor_receives(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        flag(harbour.calculator, ZombieSignal.BLIND)
        flag(harbour.founder, ZombieSignal.BLIND)
        plan = propose_reallocation(by=mia, at=now)
        assert {source for source, _, _ in moves(plan)} == {"penalty-headlines", "webinar-replay"}
        assert {target for _, target, _ in moves(plan)} == {"reserve"}
        why = {row["campaign"]: row["why"] for row in plan.evidence["passed_over"]}
        assert "outage" in why["pricing-calculator"]

    @pytest.mark.parametrize("signal", [ZombieSignal.UNDEAD, ZombieSignal.HOPELESS, ZombieSignal.BARREN])
    def test_propose__a_zombie_of_no_known_chance__gives(
        self, harbour: Harbour, workspace: Workspace, mia: Actor, now: datetime, signal: ZombieSignal
    ) -> None:
        untold = run(workspace, "untold", budget="4000.00", trials=12, target=None)
        flag(untold, signal)
        plan = propose_reallocation(by=mia, at=now)
        # 4,000 − 2,000 − 200 is 1,800 free, which is less than half its budget.
        given = sum(amount for source, _, amount in moves(plan) if source == "untold")
        assert given == Decimal("1800.00")

    @pytest.mark.parametrize("signal", [ZombieSignal.OVERDUE, ZombieSignal.BREACHED, ZombieSignal.OVERSPENT])
    def test_propose__a_zombie_that_does_well__receives_nothing(
        self, harbour: Harbour, mia: Actor, now: datetime, signal: ZombieSignal
    ) -> None:
        flag(harbour.founder, signal)
        plan = propose_reallocation(by=mia, at=now)
        assert "founder-video" not in {target for _, target, _ in moves(plan)}
        assert "receives nothing" in plan.evidence["passed_over"][0]["why"]

    def test_propose__a_paused_campaign_that_does_well__receives_nothing(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        Campaign.objects.filter(pk=harbour.founder.pk).update(status=CampaignStatus.PAUSED, paused_at=now)
        plan = propose_reallocation(by=mia, at=now)
        assert {target for _, target, _ in moves(plan)} == {"reserve"}

    def test_propose__a_vanity_win_without_a_win_in_its_outcome__receives_nothing(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        # One click costs 2.00 against a target of 10.00; its conversions are the same in both arms.
        run(
            workspace,
            "cheap-clicks",
            budget="4000.00",
            trials=12,
            target="10.00",
            primary_metric="cpc",
            outcome_metric="cpa",
        )
        finish(workspace, "webinar-replay", "completed", budget="2500.00", spent="1860.00")
        plan = propose_reallocation(by=mia, at=now)
        assert moves(plan) == [("webinar-replay", "reserve", Decimal("640.00"))]
        (row,) = plan.evidence["passed_over"]
        assert row["campaign"] == "cheap-clicks"
        assert "cost per conversion" in row["why"]

    def test_propose__a_win_in_the_outcome_against_the_control__receives_without_a_target(
        self,
        workspace: Workspace,
        mia: Actor,
        now: datetime,
        halve_the_controls_trials: Callable[[Campaign], None],
    ) -> None:
        campaign = run(workspace, "founder-video", budget="4000.00", trials=40, target=None)
        halve_the_controls_trials(campaign)
        finish(workspace, "webinar-replay", "completed", budget="2500.00", spent="1860.00")
        plan = propose_reallocation(by=mia, at=now)
        assert moves(plan) == [("webinar-replay", "founder-video", Decimal("640.00"))]
        row = next(row for row in plan.evidence["campaigns"] if row["campaign"] == "founder-video")
        assert (row["p_above_target"], row["beats_control"]) == (None, True)


@pytest.fixture
def halve_the_controls_trials() -> Callable[[Campaign], None]:
    def halve(campaign: Campaign) -> None:
        for observation in campaign.arms.get(key="a").observations.all():
            report(campaign, observation.day, arm="a", conversions=8 + observation.day.day % 3)

    return halve


class TestNothingToMove:
    def test_propose__no_money_anywhere__is_refused_with_the_reason(self, mia: Actor, now: datetime) -> None:
        with pytest.raises(Refused, match="no launched campaign has any money") as refusal:
            propose_reallocation(by=mia, at=now)
        assert refusal.value.code == "nothing_to_move"

    def test_propose__a_winner_alone__is_refused_and_says_how_it_stands(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        run(workspace, "founder-video", budget="6000.00", trials=14)
        with pytest.raises(Refused, match=r"Founder video is .* likely to meet its target") as refusal:
            propose_reallocation(by=mia, at=now)
        assert refusal.value.code == "nothing_to_move"

    def test_propose__the_same_plan_waits_already__is_refused_and_names_it(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        first = propose_reallocation(by=mia, at=now)
        with pytest.raises(Refused, match=f"Plan {first.number}") as refusal:
            propose_reallocation(by=mia, at=now + timedelta(minutes=1))
        assert refusal.value.code == "already_proposed"

    def test_propose__for_a_sprint_of_another_workspace__does_not_find_it(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        with pytest.raises(NotFound):
            propose_reallocation(sprint_id=4711, by=mia, at=now)

    def test_propose__money_of_another_workspace__is_not_seen(self, harbour: Harbour, now: datetime) -> None:
        stranger = make_actor(make_workspace("other"), Role.MARKETER)
        with pytest.raises(Refused, match="no launched campaign has any money"):
            propose_reallocation(by=stranger, at=now)


class TestEvidence:
    def test_evidence__of_each_campaign__has_its_money_before_and_after(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        rows = {row["campaign"]: row for row in propose_reallocation(by=mia, at=now).evidence["campaigns"]}
        founder, headlines = rows["founder-video"], rows["penalty-headlines"]
        assert (founder["before"], founder["change"], founder["after"]) == ("6000.00", "3000.00", "9000.00")
        assert (founder["spent"], founder["pace"], founder["holdback"]) == ("2000.00", "200.00", "200.00")
        # 9,000 − 2,000 − 200 over the eight days from the 20th to the 27th.
        assert founder["daily_budget"] == "850.00"
        assert (headlines["before"], headlines["after"]) == ("4500.00", "2688.40")
        assert headlines["daily_budget"] == "0.00"

    def test_evidence__probability__is_that_of_both_arms_and_allows_for_late_conversions(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        plan = propose_reallocation(by=mia, at=now)
        rows = {row["campaign"]: row for row in plan.evidence["campaigns"]}
        # Four days at least a week old, then one of each age down to a day, less the haircut of 5 %.
        mature = [200.0] * 4 + [190 * share for share in (0.97, 0.94, 0.90, 0.85, 0.78, 0.68)]
        for key, trials in (("founder-video", 14.0), ("pricing-calculator", 8.0)):
            expected = cost_evidence([[trials] * 10], [mature], 18.0).p_below[0]
            assert rows[key]["p_above_target"] == pytest.approx(float(expected), rel=1e-12)
            assert (rows[key]["data_through"], rows[key]["unsettled_days"]) == ("2026-11-18", 3)

    def test_evidence__settled_days_wanted__is_that_of_the_settled_days_of_both_arms(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        Workspace.objects.update(settled_days_only=True)
        plan = propose_reallocation(by=mia, at=now)
        rows = {row["campaign"]: row for row in plan.evidence["campaigns"]}
        days = [200.0] * SETTLED_DAYS
        for key, trials in (("founder-video", 14.0), ("pricing-calculator", 8.0)):
            expected = cost_evidence([[trials] * SETTLED_DAYS], [days], 18.0).p_below[0]
            assert rows[key]["p_above_target"] == pytest.approx(float(expected), rel=1e-12)
            assert (rows[key]["data_through"], rows[key]["unsettled_days"]) == ("2026-11-15", 3)
        assert rows["penalty-headlines"]["p_above_target"] is None
        assert (plan.evidence["data_through"], plan.evidence["unsettled_days"]) == ("2026-11-15", 3)

    def test_evidence__lines__say_how_likely_the_receiver_is_better_or_why_nobody_can_say(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        lines = propose_reallocation(by=mia, at=now).evidence["lines"]
        assert lines[0]["p_receiver_beats_donor"] > 0.95
        assert lines[0]["why_not_known"] is None
        assert lines[1]["p_receiver_beats_donor"] is None
        assert "idle" in lines[1]["why_not_known"]
        assert "reserve" in lines[3]["why_not_known"]

    def test_evidence__a_cost_metric__counts_the_outcomes_and_gives_them_no_money_value(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        Workspace.objects.update(settled_days_only=True)
        evidence = propose_reallocation(by=mia, at=now).evidence
        assert evidence["expected_gain"] is None
        assert evidence["why_no_gain"] == "Conversions have no value in money here."
        # 3,000 at about 0.070 trials a dollar less 800 at about 0.040: near 175 trials.
        outcomes = evidence["expected_outcomes"]
        assert outcomes["measure"] == "conversions"
        assert outcomes["low"] < 175 < outcomes["high"]
        assert outcomes["expected"] == pytest.approx(175, rel=0.05)

    def test_evidence__do_nothing__says_what_goes_on_being_spent_and_what_stays_idle(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        do_nothing = propose_reallocation(by=mia, at=now).evidence["do_nothing"]
        assert do_nothing == {
            "sentence": (
                "If you do nothing: Pricing calculator goes on spending $200.00 a day, "
                "and $2,451.60 stays idle."
            ),
            "spend_per_day": "200.00",
            "idle": "2451.60",
        }

    def test_evidence__is_frozen_with_the_lines_by_the_digest(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        plan = Reallocation.objects.get(pk=propose_reallocation(by=mia, at=now).pk)
        lines = [line.canonical(2) for line in plan.lines.all()]
        assert plan.plan_digest == plan_digest(lines, evidence=plan.evidence)
        lines[0]["amount"] = "800.01"
        assert plan.plan_digest != plan_digest(lines, evidence=plan.evidence)

    def test_propose__writes_its_event_with_the_amounts(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        plan = propose_reallocation(by=mia, at=now)
        event = Event.objects.get(kind="reallocation.proposed")
        assert (event.subject_type, event.subject_id) == ("reallocation", str(plan.pk))
        assert event.data["total"] == "3251.60"
        assert event.data["lines"][0]["amount"] == "800.00"

    def test_propose__twice_as_many_campaigns__takes_no_more_reading(
        self,
        harbour: Harbour,
        workspace: Workspace,
        mia: Actor,
        now: datetime,
    ) -> None:
        with CaptureQueriesContext(connection) as few:
            candidates_of(workspace, at=now)
        for number in range(6):
            run(workspace, f"more-{number}", budget="3000.00", trials=8)
        with CaptureQueriesContext(connection) as many:
            candidates_of(workspace, at=now)
        assert len(many) == len(few)


class TestOtherOutcomes:
    def test_evidence__a_return_on_ad_spend__has_a_value_in_money(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        Workspace.objects.update(settled_days_only=True)
        winner = run(workspace, "bundles", budget="4000.00", trials=12, target="2.0", primary_metric="roas")
        loser = run(workspace, "singles", budget="6000.00", trials=12, target="2.0", primary_metric="roas")
        restate(winner, revenue=Decimal(300))
        restate(loser, revenue=Decimal(120))
        evidence = propose_reallocation(by=mia, at=now).evidence
        # 100 spent and 300 or 120 earned by each arm a day: returns of 3.0 and 1.2. Half of 4,000 moves.
        assert evidence["expected_outcomes"] is None
        assert evidence["expected_gain"]["measure"] == "revenue"
        assert evidence["expected_gain"]["expected"] == pytest.approx(2000 * (3.0 - 1.2), rel=0.05)
        assert evidence["lines"][0]["p_receiver_beats_donor"] > 0.95

    def test_evidence__campaigns_of_different_outcomes__gives_no_sum_and_says_why(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        restate(
            run(workspace, "bundles", budget="4000.00", trials=12, target="2.0", primary_metric="roas"),
            revenue=Decimal(300),
        )
        run(workspace, "pricing-calculator", budget="6000.00", trials=8)
        evidence = propose_reallocation(by=mia, at=now).evidence
        assert (evidence["expected_gain"], evidence["expected_outcomes"]) == (None, None)
        assert "one and the same outcome" in evidence["why_no_gain"]
        assert evidence["lines"][0]["p_receiver_beats_donor"] is None
        assert "returns" in evidence["lines"][0]["why_not_known"]

    def test_propose__no_settled_day_yet__is_not_known_and_moves_nothing_live(
        self, workspace: Workspace, mia: Actor
    ) -> None:
        Workspace.objects.update(settled_days_only=True)
        run(workspace, "pricing-calculator", budget="3000.00", trials=0)
        run(workspace, "founder-video", budget="3000.00", trials=40)
        # Thursday the 12th at noon: the 9th settles three days after it has closed, on the 13th.
        with pytest.raises(Refused, match="No day says yet") as refusal:
            propose_reallocation(by=mia, at=datetime(2026, 11, 12, 18, tzinfo=UTC))
        assert refusal.value.code == "nothing_to_move"
