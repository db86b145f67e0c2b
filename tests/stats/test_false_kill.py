"""The preview: reproducible, quick enough, and exact where it takes a short cut."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.stats import false_kill
from experiments.stats.always_valid import always_valid_evidence, breach_log_e
from experiments.stats.false_kill import Evidence, PlannedRun, Rule, false_kill_risk
from experiments.stats.maturity import DEFAULT_CURVE
from experiments.stats.posterior import Family, Posterior
from experiments.stats.threshold import observed, observed_margin, threshold_evidence

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


# Judged from sums of days, and exactly only near the line: no decision may differ from that of all days.


class Recorded(false_kill._Campaigns):
    """Remembers every day, and judges it by the methods of which the preview takes short cuts."""

    def __init__(self, rule: Rule, run: PlannedRun, rate: float) -> None:
        super().__init__(rule, run, rate, 300, 5)
        self.days: list[tuple[np.ndarray, np.ndarray]] = []

    def _worth(self, visible: np.ndarray) -> np.ndarray:
        worth = super()._worth(visible)
        self.days.append((visible, worth))
        return worth

    def exactly(self) -> np.ndarray:
        place = [min(age, len(self.share) - 1) for age in reversed(range(len(self.days)))]
        events, worth = (
            np.stack([day[kind][age] for day, age in zip(self.days, place, strict=True)], axis=1)
            for kind in (0, 1)
        )
        exposure = np.broadcast_to(self.exposure * self.weight[place], events.shape)
        below, seen = self.rule.comparator == "below", exposure > 0
        match self.rule.evidence:
            case Evidence.PROBABLE:
                said = threshold_evidence(
                    self.rule.form,
                    worth,
                    exposure,
                    self.rule.threshold,
                    events=events,
                    average_order_value=self.run.order_value,
                    mask=seen,
                )
                stops = (said.p_below if below else said.p_above) >= self.rule.confidence
            case Evidence.ALWAYS_VALID:
                bet = always_valid_evidence(self.rule.form, events, exposure, self.rule.threshold, mask=seen)
                stops = (bet.log_e_below if below else bet.log_e_above) >= breach_log_e(self.rule.confidence)
            case _:
                look = observed if self.rule.evidence == Evidence.OBSERVED else observed_margin
                stand = look(self.rule.form, worth, exposure, self.rule.threshold, mask=seen)
                stops = stand.is_below if below else stand.is_above
        guarded = np.where(seen, events, 0.0).sum(axis=1) >= self.rule.least_events
        return np.asarray(stops & guarded)


RULES = [
    (Rule("rate", "below", 0.005), PlannedRun(1000, 12, exposure_price=0.02)),
    (Rule("rate", "above", 0.005), PlannedRun(10, 12, exposure_price=0.02)),
    (Rule("cost", "above", 50.0, least_events=20), PlannedRun(600, 12, curve=DEFAULT_CURVE)),
    (Rule("cost", "below", 50.0), PlannedRun(120, 12, curve=DEFAULT_CURVE)),
    (Rule("cost", "above", 50.0), PlannedRun(600, 12, curve=DEFAULT_CURVE, settles_after=3)),
    (Rule("value", "below", 2.0), PlannedRun(1000, 12, curve=DEFAULT_CURVE, order_value=80.0)),
    (Rule("value", "above", 2.0), PlannedRun(300, 12, curve=DEFAULT_CURVE, order_value=400.0)),
]


# For a return on spend there is no always-valid evidence, and what only observes asks for no confidence.
TRIED = [
    (rule, run, evidence, confidence)
    for rule, run in RULES
    for evidence in Evidence
    for confidence in ((0.51, 0.95, 0.999) if evidence in {"probable", "always_valid"} else (0.95,))
    if (rule.form, evidence) != ("value", Evidence.ALWAYS_VALID)
]


@pytest.mark.parametrize(("rule", "run", "evidence", "confidence"), TRIED)
def test_short_cut__sums_of_days_and_rough_probabilities__never_change_a_decision(
    rule: Rule, run: PlannedRun, evidence: Evidence, confidence: float
) -> None:
    rule = replace(rule, evidence=evidence, confidence=confidence)
    rate = 1 / rule.threshold if rule.form == "cost" else rule.threshold / (run.order_value or 1.0)
    for better in (0.8, 1.0, 1.2):
        campaigns = Recorded(rule, run, rate * better)
        for day in range(run.days):
            campaigns.pass_a_day(day)
            np.testing.assert_array_equal(campaigns.breached(), campaigns.exactly())


@pytest.mark.parametrize("family", [Family.BETA, Family.GAMMA])
def test_rough_probability__shapes_from_one_on__is_off_by_no_more_than_it_says(family: Family) -> None:
    shapes = 10.0 ** np.linspace(0, 4, 9)
    first, second = (axis.reshape(-1, 1) for axis in np.meshgrid(shapes, shapes))
    mixture = Posterior(np.full(len(first), family, dtype=np.int8), np.ones(first.shape), first, second)
    for share in np.linspace(0.001, 0.999, 41):
        points = mixture.quantile(float(share))
        for row, point in enumerate(points):
            rough, off = mixture.take(np.array([row])).roughly_below(float(point))
            assert abs(rough[0] - share) <= off[0]


def test_false_kill_risk__settled_days_only__waits_for_them() -> None:
    rule = Rule("cost", "above", 18.0, least_spend=1500)
    as_they_mature = PlannedRun(1200, 10, curve=DEFAULT_CURVE)
    soon, patient = (
        false_kill_risk(rule, plan, seed=1, truths=(0.4,))[0]
        for plan in (as_they_mature, replace(as_they_mature, settles_after=3))
    )
    # Two days of $1,200 meet the guard, and settle after three more.
    assert patient.stopped_by_day[3] == 0 < patient.stopped_by_day[4]
    assert soon.stopped_by_day[2] > 0
    assert patient.expected_spend > soon.expected_spend


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"comparator": "under"}, "comparator 'under'"),
        ({"evidence": "sure"}, "evidence 'sure' is not known"),
        ({"threshold": 0.0}, "threshold is 0.0"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"confidence": 0.4}, "confidence is 0.4"),
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
    with pytest.raises(ValueError, match="settles_after is -1"):
        PlannedRun(1000, 5, settles_after=-1)
    with pytest.raises(ValueError, match="order_value is missing"):
        false_kill_risk(Rule("value", "below", 2.0), PlannedRun(1000, 5), seed=1)
    with pytest.raises(ValueError, match=r"truths holds 1\.5"):
        false_kill_risk(CTR, WEEK, seed=1, truths=(1.5,))
