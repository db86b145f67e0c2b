"""Codes and sentences: what a manager reads."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.stats.health import health_warnings
from experiments.stats.verdicts import TreatmentFacts, Verdict, VerdictCode, judge_comparison, judge_target
from experiments.stats.words import say_interval, say_lift, say_probability, say_range


def facts(
    low: float | None, high: float | None, chance: float | None, *, key: str = "b", looks: bool = True
) -> TreatmentFacts:
    lift = None if low is None or high is None else (low + high) / 2
    return TreatmentFacts(key, key.upper(), lift, low, high, chance, look_allows=looks)


def judge(*treatments: TreatmentFacts, form: str = "rate", **changes: Any) -> Verdict:
    usual: dict[str, Any] = {
        "control_name": "A",
        "closed_days": 5,
        "events": 500,
        "mde_relative": 0.2,
    }
    return judge_comparison(treatments, form=form, **(usual | changes))


@pytest.mark.parametrize(
    ("form", "low", "high", "code"),
    [
        ("rate", 0.02, 0.24, VerdictCode.WIN),
        ("rate", -0.24, -0.02, VerdictCode.LOSS),
        ("cost", -0.24, -0.02, VerdictCode.WIN),
        ("cost", 0.02, 0.24, VerdictCode.LOSS),
        ("value", 0.02, 0.24, VerdictCode.WIN),
        ("rate", -0.09, 0.10, VerdictCode.EQUIVALENT),
        ("rate", -0.09, 0.11, VerdictCode.INCONCLUSIVE),
        ("cost", -0.52, 0.22, VerdictCode.INCONCLUSIVE),
    ],
)
def test_judge_comparison__interval__decides_by_the_metrics_direction(
    form: str, low: float, high: float, code: VerdictCode
) -> None:
    verdict = judge(facts(low, high, 0.9), form=form)
    assert verdict.code == code
    assert verdict.arm == "b"


def test_judge_comparison__planned_look_does_not_allow_it__is_no_win_yet() -> None:
    verdict = judge(facts(0.02, 0.5, 0.99, looks=False))
    assert verdict.code == VerdictCode.INCONCLUSIVE
    assert "too early to call" in verdict.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"closed_days": 0}, "No day is closed yet; a verdict takes at least 2."),
        ({"closed_days": 1}, "Only one day is closed; a verdict takes at least 2."),
        ({"events": 9}, "Only 9 events so far, all arms together; a verdict takes at least 10."),
        ({"events": 1}, "Only 1 event so far, all arms together; a verdict takes at least 10."),
    ],
)
def test_judge_comparison__too_little_data__says_what_is_missing(
    changes: dict[str, Any], reason: str
) -> None:
    verdict = judge(facts(0.5, 0.9, 0.99), **changes)
    assert verdict == Verdict(VerdictCode.INSUFFICIENT, None, reason)


def test_judge_comparison__two_days_and_ten_events__is_enough() -> None:
    assert judge(facts(0.5, 0.9, 0.99), closed_days=2, events=10).code == VerdictCode.WIN


def test_judge_comparison__no_smallest_effect__is_never_equivalent() -> None:
    assert judge(facts(-0.01, 0.01, 0.5), mde_relative=None).code == VerdictCode.INCONCLUSIVE


def test_judge_comparison__several_treatments__the_best_win_speaks() -> None:
    lost, good, better = (
        facts(-0.3, -0.1, 0.001, key="b"),
        facts(0.01, 0.2, 0.98, key="c"),
        facts(0.1, 0.4, 0.999, key="d"),
    )
    assert judge(lost, good, better).arm == "d"
    assert judge(lost, facts(-0.2, 0.2, 0.5, key="c")).code == VerdictCode.INCONCLUSIVE
    assert judge(lost, facts(-0.05, 0.05, 0.5, key="c")).code == VerdictCode.EQUIVALENT
    assert judge(lost, facts(-0.4, -0.2, 0.0001, key="c")).arm == "b"


def test_judge_comparison__unknown_interval__is_inconclusive_and_says_why() -> None:
    verdict = judge(facts(None, None, 0.97))
    assert verdict.code == VerdictCode.INCONCLUSIVE
    assert verdict.reason == (
        "B is 97.0% likely to beat A, but one of them has no events yet, so by how much is not known."
    )
    assert judge(facts(None, None, None)).reason == "Nothing is known yet about B against A."


def test_judge_comparison__sentences__are_the_ones_of_the_page() -> None:
    cheaper = TreatmentFacts("b", "Calculator", -0.23, -0.38, -0.05, 0.991, look_allows=True)
    assert judge(cheaper, form="cost").reason == (
        "Calculator is 99.1% likely to beat A: 23% cheaper, between 5% and 38% cheaper."
    )
    assert judge(facts(-0.3, -0.1, 0.0002)).reason == (
        "B is above 99.9% likely to be worse than A: 20% lower, between 10% and 30% lower."
    )
    assert judge(facts(-0.05, 0.07, 0.6)).reason == (
        "B and A are alike: between 5% lower and 7% higher, within 10% either way."
    )
    assert judge(facts(0.02, 0.24, 0.99), provisional=True).reason == (
        "B is 99.0% likely to beat A: 13% higher, between 2% and 24% higher; this may still change, "
        "as not all counted days are settled."
    )


def test_judge_comparison__not_a_number__is_refused() -> None:
    with pytest.raises(ValueError, match="say None for what is not known"):
        facts(float("nan"), 0.2, 0.5)


@pytest.mark.parametrize(
    ("probability", "code"),
    [(0.95, "win"), (0.949, "inconclusive"), (0.051, "inconclusive"), (0.05, "loss"), (None, "insufficient")],
)
def test_judge_target__probability__decides_at_95_and_5_per_cent(
    probability: float | None, code: str
) -> None:
    verdict = judge_target(
        key="a", name="Video", probability_better=probability, target="$18.00", closed_days=3, events=90
    )
    assert verdict.code == code
    assert verdict.chance == probability


def test_judge_target__one_day__is_insufficient_however_sure() -> None:
    verdict = judge_target(
        key="a", name="Video", probability_better=0.999, target="$18.00", closed_days=1, events=90
    )
    assert verdict.code == VerdictCode.INSUFFICIENT
    assert verdict.arm is None


@pytest.mark.parametrize(
    ("probability", "said"),
    [
        (0, "below 0.1%"),
        (0.000999, "below 0.1%"),
        (0.001, "0.1%"),
        (0.8721, "87.2%"),
        (0.999, "99.9%"),
        (0.9991, "above 99.9%"),
        (1, "above 99.9%"),
    ],
)
def test_say_probability__one_decimal__is_never_0_or_100(probability: float, said: str) -> None:
    assert say_probability(probability) == said


@given(st.floats(0, 1))
def test_say_probability__any__never_says_certain(probability: float) -> None:
    assert say_probability(probability) not in {"0.0%", "100.0%"}


@pytest.mark.parametrize(
    ("low", "high", "form", "said"),
    [
        (-0.52, 0.22, "cost", "Between 52% cheaper and 22% costlier."),
        (-0.42, 0.51, "cost", "Between 42% cheaper and 51% costlier."),
        (-0.3, -0.1, "cost", "Between 10% and 30% cheaper."),
        (0.02, 0.24, "rate", "Between 2% and 24% higher."),
        (0.1002, 0.1003, "rate", "About 10% higher."),
        (0.0, 0.2, "rate", "Between no different and 20% higher."),
        (-0.9, 30.0, "value", "Between 90% lower and 31 times as high."),
        (12.0, 30.0, "cost", "Between 13 times as costly and 31 times as costly."),
    ],
)
def test_say_interval__ends__read_as_people_say_them(low: float, high: float, form: str, said: str) -> None:
    assert say_interval(low, high, form) == said


@given(st.floats(-0.999, 50), st.floats(-0.999, 50), st.sampled_from(["rate", "cost", "value"]))
@settings(deadline=None)
def test_words__any_lift__are_words_without_signs(one: float, two: float, form: str) -> None:
    for text in (say_lift(one, form), say_range(min(one, two), max(one, two), form)):
        assert not set(text) & set("-+<>≥≤→±")


def test_health_warnings__nothing_wrong__is_silent() -> None:
    assert health_warnings(spend_imbalance=0.05, srm_p_value=0.4, overdispersion=1.8) == []


def test_health_warnings__everything_wrong__has_a_sentence_for_each() -> None:
    found = health_warnings(
        spend_imbalance=0.25,
        srm_p_value=1e-9,
        overdispersion=5.21,
        totals_only=True,
        more_events_than_exposure=True,
        days_left_out=2,
    )
    assert len(found) == 6
    assert "below 0.1% of the time" in found[0]
    assert "25% of the total away from its plan" in found[1]
    assert "5.2 times" in found[4]
    assert found[5].startswith("2 days are left out, because not all arms ran on them. Arms that start")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"chance_to_beat_control": 1.2}, r"b: chance_to_beat_control is 1\.2"),
        ({"credible_low": 0.3}, r"b: credible_low is 0\.3, above credible_high, which is 0\.2"),
    ],
)
def test_treatment_facts__that_contradict_themselves__are_refused(
    fields: dict[str, float], says: str
) -> None:
    known = {"lift_relative": 0.1, "credible_low": 0.0, "credible_high": 0.2, "chance_to_beat_control": 0.9}
    with pytest.raises(ValueError, match=says):
        TreatmentFacts("b", "B", **(known | fields), look_allows=True)


@pytest.mark.parametrize("counts", [(3, math.nan), (3, -1.0), (-1, 90.0)])
def test_judge_target__days_or_events_that_cannot_be__are_refused(counts: tuple[int, float]) -> None:
    days, events = counts
    with pytest.raises(ValueError, match=f"closed_days is {days}, events is {events}"):
        judge_target(
            key="a", name="A", probability_better=0.9, target="$18.00", closed_days=days, events=events
        )


@pytest.mark.parametrize("number", [math.nan, -0.1, math.inf])
def test_health_warnings__a_number_that_is_none__is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="overdispersion is"):
        health_warnings(overdispersion=number)
    with pytest.raises(ValueError, match="spend_imbalance is"):
        health_warnings(spend_imbalance=number)
