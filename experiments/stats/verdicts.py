"""What the numbers allow to say about a hypothesis: a code, the arm it speaks of, and one plain sentence.

Quickno's rules, described in docs/statistics.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from experiments.stats.forms import MetricForm, metric_form
from experiments.stats.words import Figure, Said, say_lift, say_probability, say_range, say_share
from experiments.stats.words import said as _

FEWEST_CLOSED_DAYS: Final = 2
FEWEST_EVENTS: Final = 10
SURE: Final = 0.95


class VerdictCode(StrEnum):
    WIN = "win"
    LOSS = "loss"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``arm``: key of the arm it speaks of, ``None`` when it speaks of none. ``reason``: one sentence.

    ``chance``: of the arm to be better than its control or target; ``None`` where not known.
    """

    code: VerdictCode
    arm: str | None
    reason: str
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class TreatmentFacts:
    """A treatment against its control; numbers are ``None`` where not known.

    ``lift_relative``, ``credible_low``, ``credible_high``: of the metric as people read it;
    ``chance_to_beat_control``: that it is better; ``look_allows``: a planned look may call a difference.
    """

    key: str
    name: str
    lift_relative: float | None
    credible_low: float | None
    credible_high: float | None
    chance_to_beat_control: float | None
    look_allows: bool

    def __post_init__(self) -> None:
        for number in (
            self.lift_relative,
            self.credible_low,
            self.credible_high,
            self.chance_to_beat_control,
        ):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.key}: {number} is no known number; say None for what is not known.")
        low, high, chance = self.credible_low, self.credible_high, self.chance_to_beat_control
        if low is not None and high is not None and low > high:
            raise ValueError(f"{self.key}: credible_low is {low}, above credible_high, which is {high}.")
        if chance is not None and not 0 <= chance <= 1:
            raise ValueError(f"{self.key}: chance_to_beat_control is {chance}; it must be from 0 to 1.")


def _too_little(closed_days: int, events: float) -> Said | None:
    """Return why there is too little to judge, or ``None``."""
    if closed_days < 0 or not 0 <= events < math.inf:
        raise ValueError(f"closed_days is {closed_days}, events is {events}; each must be at least 0.")
    if closed_days < FEWEST_CLOSED_DAYS:
        if not closed_days:
            return _("No day is closed yet; a verdict takes at least {fewest}", fewest=FEWEST_CLOSED_DAYS)
        return _("Only one day is closed; a verdict takes at least {fewest}", fewest=FEWEST_CLOSED_DAYS)
    if events == 1:
        return _(
            "Only 1 event so far, all arms together; a verdict takes at least {fewest}", fewest=FEWEST_EVENTS
        )
    if events < FEWEST_EVENTS:
        return _(
            "Only {count} events so far, all arms together; a verdict takes at least {fewest}",
            count=Figure(f"{events:g}"),
            fewest=FEWEST_EVENTS,
        )
    return None


def _sentence(text: Said, *, provisional: bool) -> Said:
    if provisional:
        return _("{text}; this may still change, as not all counted days are settled.", text=text)
    return _("{text}.", text=text)


def _code(facts: TreatmentFacts, form: MetricForm, mde_relative: float | None) -> VerdictCode:
    low, high = facts.credible_low, facts.credible_high
    if low is None or high is None:
        return VerdictCode.INCONCLUSIVE
    if facts.look_allows and (low > 0 or high < 0):
        is_better = (high < 0) if form is MetricForm.COST else (low > 0)
        return VerdictCode.WIN if is_better else VerdictCode.LOSS
    if mde_relative is not None and max(abs(low), abs(high)) <= mde_relative / 2:
        return VerdictCode.EQUIVALENT
    return VerdictCode.INCONCLUSIVE


