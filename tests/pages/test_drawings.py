"""Drawings say in words what they show; the words are what a test can read."""

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from experiments.choices import METRICS, ZombieSignal
from experiments.models import Campaign, ZombieFlag
from experiments.models.team_words import USUAL_WORDS
from experiments.selectors.burning import burning, costliest
from experiments.selectors.campaign_numbers import DayView
from experiments.templatetags import _burning, _charts, _drawings
from tests.factories import LONG_AGO, make_campaign, make_workspace, report
from workspaces.models import Workspace

MONDAY = date(2026, 11, 16)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


def flag(workspace: Workspace, key: str, signal: ZombieSignal, money: str, *spend: str) -> ZombieFlag:
    """A flag since Monday 16 November whose campaign has spent these amounts from that day on."""
    campaign = Campaign.objects.of(workspace).filter(key=key).first() or make_campaign(
        workspace, key, arms=["a"]
    )
    for offset, amount in enumerate(spend):
        report(campaign, MONDAY + timedelta(days=offset), spend=Decimal(amount))
    return ZombieFlag.objects.create(
        workspace=workspace,
        campaign=campaign,
        signal=signal,
        since=LONG_AGO.replace(month=11, day=16),
        flagged_at=LONG_AGO,
        money_since=Decimal(money),
    )


def test_burning__budget_ran_out_within_the_first_day__sums_to_the_money_of_the_flag(
    workspace: Workspace,
) -> None:
    overspent = flag(workspace, "form", ZombieSignal.OVERSPENT, "650.50", "300.00", "250.00", "200.50")
    rows, days = burning([overspent])
    assert days == [MONDAY, MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)]
    assert [rows[0].by_day[on] for on in days] == [Decimal(200), Decimal(250), Decimal("200.50")]


def test_burning__two_signals_of_one_campaign__burn_its_money_once(workspace: Workspace) -> None:
    small = flag(workspace, "form", ZombieSignal.OVERSPENT, "100.00", "300.00", "250.00")
    large = flag(workspace, "form", ZombieSignal.UNPLANNED, "550.00")
    other = flag(workspace, "video", ZombieSignal.UNPLANNED, "40.00", "40.00")
    assert costliest([small, large, other]) == [large, other]
    rows, _ = burning([small, large, other])
    assert sum(sum(row.by_day.values()) for row in rows) == Decimal(590)


def test_burn_chart__few_days__prints_every_value(workspace: Workspace) -> None:
    rows, days = burning([flag(workspace, "form", ZombieSignal.UNPLANNED, "630", "310", "200", "120")])
    for size in (_burning.WIDE, _burning.NARROW):
        drawn = _burning.burn(rows, days, "USD", size)
        assert all(f">{value}</text>" in drawn for value in ("$310", "$200", "$120"))


def test_burn_chart__thin_layers__keeps_their_names_apart_and_leads_to_each(workspace: Workspace) -> None:
    amounts = {"form": "900", "video": "5", "quiz": "4", "badges": "3"}
    rows, days = burning(
        [flag(workspace, key, ZombieSignal.UNPLANNED, money, money) for key, money in amounts.items()]
    )
    drawn = _burning.burn(rows, days, "USD")
    heights = sorted(float(y) for y in re.findall(r'class="t-strong" x="[^"]*" y="([\d.]+)"', drawn))
    assert len(heights) == 4
    assert heights[0] > 20
    assert all(lower - upper >= 17.9 for upper, lower in pairwise(heights))
    assert len(re.findall(r'class="s-axis" d="M[^"]*L', drawn)) == 4


def test_burn_table__five_campaigns__adds_up_to_what_the_drawing_shows(workspace: Workspace) -> None:
    keys = ("form", "video", "quiz", "badges", "card")
    rows, days = burning([flag(workspace, key, ZombieSignal.UNPLANNED, "300", "200", "100") for key in keys])
    table = _burning.table(rows, days)
    assert [layer.name for layer in table.layers][-1] == "2 others"
    assert [(on, total) for on, _, total in table.rows] == [(days[0], Decimal(1000)), (days[1], Decimal(500))]
    assert [amount for _, amount in table.rows[0][1]] == [Decimal(200)] * 3 + [Decimal(400)]


def test_days_chart__spend_without_a_conversion__keeps_the_day_and_says_none() -> None:
    def day(offset: int, events: int, value: float | None) -> DayView:
        on = MONDAY + timedelta(days=offset)
        return DayView(on, Decimal(180), Decimal(events), value, is_settled=True, arms=[value])

    drawn = _charts.days([day(0, 0, None), day(1, 10, 18.0)], METRICS["cpa"], None, "USD", USUAL_WORDS)
    assert "Monday no conversions, Tuesday $18.00." in drawn
    assert ">Mon</text>" in drawn
    assert ">none</text>" in drawn


def test_days_chart__limit_at_the_feet_of_the_bars__does_not_strike_their_values_out() -> None:
    def drawn(limit: str) -> tuple[float, float]:
        """Where the value of a day stands, and the line of the limit."""
        views = [DayView(MONDAY, Decimal(500), Decimal(2), 250.0, is_settled=True, arms=[250.0])]
        chart = _charts.days(views, METRICS["cpa"], Decimal(limit), "USD", USUAL_WORDS)
        [value] = re.findall(r'y="([\d.]+)"[^>]*>\$250\.00<', chart)
        [line] = re.findall(r's-limit" d="M[\d.]+ ([\d.]+)H', chart)
        return float(value), float(line)

    value, line = drawn("20.00")
    assert value < line - 4
    value, line = drawn("180.00")
    assert value > line + 20


def test_steps__a_number_in_words__is_written_small_enough_for_its_bar() -> None:
    drawn = _drawings.steps([("Sun", 0.92), ("Mon", 0.99999)], 0.95)
    assert re.search(r'class="t-num t-mid"[^>]*>92\.0%<', drawn)
    assert re.search(r'class="t-num t-mid is-s[^"]*"[^>]*>above 99\.9%<', drawn)
