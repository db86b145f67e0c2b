"""Which world each statement is tried in, what must hold there, and what one would be told elsewhere.

The names R1 … R8 are those of docs/statistics.md.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from bench.calibration import elsewhere, statements, worlds
from bench.calibration.tally import Answers, Figure, Promise, Tally, at_least, at_most
from experiments.stats.best_arm import best_arm
from experiments.stats.budget import DONOR_BELOW, RECEIVER_ABOVE
from experiments.stats.comparison import compare_days
from experiments.stats.gains import probability_receiver_beats_donor
from experiments.stats.maturity import AT_ONCE, MaturityCurve, fit_maturity
from experiments.stats.threshold import cost_evidence, rate_evidence

CHUNK: Final = 5000

OURS: Final = "Quickno"
BETA: Final = "plain Beta"
POOLED_Z: Final = "pooled z"
GBSTATS: Final = "gbstats"
COLUMNS: Final = (OURS, BETA, POOLED_Z, GBSTATS)

# What the columns answer, row by row.
Played = dict[str, dict[str, Answers]]


class Play(Protocol):
    """Draws worlds, asks for statements, and returns the answers to each row."""

    def __call__(
        self, random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None
    ) -> Played: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a part's table; ``promise``: what must hold of Quickno's figure, ``None`` if only shown."""

    part: str
    says: str
    promise: Promise | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world with the rows that it answers.

    ``times``: how many times the replicates of the others; ``chunk``: how many are drawn together.
    """

    name: str
    rows: dict[str, Row]
    play: Play
    times: float = 1
    chunk: int = CHUNK

    def figures(
        self, runs: int, gbstats: elsewhere.Gbstats | None = None
    ) -> Iterator[tuple[Row, dict[str, Figure]]]:
        """Play in chunks, each with a seed of its own, and yield each row with the figures of its columns."""
        tallies: dict[str, dict[str, Tally]] = {key: {} for key in self.rows}
        left, chunk = round(runs * self.times), 0
        while left > 0:
            random = np.random.default_rng([zlib.crc32(self.name.encode()), chunk])
            # gbstats is slow and answers for the first chunk only.
            played = self.play(random, min(left, self.chunk), gbstats if chunk == 0 else None)
            for key, columns in played.items():
                for column, answers in columns.items():
                    tallies[key].setdefault(column, Tally()).add(answers)
            left, chunk = left - self.chunk, chunk + 1
        for key, row in self.rows.items():
            yield row, {column: tally.figure() for column, tally in tallies[key].items()}


# Rules against a threshold

_RULE: Final = "the rule “CTR below 0.5 % after $2,000”, a week at $1,000 a day"
PROBABLE: Final = f"95 % sure (R1): {_RULE}"
ALWAYS: Final = f"Always valid (R2): {_RULE}"
STANDS: Final = f"The number as it stands (R3), and stricter: {_RULE}"


def _ctr(
    truth: float,
    day_sd: float,
    rows: dict[str, Row],
    *,
    autocorrelation: float = 0.0,
    clicks_a_day: float = 250.0,
    name: str = "ctr",
) -> Scenario:
    """Rules of a CTR that truly is ``truth`` better than the threshold (as a fraction, worse below 0)."""
    judges: dict[str, Callable[[worlds.Array, worlds.Array], elsewhere.Mask]] = {
        "R1": statements.probable,
        "strict": lambda events, exposure: statements.probable(events, exposure, confidence=0.99),
        "R2": statements.always_valid,
        "observed": statements.as_observed,
        "margin": statements.with_margin,
    }

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        days = worlds.ctr_campaigns(
            random,
            runs,
            rate=worlds.THRESHOLD_CTR * (1 + truth),
            day_sd=day_sd,
            impressions=clicks_a_day / worlds.THRESHOLD_CTR,
            autocorrelation=autocorrelation,
        )
        others = {
            BETA: Answers(statements.stopped(days, elsewhere.beta_stops)),
            POOLED_Z: Answers(statements.stopped(days, elsewhere.z_stops)),
        }
        return {
            key: {
                OURS: Answers(statements.stopped(days, judges[key])),
                **(others if key in {"R1", "R2"} else {}),
            }
            for key in rows
        }

    return Scenario(f"{name} {truth} {day_sd} {autocorrelation} {clicks_a_day}", rows, play)


def _rules() -> Iterator[Scenario]:
    kept = {0.10: (0.5, 98), 0.15: (2, 94), 0.25: (8, 80)}
    for day_sd, (most, least) in kept.items():
        spread = f"days differ by {day_sd}"
        yield _ctr(0.1, day_sd, {"R1": Row(PROBABLE, f"stops one 10 % better; {spread}", at_most(most))})
        yield _ctr(
            -0.2,
            day_sd,
            {
                "R1": Row(PROBABLE, f"stops one 20 % worse; {spread}", at_least(least)),
                "R2": Row(ALWAYS, f"stops one 20 % worse; {spread}"),
            },
        )
        yield _ctr(-0.4, day_sd, {"R2": Row(ALWAYS, f"stops one 40 % worse; {spread}")})
    for day_sd in (0.05, 0.10, 0.15, 0.25, 0.40):
        says = f"stops one exactly at the threshold; days differ by {day_sd}"
        rows = {"R2": Row(ALWAYS, says, at_most(5))}
        if day_sd in kept:
            rows["R1"] = Row(PROBABLE, says)
        yield _ctr(0.0, day_sd, rows)
    for clicks in (3.0, 12.0):
        few = f"{clicks:g} clicks a day, days differ by 0.25"
        rows = {"R2": Row(ALWAYS, f"stops one exactly at the threshold; {few}", at_most(5))}
        yield _ctr(0.0, 0.25, rows, clicks_a_day=clicks)
        rows = {"R1": Row(PROBABLE, f"stops one 10 % better; {few}")}
        yield _ctr(0.1, 0.25, rows, clicks_a_day=clicks)
    for day_sd in (0.15, 0.25):
        linked = f"days differ by {day_sd} and hang together (AR(1) 0.5)"
        rows = {"R1": Row(PROBABLE, f"stops one 10 % better; {linked}")}
        yield _ctr(0.1, day_sd, rows, autocorrelation=0.5)
        rows = {"R2": Row(ALWAYS, f"stops one exactly at the threshold; {linked}")}
        yield _ctr(0.0, day_sd, rows, autocorrelation=0.5)
    for truth, quality in ((0.1, "10 % better"), (-0.2, "20 % worse")):
        rows = {
            "observed": Row(STANDS, f"as it stands: stops one {quality}; days differ by 0.15"),
            "margin": Row(STANDS, f"10 % beyond on 3 days: stops one {quality}; days differ by 0.15"),
            "strict": Row(STANDS, f"99 % sure (R1): stops one {quality}; days differ by 0.15"),
        }
        yield _ctr(truth, 0.15, rows, name="as it stands")


SAID: Final = "Said to be 95 to 99 % sure after four days that CTR is below 0.5 %: is right"


def _said(truth_sd: float, day_sd: float | None, promise: Promise | None = None) -> Scenario:
    """How often P(CTR < threshold) of 0.95 to 0.99 is right where truths scatter around the threshold."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        spread = 0.15 * np.exp(0.6 * random.standard_normal(runs)) if day_sd is None else day_sd
        rate = worlds.THRESHOLD_CTR * np.exp(truth_sd * random.standard_normal(runs))
        days = worlds.ctr_campaigns(random, runs, rate=rate, day_sd=spread, days=4, weekend=False)
        is_below = rate < worlds.THRESHOLD_CTR
        said = {
            OURS: rate_evidence(days.events, days.exposure, worlds.THRESHOLD_CTR).p_below,
            BETA: elsewhere.beta_below(days.events, days.exposure),
            POOLED_Z: elsewhere.z_below(days.events, days.exposure),
        }
        return {
            "said": {
                column: Answers(is_below, (values >= 0.95) & (values <= 0.99))
                for column, values in said.items()
            }
        }

    spreads = "days differ by LogNormal(ln 0.15, 0.6)" if day_sd is None else f"days differ by {day_sd}"
    row = Row(SAID, f"truths scatter by {truth_sd}; {spreads}", promise)
    return Scenario(f"said {truth_sd} {day_sd}", {"said": row}, play, times=5)


