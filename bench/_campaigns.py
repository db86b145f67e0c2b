"""The workspaces, live campaigns and reports that a sweep judges."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection

from experiments.models import Arm, Campaign, Hypothesis, KillCriterion, Observation, ObservationBatch
from experiments.models.criterion import criteria_digest
from experiments.services.observations.totals import add_up_days
from sprints.models import Transfer
from workspaces.models import Source, Workspace
from workspaces.services import create_workspace

WORKSPACES, CAMPAIGNS, ARMS, DAYS, ADS = 20, 10_000, ("a", "b"), 7, 7
LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# The morning after the seventh day: all are closed, the last three are not settled.
NOW = LAUNCH + timedelta(days=DAYS, minutes=-30)
REPORTED = NOW - timedelta(hours=1)
MEASURES = ("impressions", "clicks", "conversions", "spend")


def make_workspaces() -> list[Workspace]:
    return [
        create_workspace(
            name=f"Team {number}",
            slug=f"team-{number}",
            timezone="UTC",
            currency="USD",
            owner_email=f"owner@team-{number}.example",
            owner_password=None,
            at=LAUNCH,
        )
        for number in range(WORKSPACES)
    ]


def make_campaigns(workspaces: Sequence[Workspace], numbers: range) -> None:
    """Live campaigns with all that belongs to them, and a week of reports."""
    drawn = np.random.default_rng(numbers.start)
    teams = [workspaces[number * WORKSPACES // CAMPAIGNS % WORKSPACES] for number in numbers]
    plans = Hypothesis.objects.bulk_create(
        (
            Hypothesis(
                workspace=team,
                title=f"Hook {number}",
                kind="creative_angle",
                buyer_stage="awareness",
                driver="trust",
                primary_metric="cpa",
                target=30 + number % 20,
                created_at=LAUNCH,
            )
            for number, team in zip(numbers, teams, strict=True)
        ),
        batch_size=2000,
    )
    campaigns = Campaign.objects.bulk_create(
        (
            Campaign(
                workspace=plan.workspace,
                hypothesis=plan,
                key=f"campaign-{number}",
                name=f"Campaign {number}",
                channel="meta",
                status="live",
                created_at=LAUNCH,
                launched_at=LAUNCH,
                starts_on=LAUNCH.date(),
                runs_until=LAUNCH.date() + timedelta(days=DAYS + 2),
            )
            for number, plan in zip(numbers, plans, strict=True)
        ),
        batch_size=2000,
    )
    Transfer.objects.bulk_create(
        (
            Transfer(
                workspace=campaign.workspace,
                kind="launch",
                source_kind="outside",
                target_kind="campaign",
                target_campaign=campaign,
                # One in twenty has spent it already.
                amount=Decimal(3000 if number % 20 else 1200),
                at=LAUNCH,
                by_label="Bench",
            )
            for number, campaign in enumerate(campaigns)
        ),
        batch_size=2000,
    )
    arms = Arm.objects.bulk_create(
        (
            Arm(
                workspace=campaign.workspace,
                campaign=campaign,
                key=arm,
                name=arm,
                is_control=position == 1,
                planned_share=Decimal("0.5"),
                position=position,
            )
            for campaign in campaigns
            for position, arm in enumerate(ARMS, 1)
        ),
        batch_size=2000,
    )
    make_criteria(campaigns, drawn)
    report(arms, drawn, fuller=len(campaigns) // 7 * len(ARMS))


def make_criteria(campaigns: Sequence[Campaign], drawn: np.random.Generator) -> None:
    """A click rate that each arm must reach and a price that the campaign must keep, for each its own."""
    rules = []
    for campaign in campaigns:
        least, most = Decimal(int(drawn.integers(40, 52))) / 10000, int(drawn.integers(58, 90))
        own = [
            {"metric": "ctr", "comparator": "below", "threshold": least, "level": "arm"},
            {"metric": "cpa", "comparator": "above", "threshold": Decimal(most)},
        ]
        guards: list[dict[str, Any]] = [{"impressions": 20_000, "days": 2}, {"spend": f"{most * 4}.00"}]
        rules += [
            KillCriterion(
                workspace=campaign.workspace,
                campaign=campaign,
                position=position,
                guards=guards[position - 1],
                frozen_at=LAUNCH,
                **rule,
            )
            for position, rule in enumerate(own, 1)
        ]
        campaign.criteria_digest = criteria_digest(rules[-2:])
    Campaign.objects.bulk_update(campaigns, ["criteria_digest"], batch_size=1000)
    KillCriterion.objects.bulk_create(rules, batch_size=2000)


def report(arms: Sequence[Arm], drawn: np.random.Generator, *, fuller: int) -> None:
    """Every ad's numbers of every day; the first `fuller` arms have an ad more."""
    shape = (len(arms), DAYS, ADS + 1)
    shown = drawn.poisson(1500, shape)
    does_badly = np.repeat(drawn.random(len(arms) // len(ARMS)) < 0.04, len(ARMS))[:, None, None]
    noise = drawn.lognormal(0, 0.15, (len(arms), DAYS, 1))
    clicks = drawn.binomial(shown, np.where(does_badly, 0.003, 0.007) * noise)
    conversions = drawn.binomial(clicks, np.where(does_badly, 0.05, 0.06) * np.ones(shape))
    spend = np.round(drawn.gamma(40, 18 / 40, shape), 2)
    batches = {
        workspace.pk: ObservationBatch.objects.create(
            workspace=workspace, at=REPORTED, by_label="connector", channel="api"
        ).pk
        for workspace in Workspace.objects.all()
    }
    sources = dict(Source.objects.filter(key="meta").values_list("workspace", "pk"))
    days = [(LAUNCH + timedelta(days=number)).date() for number in range(DAYS)]
    names = ("workspace_id", "arm_id", "day", "source_id", "entity", "reported_at", "batch_id", *MEASURES)
    said = (shown.tolist(), clicks.tolist(), conversions.tolist(), spend.tolist())
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {Observation._meta.db_table} ({', '.join(names)}) FROM STDIN") as copy,  # noqa: SLF001
    ):
        for index, arm in enumerate(arms):
            home = arm.workspace_id
            ads = range(ADS + (index < fuller))
            for day, ad in ((day, ad) for day in range(DAYS) for ad in ads):
                copy.write_row(
                    (
                        *(home, arm.pk, days[day], sources[home], f"ad-{ad}", REPORTED, batches[home]),
                        *(amounts[index][day][ad] for amounts in said),
                    )
                )
    add_up_days(Observation.objects.filter(arm__in=[arm.pk for arm in arms]))
