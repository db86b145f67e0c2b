"""What is left of a campaign's money, R8, and moving it between campaigns, R7."""

from typing import Final

import numpy as np

from bench.calibration import elsewhere, statements, worlds
from bench.calibration.scenarios.playing import BETA, CHUNK, OURS, Played, Row, Scenario
from bench.calibration.tally import Answers, Promise, at_least, at_most
from experiments.stats.budget import DONOR_BELOW, RECEIVER_ABOVE
from experiments.stats.gains import probability_receiver_beats_donor
from experiments.stats.threshold import cost_evidence

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


def about_money() -> list[Scenario]:
    return [
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
