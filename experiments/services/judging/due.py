"""Between two sweeps: what has waited for its judge for too long, and what a day has just closed for.

A worker that was killed takes the news of a post with it, and nobody posts when a day closes. Both are found
here within seconds, at the price of two small queries; whatever this misses, the sweep finds.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from experiments.models import Campaign, CriterionWatch
from experiments.services.judging.judge import JudgingResult, judge_where_changed
from workspaces.models import Source, Workspace

# A younger mark has most likely a worker that is about to judge.
HANDED_OVER = timedelta(seconds=15)
# An older one stays for a reason that the sweep tells of, such as criteria that were tampered with.
LEFT_TO_THE_SWEEP = timedelta(minutes=5)
# Longer than from one look to the next, should one be late.
JUST_CLOSED = timedelta(minutes=2)


def judge_what_is_due(*, at: datetime) -> JudgingResult:
    """Judge the campaigns that wait since a post, and those that have not been judged since a day closed."""
    waiting = Campaign.objects.launched().filter(
        judge_due_at__lte=at - HANDED_OVER, judge_due_at__gt=at - LEFT_TO_THE_SWEEP
    )
    return judge_where_changed([*waiting.values_list("pk", flat=True), *_with_a_day_just_closed(at)], at=at)


def _with_a_day_just_closed(at: datetime) -> Iterator[int]:
    clocks = Source.objects.order_by().values_list("timezone", "workspace__timezone", "day_close_hours")
    for timezone, of_workspace, hours in clocks.distinct():
        clock = Source(timezone=timezone, day_close_hours=hours, workspace=Workspace(timezone=of_workspace))
        closed_at = clock.closes_at(clock.closed_through(at))
        if closed_at <= at - JUST_CLOSED:
            continue
        closing = Source.objects.filter(
            timezone=timezone, workspace__timezone=of_workspace, day_close_hours=hours
        )
        not_since = CriterionWatch.objects.filter(
            Q(judged_at=None) | Q(judged_at__lt=closed_at),
            criterion__campaign=OuterRef("pk"),
            criterion__retired_at=None,
        )
        campaigns = Campaign.objects.unfinished().filter(
            Exists(not_since), workspace__in=closing.values("workspace")
        )
        yield from campaigns.values_list("pk", flat=True)
