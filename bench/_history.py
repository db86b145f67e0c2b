"""A team's history for the benchmark of the pages: lived through the services, its numbers copied in.

A sprint a week for a year and a half, each with three hypotheses of two campaigns and a plan that moves
money. Most campaigns end with their sprint, one in three is scaled and runs on for two months. Two sprints
still run, one is in review, one is planned.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from django.db import connection, transaction

from api.services.keys import create_key
from experiments.choices import CampaignStatus
from experiments.models import Arm, Campaign, Hypothesis, Observation, ObservationBatch
from experiments.services.campaigns import complete_campaign, import_campaign, pause_campaign
from experiments.services.exports import read_file, upload_file
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns, sweep
from experiments.services.learning import learn
from experiments.services.observations.totals import add_up_days
from experiments.services.templates import save_template
from notices.choices import NoticeKind
from notices.services import add_channel
from sprints.models import Sprint
from sprints.selectors.accounts import campaign_accounts
from sprints.services.decisions import decide
from sprints.services.ledger import fund_reserve
from sprints.services.planning import close_sprint, open_review, start_sprint
from sprints.services.reallocations import create_reallocation, propose_reallocation
from sprints.services.reallocations.approving import carry_out, grant
from sprints.services.reallocations.plans import lock_plan
from tests.factories import (
    criterion_values,
    hypothesis_values,
    make_actor,
    make_draft,
    make_member,
    make_sprint,
    make_workspace,
)
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Source, Workspace
from workspaces.permissions import Actor
from workspaces.services import invite, publish_all_events, save_source

CAMPAIGNS, OBSERVATIONS = 500, 1_000_000
UNPLANNED, BACKLOG, SEVERAL = 8, 150, 10
DAYS, MOST_DAYS = 7, 63
# For how many days the two campaigns of a hypothesis run, by what becomes of them.
FATES = {"scaled": MOST_DAYS, "killed": 4, "ended": DAYS}
ARMS = ("a", "b")
# What share of those who see an arm click.
CTR = {
    **{("scaled", arm): rate for arm, rate in zip(ARMS, (0.007, 0.0085), strict=True)},
    **{("killed", arm): rate for arm, rate in zip(ARMS, (0.003, 0.0025), strict=True)},
    **{("ended", arm): rate for arm, rate in zip(ARMS, (0.007, 0.0071), strict=True)},
}
A_DAY = 350  # dollars that an arm spends
MEASURES = ("impressions", "clicks", "conversions", "spend")


@dataclass
class Team:
    """Whose history it is, and its clock."""

    workspace: Workspace
    now: datetime

    @cached_property
    def owner(self) -> Actor:
        member = Membership.objects.select_related("user", "workspace").get(workspace=self.workspace)
        return Actor.of_member(member)

    @cached_property
    def mia(self) -> Actor:
        return make_actor(self.workspace, Role.MARKETER)

    @cached_property
    def dana(self) -> Actor:
        return make_actor(self.workspace, Role.MANAGER)

    @property
    def today(self) -> date:
        return self.workspace.local_day(self.now)

    def morning(self, day: date, *, hour: int = 9) -> datetime:
        return min(datetime.combine(day, time(hour), tzinfo=self.workspace.tz), self.now)


def live_through(*, now: datetime, campaigns: int = CAMPAIGNS, observations: int = OBSERVATIONS) -> Team:
    """So many campaigns and reports up to ``now``."""
    workspace = make_workspace("harbour", at=now - timedelta(days=999))
    team = Team(workspace, now)
    settle_in(team)
    sprints = (campaigns - UNPLANNED) // len(CTR)
    first = team.today - timedelta(days=7 * (sprints - 3) + DAYS)
    # How many days of arms there are, the last campaigns not being through theirs.
    ages = [7 * number + DAYS for number in range(1, sprints - 2)] + [DAYS, 4, 3]
    cells = sum(min(age, days) for age in ages for days in FATES.values()) * 2 * len(ARMS)
    ads = math.ceil(observations / cells)
    for number in range(sprints - 3):
        run_sprint(team, number, first + timedelta(days=7 * number), ads=ads)
    for number, days_ago in ((sprints - 3, DAYS), (sprints - 2, 4), (sprints - 1, 3)):
        begin_sprint(team, number, team.today - timedelta(days=days_ago), ads=ads)
    open_review(Sprint.objects.get(number=sprints - 2).pk, by=team.mia, at=now)
    leave_unplanned(team, ads=ads)
    bring_file(team)
    plan_ahead(team)
    learn(workspace, at=now)
    sweep(at=now)
    move_on(team)
    return team


def settle_in(team: Team) -> None:
    """A dozen of everything that the settings list."""
    at, owner = team.now - timedelta(days=900), team.owner
    assert owner.user is not None
    for number in range(SEVERAL):
        make_member(team.workspace, email=f"member-{number}@harbour.example")
        invite(email=f"guest-{number}@harbour.example", role=Role.VIEWER, by=owner, at=at)
        url = f"slack://T1JJ3T3L{number:02}/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
        add_channel(name=f"#{number}", url=url, kinds=list(NoticeKind), has_digest=False, by=team.dana, at=at)
        create_key(name=f"key {number}", scopes=[Scope.READ], for_user=team.dana.person, by=team.dana, at=at)
        rule = {"name": f"Rule {number}", "criterion": criterion_values()}
        save_template(values=rule, by=team.mia, at=at)
        save_source(f"crm-{number}", values={"name": f"CRM {number}", "kind": "crm"}, by=owner, at=at)


def begin_sprint(team: Team, number: int, starts_on: date, *, ads: int) -> Sprint:
    """Three hypotheses with two campaigns each, started, judged on the first mornings."""
    at, mia = team.morning(starts_on), team.mia
    hypotheses = []
    for position, fate in enumerate(FATES):
        title = f"Hook {number}, {fate}"
        hypotheses.append(
            create_hypothesis(values=hypothesis_values(title=title, owner=mia.user), by=mia, at=at)
        )
        for twin in range(2):
            key, budget = f"hook-{number}-{position}-{twin}", Decimal(2 * A_DAY * max(FATES[fate], DAYS))
            make_draft(mia, hypotheses[-1], key, budget=budget, at=at)
    sprint = make_sprint(mia, *hypotheses, at=at, days=DAYS, name=f"Hooks {number}")
    start_sprint(sprint.pk, by=mia, at=at)
    report(team, number, 0, DAYS, ads=ads)
    ids = list(Campaign.objects.filter(hypothesis__in=hypotheses).values_list("pk", flat=True))
    for offset in range(1, FATES["killed"]):
        morning = team.morning(starts_on + timedelta(days=offset))
        if morning < team.now:
            judge_campaigns(ids, at=morning)
    return sprint


def run_sprint(team: Team, number: int, starts_on: date, *, ads: int) -> None:
    """One that is over: decided, closed, and its money moved on."""
    sprint, mia = begin_sprint(team, number, starts_on, ads=ads), team.mia
    campaigns = Campaign.objects.filter(key__startswith=f"hook-{number}-").order_by("pk")
    scaled, killed, ended = (Hypothesis.objects.get(title=f"Hook {number}, {fate}").pk for fate in FATES)
    early = team.morning(starts_on + timedelta(days=FATES["killed"] - 1), hour=11)
    said: dict[str, Any] = {"moved_the_business": False, "learning": f"Hook {number} taught us that."}
    decide(killed, decision="kill", **said, by=mia, at=early)
    late = team.morning(starts_on + timedelta(days=DAYS), hour=11)
    open_review(sprint.pk, by=mia, at=late)
    decide(scaled, decision="scale", **{**said, "moved_the_business": True}, by=mia, at=late)
    decide(ended, decision="evolve" if number % 3 else "inconclusive", **said, by=mia, at=late)
    close_sprint(sprint.pk, by=mia, at=late)
    report(team, number, DAYS, MOST_DAYS, ads=ads)
    over = starts_on + timedelta(days=MOST_DAYS)
    if over < team.today:
        for campaign in campaigns.filter(hypothesis=scaled):
            complete_campaign(campaign.key, reason="Everybody has seen it.", by=mia, at=team.morning(over))
    accounts = campaign_accounts(list(campaigns.filter(hypothesis=killed)), at=late)
    lines = [
        {"from": account.key, "to": "reserve", "amount": account.available} for account in accounts.values()
    ]
    plan = create_reallocation(lines=lines, by=mia, at=late)
    with transaction.atomic():
        held, kept = lock_plan(plan.pk, by=team.dana)
        grant(held, kept, by=team.dana, at=late)
        carry_out(held, kept, by=team.dana, at=late)


def leave_unplanned(team: Team, *, ads: int) -> None:
    """Campaigns that nobody planned, found by an import."""
    since = team.today - timedelta(days=10)
    for number in range(UNPLANNED):
        key, at = f"brand-{number}", team.morning(since)
        import_campaign(key=key, name=key, channel="meta", external_id=key, by=team.mia, at=at)
    arms = list(Arm.objects.filter(campaign__key__startswith="brand-").order_by("pk"))
    copy(team, arms, [since + timedelta(days=offset) for offset in range(10)], [0.006] * len(arms), ads=ads)


def bring_file(team: Team) -> None:
    """An export with a campaign that nobody knows yet, read and waiting for a person."""
    day = team.today - timedelta(days=1)
    lines = [f"{day},brand-{number},Ad {number},1000,9,12.50" for number in range(UNPLANNED + 1)]
    table = "\n".join(["Day,Campaign name,Ad set name,Impressions,Link clicks,Amount spent (USD)", *lines])
    file = upload_file(
        "october.csv", chunks=[table.encode()], asked={"preset": "meta"}, by=team.mia, at=team.now
    )
    read_file(file.pk, clock=lambda: team.now)


def plan_ahead(team: Team) -> None:
    """The next sprint with its drafts, and a long backlog."""
    at, mia = team.now - timedelta(days=1), team.mia
    hypotheses = [
        create_hypothesis(values=hypothesis_values(title=f"Idea {number}", owner=mia.user), by=mia, at=at)
        for number in range(BACKLOG)
    ]
    for number, hypothesis in enumerate(hypotheses[:5]):
        make_draft(mia, hypothesis, f"draft-{number}", at=at)
    make_sprint(mia, *hypotheses[:3], at=team.now + timedelta(days=5), days=DAYS, name="Ahead")


def move_on(team: Team) -> None:
    """A campaign that is paused, and plans that wait: one by the rule, some by hand."""
    paused = Campaign.objects.filter(status=CampaignStatus.SCALED).order_by("pk")[0]
    pause_campaign(paused.key, reason="A holiday.", by=team.mia, at=team.now)
    fund_reserve(amount=Decimal(9000), reason="More experiments", by=team.dana, at=team.now)
    for amount in ("10.00", "20.00"):
        lines = [{"from": "reserve", "to": "brand-0", "amount": amount}]
        create_reallocation(lines=lines, by=team.mia, at=team.now)
    propose_reallocation(by=team.mia, at=team.now)
    publish_all_events()


def report(team: Team, number: int, first: int, last: int, *, ads: int) -> None:
    """The days ``first`` to ``last`` of the life of a sprint's campaigns, as far as they are over."""
    for position, fate in enumerate(FATES):
        arms = list(
            Arm.objects.filter(campaign__key__startswith=f"hook-{number}-{position}-")
            .select_related("campaign")
            .order_by("pk")
        )
        starts_on = arms[0].campaign.starts_on
        assert starts_on is not None
        offsets = range(first, min(last, FATES[fate]))
        days = [starts_on + timedelta(days=offset) for offset in offsets]
        over = [day for day in days if day < team.today]
        copy(team, arms, over, [CTR[fate, arm.key] for arm in arms], ads=ads)