def _reason(
    code: VerdictCode, facts: TreatmentFacts, form: MetricForm, control_name: str, mde_relative: float | None
) -> Said:
    chance, low, high, lift = (
        facts.chance_to_beat_control,
        facts.credible_low,
        facts.credible_high,
        facts.lift_relative,
    )
    if chance is None:
        return _("Nothing is known yet about {arm} against {control}", arm=facts.name, control=control_name)
    likely = _(
        "{arm} is {chance} likely to beat {control}",
        arm=facts.name,
        chance=say_probability(chance),
        control=control_name,
    )
    if low is None or high is None or lift is None:
        return _("{likely}, but one of them has no events yet, so by how much is not known", likely=likely)
    span = say_range(low, high, form)
    if code is VerdictCode.LOSS:
        likely = _(
            "{arm} is {chance} likely to be worse than {control}",
            arm=facts.name,
            chance=say_probability(1 - chance),
            control=control_name,
        )
    if code in {VerdictCode.WIN, VerdictCode.LOSS}:
        text = _("{likely}: {lift}, {span}", likely=likely, lift=say_lift(lift, form), span=span)
    elif code is VerdictCode.EQUIVALENT:
        text = _(
            "{arm} and {control} are alike: {span}, within {worth} either way",
            arm=facts.name,
            control=control_name,
            span=span,
            worth=say_share((mde_relative or 0.0) / 2),
        )
    elif low > 0 or high < 0:
        text = _(
            "{likely}, but it is too early to call while planned days are still to come: {span}",
            likely=likely,
            span=span,
        )
    else:
        text = _("{likely}, which is not sure enough: {span}", likely=likely, span=span)
    return text


def judge_comparison(
    treatments: Sequence[TreatmentFacts],
    *,
    form: str,
    control_name: str,
    closed_days: int,
    events: float,
    mde_relative: float | None = None,
    provisional: bool = False,
) -> Verdict:
    """Return the verdict on all treatments against their control.

    The best win speaks for the experiment. Without a win, a treatment that may still win keeps it
    inconclusive; otherwise one that is alike makes it equivalent; it is a loss when every treatment lost.
    ``events``: of all arms; ``mde_relative``: the smallest effect worth having, a fraction.

    >>> facts = TreatmentFacts("b", "Calculator", -0.23, -0.52, 0.22, 0.872, look_allows=True)
    >>> judge_comparison([facts], form="cost", control_name="Demo", closed_days=3, events=87).reason
    'Calculator is 87.2% likely to beat Demo, which is not sure enough: between 52% cheaper and 22% costlier.'
    """
    if not treatments:
        raise ValueError("treatments is empty; a comparison needs at least one.")
    if mde_relative is not None and not 0 < mde_relative < math.inf:
        raise ValueError(f"mde_relative is {mde_relative}; it must be above 0 and finite, or None.")
    kind = metric_form(form)
    missing = _too_little(closed_days, events)
    if missing is not None:
        return Verdict(VerdictCode.INSUFFICIENT, None, _sentence(missing, provisional=provisional))
    codes = {facts.key: _code(facts, kind, mde_relative) for facts in treatments}
    order = (VerdictCode.WIN, VerdictCode.INCONCLUSIVE, VerdictCode.EQUIVALENT, VerdictCode.LOSS)
    code = next(code for code in order if code in codes.values())

    def promise(facts: TreatmentFacts) -> tuple[float, float]:
        lift = facts.lift_relative or 0.0
        chance = facts.chance_to_beat_control
        return (-1.0 if chance is None else chance, -lift if kind is MetricForm.COST else lift)

    best = max((facts for facts in treatments if codes[facts.key] is code), key=promise)
    reason = _reason(code, best, kind, control_name, mde_relative)
    return Verdict(code, best.key, _sentence(reason, provisional=provisional), best.chance_to_beat_control)


def judge_target(
    *,
    key: str,
    name: str,
    probability_better: float | None,
    target: str,
    closed_days: int,
    events: float,
    provisional: bool = False,
) -> Verdict:
    """Return the verdict on a single arm against its target.

    ``probability_better``: that the metric truly is on the right side of the target, ``None`` where not
    known; ``target``: as people read it.

    >>> counts = {"closed_days": 3, "events": 90}
    >>> judge_target(key="a", name="Founder", probability_better=0.971, target="$18.00", **counts).reason
    'Founder is 97.1% likely to meet its target of $18.00.'
    """
    missing = _too_little(closed_days, events)
    if missing is not None or probability_better is None:
        missing = missing or _(
            "Nothing is known yet about {arm} against its target of {target}", arm=name, target=target
        )
        return Verdict(VerdictCode.INSUFFICIENT, None, _sentence(missing, provisional=provisional))
    likely = _(
        "{arm} is {chance} likely to meet its target of {target}",
        arm=name,
        chance=say_probability(probability_better),
        target=target,
    )
    if probability_better >= SURE:
        code = VerdictCode.WIN
    elif probability_better <= 1 - SURE:
        code = VerdictCode.LOSS
    else:
        code = VerdictCode.INCONCLUSIVE
        likely = _("{likely}, which is not sure enough to call", likely=likely)
    return Verdict(code, key, _sentence(likely, provisional=provisional), probability_better)