# Two arms

ARMS: Final = "Two arms on the same days, 20,000 impressions a day and arm, CTR 1 % (R4)"


def _coverage(
    days: int,
    own_sd: float,
    promises: tuple[Promise | None, Promise | None] = (None, None),
    *,
    autocorrelation: float = 0.0,
) -> Scenario:
    """How often the 95 % intervals of the lift hold the truth. Both arms are alike."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        arms = worlds.arms_on_same_days(
            random,
            runs,
            log_lift=np.zeros(2),
            own_sd=own_sd,
            days=days,
            autocorrelation=autocorrelation,
        )
        paired = compare_days("rate", arms.events, arms.exposure)
        others = {
            BETA: Answers(~elsewhere.beta_differs(arms, days)),
            POOLED_Z: Answers(~elsewhere.z_differs(arms, days)),
        }
        if gbstats is not None:
            others[GBSTATS] = Answers(~gbstats.differs(arms, [days])["bayesian"])
        holds = {
            "credible": (paired.credible_low[:, 1] <= 0) & (paired.credible_high[:, 1] >= 0),
            "confidence": (paired.confidence_low[:, 1] <= 0) & (paired.confidence_high[:, 1] >= 0),
        }
        return {key: {OURS: Answers(inside), **others} for key, inside in holds.items()}

    linked = " and hang together (AR(1) 0.5)" if autocorrelation else ""
    says = f"interval holds the truth; {days} days, each arm's days differ by {own_sd}{linked}"
    credible, confidence = promises
    rows = {
        "credible": Row(ARMS, f"credible {says}", credible),
        "confidence": Row(ARMS, f"confidence {says}", confidence),
    }
    return Scenario(f"coverage {days} {own_sd} {autocorrelation}", rows, play)


LOOKS: Final = "Two arms, looked at every day for a week (R4)"


def _looks(own_sd: float, lift: float, promise: Promise | None, *, unplanned: bool = False) -> Scenario:
    """How often a difference is called on any of seven daily looks."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        log_lift = np.log1p(np.array([0.0, lift]))
        arms = worlds.arms_on_same_days(random, runs, log_lift=log_lift, own_sd=own_sd, days=worlds.WEEK)
        others = {
            BETA: Answers(elsewhere.on_any_look(elsewhere.beta_differs, arms)),
            POOLED_Z: Answers(elsewhere.on_any_look(elsewhere.z_differs, arms)),
        }
        sequential = {}
        if gbstats is not None:
            said = gbstats.differs(arms, range(statements.FEWEST_DAYS, worlds.WEEK + 1))
            others[GBSTATS] = Answers(said["bayesian"])
            sequential = {GBSTATS: Answers(said["sequential"])}
        played = {"planned": {OURS: Answers(statements.called_on_planned_looks(arms)), **others}}
        if unplanned:
            called = Answers(statements.called_on_unplanned_looks(arms))
            played["unplanned"] = {OURS: called, **sequential}
        return played

    truth = f"{100 * lift:g} % more is found" if lift else "a difference is called where there is none"
    rows = {"planned": Row(LOOKS, f"{truth}; each arm's days differ by {own_sd}", promise)}
    if unplanned:
        always = f"always-valid evidence (gbstats: its sequential engine): {truth}"
        rows["unplanned"] = Row(LOOKS, f"{always}; each arm's days differ by {own_sd}")
    return Scenario(f"looks {own_sd} {lift}", rows, play)


