"""The preview: reproducible, quick enough, and exact where it takes a short cut."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.stats import false_kill
from experiments.stats.false_kill import Evidence, PlannedRun, Rule, false_kill_risk
from experiments.stats.maturity import DEFAULT_CURVE
from experiments.stats.threshold import threshold_evidence

CTR = Rule("rate", "below", 0.005, least_spend=2000)
WEEK = PlannedRun(1000, 7, exposure_price=0.02)


def test_false_kill_risk__same_rule__shows_the_same_figures() -> None:
    assert false_kill_risk(CTR, WEEK, seed="3f9ac21e") == false_kill_risk(CTR, WEEK, seed="3f9ac21e")
    assert false_kill_risk(CTR, WEEK, seed="3f9ac21e") != false_kill_risk(CTR, WEEK, seed="b71c04de")


@pytest.mark.parametrize("evidence", Evidence)
@pytest.mark.parametrize(
    ("form", "comparator", "threshold"), [("rate", "below", 0.005), ("cost", "above", 18.0)]
)
def test_false_kill_risk__worse_truths__are_stopped_sooner_and_cost_less(
    evidence: Evidence, form: str, comparator: str, threshold: float
) -> None:
    rule = Rule(form, comparator, threshold, evidence, least_spend=1500)
    price = 0.02 if form == "rate" else 1.0
    risks = false_kill_risk(rule, PlannedRun(1200, 5, exposure_price=price), seed=1)
    stops, spends = [risk.probability_stop for risk in risks], [risk.expected_spend for risk in risks]
    assert stops == sorted(stops)
    assert spends == sorted(spends, reverse=True)
    for risk in risks:
        assert list(risk.stopped_by_day) == sorted(risk.stopped_by_day)
        assert risk.stopped_by_day[-1] == risk.probability_stop
        # Nothing is judged before $1,500 is spent, which takes two days.
        assert risk.stopped_by_day[0] == 0
        assert 2400 <= risk.expected_spend <= 6000


def test_false_kill_risk__stricter_confidence__stops_fewer() -> None:
    usual, strict = (false_kill_risk(replace(CTR, confidence=level), WEEK, seed=1) for level in (0.95, 0.99))
    assert all(a.probability_stop > b.probability_stop for a, b in zip(usual, strict, strict=True))


def test_false_kill_risk__guard_never_met__stops_nobody() -> None:
    for guard in ({"least_spend": 1e9}, {"least_events": 1e9}, {"least_exposure": 1e9}, {"least_days": 8}):
        risks = false_kill_risk(replace(CTR, **guard), WEEK, seed=1)
        assert [risk.probability_stop for risk in risks] == [0, 0, 0, 0]
        assert [risk.expected_spend for risk in risks] == [7000, 7000, 7000, 7000]


def test_false_kill_risk__late_conversions__are_no_reason_to_stop_the_good() -> None:
    rule = Rule("cost", "above", 18.0, least_spend=1500)
    late = PlannedRun(1200, 5, curve=DEFAULT_CURVE)
    careful, naive = (
        false_kill_risk(replace(rule, evidence=kind), late, seed=1, truths=(-0.1,))[0].probability_stop
        for kind in (Evidence.PROBABLE, Evidence.OBSERVED)
    )
    assert careful < 0.10
    assert naive > 0.9


def test_false_kill_risk__return_on_spend__is_simulated_order_by_order() -> None:
    rule = Rule("value", "below", 2.0, least_spend=2000)
    good, bad = false_kill_risk(rule, PlannedRun(1000, 7, order_value=40.0), seed=1, truths=(-0.1, 0.4))
    assert good.probability_stop < 0.15
    assert bad.probability_stop > 0.85


@pytest.mark.parametrize(
    ("form", "comparator", "limit"),
    [("rate", "below", 0.005), ("rate", "above", 0.005), ("cost", "above", 200.0)],
)
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_short_cut__rough_probabilities_away_from_the_line__never_change_a_decision(
    form: str, comparator: str, limit: float, confidence: float
) -> None:
    random = np.random.default_rng(4)
    size = np.full((3000, 4), 1.0) * 10 ** random.uniform(1.5, 5, (3000, 1))
    events = random.poisson(size * 0.005 * np.exp(0.6 * random.standard_normal((3000, 4)))).astype(float)
    mask = np.ones(events.shape, dtype=bool)
    quick = false_kill._probable(Rule(form, comparator, limit, confidence=confidence), events, size, mask)
    exact = threshold_evidence(form, events, size, limit)
    side = exact.p_below if comparator == "below" else exact.p_above
    assert (quick == (side >= confidence)).all()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"comparator": "under"}, "comparator 'under'"),
        ({"evidence": "sure"}, "evidence 'sure' is not known"),
        ({"threshold": 0.0}, "threshold is 0.0"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"form": "value", "evidence": "always_valid"}, "for rates and costs only"),
        ({"least_spend": -1.0}, "the guards are"),
    ],
)
def test_rule__nonsense__is_refused(values: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(CTR, **values)  # type: ignore[arg-type]


def test_planned_run__nonsense__is_refused() -> None:
    with pytest.raises(ValueError, match="days is 0; it must be from 1 to 60"):
        PlannedRun(1000, 0)
    with pytest.raises(ValueError, match="spend_per_day is nan"):
        PlannedRun(float("nan"), 5)
    with pytest.raises(ValueError, match="order_value is missing"):
        false_kill_risk(Rule("value", "below", 2.0), PlannedRun(1000, 5), seed=1)
    with pytest.raises(ValueError, match=r"truths holds 1\.5"):
        false_kill_risk(CTR, WEEK, seed=1, truths=(1.5,))
