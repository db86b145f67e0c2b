"""One of several processes on one database: does its share, says what it heard.

Usage: python -m tests.races.crowd_process SHARE ROUNDS. Prints a line when it is ready, begins when it hears
one, and ends with one line of JSON: how often each outcome came.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import django

django.setup()

from experiments.models import Campaign
from experiments.services.campaigns import kill_campaign, pause_campaign, resume_campaign
from experiments.services.judging import judge_campaigns
from experiments.services.observations import record_observations
from sprints.models import Reallocation
from sprints.services.ledger import fund_reserve
from sprints.services.reallocations import apply_reallocation, approve_reallocation
from tests.metrics.conftest import A_DAY, said
from tests.racing import attempt
from workspaces.models import Membership
from workspaces.permissions import Actor

NOW = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)


def main(share: int, rounds: int) -> None:
    drawn = random.Random(share)
    members = {
        one.user.email.partition("@")[0]: Actor.of_member(one)
        for one in Membership.objects.select_related("user", "workspace")
    }
    mia, manager = members["marketer"], members[f"manager-{share}"]
    plans = list(Reallocation.objects.order_by("pk"))
    running = list(Campaign.objects.unfinished().order_by("pk"))
    heard: Counter[str] = Counter()

    def do(name: str, deed: Callable[[], object]) -> None:
        heard[f"{name}: {attempt(deed)}"] += 1

    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(rounds):
        at = NOW + timedelta(seconds=turn * 10 + share)
        for plan in plans:
            approve = partial(approve_reallocation, plan.pk, plan_digest=plan.plan_digest, by=manager, at=at)
            do(f"approve {plan.pk}", approve)
            do(f"apply {plan.pk}", partial(apply_reallocation, plan.pk, by=mia, at=at))
        clicks = int((at - NOW).total_seconds())
        rows = [
            said(campaign=one.key, day=A_DAY - timedelta(days=age), clicks=clicks, reported_at=at)
            for one in drawn.sample(running, 2)
            for age in range(20)
        ]
        do("post", partial(record_observations, rows, by=mia, at=at))
        do("judge", partial(judge_campaigns, [one.pk for one in running], at=at))
        do("pause", partial(pause_campaign, "pricing-calculator", reason="", by=mia, at=at))
        do("resume", partial(resume_campaign, "pricing-calculator", by=mia, at=at))
        do("fund", partial(fund_reserve, amount=Decimal("0.01"), reason="A cent", by=manager, at=at))
    do("kill", partial(kill_campaign, "founder-video", reason="No", by=mia, at=NOW + timedelta(hours=1)))
    print(json.dumps(heard))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
