"""How long it takes to see the smallest effect worth having, and what less time can see."""

from decimal import Decimal
from typing import Any

import pytest

from experiments.exceptions import Invalid
from experiments.models.team_words import TeamWords
from experiments.services.sizing import Sizing, size_comparison
from experiments.stats.planning import days_needed, detectable_lift
from workspaces.permissions import Actor

# $400 a day at a CPM of $10: 20,000 impressions a day and arm.
CTR: dict[str, Any] = {
    "primary_metric": "ctr",
    "mde_relative": "0.15",
    "stands_at": "0.01",
    "money_per_day": "400",
    "price_of_exposure": "0.01",
}
CPA = {"primary_metric": "cpa", "mde_relative": "0.23", "stands_at": "18", "money_per_day": "400"}
ROAS = {
    "primary_metric": "roas",
    "mde_relative": "0.25",
    "stands_at": "2.5",
    "money_per_day": "2000",
    "order_value": "50",
}


def refused(values: dict[str, Any], by: Actor) -> dict[str | None, str]:
    with pytest.raises(Invalid) as refusal:
        size_comparison(values=values, by=by)
    return {error.field: error.message for error in refusal.value.errors}


def reach(sizing: Sizing) -> list[float]:
    return [sprint.lift_relative or 0.0 for sprint in sizing.sprints]


def test_sizing__of_a_rate__is_that_of_the_statistics_in_whole_days(viewer: Actor) -> None:
    sizing = size_comparison(values=CTR, by=viewer)
    exact = float(days_needed("rate", 0.01, 0.15, 20_000))
    assert sizing.days_needed is not None
    assert sizing.days_needed - 1 < exact <= sizing.days_needed
    assert sizing.money_needed == 400 * sizing.days_needed
    last = sizing.sprints[-1]
    assert (last.days, last.money) == (7, Decimal(2800))
    assert last.lift_relative == pytest.approx(float(detectable_lift("rate", 0.01, 140_000, days=7)))
    assert sizing.sentence == (
        f"At $400 a day this needs {sizing.days_needed} days and ${400 * sizing.days_needed:,} to see +15%; "
        f"a 7-day sprint can see {last.can_see}."
    )


def test_sizing__of_a_cost__speaks_of_cheaper(viewer: Actor) -> None:
    sizing = size_comparison(values=CPA, by=viewer)
    assert "to see 23% cheaper; a 7-day sprint can see" in sizing.sentence
    assert all(sprint.can_see.endswith("% cheaper") for sprint in sizing.sprints)
    assert sizing.notes[-1] == "The days until the last conversions have arrived come on top."


def test_sizing__team_with_its_own_word__speaks_of_that_and_of_leads_where_leads_are_counted(
    viewer: Actor,
) -> None:
    words = TeamWords("trial", "trials")
    [*_, note] = size_comparison(values=CPA, words=words, by=viewer).notes
    assert note == "The days until the last trials have arrived come on top."
    [*_, note] = size_comparison(values=CPA | {"primary_metric": "cpl"}, words=words, by=viewer).notes
    assert note == "The days until the last leads have arrived come on top."


def test_sizing__of_a_cost_per_thousand__is_by_the_thousand(viewer: Actor) -> None:
    values = {"primary_metric": "cpm", "mde_relative": "0.2", "stands_at": "10", "money_per_day": "0.5"}
    exact = float(days_needed("cost", 0.01, 0.2, 0.25))
    assert size_comparison(values=values, by=viewer).days_needed == int(exact) + 1


def test_sizing__of_a_return__is_by_the_cost_of_orders_that_differ(viewer: Actor) -> None:
    sizing = size_comparison(values=ROAS, by=viewer)
    # An order costs 50 ÷ 2.5 = 20 and is to cost 1 - 1 ÷ 1.25 = a fifth less; 1.9 tell as much as one.
    assert sizing.days_needed == int(days_needed("cost", 1.9 * 20, 0.2, 1000)) + 1
    assert "to see +25%" in sizing.sentence


@pytest.mark.parametrize("values", [CTR, CPA, ROAS])
def test_sizing__longer_sprints_and_more_money__see_smaller_effects(
    viewer: Actor, values: dict[str, Any]
) -> None:
    less = size_comparison(values=values, by=viewer)
    more = size_comparison(values=values | {"money_per_day": "4000"}, by=viewer)
    assert reach(less) == sorted(reach(less), reverse=True)
    assert all(big > small for big, small in zip(reach(less), reach(more), strict=True))
    assert (less.days_needed or 0) > (more.days_needed or 0) >= 2


@pytest.mark.parametrize("values", [CTR, CPA, ROAS])
def test_sizing__enough_days__are_those_that_see_the_effect(viewer: Actor, values: dict[str, Any]) -> None:
    sizing = size_comparison(values=values | {"money_per_day": "2600"}, by=viewer)
    effect = float(values["mde_relative"])
    assert [sprint.is_enough for sprint in sizing.sprints] == [lift <= effect for lift in reach(sizing)]


def test_sizing__hardly_any_money__is_no_length_of_time(viewer: Actor) -> None:
    sizing = size_comparison(values=CTR | {"money_per_day": "0.01", "mde_relative": "0.01"}, by=viewer)
    assert (sizing.days_needed, sizing.money_needed) == (None, None)
    assert "no length of time is enough" in sizing.sentence


def test_sizing__nothing_given__says_everything_that_is_missing(viewer: Actor) -> None:
    assert set(refused({}, viewer)) == {"primary_metric", "mde_relative", "stands_at", "money_per_day"}


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        (CTR | {"price_of_exposure": None}, "price_of_exposure", "say what 1,000 impressions cost"),
        (ROAS | {"order_value": None}, "order_value", "say how much each brings on average"),
        (ROAS | {"primary_metric": "aov"}, "primary_metric", "it is not earned by spend"),
        (CPA | {"mde_relative": "1"}, "mde_relative", "Nothing gets 100% cheaper"),
        (CTR | {"stands_at": "0.9"}, "mde_relative", "which no CTR can be"),
        (CTR | {"stands_at": "1.5"}, "stands_at", "is a fraction below 1"),
        (CPA | {"money_per_day": "0"}, "money_per_day", "The money a day is above zero"),
    ],
)
def test_sizing__what_cannot_be__is_refused_at_its_field(
    viewer: Actor, values: dict[str, Any], field: str, said: str
) -> None:
    complaints = refused(values, viewer)
    assert list(complaints) == [field]
    assert said in complaints[field]
