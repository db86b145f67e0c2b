"""One judging of any number of campaigns, in transactions of a bounded size."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from experiments.models import Campaign
from experiments.selectors.estimates import Estimates, read_estimates
from experiments.selectors.evidence import measures_for
from experiments.selectors.measurements import Measurements, latest_day, read_measurements
from experiments.selectors.zombies import find_zombies, zombie_measures
from experiments.services.judging.flagging import FlagChanges, apply_flags, plan_flags
from experiments.services.judging.watching import (
    Judged,
    apply_judged,
    criteria_of,
    is_tampered,
    judge_criteria,
)

logger = logging.getLogger(__name__)

CHUNK = 200


@dataclass(frozen=True, slots=True)
class JudgingResult:
    """What came of a judging.

    ``judged``: how many campaigns. ``breaches``: ids of new breaches. ``flagged``, ``cleared``: ids of zombie
    flags. ``tampered``: keys of campaigns whose criteria are not those that were frozen; they are not judged.
    ``failed``: keys of campaigns that could not be judged for an error, which is in the log.
    """

    judged: int = 0
    breaches: tuple[int, ...] = ()
    flagged: tuple[int, ...] = ()
    cleared: tuple[int, ...] = ()
    tampered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __add__(self, other: "JudgingResult") -> "JudgingResult":
        return JudgingResult(
            judged=self.judged + other.judged,
            breaches=self.breaches + other.breaches,
            flagged=self.flagged + other.flagged,
            cleared=self.cleared + other.cleared,
            tampered=self.tampered + other.tampered,
            failed=self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Campaigns that are judged together, with what their criteria see; read from the database, nothing
    written.
    """

    campaigns: Sequence[Campaign]
    measured: Measurements
    estimates: Estimates
    judged: Sequence[Judged]
    tampered: Sequence[Campaign]

    def flags(self, *, at: datetime) -> list[FlagChanges]:
        """What becomes of the zombie flags, the campaigns being as they are now."""
        return plan_flags(
            self.campaigns, find_zombies(self.campaigns, self.measured, self.estimates, at=at), at=at
        )


def build_case(campaigns: Sequence[Campaign], *, at: datetime) -> Case:
    """Read what is needed to judge the campaigns at ``at``; those with tampered criteria are left out."""
    criteria = criteria_of(campaigns)
    tampered = [campaign for campaign in campaigns if is_tampered(campaign, criteria[campaign.pk])]
    sound = [campaign for campaign in campaigns if campaign not in tampered]
    rules = [criterion for campaign in sound for criterion in criteria[campaign.pk]]
    measured = read_measurements(
        sound, measures_for(rules) | zombie_measures(sound), as_of=latest_day(at), baseline=True
    )
    estimates = read_estimates(sound)
    judged = judge_criteria(sound, criteria, measured, estimates, at=at)
    return Case(sound, measured, estimates, judged, tampered)


def judge_campaigns(campaign_ids: Sequence[int], *, at: datetime) -> JudgingResult:
    """Judge every kill criterion and zombie signal of these campaigns.

    Judging again, or by several workers at once, changes nothing: rows are held in the order of their ids,
    watches and flags are written where they changed, and a breach is claimed once. An error of one campaign
    is logged and keeps no other from being judged.
    """
    result = JudgingResult()
    for chunk in chunks(campaign_ids):
        try:
            result += _judge(chunk, at=at)
        except Exception:
            if len(chunk) == 1:
                raise
            logger.exception("Judging %d campaigns together failed; each is judged by itself.", len(chunk))
            for campaign_id in chunk:
                result += _judge_alone(campaign_id, at=at)
    return result


def chunks(campaign_ids: Sequence[int]) -> Iterator[list[int]]:
    """The ids once each, in order, as many as one transaction takes."""
    ordered = sorted(set(campaign_ids))
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))


def _judge_alone(campaign_id: int, *, at: datetime) -> JudgingResult:
    try:
        return _judge([campaign_id], at=at)
    except Exception:
        key = Campaign.objects.values_list("key", flat=True).get(pk=campaign_id)
        logger.exception("Campaign %s could not be judged.", key)
        return JudgingResult(failed=(key,))


@transaction.atomic
def _judge(campaign_ids: Sequence[int], *, at: datetime) -> JudgingResult:
    campaigns = list(
        Campaign.objects.launched()
        .filter(pk__in=campaign_ids)
        .select_related("workspace", "hypothesis")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    case = build_case(campaigns, at=at)
    for campaign in case.tampered:
        logger.error(
            "The kill criteria of campaign %s are not those that were frozen with it: it is not judged.",
            campaign.key,
        )
    breaches = apply_judged(case.judged, at=at)
    raised, cleared = apply_flags(case.flags(at=at), at=at)
    for campaign in case.campaigns:
        if campaign.judge_due_at is not None:
            # Only the mark that was read: a post that came in meanwhile has set another.
            Campaign.objects.filter(pk=campaign.pk, judge_due_at=campaign.judge_due_at).update(
                judge_due_at=None
            )
    return JudgingResult(
        judged=len(case.campaigns),
        breaches=tuple(breach.pk for breach in breaches),
        flagged=tuple(flag.pk for flag in raised),
        cleared=tuple(flag.pk for flag in cleared),
        tampered=tuple(campaign.key for campaign in case.tampered),
    )