# Three and more arms

BEST: Final = "Three and four arms, five days (R5; gbstats: the likeliest treatment to beat the first arm)"


def _best(number: int, own_sd: float, lift_sd: float) -> Scenario:
    """Whether the arm said to be best is, and whether the loss of choosing the leader is as expected."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        lifts = lift_sd * random.standard_normal((runs, number))
        arms = worlds.arms_on_same_days(random, runs, log_lift=lifts, own_sd=own_sd, days=5)
        ours = best_arm("rate", arms.events, arms.exposure)
        sides = {
            OURS: (ours.probability_best, ours.expected_loss),
            BETA: elsewhere.beta_best(arms),
        }
        rows = np.arange(runs)
        truth = np.exp(lifts) * worlds.ARM_CTR
        leader = (arms.events.sum(axis=2) / arms.exposure.sum(axis=2)).argmax(axis=1)
        called = elsewhere.z_best(arms)
        # Each against the first arm, which is all that gbstats says of several.
        beats = np.empty((0, number - 1)) if gbstats is None else gbstats.beats_control(arms)
        top_of_pairs = beats.max(axis=1)
        if lift_sd == 0:
            claims = {name: Answers(said.max(axis=1) >= 0.95) for name, (said, _) in sides.items()}
            if beats.size:
                claims[GBSTATS] = Answers(top_of_pairs >= 0.95)
            return {"claims": {**claims, POOLED_Z: Answers(called)}}
        is_best = truth.argmax(axis=1)
        played: Played = {"right": {}, "loss": {}}
        if beats.size:
            is_right = 1 + beats.argmax(axis=1) == is_best[: len(beats)]
            sure = (top_of_pairs >= 0.95) & (top_of_pairs <= 0.99)
            played["right"][GBSTATS] = Answers(is_right, sure)
        for name, (said, loss) in sides.items():
            chosen = said.argmax(axis=1)
            top = said[rows, chosen]
            played["right"][name] = Answers(chosen == is_best, (top >= 0.95) & (top <= 0.99))
            lost = truth.max(axis=1) - truth[rows, chosen]
            played["loss"][name] = Answers(lost, loss[rows, chosen])
        played["right"][POOLED_Z] = Answers(leader == is_best, called)
        return played

    world = f"{number} arms, days differ by {own_sd}"
    if lift_sd == 0:
        rows = {"claims": Row(BEST, f"an arm is said to be best with 95 % where all are alike; {world}")}
    else:
        lifts = f"truths scatter by {lift_sd}"
        rows = {
            "right": Row(BEST, f"said to be best with 95 to 99 %: is best; {world}, {lifts}"),
            "loss": Row(
                BEST, f"loss of choosing the leader, as a share of the loss stated; {world}, {lifts}"
            ),
        }
    return Scenario(f"best {number} {own_sd} {lift_sd}", rows, play)


# Costs and returns

COSTS: Final = (
    "A rule “CPA above $50 after $1,500”, ten days at $600, half the conversions visible on day 0 (R6)"
)


CAMPAIGNS_A_CURVE: Final = 50


def _cost(cpa_ratio: float, rows: dict[str, Row]) -> Scenario:
    """Rules of a CPA under beliefs about how conversions arrive; elsewhere they are taken as they stand."""
    curves = {
        "known": MaturityCurve(worlds.TRUE_CURVE),
        "wrong": MaturityCurve(worlds.WRONG_CURVE),
        "ignored": AT_ONCE,
    }

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        late = worlds.late_conversions(random, runs, cpa=worlds.TARGET_CPA * cpa_ratio, day_sd=0.15)
        others = {
            BETA: Answers(elsewhere.gamma_stops_by_cost(late)),
            POOLED_Z: Answers(elsewhere.z_stops_by_cost(late)),
        }
        stops = {
            "observed": lambda: statements.stopped_by_observed_cost(late),
            "R2": lambda: statements.always_valid_cost(late, curves["known"]),
            "R2 ignored": lambda: statements.always_valid_cost(late, AT_ONCE),
        }
        return {
            key: {OURS: Answers(statements.stopped_by_cost(late, curves[key])), **others}
            if key in curves
            else {OURS: Answers(stops[key]())}
            for key in rows
        }

    return Scenario(f"cost {cpa_ratio}", rows, play)


def _learnt(cpa_ratio: float, days: int, says: str) -> Scenario:
    """The rule of a CPA by a curve that was learnt. 50 campaigns share one and are one replicate."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        stops, campaigns = [], []
        for start in range(0, runs, CAMPAIGNS_A_CURVE):
            number = min(CAMPAIGNS_A_CURVE, runs - start)
            curve = fit_maturity(worlds.restatements(random, days, day_sd=0.15))
            late = worlds.late_conversions(random, number, cpa=worlds.TARGET_CPA * cpa_ratio, day_sd=0.15)
            stops.append(float(statements.stopped_by_cost(late, curve).sum()))
            campaigns.append(float(number))
        return {"learnt": {OURS: Answers(np.array(stops), np.array(campaigns))}}

    row = Row(COSTS, f"curve learnt from {days} days of 12 conversions: {says}")
    return Scenario(f"learnt {cpa_ratio} {days}", {"learnt": row}, play)


