"""One campaign in one call: the parts agree with the methods they come from."""

from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest

from experiments.stats.analysis import ArmDays, ArmResult, ComparisonResult, Question, analyse_campaign
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days
from experiments.stats.multiple import holm
from experiments.stats.threshold import cost_evidence
from experiments.stats.verdicts import VerdictCode

# The trials of the three arms of vector 18's world: days that move all arms alike.
EVENTS = [[243, 219, 262, 205, 240], [271, 262, 281, 248, 259], [240, 225, 255, 210, 238]]
SHOWN = [[30210, 28890, 31020, 27650, 30100], [29800, 30110, 30350, 28990, 29400], [30000] * 5]
TWO = ArmDays("rate", ("a", "b"), ("Studio", "Founder"), EVENTS[:2], SHOWN[:2])
THREE = ArmDays("rate", ("a", "b", "c"), ("Studio", "Founder", "Quote"), EVENTS, SHOWN)


def test_analyse_campaign__two_arms__takes_best_and_loss_from_the_comparison() -> None:
    result = analyse_campaign(TWO, Question(planned_days=5))
    paired = compare_days("rate", [EVENTS[:2]], [SHOWN[:2]])
    control, treatment = result.arms
    chance = float(paired.chance_to_beat_control[0, 1])
    assert treatment.probability_best == pytest.approx(chance, rel=1e-12)
    assert control.probability_best == pytest.approx(1 - chance, rel=1e-12)
    assert control.expected_loss == pytest.approx(paired.expected_loss_control[0, 1], rel=1e-12)
    assert result.comparisons[0].expected_loss == treatment.expected_loss
    assert result.verdict.code == VerdictCode.WIN
    assert result.verdict.arm == "b"
    assert result.days == 5


def test_analyse_campaign__three_arms__takes_best_from_the_exact_comparison_and_adjusts_p() -> None:
    result = analyse_campaign(THREE, Question(planned_days=5))
    best = best_arm("rate", [EVENTS], [SHOWN])
    assert [arm.probability_best for arm in result.arms] == pytest.approx(best.probability_best[0].tolist())
    raw = compare_days("rate", [EVENTS], [SHOWN]).p_value[0, 1:]
    assert [row.p_value_adjusted for row in result.comparisons] == pytest.approx(holm(raw).tolist())
    assert [row.key for row in result.comparisons] == ["b", "c"]


def test_analyse_campaign__control_in_the_middle__is_the_one_compared_with() -> None:
    result = analyse_campaign(replace(THREE, control=1), Question(planned_days=5))
    assert [(row.key, row.control) for row in result.comparisons] == [("a", "b"), ("c", "b")]
    assert all((row.chance_to_beat_control or 1) < 0.5 for row in result.comparisons)


def test_analyse_campaign__interval_of_an_arm__holds_its_value() -> None:
    for form in ("rate", "cost"):
        for arm in analyse_campaign(replace(THREE, form=form), Question(planned_days=5)).arms:
            values = arm.confidence_low, arm.credible_low, arm.value, arm.credible_high, arm.confidence_high
            assert all(value is not None for value in values)
            assert arm.credible_low < arm.value < arm.credible_high  # type: ignore[operator]
            assert arm.confidence_low < arm.value < arm.confidence_high  # type: ignore[operator]


def test_analyse_campaign__win_on_the_second_of_five_days__waits_for_the_planned_look() -> None:
    early = replace(TWO, outcome=[[243, 219], [321, 302]], exposure=[[30210, 28890], [29800, 30110]])
    now = analyse_campaign(early, Question(planned_days=5))
    at_the_end = analyse_campaign(early, Question(planned_days=2))
    assert now.comparisons[0].credible_low is not None
    assert now.comparisons[0].credible_low > 0
    assert now.verdict.code == VerdictCode.INCONCLUSIVE
    assert at_the_end.verdict.code == VerdictCode.WIN


