"""Arms beside each other: R4 and R5."""

from typing import Final

import numpy as np

from bench.calibration import elsewhere, statements, worlds
from bench.calibration.scenarios.playing import BETA, GBSTATS, OURS, POOLED_Z, Played, Row, Scenario
from bench.calibration.tally import Answers, Promise, at_least, at_most
from experiments.stats.best_arm import best_arm
from experiments.stats.comparison import compare_days

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


def about_arms() -> list[Scenario]:
    return [
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
    ]
