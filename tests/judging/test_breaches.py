"""A kill criterion from its guards to its breach."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from experiments.choices import CampaignStatus, CriterionAction, EvidenceKind, WatchState
from experiments.models import Breach, Campaign, CriterionWatch, Judgement, KillCriterion
from experiments.selectors.criteria import criteria_status
from experiments.services.criteria import overrule_breach
from experiments.services.judging import judge_campaigns, sweep
from tests.factories import make_actor, make_campaign, make_criteria, make_workspace, report
from tests.judging.losing import LAUNCH, NOW, loser
from workspaces.choices import Role
from workspaces.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])


def test_judging__clear_loser_past_its_guard__breaches_and_pauses(campaign: Campaign) -> None:
    [criterion] = make_criteria(campaign, {"guards": {"spend": "2000.00"}})
    loser(campaign)

    result = judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    assert campaign.paused_at == NOW
    breach = Breach.objects.get()
    assert result.breaches == (breach.pk,)
    assert breach.rule == criterion.rule_text
    assert breach.criteria_digest == campaign.criteria_digest
    assert breach.value == pytest.approx(0.0025)
    assert breach.strength is not None
    assert breach.strength > 0.999
    assert str(breach.data_through) == "2026-11-19"
    assert breach.numbers == {"impressions": 200_000, "clicks": 500, "spend": "2000.00", "days": 4}
    kinds = list(Event.objects.filter(subject_type="campaign").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["criterion.breached", "campaign.paused"]


def test_judging__twice__changes_nothing(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    before = [
        list(model.objects.order_by("pk").values()) for model in (Breach, Campaign, CriterionWatch, Judgement)
    ]
    events = Event.objects.count()

    result = judge_campaigns([campaign.pk], at=NOW + timedelta(minutes=5))

    assert result.breaches == ()
    assert Event.objects.count() == events
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Breach, Campaign, CriterionWatch, Judgement)
    ]


def test_judging__spend_a_cent_below_the_guard__waits(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "2000.00"}})
    loser(campaign)
    report(campaign, "2026-11-19", spend=Decimal("499.99"))

    judge_campaigns([campaign.pk], at=NOW)

    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.WAITING
    assert watch.guard_progress == {"spend": {"have": "1999.99", "need": "2000.00"}}
    assert not Breach.objects.exists()

    report(campaign, "2026-11-19", spend=Decimal("500.00"))
    judge_campaigns([campaign.pk], at=NOW)

    watch.refresh_from_db()
    assert watch.state == WatchState.BREACHED


@pytest.mark.parametrize(
    ("kind", "is_breach"), [(EvidenceKind.PROBABLE, False), (EvidenceKind.OBSERVED, True)]
)
def test_judging__day_still_open__speaks_to_observed_only(
    campaign: Campaign, kind: EvidenceKind, *, is_breach: bool
) -> None:
    make_criteria(campaign, {"evidence": kind})
    loser(campaign, days=1)

    # Monday's numbers count as complete at 06:00 on Tuesday.
    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 5, 59, tzinfo=UTC))
    assert Breach.objects.exists() is is_breach

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 6, tzinfo=UTC))
    assert Breach.objects.exists()


def test_judging__guards__are_all_needed(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "100.00", "days": 3, "clicks": 300}})
    loser(campaign, days=2)
    judge_campaigns([campaign.pk], at=NOW)
    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.WAITING
    assert watch.guard_progress == {
        "spend": {"have": "1000.00", "need": "100.00"},
        "days": {"have": 2, "need": 3},
        "clicks": {"have": 250, "need": 300},
    }

    loser(campaign, days=3)
    judge_campaigns([campaign.pk], at=NOW)
    watch.refresh_from_db()
    assert watch.state == WatchState.BREACHED


def test_judging__good_campaign__is_watched_from_waiting_to_judging(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "1000.00"}})
    for day in ("16", "17", "18"):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=500, spend=400)
        # Just after the day's close.
        judge_campaigns([campaign.pk], at=datetime(2026, 11, int(day) + 1, 6, tzinfo=UTC))

    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.JUDGING
    assert watch.value == pytest.approx(0.01)
    assert watch.strength is not None
    assert watch.strength < 0.05
    steps = list(Judgement.objects.values_list("data_through__day", "state"))
    assert steps == [(16, "waiting"), (17, "waiting"), (18, "judging")]
    assert not Event.objects.filter(subject_type="campaign").exists()


def test_judging__restated_day_takes_the_guard_away__waits_again(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "1000.00"}})
    report(campaign, "2026-11-16", impressions=100_000, clicks=1_000, spend=1000)
    judge_campaigns([campaign.pk], at=NOW)
    assert CriterionWatch.objects.get().state == WatchState.JUDGING

    report(campaign, "2026-11-16", spend=900)
    judge_campaigns([campaign.pk], at=NOW)

    assert CriterionWatch.objects.get().state == WatchState.WAITING
    assert Judgement.objects.get().state == WatchState.WAITING


def test_judging__restatement_after_the_breach__keeps_the_breach_as_it_was(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    before = Breach.objects.values().get()

    for day in range(16, 20):
        report(campaign, f"2026-11-{day}", clicks=900)
    judge_campaigns([campaign.pk], at=NOW + timedelta(hours=1))

    assert Breach.objects.values().get() == before
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.BREACHED
    # What the numbers say now stands beside what they said then.
    assert watch.value == pytest.approx(0.018)
    assert watch.strength is not None
    assert watch.strength < 0.05


def test_judging__breach_overturned_by_a_restatement__gets_one_second_look(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    second_looks = Event.objects.filter(kind="criterion.overturned")
    assert not second_looks.exists()
    assert criteria_status(campaign)[0]["second_look"] is False

    for day in range(16, 20):
        report(campaign, f"2026-11-{day}", clicks=900)
    judge_campaigns([campaign.pk], at=NOW + timedelta(hours=1))
    for day in range(16, 20):
        report(campaign, f"2026-11-{day}", clicks=901)
    judge_campaigns([campaign.pk], at=NOW + timedelta(hours=2))

    assert second_looks.get().data["value"] == pytest.approx(0.018)
    assert criteria_status(campaign)[0]["second_look"] is True
    assert criteria_status(campaign)[0]["state"] == "breached"


@pytest.mark.parametrize("action", [CriterionAction.ASK, CriterionAction.TELL])
def test_judging__action_that_stops_nothing__tells_only(campaign: Campaign, action: CriterionAction) -> None:
    make_criteria(campaign, {"action": action})
    loser(campaign)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.LIVE
    event = Event.objects.get(subject_type="campaign")
    assert (event.kind, event.data["action"]) == ("criterion.breached", action)


def test_judging__two_criteria_broken_at_once__both_breach_and_the_campaign_pauses_once(
    campaign: Campaign,
) -> None:
    make_criteria(
        campaign, {}, {"metric": "cpc", "comparator": "above", "threshold": 3, "evidence": "observed"}
    )
    loser(campaign)

    judge_campaigns([campaign.pk], at=NOW)

    assert Breach.objects.count() == 2
    assert Event.objects.filter(kind="campaign.paused").count() == 1


def test_judging__criterion_of_each_arm__stops_the_losing_arm_only() -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a", "b", "c"])
    make_criteria(campaign, {"level": "arm"})
    for day in ("16", "17", "18", "19"):
        for arm, clicks in (("a", 500), ("b", 100), ("c", 500)):
            report(campaign, f"2026-11-{day}", arm=arm, impressions=50_000, clicks=clicks, spend=200)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.LIVE
    states = dict(CriterionWatch.objects.values_list("arm__key", "state"))
    assert states == {"a": "judging", "b": "settled", "c": "judging"}
    assert list(campaign.arms.filter(status="stopped").values_list("key", flat=True)) == ["b"]
    assert Breach.objects.get().numbers["clicks"] == 400

    events = Event.objects.count()
    judge_campaigns([campaign.pk], at=NOW + timedelta(days=1))
    assert Event.objects.count() == events


def test_judging__losing_control__pauses_the_campaign_whose_breach_stays_open() -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH)
    make_criteria(campaign, {"level": "arm"})
    for day in ("16", "17", "18", "19"):
        report(campaign, f"2026-11-{day}", arm="a", impressions=50_000, clicks=100, spend=200)
        report(campaign, f"2026-11-{day}", arm="b", impressions=50_000, clicks=500, spend=200)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    assert Breach.objects.open().get().watch.arm == campaign.arms.get(key="a")


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.KILLED, CampaignStatus.COMPLETED])
def test_judging__stopped_campaign__gets_no_new_breach(status: CampaignStatus) -> None:
    campaign = make_campaign(
        make_workspace(), launched_at=LAUNCH, arms=["a"], status=status, paused_at=NOW, ended_at=NOW
    )
    make_criteria(campaign, {})
    loser(campaign)

    judge_campaigns([campaign.pk], at=NOW)

    assert not CriterionWatch.objects.exists()
    assert not Breach.objects.exists()


def test_judging__overruled_criterion__rests_through_its_day_and_then_breaches_anew(
    campaign: Campaign,
) -> None:
    manager = make_actor(campaign.workspace, Role.MANAGER)
    [criterion] = make_criteria(campaign, {"action": "ask"})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    overrule_breach(
        campaign.key, criterion.pk, reason="Black Friday", until=date(2026, 11, 22), by=manager, at=NOW
    )

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 22, 23, 59, tzinfo=UTC))
    assert CriterionWatch.objects.get().state == WatchState.OVERRULED

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 23, tzinfo=UTC))
    assert CriterionWatch.objects.get().state == WatchState.BREACHED
    assert Breach.objects.count() == 2


@pytest.mark.parametrize("deed", ["taken away", "added"])
def test_judging__criteria_changed_behind_the_digest__are_not_judged(
    campaign: Campaign, deed: str, caplog: pytest.LogCaptureFixture
) -> None:
    rules = make_criteria(campaign, {})
    loser(campaign)
    # The database keeps frozen rules and the digest as they are; that these are all, only the digest proves.
    if deed == "added":
        rules[0].pk, rules[0].position = None, 2
        rules[0].save(force_insert=True)
    else:
        KillCriterion.objects.filter(campaign=campaign).update(retired_at=NOW)

    swept = sweep(at=NOW)
    result = swept.judging

    assert result.tampered == (campaign.key,)
    assert f"{campaign.key}: its kill criteria are not those that were frozen" in swept.lines()[1]
    assert (result.judged, result.breaches) == (0, ())
    assert not CriterionWatch.objects.exists()
    assert f"criteria of campaign {campaign.key} are not those that were frozen" in caplog.text


def test_judging__mark_of_due_work__is_cleared_unless_a_post_renewed_it(campaign: Campaign) -> None:
    Campaign.objects.update(judge_due_at=NOW)

    judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.judge_due_at is None


def test_judging__draft__is_left_alone() -> None:
    campaign = make_campaign(make_workspace(), status=CampaignStatus.DRAFT)

    assert judge_campaigns([campaign.pk], at=NOW).judged == 0
