"""What the benchmarks of a whole site do on its database: fill it before, look at what is left afterwards.

Usage: python -m bench._inside prepare URL LOSERS | close-soon | audit. The last line is JSON.
"""

import json
import sys
from collections import Counter
from datetime import timedelta
from io import StringIO
from typing import Any

import django

django.setup()

from django.core.management import call_command
from django.utils import timezone

from api.models import WebhookDelivery
from api.services import deliver, plan_deliveries, register_endpoint
from bench._site import PASSWORD
from experiments.models import Breach, Observation, ObservationBatch
from experiments.services.judging import judge_campaigns, sweep
from sprints.models import Reallocation
from tests.factories import fill_reserve, make_campaign, make_criteria, report
from tests.races.truths import check_events, check_money
from workspaces.models import Event, Source, Workspace
from workspaces.permissions import Actor
from workspaces.selectors import first_owner

CAMPAIGNS = 6
SCOPES = ("read", "metrics:write", "plan:write", "budget:propose")


def prepare(url: str, losers: int) -> dict[str, Any]:
    """A team with money, campaigns that run, and some that break their rule; the key of its program."""
    call_command("migrate", verbosity=0)
    quiet = {"stdout": StringIO()}
    owner = ["--owner", "olga@bench.example", "--password", PASSWORD]
    call_command(
        "create_workspace",
        "Bench",
        *("--slug", "bench", "--timezone", "UTC", "--currency", "USD"),
        *owner,
        **quiet,
    )
    for email, role in (("mia@bench.example", "marketer"), ("max@bench.example", "manager")):
        call_command("add_member", "bench", email, "--role", role, "--password", PASSWORD, **quiet)
    secret = StringIO()
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    call_command("create_api_key", "bench", "program", "--for", "mia@bench.example", *scopes, stdout=secret)
    workspace, now = Workspace.objects.get(), timezone.now()
    fill_reserve(workspace, "100000.00")
    launched_at = now - timedelta(days=3)
    for number in range(CAMPAIGNS):
        make_campaign(workspace, f"campaign-{number}", launched_at=launched_at, budget="1000.00")
    for number in range(losers):
        campaign = make_campaign(workspace, f"loser-{number}", launched_at=launched_at, budget="1000.00")
        make_criteria(campaign, {"evidence": "observed"})
    register_endpoint(url=url, by=Actor.of_member(first_owner("bench")), at=now)
    return {"key": secret.getvalue().strip(), "today": workspace.local_day(now).isoformat()}


def close_soon() -> str:
    """A campaign that breaks its rule when the next day closes and not before; when that is."""
    now = timezone.now()
    workspace = Workspace.objects.get()
    campaign = make_campaign(workspace, "at-the-close", launched_at=now - timedelta(days=3), budget="1000.00")
    make_criteria(campaign, {"guards": {"spend": "250.00"}})
    meta = Source.objects.select_related("workspace").get(workspace=workspace, key="meta")
    closing = meta.closed_through(now) + timedelta(days=1)
    for age in range(3):
        day = closing - timedelta(days=age)
        report(campaign, day, impressions=50_000, clicks=5, spend="100.00", reported_at=now)
    judge_campaigns([campaign.pk], at=now)
    campaign.refresh_from_db()
    assert campaign.is_spending, "The days that are closed must not be enough."
    return meta.closes_at(closing).isoformat()


def audit() -> dict[str, Any]:
    """One sweep, as after a restart, and all that waits is delivered; then what is there."""
    now = timezone.now()
    sweep(at=now)
    plan_deliveries(at=now)
    # Those that a killed worker took, too: nobody waits for it any longer than that.
    later = now + timedelta(hours=1)
    for delivery_id in list(WebhookDelivery.objects.due(later).order_by("id").values_list("id", flat=True)):
        deliver(delivery_id, at=later)
    workspace = Workspace.objects.get()
    check_money(workspace)
    check_events(workspace)
    rows = Observation.objects.values_list("arm__campaign__key", "arm__key", "day", "clicks")
    told = Event.objects.values_list("kind", "subject_id")
    return {
        "clicks": {f"{campaign} {arm} {day}": clicks for campaign, arm, day, clicks in rows},
        "batches": ObservationBatch.objects.filter(channel="api").count(),
        "breaches": Counter(Breach.objects.values_list("campaign__key", flat=True)),
        "paused": Counter(subject for kind, subject in told if kind == "campaign.paused"),
        "applied": list(Reallocation.objects.filter(state="applied").values_list("pk", flat=True)),
        "sequences": list(
            Event.objects.filter(pk__in=WebhookDelivery.objects.values("event"))
            .order_by("sequence")
            .values_list("sequence", flat=True)
        ),
        "undelivered": WebhookDelivery.objects.filter(delivered_at=None).count(),
        "events": Event.objects.count(),
    }


if __name__ == "__main__":
    deeds = {
        "prepare": lambda: prepare(sys.argv[2], int(sys.argv[3])),
        "close-soon": close_soon,
        "audit": audit,
    }
    print(json.dumps(deeds[sys.argv[1]]()))
