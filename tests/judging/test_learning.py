"""What the stored numbers teach: curves from restatements, spreads from ended campaigns, once a day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from experiments import tasks
from experiments.choices import CampaignStatus, SpreadKind
from experiments.models import (
    Breach,
    Campaign,
    CriterionWatch,
    Judgement,
    MaturityEstimate,
    Observation,
    SpreadEstimate,
)
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.estimates import curve_of, estimates_of, prior_of, spread_views
from experiments.services import learning
from experiments.services.judging import judge_campaigns
from experiments.services.learning import learn, learn_what_is_due
from experiments.services.observations import Row, record_observations
from experiments.services.previews import preview_criterion
from experiments.stats.grids import DAY_SPREAD, SpreadPrior
from experiments.stats.maturity import AT_ONCE, DEFAULT_CURVE
from tests.factories import (
    criterion_values,
    make_actor,
    make_campaign,
    make_criteria,
    make_hypothesis,
    make_workspace,
    report,
)
from workspaces.choices import Role
from workspaces.models import Source, Workspace
from workspaces.permissions import Actor
from workspaces.services import change_policy

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 10, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
# Of 100 conversions of a day so many are visible at age 1, 2, 3 ...
VISIBLE = (50, 80, 90, 100, 100, 100, 100)


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def marketer(workspace: Workspace) -> Actor:
    return make_actor(workspace)


def nightly(
    campaign: Campaign, by: Actor, *, nights: int, visible: Sequence[int] = VISIBLE, source: str = "meta"
) -> datetime:
    """A connector that posts every morning what the last days have by then; return the last morning."""
    mornings = [
        datetime.combine(LAUNCH.date() + timedelta(days=night), time(7), tzinfo=UTC)
        for night in range(1, nights + 1)
    ]
    for night, at in enumerate(mornings, start=1):
        rows = [
            Row(
                campaign=campaign.key,
                arm="a",
                day=at.date() - timedelta(days=age),
                source=source,
                measures={"spend": Decimal(500), "conversions": Decimal(visible[age - 1])},
            )
            for age in range(1, min(night, len(visible)) + 1)
        ]
        record_observations(rows, by=by, at=at)
    return mornings[-1]


def estimate(workspace: Workspace, source: str = "meta") -> MaturityEstimate:
    return MaturityEstimate.objects.of(workspace).get(source__key=source)


# Curves


def test_curve__nightly_restatements__is_learnt_from_what_each_day_said_at_each_age(
    workspace: Workspace, marketer: Actor
) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    last = nightly(campaign, marketer, nights=20)

    learn(workspace, at=last)

    learnt = estimate(workspace)
    # Nothing was reported on the day itself, so its step is the default's: 0.50 to 0.68.
    assert learnt.days_known == [0, 19, 18, 17, 16, 15, 14]
    assert learnt.share == pytest.approx([0.5 * 0.5 / 0.68, 0.5, 0.8, 0.9, 1, 1, 1, 1])
    assert (learnt.days, learnt.last_day) == (19, date(2026, 10, 19))
    assert learnt.low[1] < 0.5 < learnt.high[1]
    assert estimates_of([workspace]).curve(Source.objects.of(workspace).get(key="meta")) == curve_of(learnt)


def test_curve__counts_confirmed_without_a_change__are_known_at_every_report(
    workspace: Workspace, marketer: Actor
) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    last = nightly(campaign, marketer, nights=18, visible=(100, 100, 100, 100, 100, 100, 100))

    learn(workspace, at=last)

    learnt = estimate(workspace)
    assert learnt.days_known == [0, 17, 16, 15, 14, 13, 12]
    assert learnt.share[1:] == [1.0] * 7


def test_curve__days_first_reported_late__teach_nothing(workspace: Workspace, marketer: Actor) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    for week in range(3):
        at = NOW + timedelta(days=week)
        rows = [
            Row(
                campaign=campaign.key,
                arm="a",
                day=date(2026, 11, day),
                measures={"conversions": Decimal(50 + 10 * week)},
            )
            for day in range(1, 17)
        ]
        record_observations(rows, by=marketer, at=at)

    learn(workspace, at=NOW + timedelta(days=3))

    assert not MaturityEstimate.objects.exists()
    assert estimates_of([workspace]).curve(Source.objects.of(workspace).get(key="meta")) == DEFAULT_CURVE


def test_curve__crm__has_none(workspace: Workspace, marketer: Actor) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    last = nightly(campaign, marketer, nights=14, source="crm")

    learn(workspace, at=last)

    assert not MaturityEstimate.objects.exists()
    assert estimates_of([workspace]).curve(Source.objects.of(workspace).get(key="crm")) == AT_ONCE


def test_curve__sources_and_workspaces__learn_from_their_own_only(
    workspace: Workspace, marketer: Actor
) -> None:
    other = make_workspace("others")
    nightly(make_campaign(workspace, arms=["a"], launched_at=LAUNCH), marketer, nights=12)
    last = nightly(
        make_campaign(other, arms=["a"], launched_at=LAUNCH),
        make_actor(other),
        nights=12,
        visible=(90, 100, 100, 100, 100, 100, 100),
    )

    assert learn_what_is_due(at=last) == 2

    assert estimate(workspace).share[1] == pytest.approx(0.5, abs=0.05)
    assert estimate(other).share[1] > 0.8
    assert not MaturityEstimate.objects.filter(source__key="google").exists()


def test_curve__more_days_than_are_read__are_sampled(
    workspace: Workspace, marketer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    last = nightly(campaign, marketer, nights=20)
    monkeypatch.setattr(learning, "MOST_OBSERVATIONS", 10)

    learn(workspace, at=last)

    assert 5 <= estimate(workspace).days <= 10
    assert estimate(workspace).share[2] == pytest.approx(0.8, abs=0.05)


def test_curve__more_observations__no_more_queries(workspace: Workspace, marketer: Actor) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)

    def count(at: datetime) -> int:
        with CaptureQueriesContext(connection) as queries:
            learn(workspace, at=at)
        return len(queries)

    few = count(nightly(campaign, marketer, nights=3))
    assert count(nightly(campaign, marketer, nights=20)) == few


def test_first_report__later_ones__leave_it(workspace: Workspace, marketer: Actor) -> None:
    campaign = make_campaign(workspace, arms=["a"], launched_at=LAUNCH)
    nightly(campaign, marketer, nights=5)

    first = Observation.objects.earliest("day")
    assert first.first_reported_at == datetime(2026, 10, 2, 7, tzinfo=UTC)
    assert first.reported_at == datetime(2026, 10, 6, 7, tzinfo=UTC)


# Spreads


def ended_campaigns(workspace: Workspace, number: int, *, spread: float) -> list[Campaign]:
    """Killed after six days, on which the click rate differed as planted."""
    generator = np.random.default_rng(7)
    campaigns = []
    for index in range(number):
        hypothesis = make_hypothesis(
            workspace, f"Number {index}", primary_metric="ctr", outcome_metric="cpa", target=Decimal("0.01")
        )
        campaign = make_campaign(
            workspace,
            f"ended-{index}",
            status=CampaignStatus.KILLED,
            launched_at=LAUNCH,
            ended_at=LAUNCH + timedelta(days=6),
            hypothesis=hypothesis,
        )
        for day in range(6):
            rate = 0.02 * float(np.exp(spread * generator.standard_normal()))
            for arm in ("a", "b"):
                clicks = int(generator.poisson(20_000 * rate))
                report(
                    campaign,
                    LAUNCH.date() + timedelta(days=day),
                    arm=arm,
                    impressions=20_000,
                    clicks=clicks,
                    spend=100,
                )
        campaigns.append(campaign)
    return campaigns


def spread(workspace: Workspace, kind: SpreadKind = SpreadKind.DAYS) -> SpreadEstimate:
    return SpreadEstimate.objects.of(workspace).get(kind=kind)


def store_spread(workspace: Workspace, median: float, *, at: datetime = NOW) -> None:
    for kind in SpreadKind:
        SpreadEstimate.objects.update_or_create(
            workspace=workspace,
            kind=kind,
            defaults={"campaigns": 34, "median": median, "log_sd": 0.3, "learnt_at": at},
        )


def test_spread__below_twenty_ended_campaigns__is_the_default(workspace: Workspace) -> None:
    ended_campaigns(workspace, 3, spread=0.4)

    learn(workspace, at=NOW)

    assert (spread(workspace).campaigns, spread(workspace).median) == (3, None)
    assert estimates_of([workspace]).day_spread(workspace.pk) == DAY_SPREAD


def test_spread__twenty_ended_campaigns__is_that_of_their_days_and_arms(workspace: Workspace) -> None:
    ended_campaigns(workspace, 20, spread=0.4)

    learn(workspace, at=NOW)

    days, contrast = spread(workspace), spread(workspace, SpreadKind.CONTRAST)
    assert (days.campaigns, contrast.campaigns) == (20, 20)
    # A standard deviation from 20 x 5 degrees of freedom has an error of 1/sqrt(200), or 7 %.
    assert days.median == pytest.approx(0.4, rel=0.25)
    # What moved both arms alike is no difference between them.
    assert contrast.median is not None
    assert contrast.median < 0.05
    assert estimates_of([workspace]).day_spread(workspace.pk) == prior_of(days)


def test_spread__learnt_again__gives_the_same_rows(workspace: Workspace) -> None:
    ended_campaigns(workspace, 20, spread=0.2)
    learn(workspace, at=NOW)
    before = list(SpreadEstimate.objects.order_by("pk").values())

    learn(workspace, at=NOW)

    assert list(SpreadEstimate.objects.order_by("pk").values()) == before


def test_spread__running_and_other_teams_campaigns__do_not_count(workspace: Workspace) -> None:
    ended_campaigns(workspace, 2, spread=0.2)
    Campaign.objects.filter(key="ended-1").update(status=CampaignStatus.LIVE, ended_at=None)
    ended_campaigns(make_workspace("others"), 2, spread=0.2)

    learn(workspace, at=NOW)

    assert spread(workspace).campaigns == 1


def test_learning__once_a_day__and_by_the_task(workspace: Workspace) -> None:
    assert learn_what_is_due(at=NOW) == 1
    assert learn_what_is_due(at=NOW + timedelta(hours=23)) == 0
    assert learn_what_is_due(at=NOW + timedelta(hours=24)) == 1

    SpreadEstimate.objects.update(learnt_at=NOW - timedelta(days=900))
    tasks.learn()
    assert spread(workspace).learnt_at > NOW - timedelta(days=900)


def test_policy__learnt_spread_not_wanted__takes_the_default(workspace: Workspace) -> None:
    store_spread(workspace, 0.17)
    owner = Actor.of_member(workspace.memberships.get(role=Role.OWNER))

    changed = change_policy(changes={"uses_learnt_spread": False}, by=owner, at=NOW)

    assert estimates_of([changed]).day_spread(workspace.pk) == DAY_SPREAD
    [days, _] = spread_views(changed)
    assert (days.in_use, days.learnt, days.is_learnt) == (DAY_SPREAD, SpreadPrior(0.17, 0.3), False)
    [days, _] = spread_views(Workspace(pk=workspace.pk, uses_learnt_spread=True))
    assert (days.in_use, days.campaigns, days.is_learnt) == (SpreadPrior(0.17, 0.3), 34, True)


# What it changes, and what it does not


def borderline(workspace: Workspace, key: str = "hook-test") -> Campaign:
    campaign = make_campaign(
        workspace,
        key,
        arms=["a"],
        launched_at=LAUNCH,
        hypothesis=make_hypothesis(
            workspace, key, primary_metric="ctr", outcome_metric="cpa", target=Decimal("0.005")
        ),
    )
    make_criteria(campaign, {"guards": {"spend": "100.00"}})
    for day in range(1, 5):
        report(campaign, date(2026, 10, day), impressions=50_000, clicks=215, spend=500)
    return campaign


AFTER = datetime(2026, 10, 6, 7, tzinfo=UTC)


def test_learnt_spread__judging_and_results__go_by_it(workspace: Workspace) -> None:
    campaign, other = borderline(workspace), borderline(make_workspace("others"))
    store_spread(workspace, 0.6)

    judge_campaigns([campaign.pk, other.pk], at=AFTER)

    mine, default = CriterionWatch.objects.order_by("criterion")
    assert mine.strength is not None
    assert default.strength is not None
    assert mine.strength < default.strength
    chances = [analyse_campaign(one, at=AFTER).chance_to_meet_target for one in (campaign, other)]
    assert chances[0] is not None
    assert chances[1] is not None
    assert chances[0] > chances[1]


def test_learnt_spread__preview__draws_days_that_differ_so(workspace: Workspace, marketer: Actor) -> None:
    values = {
        "criterion": criterion_values(),
        "spend_per_day": "1000",
        "days": 7,
        "price_of_exposure": "0.02",
    }
    usual = preview_criterion(values=values, by=marketer)
    store_spread(workspace, 0.02)

    calm = preview_criterion(values=values, by=marketer)

    assert calm["false_kill_risk"] < usual["false_kill_risk"]
    assert calm["chance_to_catch_loser"] >= usual["chance_to_catch_loser"]


def test_learnt_spread__changed_since__rewrites_nothing_until_the_days_change(workspace: Workspace) -> None:
    campaign = borderline(workspace)
    judge_campaigns([campaign.pk], at=AFTER)
    stored = [list(model.objects.order_by("pk").values()) for model in (CriterionWatch, Judgement, Breach)]

    store_spread(workspace, 0.02, at=AFTER + timedelta(hours=1))
    judge_campaigns([campaign.pk], at=AFTER + timedelta(hours=2))

    again = [list(model.objects.order_by("pk").values()) for model in (CriterionWatch, Judgement, Breach)]
    assert again == stored

    report(campaign, date(2026, 10, 5), impressions=50_000, clicks=215, spend=500)
    judge_campaigns([campaign.pk], at=AFTER + timedelta(hours=3))
    judgements = list(Judgement.objects.order_by("data_through").values())
    assert judgements[0] == stored[1][0]
    assert len(judgements) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"campaigns": 20, "median": None, "log_sd": None},
        {"campaigns": 19, "median": 0.2, "log_sd": 0.5},
        {"campaigns": 20, "median": 0.0, "log_sd": 0.5},
        {"campaigns": 20, "median": 0.2, "log_sd": None},
    ],
)
def test_spread__not_known_from_enough__is_refused_by_the_database(
    workspace: Workspace, wrong: dict[str, float | None]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        SpreadEstimate.objects.create(workspace=workspace, kind=SpreadKind.DAYS, learnt_at=NOW, **wrong)
