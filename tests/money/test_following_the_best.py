"""The policy's other rule: money follows each campaign's chance of being the best (capped Thompson)."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from experiments.choices import CampaignStatus, ZombieSignal
from experiments.models import Campaign
from experiments.stats.best_campaign import best_campaign
from sprints.choices import ReallocationMethod, ReallocationState
from sprints.exceptions import Refused
from sprints.models import Reallocation
from sprints.selectors.candidates import candidates_of
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    outdate_reallocations,
    propose_reallocation,
)
from tests.beginnings import Begin
from tests.factories import make_actor, make_workspace, report, restate
from tests.money.harbour import Harbour, build_harbour, finish, flag, run
from workspaces.choices import ReallocationRule, Role
from workspaces.exceptions import Invalid
from workspaces.models import Workspace
from workspaces.permissions import Actor
from workspaces.services import change_policy


@pytest.fixture
def workspace(begin: Begin, workspace: Workspace) -> Workspace:
    return begin(follow_the_best, workspace)


def follow_the_best(workspace: Workspace) -> Workspace:
    workspace.reallocation_rule = ReallocationRule.THOMPSON
    workspace.save()
    return workspace


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


def moves(plan: Reallocation) -> list[tuple[str, str, Decimal]]:
    return [(line.source_key, line.target_key, line.amount) for line in plan.lines.all()]


def rows(plan: Reallocation) -> dict[str, dict[str, object]]:
    return {row["campaign"]: row for row in plan.evidence["campaigns"]}


def passed_over(plan: Reallocation) -> dict[str, str]:
    return {row["campaign"]: row["why"] for row in plan.evidence["passed_over"]}


def owner_of(workspace: Workspace) -> Actor:
    return make_actor(workspace, Role.OWNER, email=f"second@{workspace.slug}.example")


class TestTheRule:
    def test_propose__nearly_sure_best__is_filled_to_its_cap_live_money_first(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        plan = propose_reallocation(by=mia, at=now)
        # The calculator has 800 free and next to no chance to be the best; it keeps a few dollars for that.
        # The founder's room is half of 6,000; all that is left goes to the reserve.
        (live, *finished) = moves(plan)
        assert live[:2] == ("pricing-calculator", "founder-video")
        assert Decimal(700) < live[2] < Decimal(800)
        assert sum(amount for _, target, amount in moves(plan) if target == "founder-video") == Decimal(3000)
        assert {source for source, _, _ in finished} == {"penalty-headlines", "webinar-replay"}
        assert sum(amount for _, _, amount in finished) == Decimal("2451.60")
        assert plan.method == ReallocationMethod.THOMPSON

    def test_propose__no_campaign_has_a_target__moves_by_their_outcomes_alone(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        run(workspace, "founder-video", budget="6000.00", trials=14, target=None)
        run(workspace, "pricing-calculator", budget="6000.00", trials=8, target=None)
        plan = propose_reallocation(by=mia, at=now)
        ((source, target, amount),) = moves(plan)
        assert (source, target) == ("pricing-calculator", "founder-video")
        assert amount == Decimal("3000.00")
        (line,) = plan.evidence["lines"]
        assert line["p_receiver_beats_donor"] > 0.95

    def test_propose__alike_campaigns__do_what_the_shift_rule_would_not(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        run(workspace, "founder-video", budget="6000.00", trials=12)
        run(workspace, "pricing-calculator", budget="6000.00", trials=11)
        plan = propose_reallocation(by=mia, at=now)
        ((source, target, _),) = moves(plan)
        assert (source, target) == ("pricing-calculator", "founder-video")
        Workspace.objects.update(reallocation_rule=ReallocationRule.SHIFT)
        with pytest.raises(Refused, match="There is nothing to move"):
            propose_reallocation(by=mia, at=now)

    def test_propose__a_smaller_growth_cap__is_kept_and_said(
        self, harbour: Harbour, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        workspace.growth_cap = 0.1
        workspace.save(update_fields=["growth_cap"])
        plan = propose_reallocation(by=mia, at=now)
        to_founder = sum(amount for _, target, amount in moves(plan) if target == "founder-video")
        assert to_founder == Decimal("600.00")
        assert "grows by more than 10%" in plan.evidence["rule"]

    @pytest.mark.parametrize(("currency", "unit"), [("JPY", "1"), ("BHD", "0.001")])
    def test_propose__another_unit__sums_to_the_last_coin_within_caps_and_what_is_free(
        self, db: None, now: datetime, currency: str, unit: str
    ) -> None:
        tills = make_workspace("tills", timezone="America/Chicago", currency=currency)
        Workspace.objects.update(reallocation_rule=ReallocationRule.THOMPSON)
        tills.refresh_from_db()
        coin = Decimal(unit)
        for key, trials in (("one", 14), ("two", 13), ("three", 11), ("four", 8)):
            run(tills, key, budget=str(3001 + coin), trials=trials, target=None)
        finish(tills, "over", "killed", budget="1001", spent="700")
        before = {one.campaign.key: one.account for one in candidates_of(tills, at=now)}
        dana = make_actor(tills, Role.MANAGER)
        plan = propose_reallocation(by=make_actor(tills, Role.MARKETER), at=now)
        assert sum(Decimal(str(row["change"])) for row in rows(plan).values()) == -(
            Decimal(plan.evidence["reserve"]["after"]) - Decimal(plan.evidence["reserve"]["before"])
        )
        for key, row in rows(plan).items():
            change = Decimal(str(row["change"]))
            assert change % coin == 0
            assert -before[key].available <= change <= before[key].budget / 2
        total = sum(Campaign.objects.values_list("budget", flat=True)) + tills.reserve
        approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=now)
        apply_reallocation(plan.pk, by=dana, at=now)
        tills.refresh_from_db()
        assert sum(Campaign.objects.values_list("budget", flat=True)) + tills.reserve == total


class TestWhoTakesNoPart:
    def test_propose__a_blind_campaign__neither_gives_nor_receives(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        flag(harbour.founder, ZombieSignal.BLIND)
        plan = propose_reallocation(by=mia, at=now)
        assert {target for _, target, _ in moves(plan)} == {"reserve"}
        assert {source for source, _, _ in moves(plan)} == {"penalty-headlines", "webinar-replay"}
        assert "outage" in passed_over(plan)["founder-video"]
        assert "nothing to be compared with" in passed_over(plan)["pricing-calculator"]

    @pytest.mark.parametrize(
        "hinder",
        [
            lambda campaign: flag(campaign, ZombieSignal.OVERDUE),
            lambda campaign: Campaign.objects.filter(pk=campaign.pk).update(status=CampaignStatus.PAUSED),
        ],
        ids=["overdue", "paused"],
    )
    def test_propose__the_best_may_not_receive__keeps_its_own_and_gets_nothing(
        self, harbour: Harbour, mia: Actor, now: datetime, hinder: Callable[[Campaign], object]
    ) -> None:
        hinder(harbour.founder)
        plan = propose_reallocation(by=mia, at=now)
        assert "founder-video" not in {key for source, target, _ in moves(plan) for key in (source, target)}
        assert "receives nothing: it is" in passed_over(plan)["founder-video"]

    def test_propose__a_vanity_win_without_a_win_in_its_outcome__receives_nothing(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        run(
            workspace,
            "cheap-clicks",
            budget="4000.00",
            trials=14,
            target="10.00",
            primary_metric="cpc",
            outcome_metric="cpa",
        )
        run(workspace, "pricing-calculator", budget="4000.00", trials=8)
        with pytest.raises(Refused, match="has no win against the control") as refusal:
            propose_reallocation(by=mia, at=now)
        assert refusal.value.code == "nothing_to_move"

    def test_propose__another_outcome_metric__is_left_out_and_told_why(
        self, harbour: Harbour, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        bundles = run(workspace, "bundles", budget="9000.00", trials=12, target="2.0", primary_metric="roas")
        restate(bundles, revenue=Decimal(300))
        plan = propose_reallocation(by=mia, at=now)
        assert "so nobody can say which is best" in passed_over(plan)["bundles"]
        assert [row["campaign"] for row in plan.evidence["ranking"]] == [
            "founder-video",
            "pricing-calculator",
        ]

    def test_propose__no_conversion_anywhere__moves_nothing_live_and_says_why(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        for key in ("founder-video", "pricing-calculator"):
            run(workspace, key, budget="6000.00", trials=0, target=None)
        with pytest.raises(Refused, match="Nobody can say yet which is best: no campaign has counted"):
            propose_reallocation(by=mia, at=now)


class TestEvidence:
    def test_evidence__says_the_rule_the_chances_and_what_doing_nothing_costs(
        self, harbour: Harbour, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        Workspace.objects.update(settled_days_only=True)
        plan = propose_reallocation(by=mia, at=now)
        evidence = plan.evidence
        assert "probability of being the best of those with the same outcome" in evidence["rule"]
        assert "cost per conversion" in evidence["rule"]
        found = best_campaign("cost", [[14.0] * 7, [8.0] * 7], [[200.0] * 7] * 2)
        founder, calculator = (rows(plan)[key] for key in ("founder-video", "pricing-calculator"))
        assert founder["p_best"] == pytest.approx(float(found.probability_best[0]), rel=1e-9)
        assert calculator["p_best"] == pytest.approx(float(found.probability_best[1]), rel=1e-9)
        assert "likely to be the best of 2 campaigns by cost per conversion" in str(founder["sentence"])
        assert (founder["data_through"], founder["unsettled_days"]) == ("2026-11-15", 3)
        # 9,000 − 2,000 − 200 over the eight days from the 20th to the 27th.
        assert founder["daily_budget"] == "850.00"
        assert rows(plan)["penalty-headlines"]["p_best"] is None
        assert "Pricing calculator goes on spending $200.00 a day" in evidence["do_nothing"]["sentence"]

    def test_evidence__a_cost__counts_the_outcomes_of_those_without_a_target(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        Workspace.objects.update(settled_days_only=True)
        run(workspace, "founder-video", budget="6000.00", trials=14, target=None)
        run(workspace, "pricing-calculator", budget="6000.00", trials=8, target=None)
        evidence = propose_reallocation(by=mia, at=now).evidence
        assert evidence["expected_gain"] is None
        assert evidence["why_no_gain"] == "Conversions have no value in money here."
        # 3,000 at about 0.070 trials a dollar instead of 0.040: near 90 trials.
        assert evidence["expected_outcomes"]["expected"] == pytest.approx(90, rel=0.05)

    def test_propose__the_same_plan_waits_already__is_refused(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        first = propose_reallocation(by=mia, at=now)
        with pytest.raises(Refused, match=f"Plan {first.number}") as refusal:
            propose_reallocation(by=mia, at=now)
        assert refusal.value.code == "already_proposed"

    def test_page__of_such_a_plan__shows_its_rule_and_chances(
        self, harbour: Harbour, mia: Actor, client: Client, now: datetime
    ) -> None:
        plan = propose_reallocation(by=mia, at=now)
        assert mia.user is not None
        client.force_login(mia.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        page = client.get(reverse("plan", args=["harbour", plan.pk])).content.decode()
        assert "to what is likely the best" in page
        assert "is the best of those compared" in page
        assert "No target is needed." in page


class TestOutdating:
    @pytest.fixture
    def plan(self, harbour: Harbour, mia: Actor, now: datetime) -> Reallocation:
        return propose_reallocation(by=mia, at=now)

    def test_outdate__nothing_changed__keeps_the_plan(self, plan: Reallocation, now: datetime) -> None:
        assert outdate_reallocations(at=now) == 0

    def test_outdate__a_chance_below_20_percent_of_its_target_with_the_same_order__keeps_the_plan(
        self, plan: Reallocation, harbour: Harbour, now: datetime
    ) -> None:
        restate(harbour.founder, conversions=4)
        restate(harbour.calculator, conversions=2)
        assert outdate_reallocations(at=now) == 0

    def test_outdate__another_is_the_likeliest_to_be_best__ends_the_plan_with_the_reason(
        self, plan: Reallocation, harbour: Harbour, now: datetime
    ) -> None:
        restate(harbour.calculator, conversions=20)
        assert outdate_reallocations(at=now) == 1
        plan.refresh_from_db()
        assert plan.state == ReallocationState.OUTDATED
        assert plan.closed_reason == (
            "Pricing calculator is the likeliest to be the best now; "
            "Founder video was when the plan was made."
        )

    def test_outdate__two_between_which_money_moves_change_places__ends_the_plan(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        run(workspace, "first", budget="3000.00", trials=14)
        run(workspace, "second", budget="2400.00", trials=13)
        third = run(workspace, "third", budget="6000.00", trials=12)
        plan = propose_reallocation(by=mia, at=now)
        assert ("third", "second") in {(source, target) for source, target, _ in moves(plan)}
        for day in range(9, 19):
            report(third, date(2026, 11, day), arm="a", spend=Decimal(100), conversions=Decimal("7.6"))
        assert outdate_reallocations(at=now) == 1
        plan.refresh_from_db()
        assert plan.closed_reason == "Third and Second have changed places since the plan was made."

    def test_outdate__the_best_has_ended__ends_the_plan(
        self, plan: Reallocation, harbour: Harbour, now: datetime
    ) -> None:
        Campaign.objects.filter(pk=harbour.founder.pk).update(status=CampaignStatus.KILLED, ended_at=now)
        assert outdate_reallocations(at=now) == 1
        plan.refresh_from_db()
        assert "takes part no longer" in plan.closed_reason


class TestThePolicy:
    def test_policy__unknown_rule__is_refused(self, db: None, now: datetime) -> None:
        team = make_workspace("team")
        with pytest.raises(Invalid) as refusal:
            change_policy(changes={"reallocation_rule": "all_in"}, by=owner_of(team), at=now)
        assert [error.field for error in refusal.value.errors] == ["reallocation_rule"]

    def test_policy__new_workspace__shifts(self, db: None) -> None:
        assert make_workspace("team").reallocation_rule == ReallocationRule.SHIFT

    def test_policy_page__explains_both_rules(self, db: None, client: Client) -> None:
        owner = owner_of(make_workspace("team"))
        assert owner.user is not None
        client.force_login(owner.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        page = client.get(reverse("settings_policy", args=["team"])).content.decode()
        assert 'type="radio" name="reallocation_rule" value="shift"' in page
        assert 'type="radio" name="reallocation_rule" value="thompson"' in page
        assert "Following the best needs no target" in page
