"""When a rule would speak if the days went on: the pace, the guards and the judge's own evidence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from experiments.choices import CampaignStatus
from experiments.models import Campaign, CriterionWatch
from experiments.selectors.ahead import Ahead, criteria_ahead
from experiments.selectors.campaign_pages import read_known
from experiments.services.judging import judge_campaigns
from tests.factories import make_campaign, make_criteria, make_workspace, report

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Two days are closed.
NOW = datetime(2026, 11, 18, 7, tzinfo=UTC)
FIRST, SECOND = date(2026, 11, 16), date(2026, 11, 17)
BELOW = {"metric": "ctr", "comparator": "below", "threshold": "0.005", "guards": {"spend": "100.00"}}


def running(*rules: dict[str, Any], clicks: int = 60, days: int = 2, **fields: Any) -> Campaign:
    """Days of 100 spent and 20,000 impressions each, until Sunday."""
    values: dict[str, Any] = {
        "arms": ["a"],
        "launched_at": LAUNCH,
        "runs_until": date(2026, 11, 22),
        **fields,
    }
    campaign = make_campaign(make_workspace(), **values)
    make_criteria(campaign, *rules)
    for number in range(days):
        day = FIRST + timedelta(days=number)
        report(campaign, day, reported_at=NOW, impressions=20_000, clicks=clicks, spend=100)
    return campaign


def told(campaign: Campaign, at: datetime = NOW) -> Ahead:
    (ahead,) = criteria_ahead(campaign, list(campaign.kill_criteria.all()), at=at).values()
    return ahead


def test_guard__not_reached__names_the_day_by_which_the_pace_reaches_it() -> None:
    ahead = told(running({**BELOW, "guards": {"spend": "350.00", "days": 3}}))
    assert ahead.data_through == SECOND
    assert ahead.guards == {"spend": date(2026, 11, 19), "days": date(2026, 11, 18)}
    assert (ahead.guards_on, ahead.is_guarded) == (date(2026, 11, 19), False)
    # 0.3 % against a limit of 0.5 %: evidence enough once it may speak.
    assert ahead.fires_on == date(2026, 11, 19)


def test_guard__beyond_the_last_day__is_not_reached_and_nothing_speaks() -> None:
    ahead = told(running({**BELOW, "guards": {"spend": "701.00"}}))
    assert (ahead.guards, ahead.guards_on, ahead.fires_on) == ({"spend": None}, None, None)
    assert ahead.until == date(2026, 11, 22)


def test_guard__of_exactly_what_the_last_day_brings__is_reached_on_it() -> None:
    assert told(running({**BELOW, "guards": {"spend": "700.00"}})).guards_on == date(2026, 11, 22)


def test_evidence__of_a_good_campaign__does_not_speak() -> None:
    ahead = told(running(BELOW, clicks=140))
    assert (ahead.guards_on, ahead.is_guarded, ahead.fires_on) == (SECOND, True, None)


@pytest.mark.parametrize("evidence", ["probable", "always_valid", "observed", "observed_margin"])
def test_day_named__when_the_days_did_go_on__is_the_day_of_the_breach(evidence: str) -> None:
    campaign = running({**BELOW, "evidence": evidence, "guards": {"spend": "300.00"}}, clicks=85)
    named = told(campaign).fires_on
    breached = None
    for number in range(2, 7):
        day = FIRST + timedelta(days=number)
        at = datetime(day.year, day.month, day.day, 7, tzinfo=UTC) + timedelta(days=1)
        report(campaign, day, reported_at=at, impressions=20_000, clicks=85, spend=100)
        judge_campaigns([campaign.pk], at=at)
        watch = CriterionWatch.objects.get()
        if watch.breached_at is not None:
            breached = day
            break
    assert named == breached


def test_pace__is_that_of_the_last_three_days_only() -> None:
    campaign = running({**BELOW, "guards": {"spend": "1400.00"}}, days=0)
    for number, spend in enumerate((1000, 50, 50, 50)):
        report(
            campaign,
            FIRST + timedelta(days=number),
            reported_at=NOW,
            impressions=20_000,
            clicks=60,
            spend=spend,
        )
    ahead = told(campaign, at=NOW + timedelta(days=2))
    assert ahead.pace_days == 3
    # 1,150 are there, and 50 a day until Sunday make 1,300.
    assert ahead.guards_on is None


def test_rule_by_arm__is_told_for_each_arm() -> None:
    campaign = running({**BELOW, "level": "arm"}, arms=["a", "b"], days=0)
    for arm, clicks in (("a", 60), ("b", 140)):
        for number in range(2):
            report(
                campaign,
                FIRST + timedelta(days=number),
                arm=arm,
                reported_at=NOW,
                impressions=20_000,
                clicks=clicks,
                spend=100,
            )
    (criterion,) = campaign.kill_criteria.all()
    found = criteria_ahead(campaign, [criterion], at=NOW)
    by_arm = {arm.key: found[criterion.pk, arm.pk] for arm in campaign.arms.all()}
    assert by_arm["a"].fires_on is not None
    assert by_arm["b"].fires_on is None


@pytest.mark.parametrize(
    ("days", "fields"),
    [(0, {}), (2, {"status": CampaignStatus.PAUSED, "paused_at": NOW})],
)
def test_ahead__without_a_day_or_while_nothing_is_spent__tells_nothing(
    days: int, fields: dict[str, Any]
) -> None:
    campaign = running(BELOW, days=days, **fields)
    assert criteria_ahead(campaign, list(campaign.kill_criteria.all()), at=NOW) == {}


def test_ahead__without_a_day_beside_a_campaign_with_some__tells_nothing() -> None:
    reported = running(BELOW)
    fresh = make_campaign(reported.workspace, key="fresh", arms=["a"], launched_at=LAUNCH)
    make_criteria(fresh, BELOW)
    known = read_known(fresh, [reported])
    assert criteria_ahead(fresh, list(fresh.kill_criteria.all()), known=known, at=NOW) == {}


def test_ahead__last_planned_day_has_counted__looks_no_farther() -> None:
    ahead = told(running({**BELOW, "guards": {"days": 3}}, runs_until=SECOND))
    assert (ahead.until, ahead.guards_on, ahead.fires_on) == (SECOND, None, None)


@pytest.mark.parametrize(("factor", "state"), [(0.97, "breached"), (1.03, "judging")])
def test_stays_if__the_next_day_comes_out_just_on_either_side__decides(factor: float, state: str) -> None:
    campaign = running({**BELOW, "evidence": "observed", "guards": {"spend": "250.00"}}, clicks=95)
    stays_if = told(campaign).stays_if
    assert stays_if is not None
    third = FIRST + timedelta(days=2)
    at = NOW + timedelta(days=1)
    report(
        campaign,
        third,
        reported_at=at,
        impressions=20_000,
        clicks=round(stays_if * factor * 20_000),
        spend=100,
    )
    judge_campaigns([campaign.pk], at=at)
    assert CriterionWatch.objects.get().state == state


def test_stays_if__nothing_that_one_day_brings_would_make_it_speak__is_not_told() -> None:
    assert told(running({**BELOW, "guards": {"spend": "600.00"}})).stays_if is None