RETURNS: Final = "A rule “ROAS below 2 after $2,000”, a week at $1,000 a day, order values with cv 0.95 (R1)"


def _return(truth: float, day_sd: float, order_value: float) -> Scenario:
    """The rule of a return on ad spend that truly is ``truth`` better than the threshold."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        roas = worlds.TARGET_ROAS * (1 + truth)
        week = worlds.shop(random, runs, roas=roas, order_value=order_value, day_sd=day_sd)
        return {
            "stops": {
                OURS: Answers(statements.stopped_by_return(week, order_value)),
                POOLED_Z: Answers(elsewhere.z_stops_by_return(week)),
            }
        }

    quality = {0.0: "at the threshold"}.get(
        truth, f"{abs(100 * truth):g} % {'better' if truth > 0 else 'worse'}"
    )
    orders = worlds.TARGET_ROAS * worlds.SPEND_PER_DAY / order_value
    row = Row(
        RETURNS, f"stops one {quality}; {orders:g} orders a day at the threshold, days differ by {day_sd}"
    )
    return Scenario(f"return {truth} {day_sd} {order_value}", {"stops": row}, play)


# The rest of the campaign

OUTLOOK: Final = "“Hopeless”: will not reach its target with the money it has left, a week (R8)"


def _outlook(day_sd: float, autocorrelation: float = 0.0) -> Scenario:
    """How often a campaign once called hopeless does end below its target, truths scattering by 0.3."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        target = worlds.THRESHOLD_CTR
        rate = target * np.exp(0.3 * random.standard_normal(runs))
        days = worlds.ctr_campaigns(random, runs, rate=rate, day_sd=day_sd, autocorrelation=autocorrelation)
        misses = days.events.sum(axis=1) < target * days.exposure.sum(axis=1)
        said = {
            OURS: statements.ever_hopeless(days, target),
            BETA: elsewhere.beta_hopeless(days, target),
        }
        return {
            "right": {name: Answers(misses, hopeless) for name, hopeless in said.items()},
            "found": {name: Answers(hopeless, misses) for name, hopeless in said.items()},
        }

    linked = " and hang together (AR(1) 0.5)" if autocorrelation else ""
    world = f"days differ by {day_sd}{linked}"
    rows = {
        "right": Row(OUTLOOK, f"called hopeless on any morning: ends below its target; {world}"),
        "found": Row(OUTLOOK, f"ends below its target: was called hopeless before the last day; {world}"),
    }
    return Scenario(f"outlook {day_sd} {autocorrelation}", rows, play)


