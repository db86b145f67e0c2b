"""What a line may win: does the receiver beat the donor, and what should the money bring."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from experiments.choices import MEASURES, MetricForm
from experiments.selectors.measurements import Amounts
from experiments.stats.arrays import float_or_none
from experiments.stats.forms import ORDER_VALUE_KAPPA
from experiments.stats.gains import expected_gain, probability_receiver_beats_donor
from sprints.models import sentences
from sprints.selectors.candidates import Candidate
from sprints.selectors.chances import CountedDays


def receiver_beats_donor(
    donor: Candidate | None, receiver: Candidate | None
) -> tuple[float | None, str | None]:
    """P(the receiver brings more for its money, each measured by its own target), or why nobody can say.

    Where both are ranked, their common outcome itself is the measure. ``None`` on either side is the reserve.
    """
    if donor is None or receiver is None:
        return None, sentences.RESERVE_EARNS_NOTHING
    if donor.campaign.is_finished:
        return None, sentences.IDLE_MONEY.format(campaign=donor.campaign.name)
    for one in (donor, receiver):
        if one.chance.days is None or (one.chance.target is None and not one.is_ranked):
            return None, sentences.NO_COUNTED_DAY.format(campaign=one.campaign.name)
    forms = {one.chance.metric.form for one in (donor, receiver) if one.chance.metric}
    if len(forms) > 1:
        return None, sentences.COST_AND_VALUE
    chance = _compare(forms.pop(), donor, receiver)
    return chance, None if chance is not None else sentences.NO_DAY_IN_COMMON


def _compare(form: MetricForm, donor: Candidate, receiver: Candidate) -> float | None:
    days = [one.chance.days for one in (donor, receiver) if one.chance.days]
    is_value = form == MetricForm.VALUE
    is_ranked = donor.is_ranked and receiver.is_ranked
    targets = (1.0, 1.0) if is_ranked else (donor.chance.target, receiver.chance.target)
    found = probability_receiver_beats_donor(
        form,
        _pair(days, [each.outcome for each in days]),
        _pair(days, [each.spend for each in days]),
        np.array([targets], dtype=np.float64),
        events=_pair(days, [each.events for each in days]) if is_value else None,
        kappa=ORDER_VALUE_KAPPA if is_value else 1.0,
        spread=days[0].contrast_spread,
    )
    return float_or_none(found[0])


def _pair(days: Sequence[CountedDays], rows: Sequence[Amounts]) -> Amounts:
    """(1, 2, days) over the days of both; zero where one has none, which leaves that day out."""
    first_day = min(each.first_day for each in days)
    starts = [(each.first_day - first_day).days for each in days]
    length = max(start + len(row) for start, row in zip(starts, rows, strict=True))
    padded = [
        np.pad(row, (start, length - start - len(row))) for start, row in zip(starts, rows, strict=True)
    ]
    return np.array([padded])


def gains(net: Mapping[int | None, Decimal], involved: Sequence[Candidate]) -> dict[str, Any]:
    """What the moved money should bring more than it did, at the rates so far, with 95 % intervals.

    ``expected_gain`` is money and exists for value metrics only; ``expected_outcomes`` counts outcomes.
    Money of stopped campaigns is idle, so nothing is lost by taking it.
    """
    at_work = [one for one in involved if not one.campaign.is_finished]
    nothing: dict[str, Any] = {"expected_gain": None, "expected_outcomes": None}
    if not any(net[one.campaign.pk] > 0 for one in at_work):
        return nothing | {"why_no_gain": sentences.NOBODY_RECEIVES}
    metric, *others = {one.chance.metric for one in at_work}
    known = [one.rate for one in at_work]
    if metric is None or others:
        return nothing | {"why_no_gain": sentences.OTHER_OUTCOMES}
    rates = [rate for rate in known if rate is not None]
    if len(rates) != len(at_work):
        return nothing | {"why_no_gain": sentences.NOT_ALL_COUNT}
    gain = expected_gain(
        [float(net[one.campaign.pk]) for one in at_work],
        [mean for mean, _ in rates],
        [variance for _, variance in rates],
    )
    figures = {"expected": gain.expected, "low": gain.low, "high": gain.high}
    if metric.form == MetricForm.VALUE:
        return nothing | {"expected_gain": figures | {"measure": metric.numerator}, "why_no_gain": None}
    why = sentences.NO_VALUE.format(Measure=str(MEASURES[metric.events].label).capitalize())
    return nothing | {"expected_outcomes": figures | {"measure": metric.events}, "why_no_gain": why}
