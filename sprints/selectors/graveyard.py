"""What was killed: how long it lived, what it saved, what it taught, and who said no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import DateTimeField, Exists, IntegerField, OuterRef, Subquery

from experiments.choices import CampaignStatus, WatchState
from experiments.models import Breach, Campaign, KillCriterion
from experiments.models.campaign import QUICK_DAYS
from experiments.selectors.measurements import daily_spend
from sprints.models import Commitment, Decision
from sprints.selectors.savings import NOTHING, Movement, budgets_when_ended
from workspaces.choices import EventKind
from workspaces.models import Event, User, Workspace
from workspaces.models.prepared import Given, Prepared

# The longest that a sprint lasts: what lives longer has outlived its test.
SPRINT_DAYS = 7
QUICKEST_SHOWN = 3
QUARTER = timedelta(days=91)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class No:
    """A campaign that was killed: how long it lived and what the rest of its budget would have been."""

    campaign: Campaign
    days: int
    spent: Decimal
    budget: Decimal
    # The number of the sprint that it ran in.
    sprint: int | None
    learning: str
    stopped_by: str
    # The rule that spoke first; None where a person did.
    rule: KillCriterion | None
    has_rule: bool

    @property
    def saved(self) -> Decimal:
        return max(self.budget - self.spent, NOTHING)

    @property
    def is_quick(self) -> bool:
        return self.days <= QUICK_DAYS

    @property
    def is_slow(self) -> bool:
        return self.days > SPRINT_DAYS

    @property
    def owner(self) -> User | None:
        """Who is to be congratulated."""
        return self.campaign.hypothesis.owner if self.campaign.hypothesis else None

    @property
    def ended_on(self) -> date | None:
        ended_at = self.campaign.ended_at
        return ended_at and self.campaign.workspace.local_day(ended_at)


@dataclass(frozen=True, slots=True)
class Noes:
    """Every no of a span of time, the latest first."""

    noes: Sequence[No]

    @property
    def saved(self) -> Decimal:
        return sum((no.saved for no in self.noes), NOTHING)

    @property
    def spent(self) -> Decimal:
        return sum((no.spent for no in self.noes), NOTHING)

    @property
    def quick(self) -> int:
        return sum(no.is_quick for no in self.noes)

    @property
    def median_days(self) -> int | None:
        return round(median(no.days for no in self.noes)) if self.noes else None

    @property
    def longest(self) -> No | None:
        return max(self.noes, key=lambda no: (no.days, no.spent), default=None)

    @property
    def quickest(self) -> list[No]:
        """The quick ones that somebody learnt from; of two as quick the one that saved more."""
        taught = [no for no in self.noes if no.is_quick and no.learning]
        return sorted(taught, key=lambda no: (no.days, -no.saved))[:QUICKEST_SHOWN]


def read_noes(workspace: Workspace, *, since: datetime | None = None) -> Noes:
    """The killed campaigns with what they taught and who stopped them, in a fixed number of queries."""
    campaigns = _KILLED.read(workspace=workspace.pk, since=since or _EVER)
    if not campaigns:
        return Noes([])
    for campaign in campaigns:
        campaign.workspace = workspace
    return noes_of(campaigns, daily_spend(campaigns), rules=_rules(campaigns))


def noes_of(
    campaigns: Sequence[Campaign],
    spend: Mapping[int, Mapping[date, Decimal]],
    *,
    rules: Mapping[int, KillCriterion] | None = None,
    movements: Sequence[Movement] | None = None,
) -> Noes:
    """These killed campaigns with their spend by id and day; what was not annotated is not told.

    ``movements``: where they have been read, those of these campaigns and perhaps of others.
    """
    given = budgets_when_ended(campaigns, movements=movements)
    return Noes(
        [
            No(
                campaign,
                days=campaign.lived_days,
                spent=sum(spend.get(campaign.pk, {}).values(), NOTHING),
                budget=given.get(campaign.pk, NOTHING),
                sprint=getattr(campaign, "sprint_number", None),
                learning=getattr(campaign, "learning", None) or "",
                stopped_by=getattr(campaign, "killed_by", None) or "",
                rule=(rules or {}).get(getattr(campaign, "rule_id", None) or 0),
                has_rule=getattr(campaign, "has_rule", False),
            )
            for campaign in campaigns
        ]
    )


_OF_THIS = {"hypothesis": OuterRef("hypothesis"), "workspace": OuterRef("workspace")}
_ABOUT = {
    # Of several sprints, decisions and breaches the last sprint and decision, and the breach that ended it.
    "sprint_number": Subquery(
        Commitment.objects.kept().filter(**_OF_THIS).order_by("-pk").values("sprint__number")[:1]
    ),
    "learning": Subquery(Decision.objects.filter(**_OF_THIS).order_by("-decided_at").values("learning")[:1]),
    "killed_by": Subquery(
        Event.objects.filter(
            workspace=OuterRef("workspace"),
            kind=EventKind.CAMPAIGN_KILLED,
            subject_type="campaign",
            subject_id=OuterRef("key"),
        )
        .order_by("-id")
        .values("actor_label")[:1]
    ),
    "rule_id": Subquery(
        Breach.objects.filter(campaign=OuterRef("pk"), closed_as=WatchState.SETTLED)
        .order_by("at", "pk")
        .values("watch__criterion")[:1]
    ),
    "has_rule": Exists(KillCriterion.objects.filter(campaign=OuterRef("pk"))),
}


# The latest first.
_KILLED: Prepared[Any] = Prepared(
    lambda: (
        Campaign.objects.filter(
            workspace=Given("workspace", IntegerField()),
            status=CampaignStatus.KILLED,
            ended_at__gte=Given("since", DateTimeField()),
        )
        .select_related("hypothesis__owner")
        .annotate(**_ABOUT)
        .order_by("-ended_at", "-id")
    )
)


def _rules(campaigns: Sequence[Campaign]) -> dict[int, KillCriterion]:
    by_id = {campaign.pk: campaign for campaign in campaigns}
    rules = KillCriterion.objects.in_bulk(
        [rule_id for rule_id in (getattr(campaign, "rule_id", None) for campaign in campaigns) if rule_id]
    )
    for rule in rules.values():
        rule.campaign = by_id[rule.campaign_id]
        rule.workspace = rule.campaign.workspace
    return rules
