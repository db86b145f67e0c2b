"""Plans: who gives, who receives, within caps, to the last cent."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.stats.budget import (
    RESERVE,
    CampaignMoney,
    MoneyStatus,
    Plan,
    shift_plan,
    split,
    thompson_plan,
)
from experiments.stats.gains import expected_gain, probability_receiver_beats_donor


def money(
    key: str,
    budget: str,
    spent: str,
    chance: float | None = None,
    *,
    holdback: str = "0",
    finished: bool = False,
    can_receive: bool = True,
    must_give: bool = False,
    is_blind: bool = False,
    best: float | None = None,
) -> CampaignMoney:
    return CampaignMoney(
        key=key,
        budget=Decimal(budget),
        spent=Decimal(spent),
        holdback=Decimal(holdback),
        status=MoneyStatus.FINISHED if finished else MoneyStatus.LIVE,
        probability_above_target=chance,
        probability_best=best,
        can_receive=can_receive,
        must_give=must_give,
        is_blind=is_blind,
        state="killed",
    )


def flows(plan: Plan) -> list[tuple[str, str, str]]:
    return [(line.source, line.destination, str(line.amount)) for line in plan.lines]


def test_shift_plan__a_loser_two_finished_and_a_winner__takes_the_live_money_first() -> None:
    plan = shift_plan(
        [
            money("founder", "6000.00", "3603.25", 0.921),
            money("pricing", "6000.00", "3606.35", 0.067, holdback="1200.00"),
            money("penalty", "4500.00", "2688.40", finished=True),
            money("webinar", "2500.00", "1860.00", finished=True),
        ]
    )
    # Room 3,000.00. The loser: min(half of 6,000, 6,000 - 3,606.35 - 1,200) = 1,193.65; the rest is idle.
    assert flows(plan) == [
        ("pricing", "founder", "1193.65"),
        ("penalty", "founder", "1806.35"),
        ("penalty", RESERVE, "5.25"),
        ("webinar", RESERVE, "640.00"),
    ]
    assert plan.change["founder"] == Decimal("3000.00")
    assert plan.lines[0].reason == "6.7% likely to meet its target, gives half"
    assert plan.lines[1].reason == "killed, gives all that is unspent"


def test_shift_plan__no_receiver__leaves_live_money_and_saves_the_finished() -> None:
    plan = shift_plan([money("loser", "1000", "100", 0.05), money("done", "500", "200", finished=True)])
    assert flows(plan) == [("done", RESERVE, "300.00")]


def test_shift_plan__more_live_money_than_room__the_least_likely_gives_first() -> None:
    plan = shift_plan(
        [
            money("bad", "1000", "0", 0.15),
            money("worse", "1000", "0", 0.02),
            money("winner", "1200", "0", 0.9),
        ]
    )
    assert flows(plan) == [("worse", "winner", "500.00"), ("bad", "winner", "100.00")]


@pytest.mark.parametrize(
    "winner",
    [
        money("w", "1000", "0", 0.79),
        money("w", "1000", "0", None),
        money("w", "1000", "0", 0.99, can_receive=False),
        money("w", "1000", "0", 0.99, is_blind=True),
        money("w", "1000", "0", 0.99, must_give=True),
    ],
)
def test_shift_plan__campaign_that_may_not_receive__receives_nothing(winner: CampaignMoney) -> None:
    assert shift_plan([money("loser", "1000", "0", 0.01), winner]).lines == ()


@pytest.mark.parametrize(
    "loser",
    [
        money("l", "1000", "0", 0.21),
        money("l", "1000", "0", None),
        money("l", "1000", "0", 0.01, is_blind=True),
        money("l", "1000", "900", 0.01, holdback="100"),
        money("l", "1000", "1200", 0.01),
    ],
)
def test_shift_plan__campaign_that_may_not_or_cannot_give__gives_nothing(loser: CampaignMoney) -> None:
    assert shift_plan([loser, money("winner", "1000", "0", 0.99)]).lines == ()


def test_shift_plan__hopeless_campaign_of_unknown_chance__gives_half() -> None:
    plan = shift_plan([money("barren", "1000", "0", None, must_give=True), money("winner", "4000", "0", 0.9)])
    assert flows(plan) == [("barren", "winner", "500.00")]
    assert plan.lines[0].reason == "should stop, gives half"


def test_shift_plan__cap_of_a_quarter__lets_nobody_grow_further() -> None:
    both = [money("loser", "1000", "0", 0.1), money("winner", "1000", "0", 0.9)]
    assert shift_plan(both, growth_cap=Decimal("0.25")).change["winner"] == Decimal("250.00")


def test_shift_plan__yen__moves_whole_yen() -> None:
    plan = shift_plan([money("a", "1001", "0", 0.1), money("b", "1001", "0", 0.9)], exponent=0)
    assert flows(plan) == [("a", "b", "500")]


amounts = st.integers(0, 1_000_000).map(lambda cents: Decimal(cents) / 100)
chances = st.none() | st.floats(0, 1)


@st.composite
def portfolios(draw: st.DrawFn) -> list[CampaignMoney]:
    return [
        CampaignMoney(
            key=f"c{index}",
            budget=draw(amounts),
            spent=draw(amounts),
            holdback=draw(amounts),
            status=draw(st.sampled_from(MoneyStatus)),
            probability_above_target=draw(chances),
            probability_best=draw(chances),
            can_receive=draw(st.booleans()),
            must_give=draw(st.booleans()),
            is_blind=draw(st.booleans()),
        )
        for index in range(draw(st.integers(1, 7)))
    ]


@given(portfolios(), st.sampled_from([shift_plan, thompson_plan]), st.sampled_from([0, 2, 3]))
@settings(deadline=None)
def test_plans__any_portfolio__sum_to_zero_within_caps_and_never_below_what_is_spent(
    portfolio: list[CampaignMoney], make_plan: Callable[..., Plan], exponent: int
) -> None:
    plan = make_plan(portfolio, exponent=exponent)
    unit = Decimal(1).scaleb(-exponent)
    assert sum(plan.change.values()) == 0
    assert all(line.amount > 0 and line.amount % unit == 0 for line in plan.lines)
    assert plan.moved == sum(line.amount for line in plan.lines)
    finished = {campaign.key for campaign in portfolio if campaign.status == MoneyStatus.FINISHED}
    assert {line.source for line in plan.lines if line.destination == RESERVE} <= finished
    for campaign in portfolio:
        change = plan.change[campaign.key]
        assert change <= campaign.budget / 2
        assert change >= -campaign.free
        if campaign.key in finished:
            # All of it, down to less than the smallest coin.
            assert 0 <= change + campaign.free < unit
        if campaign.is_blind and campaign.key not in finished:
            assert change == 0


def test_thompson_plan__equal_chances__moves_nothing() -> None:
    both = [money(key, "1000", "400", best=0.5) for key in ("a", "b")]
    assert thompson_plan(both).lines == ()


def test_thompson_plan__sure_winner__is_capped_at_half_more() -> None:
    plan = thompson_plan([money("a", "1000", "0", best=0.01), money("b", "1000", "0", best=0.99)])
    assert flows(plan) == [("a", "b", "500.00")]


@given(st.integers(0, 10_000), st.lists(st.integers(0, 5_000), min_size=1, max_size=6))
def test_split__any_amount__is_exact_and_within_the_room(total: int, rooms: list[int]) -> None:
    room = [Decimal(cents) / 100 for cents in rooms]
    amount = Decimal(total) / 100
    shares = split(amount, room)
    assert sum(shares) == min(amount, sum(room))
    assert all(0 <= share <= limit for share, limit in zip(shares, room, strict=True))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"key": RESERVE}, "names the reserve"),
        ({"budget": Decimal("NaN")}, "a: budget is Decimal"),
        ({"spent": Decimal(-1)}, "a: spent is Decimal"),
        ({"holdback": 1.5}, "a: holdback is 1.5"),
        ({"probability_above_target": 1.2}, "a: probability_above_target is 1.2"),
        ({"status": "dead"}, "a: status is 'dead'"),
    ],
)
def test_campaign_money__nonsense__is_refused_with_the_campaign_and_the_field(
    values: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        CampaignMoney(**({"key": "a", "budget": Decimal(1), "spent": Decimal(0)} | values))  # type: ignore[arg-type]


def test_shift_plan__one_key_twice__is_refused() -> None:
    with pytest.raises(ValueError, match="one key twice"):
        shift_plan([money("a", "1", "0"), money("a", "1", "0")])


def test_receiver_beats_donor__same_rates_and_another_target__depends_on_the_target() -> None:
    trials, spend = [[[10, 12, 11], [10, 12, 11]]] * 2, [[[200.0] * 3] * 2] * 2
    even, easier = probability_receiver_beats_donor("cost", trials, spend, [[18.0, 18.0], [18.0, 36.0]])
    assert even == pytest.approx(0.5, abs=1e-12)
    # A receiver allowed to pay twice as much per trial is far ahead of its own target.
    assert easier > 0.97


def test_receiver_beats_donor__value_form__is_higher_return_relative_to_its_target() -> None:
    revenue, spend, orders = [[[400.0] * 3, [800.0] * 3]], [[[200.0] * 3] * 2], [[[20] * 3, [40] * 3]]
    chance = probability_receiver_beats_donor("value", revenue, spend, [[2.0, 2.0]], events=orders, kappa=1.9)
    harder = probability_receiver_beats_donor("value", revenue, spend, [[2.0, 4.0]], events=orders, kappa=1.9)
    assert chance[0] > 0.95
    assert harder[0] == pytest.approx(0.5, abs=1e-12)


def test_expected_gain__two_campaigns__is_the_hand_computed_normal() -> None:
    # 100·0.05 - 100·0.03 = 2; sd = √(100²·0.0001 + 100²·0.0003) = 2; 1.959964·2 = 3.919928.
    gain = expected_gain([100, -100], [0.05, 0.03], [0.0001, 0.0003])
    assert gain.expected == pytest.approx(2)
    assert gain.low == pytest.approx(2 - 3.919928, abs=1e-6)
    assert gain.high == pytest.approx(2 + 3.919928, abs=1e-6)
