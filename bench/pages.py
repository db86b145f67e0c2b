"""Every page of a team with 500 campaigns and 1,000,000 observations: server time and queries.

A manager, or the owner where a page is for nobody else, opens each page and each download by the test client:
middleware, view, template and the queries to PostgreSQL, without a network. The pages take turns, so that
what else the machine does falls on all alike.

The reference is the page of the workspace's policy in the same turns: it goes through the same doors, draws
the same frame around a form, and has no number of a campaign in it. A page's ratio to it says what its own
content costs, on whatever machine.

Parts of pages that look the same are kept (`workspaces/templatetags/drawn.py`), so a page that was seen
before takes less time than one of which everything is new. Both are told: visits after the first, and `anew`,
the median of visits before each of which all that was kept is forgotten. Downloads are told apart: what they
send grows with the rows.

`python -m bench.pages [CAMPAIGNS] [OBSERVATIONS]`.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import django

FOLDER = tempfile.TemporaryDirectory(prefix="quickno-bench-")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "VAR_DIR": FOLDER.name}
django.setup()

import numpy as np
from django.contrib.staticfiles import finders
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases
from django.urls import reverse
from django.utils import timezone

from api.models import ApiKey
from bench._history import CAMPAIGNS, OBSERVATIONS, Team, live_through
from config.memory import keep_what_is_loaded
from experiments.choices import CampaignStatus
from experiments.models import Arm, Breach, Campaign, FileImport, Hypothesis, Observation, ZombieFlag
from notices.models import Channel
from sprints.choices import CommitmentState, SprintStatus
from sprints.models import Commitment, Reallocation, Sprint
from tests.pages.addresses import readable_pages
from workspaces.models import Membership
from workspaces.models.kept import forget_results
from workspaces.permissions import Actor

WARM_UP, ROUNDS, ROUNDS_ANEW = 3, 40, 5
REFERENCE = "settings_policy"
# What is asked of every page.
MOST_QUERIES, MOST_MS, MOST_KB = 12, 60, 150
ROOT = Path(__file__).resolve().parent.parent
ASSETS = re.compile(r'(?:href|src)="/static/([^"]+\.(?:css|js))"')


@dataclass
class Page:
    """A page that is measured, and its times."""

    label: str
    url: str
    client: Client
    queries: int = 0
    ms: list[float] = field(default_factory=list)
    ms_anew: list[float] = field(default_factory=list)

    @property
    def is_download(self) -> bool:
        return self.label.partition(" ")[0].endswith("_csv")

    def percentile(self, share: int) -> float:
        return float(np.percentile(self.ms, share))

    def time(self, ms: list[float]) -> None:
        began = time.perf_counter()
        visit(self)
        ms.append(1e3 * (time.perf_counter() - began))


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def pages_of(team: Team) -> list[Page]:
    """Every page; those with a life cycle once for each state that looks different."""
    campaigns = Campaign.objects.of(team.workspace).order_by("pk")
    open_places = Commitment.objects.filter(state=CommitmentState.ACTIVE).order_by("pk")
    closed, running, reviewed, planning = (
        Sprint.objects.filter(status=status).latest("number").number
        for status in (
            SprintStatus.CLOSED,
            SprintStatus.RUNNING,
            SprintStatus.IN_REVIEW,
            SprintStatus.PLANNING,
        )
    )
    scaled, killed, ended, live = (
        campaigns.filter(status=status, hypothesis__isnull=False)[0]
        for status in (
            CampaignStatus.SCALED,
            CampaignStatus.KILLED,
            CampaignStatus.COMPLETED,
            CampaignStatus.LIVE,
        )
    )
    unplanned, draft = campaigns.filter(hypothesis=None)[0], campaigns.drafts()[0]
    ahead = campaigns.drafts().filter(hypothesis__commitments__sprint__number=planning)[0]
    asked = open_places.filter(sprint__number=reviewed)[0].hypothesis_id
    idea = Hypothesis.objects.in_backlog().order_by("pk")[5].pk
    paused = Campaign.objects.filter(status=CampaignStatus.PAUSED)[0]
    breach = Breach.objects.filter(closed_at=None).select_related("campaign", "watch")[0]
    flag = ZombieFlag.objects.unresolved().filter(campaign__status=CampaignStatus.LIVE)[0].pk
    arm = Arm.objects.filter(campaign=live).order_by("pk")[0]
    plan = Reallocation.objects.latest("pk").pk
    told: dict[str, list[list[object]]] = {
        "sprint": [[closed], [running], [reviewed], [planning]],
        "sprint_review": [[closed], [running], [reviewed]],
        "sprint_review_print": [[closed], [running], [reviewed]],
        "sprint_edit": [[planning]],
        "sprint_cancel": [[planning]],
        "sprint_reach": [[planning, ahead.key]],
        "sprint_start": [[planning]],
        "sprint_review_open": [[running]],
        "sprint_close": [[reviewed]],
        "decide": [[reviewed, asked]],
        "campaign": [[one.key] for one in (live, scaled, killed, ended, unplanned, draft, paused)],
        "campaign_adopt": [[unplanned.key]],
        "campaign_edit": [[draft.key]],
        "campaign_discard": [[draft.key]],
        **{
            name: [[live.key]]
            for name in (
                *("campaign_amend", "campaign_pause", "campaign_kill", "campaign_complete"),
                *("campaign_arms_csv", "campaign_days_csv"),
            )
        },
        "campaign_overrule": [[breach.campaign.key, breach.watch.criterion_id]],
        "arm_stop": [[live.key, arm.key]],
        "hypothesis": [[live.hypothesis_id], [killed.hypothesis_id], [idea]],
        "hypothesis_edit": [[idea]],
        **{name: [[idea]] for name in ("hypothesis_archive", "hypothesis_scores")},
        "plan": [[plan]],
        "plan_reject": [[plan]],
        "plan_withdraw": [[plan]],
        "zombie_keep": [[flag]],
        "zombie_stop": [[flag]],
        "channel": [[Channel.objects.all()[0].pk]],
        "help": [["statistics"], ["money"]],
        "source": [["meta"]],
        "source_names": [["meta"]],
        "import_file": [[FileImport.objects.latest("pk").pk]],
        "key_revoke": [[ApiKey.objects.all()[0].pk]],
        "channel_remove": [[Channel.objects.all()[0].pk]],
        "member_remove": [[Membership.objects.get(user=team.mia.user).pk]],
    }
    slug, manager = team.workspace.slug, signed_in(team.dana)
    return [
        Page(" ".join([name, *map(str, given)]), reverse(name, args=[slug, *given]), manager)
        for name in sorted(readable_pages())
        for given in told.get(name, [[]])
    ]


def visit(page: Page) -> bytes:
    """The whole answer: a download asks while it is read."""
    response = page.client.get(page.url)
    if response.status_code != 200:
        sys.exit(f"{page.url} answers {response.status_code}.")
    return b"".join(response)


def measure_pages(team: Team) -> list[Page]:
    pages, owner = pages_of(team), signed_in(team.owner)
    for page in pages:
        if page.client.get(page.url).status_code == 403:
            page.client = owner
        for _ in range(WARM_UP):
            visit(page)
        with CaptureQueriesContext(connection) as captured:
            visit(page)
        page.queries = len(captured)
    # As the web process does it once all is loaded.
    keep_what_is_loaded()
    for _ in range(ROUNDS):
        for page in pages:
            page.time(page.ms)
    for _ in range(ROUNDS_ANEW):
        for page in pages:
            caches["drawn"].clear()
            forget_results()
            page.time(page.ms_anew)
    return pages


def kilobytes(pages: list[Page]) -> float:
    """The style sheets and scripts that a page names, as gzip sends them; of the page that names most."""

    def sent(path: str) -> int:
        found = finders.find(path)
        assert isinstance(found, str)
        return len(gzip.compress(Path(found).read_bytes(), 9))

    named = [set(ASSETS.findall(visit(page).decode(errors="replace"))) for page in pages]
    return max(sum(map(sent, paths)) for paths in named) / 2**10


def section(pages: list[Page], reference: Page, weight: float) -> str:
    """Every page, the slowest first."""
    base = reference.percentile(95)
    lines = [
        "## Pages",
        "",
        f"Server time of every page, {ROUNDS} times each in turns, on PostgreSQL with",
        f"{Campaign.objects.count():,} campaigns and {Observation.objects.count():,} observations. Asked: at",
        f"most {MOST_QUERIES} queries, and {MOST_MS} ms at the 95th percentile. × policy: times the p95 of",
        f"the page {reference.label}. Style sheets and scripts of a page: {weight:.0f} KB compressed, asked",
        f"{MOST_KB}. Anew: the median where nothing of the page was kept from an earlier visit.",
        "",
        "| page | queries | p50 ms | p95 ms | × policy | anew ms |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for page in sorted(pages, key=lambda page: -page.percentile(95)):
        p50, p95 = page.percentile(50), page.percentile(95)
        figures = f"{p50:.1f} | {p95:.1f} | {p95 / base:.1f} | {np.median(page.ms_anew):.1f}"
        lines.append(f"| {page.label} | {page.queries} | {figures} |")
    return "\n".join(lines)


def measure(campaigns: int, observations: int) -> dict[str, object]:
    team = live_through(now=timezone.now(), campaigns=campaigns, observations=observations)
    with connection.cursor() as cursor:
        # What the database does by itself sooner or later.
        cursor.execute("VACUUM ANALYZE")
    return told(measure_pages(team))


def told(pages: list[Page]) -> dict[str, object]:
    slow = [page for page in pages if page.percentile(95) > MOST_MS]
    worst = max((page for page in pages if not page.is_download), key=lambda page: page.percentile(95))
    reference = next(page for page in pages if page.label == REFERENCE)
    weight = kilobytes(pages)
    return {
        "benchmark": f"the slowest of {len(pages)} pages, 95th percentile",
        "ratio": reference.percentile(95) / worst.percentile(95),
        "reference": f"the page {REFERENCE}, which shows no numbers",
        "worst": worst.label,
        "worst_p95_ms": round(worst.percentile(95), 1),
        "worst_p50_ms": round(worst.percentile(50), 1),
        "reference_p95_ms": round(reference.percentile(95), 1),
        "most_queries": max(page.queries for page in pages),
        "asked_more_than_12_queries": sorted(page.label for page in pages if page.queries > MOST_QUERIES),
        "slower_than_60_ms": sorted(page.label for page in slow if not page.is_download),
        "downloads_slower_than_60_ms": sorted(page.label for page in slow if page.is_download),
        "slower_than_60_ms_anew": sum(
            not page.is_download and bool(np.median(page.ms_anew) > MOST_MS) for page in pages
        ),
        "css_and_js_kb": round(weight, 1),
        "section": section(pages, reference, weight),
    }


def main() -> None:
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        again = f'DATABASE_URL="$DATABASE_URL_POSTGRES" exec "{sys.executable}" -m bench.pages "$@"'
        services = subprocess.run(
            [ROOT / "bin" / "services", "sh", "-c", again, "sh", *sys.argv[1:]], check=False
        )
        sys.exit(services.returncode)
    asked = [int(argument) for argument in sys.argv[1:]]
    made = setup_databases(verbosity=0, interactive=False)
    try:
        result = measure(*(asked + [CAMPAIGNS, OBSERVATIONS][len(asked) :]))
    finally:
        teardown_databases(made, verbosity=0)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
