"""One team's fortnight: a closed sprint, a running one on its fourth day, a zombie, and a plan that waits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from experiments.choices import CampaignStatus
from experiments.models import Arm, Campaign, Hypothesis
from experiments.services.campaigns import create_campaign, import_campaign
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns
from experiments.services.learning import learn
from experiments.services.observations import Row, record_observations
from sprints.choices import DecisionKind
from sprints.models import Sprint
from sprints.services.decisions import decide
from sprints.services.demo.campaigns import BACKLOG, PAST, PRESENT, UNPLANNED, DemoCampaign
from sprints.services.demo.market import VISIBLE_BY_AGE, day_totals
from sprints.services.ledger import fund_reserve
from sprints.services.planning import (
    close_sprint,
    commit_hypothesis,
    create_sprint,
    open_review,
    start_sprint,
)
from sprints.services.reallocations import propose_reallocation
from workspaces.choices import Role
from workspaces.models import Membership
from workspaces.permissions import Actor
from workspaces.services import add_member, create_workspace, save_source

DOMAIN = "harbour.example"
TIMEZONE = "America/Chicago"
DAY_OF_SPRINT = 4
SPRINT_DAYS = 6
DAYS_BETWEEN_STARTS = 9


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

LEARNINGS = {
    "short-demo-form": (
        DecisionKind.SCALE,
        True,
        "Every field we ask for costs trials. Three are enough; the tax number can wait for onboarding.",
    ),
    "job-title-ads": (
        DecisionKind.KILL,
        False,
        "Titles cost a third more a click and convert no better. Heads of finance do not click on ads.",
    ),
    "webinar-invitation": (
        DecisionKind.EVOLVE,
        False,
        "Webinar or white paper makes no difference to cold readers. The topic may: try one about penalties.",
    ),
}
WEBINAR_CHILD = {
    "title": "A webinar on penalties warms cold leads",
    "change": "an invitation to a webinar about late-filing penalties",
    "because": "penalties are what cold readers ask about",
}


class _Team:
    """The people of the demo and the clock of their story."""

    def __init__(self, *, slug: str, password: str, now: datetime) -> None:
        self.now = now
        self.today = now.astimezone(_tz()).date()
        first_day = self.today - timedelta(days=DAY_OF_SPRINT - 1 + DAYS_BETWEEN_STARTS)
        founded = _local(first_day - timedelta(days=6), 9, 0)
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
                email=person.email,
                role=person.role,
                password=password,
                name=person.name,
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
        self.past_start = first_day
        self.present_start = self.today - timedelta(days=DAY_OF_SPRINT - 1)

    def actor(self, login: str) -> Actor:
        membership = Membership.objects.select_related("workspace", "user").get(
            workspace=self.workspace, user__email=f"{login}@{DOMAIN}"
        )
        return Actor.of_member(membership)

    def plan(self, sprint_name: str, goal: str, starts_on: date, stories: Sequence[DemoCampaign]) -> Sprint:
        """Write the hypotheses and campaigns and commit them, two days before the sprint."""
        planned_at = _local(starts_on - timedelta(days=2), 10, 15)
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
            hypothesis = create_hypothesis(
                values={**story.hypothesis, "owner": f"{story.owner}@{DOMAIN}"}, by=author, at=at
            )
            create_campaign(
                values={"key": story.key, "hypothesis": hypothesis.pk, **story.campaign}, by=author, at=at
            )
            commit_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=mia, at=at)
        return sprint

    def start(self, sprint: Sprint) -> Sprint:
        """Start the sprint on its first morning."""
        return start_sprint(sprint.pk, by=self.actor("mia"), at=_local(sprint.starts_on, 8, 30))

    def report(self, day: date, stories: Sequence[DemoCampaign]) -> None:
        """The connector's nightly post: ``day`` and the days before it that still grow; then the daily
        learning, and the judge.
        """
        at = _local(day + timedelta(days=1), 7, 5)
        if at > self.now:
            return
        rows = [row for story in stories for row in self._rows(story, day)]
        if not rows:
            return
        record_observations(rows, by=self.actor("mia"), at=at, channel="simulator")
        learn(self.workspace, at=at)
        judge_campaigns(
            list(Campaign.objects.of(self.workspace).launched().values_list("pk", flat=True)), at=at
        )

    def _rows(self, story: DemoCampaign, through: date) -> Iterator[Row]:
        campaign = Campaign.objects.of(self.workspace).filter(key=story.key).first()
        if campaign is None or campaign.launched_at is None:
            return
        for arm in Arm.objects.filter(campaign=campaign):
            last = through
            stopped_at = arm.stopped_at or campaign.stopped_at
            if stopped_at is not None:
                last = min(last, self.workspace.local_day(stopped_at))
            first = max(
                through - timedelta(days=len(VISIBLE_BY_AGE) - 1),
                self.workspace.local_day(campaign.launched_at),
            )
            for offset in range((last - first).days + 1):
                day = first + timedelta(days=offset)
                totals = day_totals(
                    story.truths[arm.key], campaign=story.key, arm=arm.key, day=day, age=(through - day).days
                )
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

    def review(self, sprint: Sprint) -> None:
        """Decide what is still open, write the learnings and close."""
        at = _local(sprint.ends_on + timedelta(days=1), 9, 30)
        open_review(sprint.pk, by=self.actor("mia"), at=at)
        committed = Hypothesis.objects.committed().filter(commitments__sprint=sprint).order_by("id")
        for number, hypothesis in enumerate(committed, start=1):
            self.decide(hypothesis, at=at + timedelta(minutes=9 * number))
        close_sprint(sprint.pk, by=self.actor("mia"), at=at + timedelta(hours=1))

    def decide(self, hypothesis: Hypothesis, *, at: datetime) -> None:
        campaign = hypothesis.campaigns.get()
        decision, moved, learning = LEARNINGS[campaign.key]
        login = hypothesis.owner.email.partition("@")[0] if hypothesis.owner else "mia"
        decide(
            hypothesis.pk,
            decision=decision,
            moved_the_business=moved,
            learning=learning,
            child=WEBINAR_CHILD if decision == DecisionKind.EVOLVE else None,
            by=self.actor(login),
            at=at,
        )


def tell_story(*, slug: str, password: str, now: datetime) -> None:
    """A fortnight that ends at ``now``, lived through the services in order of time."""
    team = _Team(slug=slug, password=password, now=now)
    fund_reserve(
        amount=Decimal("36000.00"),
        reason="Experiments of this quarter",
        by=team.actor("dana"),
        at=_local(team.past_start - timedelta(days=5), 14, 0),
    )
    stories = (*PAST, *PRESENT, UNPLANNED)
    past = team.start(
        team.plan(
            "Shorter ways to a trial", "Find one change that brings trials under $18.", team.past_start, PAST
        )
    )
    present = None
    day = team.past_start
    while day < team.today:
        if day == past.starts_on + timedelta(days=3):
            _import_unplanned(team, at=_local(day, 11, 40))
        if day == past.starts_on + timedelta(days=4):
            _kill_early(team, at=_local(day, 8, 42))
        if day == past.ends_on + timedelta(days=1):
            team.review(past)
            _fill_backlog(team, at=_local(day, 14, 0))
        # The feed is read in the order of what happened, so the story is told in it.
        if day == team.present_start - timedelta(days=2):
            present = team.plan(
                "Trust over polish",
                "Cold audiences should believe us before they compare us.",
                team.present_start,
                PRESENT,
            )
        if day == team.present_start and present is not None:
            team.start(present)
        team.report(day, stories)
        day += timedelta(days=1)
    propose_reallocation(sprint_id=None, by=team.actor("mia"), at=now - timedelta(minutes=5))


def _import_unplanned(team: _Team, *, at: datetime) -> None:
    import_campaign(
        key=UNPLANNED.key,
        name=UNPLANNED.campaign["name"],
        channel=UNPLANNED.campaign["channel"],
        external_id=UNPLANNED.campaign["external_id"],
        by=team.actor("ravi"),
        at=at,
    )


def _kill_early(team: _Team, *, at: datetime) -> None:
    """The rule has paused it by now; its owner says the quick no."""
    campaign = Campaign.objects.of(team.workspace).get(key="job-title-ads")
    if campaign.status == CampaignStatus.PAUSED and campaign.hypothesis is not None:
        team.decide(campaign.hypothesis, at=at)


def _fill_backlog(team: _Team, *, at: datetime) -> None:
    for number, values in enumerate(BACKLOG):
        create_hypothesis(
            values={**values, "owner": f"ravi@{DOMAIN}"},
            by=team.actor("ravi"),
            at=at + timedelta(minutes=20 * number),
        )


def _tz() -> ZoneInfo:
    return ZoneInfo(TIMEZONE)


def _local(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=_tz()).astimezone(UTC)
