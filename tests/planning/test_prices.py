"""What a workspace knows before it plans: its own last prices and rates, else published averages."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import METRICS, CampaignStatus
from experiments.selectors.prices import known_figures
from experiments.services.sizing import size_comparison, with_known
from tests.factories import LONG_AGO, make_campaign, make_workspace, report
from workspaces.models import Workspace
from workspaces.permissions import Actor


def told(workspace: Workspace, metric: str, channel: str = "") -> dict[str, tuple[float, str]]:
    found = known_figures(workspace, METRICS[metric], channel=channel)
    return {name: (float(figure.value), figure.source) for name, figure in found.items()}


def ran(workspace: Workspace, key: str, *, days: int = 2, channel: str = "meta", **fields: Any) -> None:
    """Days of 100 spent on 10,000 impressions, 200 clicks and 5 conversions worth 300, in two arms."""
    campaign = make_campaign(workspace, key, channel=channel, **fields)
    for number in range(days):
        for arm in "ab":
            report(
                campaign,
                workspace.local_day(LONG_AGO) + timedelta(days=number),
                arm=arm,
                source=channel,
                impressions=5_000,
                clicks=100,
                conversions=Decimal("2.5"),
                spend=50,
                revenue=150,
            )


@pytest.mark.parametrize(
    ("metric", "figures"),
    [
        ("ctr", {"stands_at": 0.02, "money_per_day": 100, "price_of_exposure": 0.01}),
        ("cvr", {"stands_at": 0.025, "money_per_day": 100, "price_of_exposure": 0.5}),
        ("cpa", {"stands_at": 20, "money_per_day": 100}),
        ("cpm", {"stands_at": 10, "money_per_day": 100}),
        ("roas", {"stands_at": 3, "money_per_day": 100, "order_value": 60}),
        # Nobody has ever reported one.
        ("open_rate", {"money_per_day": 100}),
    ],
)
def test_own_campaigns__tell_rates_prices_and_the_usual_day(
    metric: str, figures: dict[str, float], workspace: Workspace
) -> None:
    ran(workspace, "one")
    found = told(workspace, metric)
    assert {name: value for name, (value, _) in found.items()} == pytest.approx(figures)
    assert {source for _, source in found.values()} == {"your last campaign"}


def test_own_campaigns__of_another_channel_or_workspace_or_before_their_launch__do_not_speak(
    workspace: Workspace,
) -> None:
    ran(workspace, "one", channel="linkedin")
    ran(workspace, "draft", status=CampaignStatus.DRAFT)
    ran(make_workspace("others"), "theirs")
    assert told(workspace, "aov", "meta") == {}
    (figure,) = {source for _, source in told(workspace, "aov", "linkedin").values()}
    assert figure == "your last campaign on LinkedIn Ads"


def test_own_campaigns__many__only_the_last_eight_speak(workspace: Workspace) -> None:
    for number in range(9):
        ran(workspace, f"c{number}", days=1, launched_at=LONG_AGO + timedelta(minutes=number))
    assert told(workspace, "cpa")["stands_at"] == (20, "your last 8 campaigns")


def test_published_averages__stand_in_where_the_workspace_knows_nothing_and_say_whose_they_are(
    workspace: Workspace,
) -> None:
    found = told(workspace, "ctr", "google")
    assert found["stands_at"][0] == 0.0642
    assert found["price_of_exposure"][0] == pytest.approx(4.66 * 0.0642, rel=1e-3)
    assert {source for _, source in found.values()} == {
        "not yours: WordStream's averages of 2024 for US search ads on Google"
    }
    assert told(workspace, "ctr", "tiktok") == {}


def test_published_averages__in_another_currency__are_shares_only(db: None) -> None:
    workspace = make_workspace("paris", currency="EUR")
    assert set(told(workspace, "ctr", "google")) == {"stands_at"}
    assert told(workspace, "cpl", "google") == {}


def test_published_averages__beside_own_figures__give_way(workspace: Workspace) -> None:
    ran(workspace, "one")
    assert told(workspace, "ctr", "meta")["stands_at"][0] == pytest.approx(0.02)


def test_sizing__with_what_is_known__fills_only_what_was_left_empty(
    workspace: Workspace, marketer: Actor
) -> None:
    ran(workspace, "one")
    given = {"primary_metric": "cpa", "mde_relative": "0.2", "stands_at": "", "money_per_day": Decimal(400)}
    values, assumed = with_known(given, channel="", by=marketer)
    assert (values["stands_at"], values["money_per_day"]) == (Decimal(20), Decimal(400))
    assert [item.name for item in assumed] == ["stands_at"]
    assert size_comparison(values=values, by=marketer).sentence.startswith("At $400 a day")