def copy(team: Team, arms: Sequence[Arm], days: Sequence[date], ctr: Sequence[float], *, ads: int) -> None:
    """Every ad's numbers of every day, copied in as the database takes them fastest."""
    if not days:
        return
    drawn, shape = np.random.default_rng(arms[0].pk), (len(arms), len(days), ads)
    shown = drawn.poisson(A_DAY * 100 / ads, shape)
    noise = drawn.lognormal(0, 0.12, (len(arms), len(days), 1))
    clicks = drawn.binomial(shown, np.array(ctr)[:, None, None] * noise)
    said = (
        shown.tolist(),
        clicks.tolist(),
        drawn.binomial(clicks, 0.05).tolist(),
        np.round(drawn.gamma(40, A_DAY / ads / 40, shape), 2).tolist(),
    )
    source = Source.objects.of(team.workspace).get(key="meta")
    first, last = team.morning(days[0]), team.morning(days[-1] + timedelta(days=1))
    batch = ObservationBatch.objects.create(
        workspace=team.workspace, at=last, by_label="connector", channel="api"
    )
    named = ["workspace_id", "arm_id", "day", "source_id", "entity", "reported_at", "first_reported_at"]
    names = [*named, "batch_id", *MEASURES]
    told = f"COPY {Observation._meta.db_table} ({', '.join(names)}) FROM STDIN"  # noqa: SLF001
    with connection.cursor() as cursor, cursor.copy(told) as rows:
        for row, arm in enumerate(arms):
            for column, day in enumerate(days):
                for ad in range(ads):
                    measures = (amounts[row][column][ad] for amounts in said)
                    ids = (team.workspace.pk, arm.pk, day, source.pk, f"ad-{ad}")
                    rows.write_row((*ids, last, first, batch.pk, *measures))
    add_up_days(Observation.objects.filter(arm__in=arms, day__in=days))