def test_analyse_campaign__one_arm_and_a_target__is_judged_by_its_probability() -> None:
    arm = ArmDays("cost", ("a",), ("Video",), [[19, 22, 20, 24]], [[300.0, 310.0, 290.0, 305.0]])
    result = analyse_campaign(arm, Question(planned_days=5, target=20.0, target_text="$20.00"))
    expected = cost_evidence([[19, 22, 20, 24]], [[300.0, 310.0, 290.0, 305.0]], 20.0)
    assert result.probability_better == pytest.approx(expected.p_below[0], rel=1e-12)
    assert result.verdict.code == VerdictCode.WIN
    assert result.comparisons == ()
    assert result.arms[0].probability_best is None


def test_analyse_campaign__no_day_counts__knows_nothing_and_says_so() -> None:
    result = analyse_campaign(replace(TWO, mask=np.zeros((2, 5), dtype=bool)), Question(planned_days=5))
    assert result.verdict.code == VerdictCode.INSUFFICIENT
    assert result.verdict.reason == "No day is closed yet; a verdict takes at least 2."
    rows: list[ArmResult | ComparisonResult] = [*result.arms, *result.comparisons]
    for row in rows:
        assert set(astuple(row)) - {"a", "b", "paired_days", False} == {None}
    assert result.health.overdispersion is None


def test_analyse_campaign__totals_only__says_that_it_is_too_sure() -> None:
    totals = replace(
        TWO,
        outcome=np.sum(EVENTS[:2], axis=1)[:, None],
        exposure=np.sum(SHOWN[:2], axis=1)[:, None],
        has_days=False,
    )
    result = analyse_campaign(totals, Question(planned_days=5, closed_days=5))
    assert result.comparisons[0].method == "totals"
    assert any("Only totals are known" in warning for warning in result.health.warnings)
    assert result.arms[0].confidence_low is None


def test_analyse_campaign__value_with_orders__is_complete() -> None:
    revenue = np.array(EVENTS, dtype=float) * 40
    result = analyse_campaign(
        replace(THREE, form="value", outcome=revenue, events=EVENTS, exposure=np.array(SHOWN) / 10),
        Question(planned_days=5),
    )
    assert sum(arm.probability_best or 0 for arm in result.arms) == pytest.approx(1)
    assert result.comparisons[0].credible_low is not None


def test_analyse_campaign__uneven_spend_and_a_broken_split__warns_of_both() -> None:
    question = Question(planned_days=5, spend=[900.0, 300.0], randomised=[5000, 4000])
    health = analyse_campaign(TWO, question).health
    assert health.spend_imbalance == pytest.approx(0.25)
    assert health.srm_p_value is not None
    assert health.srm_p_value < 1e-9
    assert len(health.warnings) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"keys": ("a",)}, "arms by days for 1 arms"),
        ({"form": "value"}, "events is missing"),
        ({"exposure": [[1, 2]]}, "exposure has the shape"),
        ({"keys": ("a", "a")}, "keys are a, a; each arm needs its own"),
    ],
)
def test_analyse_campaign__arrays_that_do_not_fit__are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        analyse_campaign(replace(TWO, **changes), Question(planned_days=5))


@pytest.mark.parametrize("name", ["spend", "randomised"])
def test_analyse_campaign__a_total_too_many__is_refused_with_its_name(name: str) -> None:
    totals: dict[str, Any] = {name: [900.0, 300.0, 10.0]}
    with pytest.raises(ValueError, match=rf"{name} has the shape \(3,\)"):
        analyse_campaign(TWO, Question(planned_days=5, **totals))


def test_analyse_campaign__planned_for_a_quarter__is_judged_all_the_same() -> None:
    assert analyse_campaign(TWO, Question(planned_days=92)).verdict.code == VerdictCode.INCONCLUSIVE


def test_analyse_campaign__smallest_effect_that_is_no_number__is_refused() -> None:
    with pytest.raises(ValueError, match="mde_relative is nan"):
        analyse_campaign(TWO, Question(planned_days=5, mde_relative=float("nan")))
