"""One judging of any number of campaigns, in transactions of a bounded size."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from experiments.models import Campaign
from experiments.services.judging.case import build_case
from experiments.services.judging.flagging import apply_flags
from experiments.services.judging.watching import apply_judged

logger = logging.getLogger(__name__)

CHUNK = 500


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


def judge_campaigns(campaign_ids: Sequence[int], *, at: datetime) -> JudgingResult:
    """Judge every kill criterion and zombie signal of these campaigns.

    Judging again, or by several workers at once, changes nothing: rows are held in the order of their ids,
    watches and flags are written where they changed, and a breach is claimed once. An error of one campaign
    is logged and keeps no other from being judged.
    """
    return sum((_each(_judge, chunk, at=at) for chunk in chunks(campaign_ids)), JudgingResult())


def judge_where_changed(campaign_ids: Sequence[int], *, at: datetime) -> JudgingResult:
    """The same for campaigns most of which have nothing new: their rows are held only where there is."""
    return sum((_each(_look_and_judge, chunk, at=at) for chunk in chunks(campaign_ids)), JudgingResult())


def chunks(campaign_ids: Iterable[int]) -> Iterator[list[int]]:
    """The ids once each, in order, as many as one transaction takes."""
    ordered = sorted(set(campaign_ids))
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))


def _each(judge: Callable[..., JudgingResult], chunk: Sequence[int], *, at: datetime) -> JudgingResult:
    """Judge a chunk together, or where that fails each by itself."""
    try:
        return judge(chunk, at=at)
    except Exception:
        if len(chunk) == 1:
            raise
        logger.exception("Judging %d campaigns together failed; each is judged by itself.", len(chunk))
        return sum((_judge_alone(campaign_id, at=at) for campaign_id in chunk), JudgingResult())


def _judge_alone(campaign_id: int, *, at: datetime) -> JudgingResult:
    try:
        return _judge([campaign_id], at=at)
    except Exception:
        key = Campaign.objects.values_list("key", flat=True).get(pk=campaign_id)
        logger.exception("Campaign %s could not be judged.", key)
        return JudgingResult(failed=(key,))


def _look_and_judge(campaign_ids: Sequence[int], *, at: datetime) -> JudgingResult:
    """Look without holding anything, then judge those that have something to write.

    What somebody else changes in between is judged by them, or is due.
    """
    case = build_case(Campaign.objects.launched().filter(pk__among=campaign_ids), at=at)
    changed = case.look.changed_campaigns()
    changed |= {change.campaign.pk for change in case.flags(at=at)}
    changed |= {campaign.pk for campaign in case.campaigns if campaign.judge_due_at is not None}
    for campaign in case.tampered:
        _tell_of_tampering(campaign)
    looked = JudgingResult(
        judged=len(case.campaigns) - len(changed),
        tampered=tuple(campaign.key for campaign in case.tampered),
    )
    # One that fails is told of in the log, and the others need no second look for it.
    return looked + (
        _judge_alone(changed.pop(), at=at) if len(changed) == 1 else judge_campaigns(list(changed), at=at)
    )


@transaction.atomic
def _judge(campaign_ids: Sequence[int], *, at: datetime) -> JudgingResult:
    held = Campaign.objects.launched().filter(pk__among=campaign_ids)
    case = build_case(held.select_for_update(of=("self",), no_key=True), at=at)
    for campaign in case.tampered:
        _tell_of_tampering(campaign)
    breaches = apply_judged(case.look.changed(), at=at)
    raised, cleared = apply_flags(case.flags(at=at, breached=bool(breaches)), at=at)
    # The rows are held, so a post that comes in meanwhile sets its mark after this.
    due = [campaign.pk for campaign in case.campaigns if campaign.judge_due_at is not None]
    if due:
        Campaign.objects.filter(pk__in=due).update(judge_due_at=None)
    return JudgingResult(
        judged=len(case.campaigns),
        breaches=tuple(breach.pk for breach in breaches),
        flagged=tuple(flag.pk for flag in raised),
        cleared=tuple(flag.pk for flag in cleared),
        tampered=tuple(campaign.key for campaign in case.tampered),
    )


def _tell_of_tampering(campaign: Campaign) -> None:
    logger.error(
        "The kill criteria of campaign %s are not those that were frozen with it: it is not judged.",
        campaign.key,
    )
