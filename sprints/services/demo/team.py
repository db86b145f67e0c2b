"""The people of the demo, the clock of their story, and what they do again in every sprint."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from experiments.models import Arm, Campaign, Hypothesis
from experiments.services.campaigns import create_campaign
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns
from experiments.services.learning import learn
from experiments.services.observations import Row, record_observations
from sprints.models import Sprint
from sprints.services.decisions import decide
from sprints.services.demo.campaigns import DemoCampaign
from sprints.services.demo.market import VISIBLE_BY_AGE, day_totals
from sprints.services.planning import (
    close_sprint,
    commit_hypothesis,
    create_sprint,
    open_review,
    start_sprint,
)
from workspaces.choices import Role
from workspaces.models import Membership, User
from workspaces.permissions import Actor
from workspaces.services import (
    add_member,
    change_policy,
    confirm_address,
    create_workspace,
    save_source,
)

DOMAIN = "harbour.example"
TIMEZONE = "America/Chicago"
SPRINT_DAYS = 6
DAYS_BETWEEN_STARTS = 9
# The numbers of a day that nobody restates any more.
SETTLED_AGE = len(VISIBLE_BY_AGE) - 1


@dataclass(frozen=True, slots=True)
class DemoPerson:
    login: str
    name: str
    role: Role

    @property
    def email(self) -> str:
        return f"{self.login}@{DOMAIN}"


PEOPLE = (
    DemoPerson("olga", "Olga Brandt", Role.OWNER),
    DemoPerson("dana", "Dana Whitfield", Role.MANAGER),
    DemoPerson("mia", "Mia Torres", Role.MARKETER),
    DemoPerson("ravi", "Ravi Menon", Role.MARKETER),
    DemoPerson("elin", "Elin Sand", Role.MARKETER),
)


class Team:
    """A workspace with its people, founded at a moment of the past."""

    def __init__(self, *, slug: str, password: str, now: datetime, founded: datetime) -> None:
        self.now = now
        self.today = now.astimezone(ZoneInfo(TIMEZONE)).date()
        owner = PEOPLE[0]
        self.workspace = create_workspace(
            name="Harbour Payroll",
            slug=slug,
            timezone=TIMEZONE,
            currency="USD",
            owner_email=owner.email,
            owner_password=password,
            owner_name=owner.name,
            at=founded,
        )
        for person in PEOPLE[1:]:
            add_member(
                email=person.email, role=person.role, name=person.name, by=self.actor("olga"), at=founded
            )
        self._share_the_password()
        # What this team sells begins with a trial, and its pages say so.
        change_policy(
            changes={"conversion_name": "trial", "conversion_name_plural": "trials"},
            by=self.actor("olga"),
            at=founded,
        )
        # This team counts a trial that comes within a day of the click, so its days settle sooner.
        for source in ("meta", "google", "linkedin"):
            save_source(
                source,
                values={"attribution_lag_days": 1, "day_close_hours": 5},
                by=self.actor("olga"),
                at=founded,
            )

    def _share_the_password(self) -> None:
        """All of the demo sign in with one password. Hashing it once for each would take seconds."""
        members = User.objects.filter(email__in=[person.email for person in PEOPLE])
        members.update(password=members.get(email=PEOPLE[0].email).password)
        # No letter reaches them, and they are to sign in where a mail server is set up, too.
        for member in members:
            confirm_address(member)

    def actor(self, login: str) -> Actor:
        membership = Membership.objects.select_related("workspace", "user").get(
            workspace=self.workspace, user__email=f"{login}@{DOMAIN}"
        )
        return Actor.of_member(membership)

    def plan(self, sprint_name: str, goal: str, starts_on: date, stories: Sequence[DemoCampaign]) -> Sprint:
        """Write the hypotheses and campaigns and commit them, two days before the sprint."""
        planned_at = local(starts_on - timedelta(days=2), 10, 15)
        mia = self.actor("mia")
        sprint = create_sprint(
            values={
                "name": sprint_name,
                "goal": goal,
                "starts_on": starts_on,
                "ends_on": starts_on + timedelta(days=SPRINT_DAYS - 1),
            },
            by=mia,
            at=planned_at,
        )
        for number, story in enumerate(stories):
            at = planned_at + timedelta(minutes=12 * number)
            author = self.actor(story.owner)
            hypothesis = self._hypothesis(story, by=author, at=at)
            create_campaign(
                values={"key": story.key, "hypothesis": hypothesis.pk, **story.campaign}, by=author, at=at
            )
            commit_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=mia, at=at)
        return sprint

    def _hypothesis(self, story: DemoCampaign, *, by: Actor, at: datetime) -> Hypothesis:
        """The one that an earlier one evolved into, or a new one."""
        evolved = Hypothesis.objects.of(self.workspace).in_backlog()
        known = evolved.filter(title=story.hypothesis["title"], parent__isnull=False).first()
        return known or create_hypothesis(
            values={**story.hypothesis, "owner": f"{story.owner}@{DOMAIN}"}, by=by, at=at
        )

    def start(self, sprint: Sprint) -> Sprint:
        """Start the sprint on its first morning."""
        return start_sprint(sprint.pk, by=self.actor("mia"), at=local(sprint.starts_on, 8, 30))

    def report(self, day: date, stories: Sequence[DemoCampaign]) -> None:
        """The connector's nightly post: ``day`` and the days before it that still grow; then the daily
        learning, and the judge.
        """
        at = local(day + timedelta(days=1), 7, 5)
        if at > self.now:
            return
        rows = [row for story in stories for row in self._rows(story, day)]
        if rows:
            record_observations(rows, by=self.actor("mia"), at=at, channel="simulator")
            learn(self.workspace, at=at)
            self.judge(Campaign.objects.launched().filter(key__in=[story.key for story in stories]), at=at)

    def report_settled(self, day: date, stories: Sequence[DemoCampaign]) -> None:
        """A post that nobody restates: what is long past is told once, with all that came late."""
        at = local(day + timedelta(days=1), 7, 5)
        rows = [row for story in stories for row in self._rows(story, day, is_settled=True)]
        if rows:
            record_observations(rows, by=self.actor("mia"), at=at, channel="simulator")
            self.judge(Campaign.objects.unfinished().filter(key__in=[story.key for story in stories]), at=at)

    def judge(self, campaigns: QuerySet[Campaign], *, at: datetime) -> None:
        mine = campaigns.filter(workspace=self.workspace)
        judge_campaigns(list(mine.values_list("pk", flat=True)), at=at)

    def _rows(self, story: DemoCampaign, through: date, *, is_settled: bool = False) -> Iterator[Row]:
        campaign = Campaign.objects.of(self.workspace).filter(key=story.key).first()
        if campaign is None or campaign.launched_at is None:
            return
        for arm in Arm.objects.filter(campaign=campaign):
            last = through
            stopped_at = arm.stopped_at or campaign.stopped_at
            if stopped_at is not None:
                last = min(last, self.workspace.local_day(stopped_at))
            again = 0 if is_settled else SETTLED_AGE
            first = max(through - timedelta(days=again), self.workspace.local_day(campaign.launched_at))
            for offset in range((last - first).days + 1):
                day = first + timedelta(days=offset)
                age = SETTLED_AGE if is_settled else (through - day).days
                totals = day_totals(story.truths[arm.key], campaign=story.key, arm=arm.key, day=day, age=age)
                yield Row(
                    campaign=story.key,
                    arm=arm.key,
                    day=day,
                    measures={
                        "impressions": totals.impressions,
                        "clicks": totals.clicks,
                        "spend": Decimal(str(totals.spend)),
                        "conversions": totals.conversions,
                        "sales_qualified_leads": totals.sales_qualified_leads,
                    },
                )

    def decide(
        self,
        story: DemoCampaign,
        *,
        decision: str,
        moved: bool,
        learning: str,
        child: Mapping[str, Any] | None = None,
        at: datetime,
    ) -> None:
        """The hypothesis's owner answers for it."""
        hypothesis = Hypothesis.objects.of(self.workspace).get(campaigns__key=story.key)
        decide(
            hypothesis.pk,
            decision=decision,
            moved_the_business=moved,
            learning=learning,
            child=child,
            by=self.actor(story.owner),
            at=at,
        )

    def open_review(self, sprint: Sprint) -> datetime:
        """On the morning after the last day; returns when."""
        at = local(sprint.ends_on + timedelta(days=1), 9, 30)
        open_review(sprint.pk, by=self.actor("mia"), at=at)
        return at

    def close(self, sprint: Sprint, *, at: datetime) -> None:
        close_sprint(sprint.pk, by=self.actor("mia"), at=at)


def local(day: date, hour: int, minute: int) -> datetime:
    """That time of that day where the team works."""
    return datetime.combine(day, time(hour, minute), tzinfo=ZoneInfo(TIMEZONE)).astimezone(UTC)
