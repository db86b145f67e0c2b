"""Whom do the zombie signals call out? Two thousand campaigns whose truth is known are reported and judged
morning by morning, by the services and the sweep that serve a team, in a database of the benchmark's own.

Each campaign is held against its target by a rule at 95 % (R1) that tells and stops nothing, so that a breach
nobody answers for a day becomes a flag; “hopeless” (R8) and “barren” judge it beside that. Days differ by
0.15. The good buy just 25 % more than their target asks for and the bad just 40 % less: the edge of what is
promised.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import django
import numpy as np
import numpy.typing as npt

FOLDER = tempfile.TemporaryDirectory(prefix="quickno-bench-")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "VAR_DIR": FOLDER.name}
django.setup()

from django.test.utils import setup_databases, teardown_databases

from bench.calibration import elsewhere, worlds
from experiments.choices import (
    BuyerStage,
    CampaignStatus,
    Comparator,
    CriterionAction,
    Driver,
    HypothesisKind,
    HypothesisStatus,
    ZombieSignal,
)
from experiments.models import Arm, Breach, Campaign, Hypothesis, KillCriterion, ZombieFlag
from experiments.models.criterion import criteria_digest
from experiments.services.judging import sweep
from experiments.services.observations import Row, record_observations
from sprints.choices import AccountKind, TransferKind
from sprints.models import Transfer
from workspaces.models import Membership
from workspaces.permissions import Actor
from workspaces.services import create_workspace, ensure_source

CAMPAIGNS: Final = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
DAY_SD: Final = 0.15
FIRST_DAY: Final = date(2026, 3, 2)
LAST_DAY: Final = FIRST_DAY + timedelta(days=worlds.WEEK - 1)
# After two days at $1,000 the guard of $2,000 is met.
GUARD_DAYS: Final = 2
LAUNCHED_AT: Final = datetime(2026, 3, 2, tzinfo=UTC)
JUDGING: Final = (ZombieSignal.BREACHED, ZombieSignal.HOPELESS, ZombieSignal.BARREN)


@dataclass(frozen=True, slots=True)
class Group:
    """Campaigns with one truth: the events that their money truly buys, as a multiple of the target's.

    ``at_most`` and ``at_least``: the promise, what share of them may or must be called, in %; where there is
    none, it is only shown.
    """

    name: str
    truth: float
    part: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def promise(self) -> str:
        if self.at_most is not None:
            return f"**≤ {self.at_most:g}**"
        return "shown" if self.at_least is None else f"**≥ {self.at_least:g}**"

    def is_kept(self, flagged: float, error: float) -> bool:
        """Whether the promise stands within two errors."""
        if self.at_most is not None:
            return flagged <= self.at_most + 2 * error
        return self.at_least is None or flagged >= self.at_least - 2 * error


GROUPS: Final = (
    Group("25 % better", 1.25, 0.4, at_most=2),
    Group("40 % worse", 0.6, 0.4, at_least=95),
    Group("at the target", 1.0, 0.1),
    Group("29 % worse: each event 40 % dearer", 1 / 1.4, 0.1),
)


@dataclass(frozen=True, slots=True)
class Week:
    """What is reported of some campaigns, (mornings, campaigns, days), and where a plain posterior of pooled
    totals, looked at every morning, would have called them, (campaigns,).
    """

    measure: str
    events: worlds.Array
    exposure: dict[str, float]
    called_by_plain: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class World:
    """Campaigns of one metric, each with the rule that its target asks for."""

    name: str
    comparator: Comparator
    target: str
    guard: str
    spend_per_day: float
    draw: Callable[[np.random.Generator, int, float], Week]


def clicks(random: np.random.Generator, runs: int, truth: float) -> Week:
    """Draw a week of impressions, whose clicks are known the next morning."""
    days = worlds.ctr_campaigns(random, runs, rate=worlds.THRESHOLD_CTR * truth, day_sd=DAY_SD)
    looks = [
        elsewhere.beta_stops(days.events[:, :day], days.exposure[:, :day])
        for day in range(GUARD_DAYS, worlds.WEEK + 1)
    ]
    return Week(
        "clicks",
        np.broadcast_to(days.events, (worlds.WEEK, *days.events.shape)),
        {"impressions": worlds.IMPRESSIONS_PER_DAY},
        np.logical_or.reduce(looks),
    )


def conversions(random: np.random.Generator, runs: int, truth: float) -> Week:
    """Draw a week of conversions that become visible by and by; each morning all days are reported again."""
    late = worlds.late_conversions(random, runs, cpa=worlds.TARGET_CPA / truth, day_sd=DAY_SD)
    week = replace(late, visible=late.visible[:, :, : worlds.WEEK], spend=late.spend[:, : worlds.WEEK])
    days = np.arange(worlds.WEEK)
    ages = np.clip(days[:, None] + 1 - days, 0, len(worlds.TRUE_CURVE) - 1)
    return Week(
        "conversions",
        np.moveaxis(week.visible[ages, :, days], 2, 1),
        {},
        elsewhere.gamma_stops_by_cost(week),
    )


WORLDS: Final = (
    World("ctr", Comparator.BELOW, "0.005", "2000.00", worlds.SPEND_PER_DAY, clicks),
    World("cpa", Comparator.ABOVE, "50", "1500.00", worlds.CPA_SPEND_PER_DAY, conversions),
)


def make_campaigns(world: World, count: int) -> tuple[Actor, list[str]]:
    """A workspace with as many live campaigns of one arm; each has a target, a budget and a frozen rule."""
    workspace = create_workspace(
        name=world.name.upper(),
        slug=world.name,
        timezone="UTC",
        currency="USD",
        owner_email=f"owner@{world.name}.example",
        owner_password=None,
        at=LAUNCHED_AT,
    )
    ensure_source(workspace, "meta")
    member = Membership.objects.select_related("user", "workspace").get(workspace=workspace)
    keys = [f"campaign-{number}" for number in range(count)]
    hypotheses = Hypothesis.objects.bulk_create(
        Hypothesis(
            workspace=workspace,
            owner=member.user,
            title=key,
            change="a change",
            audience="an audience",
            expected_effect="an effect",
            because="of what was seen",
            kind=HypothesisKind.OFFER,
            buyer_stage=BuyerStage.AWARENESS,
            driver=Driver.GAIN,
            primary_metric=world.name,
            outcome_metric="cpa",
            target=Decimal(world.target),
            status=HypothesisStatus.COMMITTED,
            decide_by=LAST_DAY,
            created_at=LAUNCHED_AT,
        )
        for key in keys
    )
    campaigns = Campaign.objects.bulk_create(
        Campaign(
            workspace=workspace,
            hypothesis=hypothesis,
            key=key,
            name=key,
            channel="meta",
            status=CampaignStatus.LIVE,
            created_at=LAUNCHED_AT,
            launched_at=LAUNCHED_AT,
            starts_on=FIRST_DAY,
            runs_until=LAST_DAY,
        )
        for key, hypothesis in zip(keys, hypotheses, strict=True)
    )
    Arm.objects.bulk_create(
        Arm(
            workspace=workspace,
            campaign=campaign,
            key="a",
            name="A",
            is_control=False,
            planned_share=1,
            position=1,
        )
        for campaign in campaigns
    )
    criteria = KillCriterion.objects.bulk_create(
        KillCriterion(
            workspace=workspace,
            campaign=campaign,
            position=1,
            metric=world.name,
            comparator=world.comparator,
            threshold=Decimal(world.target),
            guards={"spend": world.guard},
            action=CriterionAction.TELL,
            frozen_at=LAUNCHED_AT,
        )
        for campaign in campaigns
    )
    for campaign, criterion in zip(campaigns, criteria, strict=True):
        campaign.criteria_digest = criteria_digest([criterion])
    Campaign.objects.bulk_update(campaigns, ["criteria_digest"], batch_size=500)
    Transfer.objects.bulk_create(
        Transfer(
            workspace=workspace,
            kind=TransferKind.LAUNCH,
            source_kind=AccountKind.OUTSIDE,
            target_kind=AccountKind.CAMPAIGN,
            target_campaign=campaign,
            amount=Decimal(world.spend_per_day) * worlds.WEEK,
            at=LAUNCHED_AT,
            by_label="bench",
        )
        for campaign in campaigns
    )
    return Actor.of_member(member), keys


def rows(world: World, keys: Sequence[str], week: Week, morning: int) -> Iterator[Row]:
    """What a connector posts on a morning: all days so far."""
    for run, key in enumerate(keys):
        for day in range(morning + 1):
            yield Row(
                campaign=key,
                arm="a",
                day=FIRST_DAY + timedelta(days=day),
                measures={
                    "spend": world.spend_per_day,
                    week.measure: float(week.events[morning, run, day]),
                    **week.exposure,
                },
            )


def play(world: World, random: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Report and judge a week, and a day more to answer its last breach; tell who was called."""
    sizes = [round(CAMPAIGNS / len(WORLDS) * group.part) for group in GROUPS]
    team, keys = make_campaigns(world, sum(sizes))
    ends = np.cumsum(sizes)
    groups = [keys[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    weeks = [world.draw(random, size, group.truth) for size, group in zip(sizes, GROUPS, strict=True)]
    mornings = [LAUNCHED_AT + timedelta(days=day + 1, hours=7) for day in range(worlds.WEEK)]
    for day, morning in enumerate(mornings):
        for members, week in zip(groups, weeks, strict=True):
            record_observations(
                list(rows(world, members, week, day)), by=team, at=morning - timedelta(minutes=30)
            )
        sweep(at=morning)
    sweep(at=mornings[-1] + timedelta(days=1))

    flags = ZombieFlag.objects.filter(workspace=team.workspace, signal__in=JUDGING)
    called = {
        signal.value: set(flags.filter(signal=signal).values_list("campaign__key", flat=True))
        for signal in JUDGING
    }
    breached = set(Breach.objects.filter(workspace=team.workspace).values_list("campaign__key", flat=True))
    for group, members, week in zip(GROUPS, groups, weeks, strict=True):
        yield {
            "world": world.name,
            "group": group,
            "size": len(members),
            "flagged": sum(any(key in found for found in called.values()) for key in members),
            **{signal: sum(key in found for key in members) for signal, found in called.items()},
            "by the rule": sum(key in breached for key in members),
            "plain": int(week.called_by_plain.sum()),
        }


def share(count: int, size: int) -> tuple[float, float]:
    """A share in % with its Monte Carlo standard error; 0 of few is not never (Agresti and Coull 1998)."""
    shrunk = (count + 2) / (size + 4)
    return 100 * count / size, 100 * (shrunk * (1 - shrunk) / (size + 4)) ** 0.5


def section(results: Sequence[dict[str, Any]]) -> str:
    """The results as a part of the page."""
    columns = ("flagged", *(signal.value for signal in JUDGING), "by the rule", "plain")
    lines = [
        "## Zombies",
        "",
        f"{CAMPAIGNS:,} simulated campaigns whose truth is known, reported and judged each morning of a week",
        "by the application itself, rule at 95 % (R1), days that differ by 0.15; in %, ± one Monte Carlo",
        "standard error. The last column is what a plain posterior of pooled totals calls, looked at every",
        "morning. “Better” and “worse” are the events that the same money buys, against the target.",
        "",
        "| | campaigns | must hold | flagged | breached a day | hopeless | barren | rule breached | plain |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        figures = [share(result[column], result["size"]) for column in columns]
        cells = [
            f"{result['world'].upper()}, {result['group'].name}",
            str(result["size"]),
            result["group"].promise,
            *(f"{value:.1f} ± {error:.1f}" for value, error in figures),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def measure() -> dict[str, object]:
    """How many good campaigns are called for nothing, against a plain posterior; and all the shares."""
    random = np.random.default_rng(20261125)
    results = [result for world in WORLDS for result in play(world, random)]
    good = [result for result in results if result["group"].at_most is not None]
    broken = [
        f"{result['world']}, {result['group'].name}"
        for result in results
        if not result["group"].is_kept(*share(result["flagged"], result["size"]))
    ]
    return {
        "benchmark": "campaigns 25 % better than their target called zombies for nothing within a week",
        "ratio": (sum(result["plain"] for result in good) + 2)
        / (sum(result["flagged"] for result in good) + 2),
        "reference": "the plain posterior of pooled totals, looked at every morning",
        "campaigns": CAMPAIGNS,
        "broken": broken,
        "section": section(results),
    }


if __name__ == "__main__":
    made = setup_databases(verbosity=0, interactive=False)
    try:
        result = measure()
    finally:
        teardown_databases(made, verbosity=0)
    print(json.dumps(result))