# Budgets

MONEY: Final = (
    "Money to those probably above their target, eight campaigns, CPA $50, a week's budget $4,200 (R7)"
)


def _transfers(truth_sd: float, day_sd: float) -> Scenario:
    """Whether donors and receivers are what they are said to be after one week."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        campaigns = worlds.portfolio(random, runs, truth_sd=truth_sd)
        budget = np.full(campaigns.rate.shape, worlds.BUDGET)
        events, spend = worlds.sprint(random, campaigns, budget, day_sd=day_sd)
        is_above = campaigns.rate > 1 / worlds.TARGET_CPA
        said = {
            OURS: cost_evidence(events, spend, worlds.TARGET_CPA).p_below,
            BETA: elsewhere.gamma_beats_target(events, spend),
        }
        # The first two campaigns of a run are a pair, where one would receive and the other give.
        target = np.full((runs, 2), worlds.TARGET_CPA)
        beats = probability_receiver_beats_donor("cost", events[:, :2], spend[:, :2], target)
        is_better = campaigns.rate[:, 1] > campaigns.rate[:, 0]
        played: Played = {"receives": {}, "gives": {}, "transfer": {}}
        for name, chance in said.items():
            receives, gives = chance >= RECEIVER_ABOVE, chance <= DONOR_BELOW
            played["receives"][name] = Answers(is_above.ravel(), receives.ravel())
            played["gives"][name] = Answers(is_above.ravel(), gives.ravel())
            played["transfer"][name] = Answers(is_better, gives[:, 0] & receives[:, 1])
        return {**played, "beats": {OURS: Answers(is_better, (beats >= 0.8) & (beats <= 0.95))}}

    world = f"truths scatter by {truth_sd}, days differ by {day_sd}"
    rows = {
        "receives": Row(MONEY, f"may receive (P ≥ 80 %): is above its target; {world}", at_least(80)),
        "gives": Row(MONEY, f"may give (P ≤ 20 %): is above its target; {world}", at_most(20)),
        "transfer": Row(MONEY, f"one receives, one gives: the receiver is better; {world}"),
        "beats": Row(MONEY, f"receiver said to beat the donor with 80 to 95 %: does; {world}"),
    }
    return Scenario(f"transfers {truth_sd} {day_sd}", rows, play, chunk=CHUNK // 5)


GAIN: Final = "Six sprints against an equal split of the same money, a fifth of the replicates (R7)"
PLANNERS: Final[dict[str, statements.Planner]] = {
    "shift": statements.shifted,
    "capped Thompson": statements.by_thompson,
    "all to the best point estimate, which Quickno never does": statements.all_to_the_best,
}


def _gain(truth_sd: float, diminishing: float, world: str, promise: Promise | None = None) -> Scenario:
    """What six sprints bring when every plan is applied, and how often that is less than an equal split's."""

    def play(random: np.random.Generator, runs: int, gbstats: elsewhere.Gbstats | None) -> Played:
        campaigns = worlds.portfolio(random, runs, truth_sd=truth_sd, diminishing=diminishing)
        equal = np.full(campaigns.rate.shape, worlds.BUDGET)
        split = statements.SPRINTS * campaigns.conversions(equal).sum(axis=1)
        played: Played = {}
        for name, planner in PLANNERS.items():
            brought = statements.gained(random, campaigns, planner, day_sd=0.15)
            played[name] = {OURS: Answers(brought, split)}
            played[f"{name} worse"] = {OURS: Answers(brought < split)}
        return played

    rows = {}
    for name in PLANNERS:
        rows[name] = Row(GAIN, f"{name}: conversions, of those of the equal split; {world}")
        kept = promise if name == "shift" else None
        rows[f"{name} worse"] = Row(GAIN, f"{name}: ends with fewer; {world}", kept)
    return Scenario(f"gain {truth_sd} {diminishing}", rows, play, times=0.2, chunk=CHUNK // 10)


def scenarios() -> list[Scenario]:
    """Every scenario, in the order of the page."""
    return [
        *_rules(),
        _said(0.5, None, at_least(97)),
        _said(0.3, None),
        _said(0.5, 0.25),
        _coverage(5, 0.05, (at_least(95), at_least(95))),
        _coverage(5, 0.10, (at_least(93), at_least(94))),
        _coverage(5, 0.20),
        _coverage(3, 0.05),
        _coverage(3, 0.10),
        _coverage(2, 0.05),
        _coverage(2, 0.10),
        _coverage(5, 0.10, autocorrelation=0.5),
        _looks(0.05, 0.0, at_most(5), unplanned=True),
        _looks(0.10, 0.0, at_most(8), unplanned=True),
        _looks(0.05, 0.2, at_least(90)),
        _best(3, 0.05, 0.2),
        _best(3, 0.10, 0.2),
        _best(4, 0.10, 0.2),
        _best(4, 0.10, 0.1),
        _best(4, 0.10, 0.0),
        _cost(
            1 / 1.1,
            {
                "known": Row(COSTS, "curve known: stops one 9 % better", at_most(2)),
                "wrong": Row(COSTS, "curve wrong (80 % believed visible on day 0): stops one 9 % better"),
                "ignored": Row(COSTS, "lateness ignored, 95 % sure: stops one 9 % better"),
                "observed": Row(
                    COSTS, "the number as it stands, the open day included: stops one 9 % better"
                ),
            },
        ),
        _cost(
            1.4,
            {
                "known": Row(COSTS, "curve known: stops one 40 % worse", at_least(78)),
                "R2": Row(COSTS, "always valid (R2), curve known: stops one 40 % worse"),
            },
        ),
        _cost(
            1.0,
            {
                "R2": Row(COSTS, "always valid (R2), curve known: stops one at the target", at_most(5)),
                "R2 ignored": Row(COSTS, "always valid (R2), lateness ignored: stops one at the target"),
            },
        ),
        _learnt(1 / 1.1, 15, "stops one 9 % better"),
        _learnt(1 / 1.1, 40, "stops one 9 % better"),
        _learnt(1.4, 15, "stops one 40 % worse"),
        _learnt(1.4, 40, "stops one 40 % worse"),
        _return(0.1, 0.15, 80.0),
        _return(0.1, 0.25, 80.0),
        _return(0.0, 0.15, 80.0),
        _return(-0.2, 0.15, 80.0),
        _return(-0.4, 0.15, 80.0),
        _return(0.1, 0.15, 400.0),
        _return(-0.4, 0.15, 400.0),
        _outlook(0.15),
        _outlook(0.25),
        _outlook(0.25, autocorrelation=0.5),
        _transfers(0.3, 0.15),
        _transfers(0.3, 0.25),
        _gain(
            0.3,
            0.17,
            "truths scatter by 0.3, eight times the money brings 5.6 times the conversions",
            at_most(2),
        ),
        _gain(0.1, 0.17, "truths scatter by 0.1, eight times the money brings 5.6 times the conversions"),
        _gain(0.3, 0.4, "truths scatter by 0.3, eight times the money brings 3.5 times the conversions"),
    ]
