"""One team's quarter: seven sprints that are history, one that has just closed, and one on its fourth day."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from experiments.services.campaigns import import_campaign
from experiments.services.hypotheses import create_hypothesis
from sprints.choices import DecisionKind
from sprints.models import Commitment, Sprint
from sprints.services.demo.campaigns import BACKLOG, PAST, PRESENT, UNPLANNED
from sprints.services.demo.ended import SPRINTS
from sprints.services.demo.history import live_through
from sprints.services.demo.team import DAYS_BETWEEN_STARTS, DOMAIN, TIMEZONE, Team, local
from sprints.services.ledger import fund_reserve
from sprints.services.reallocations import propose_reallocation

DAY_OF_SPRINT = 4

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


def tell_story(*, slug: str, password: str, now: datetime) -> None:
    """A quarter that ends at ``now``, lived through the services in order of time."""
    present_start = now.astimezone(ZoneInfo(TIMEZONE)).date() - timedelta(days=DAY_OF_SPRINT - 1)
    past_start = present_start - timedelta(days=DAYS_BETWEEN_STARTS)
    first_start = past_start - timedelta(days=DAYS_BETWEEN_STARTS * len(SPRINTS))
    founded = local(first_start - timedelta(days=6), 9, 0)
    team = Team(slug=slug, password=password, now=now, founded=founded)
    live_through(team, first_start)
    fund_reserve(
        amount=Decimal("36000.00"),
        reason="Experiments of this quarter",
        by=team.actor("dana"),
        at=local(past_start - timedelta(days=2), 9, 40),
    )
    _live_the_fortnight(team, past_start, present_start)
    propose_reallocation(sprint_id=None, by=team.actor("mia"), at=now - timedelta(minutes=5))


def _live_the_fortnight(team: Team, past_start: date, present_start: date) -> None:
    """The last two sprints, night by night, as restated as a platform's numbers are."""
    stories = (*PAST, *PRESENT, UNPLANNED)
    past = team.start(
        team.plan(
            "Shorter ways to a trial", "Find one change that brings trials under $18.", past_start, PAST
        )
    )
    present = None
    day = past_start
    while day < team.today:
        if day == past.starts_on + timedelta(days=3):
            _import_unplanned(team, at=local(day, 11, 40))
        if day == past.starts_on + timedelta(days=4):
            _kill_early(team, at=local(day, 8, 42))
        if day == past.ends_on + timedelta(days=1):
            _review(team, past)
            _fill_backlog(team, at=local(day, 14, 0))
        # The feed is read in the order of what happened, so the story is told in it.
        if day == present_start - timedelta(days=2):
            present = team.plan(
                "Trust over polish",
                "Cold audiences should believe us before they compare us.",
                present_start,
                PRESENT,
            )
        if day == present_start and present is not None:
            team.start(present)
        team.report(day, stories)
        day += timedelta(days=1)


def _review(team: Team, sprint: Sprint) -> None:
    """Decide what is still open, write the learnings and close."""
    at = team.open_review(sprint)
    still_open = set(Commitment.objects.active().filter(sprint=sprint).values_list("hypothesis", flat=True))
    for number, story in enumerate(PAST, start=1):
        campaign = Campaign.objects.of(team.workspace).get(key=story.key)
        if campaign.hypothesis_id in still_open:
            _decide(team, story.key, at=at + timedelta(minutes=9 * number))
    team.close(sprint, at=at + timedelta(hours=1))


def _decide(team: Team, key: str, *, at: datetime) -> None:
    decision, moved, learning = LEARNINGS[key]
    story = next(story for story in PAST if story.key == key)
    child = WEBINAR_CHILD if decision == DecisionKind.EVOLVE else None
    team.decide(story, decision=decision, moved=moved, learning=learning, child=child, at=at)


def _import_unplanned(team: Team, *, at: datetime) -> None:
    import_campaign(
        key=UNPLANNED.key,
        name=UNPLANNED.campaign["name"],
        channel=UNPLANNED.campaign["channel"],
        external_id=UNPLANNED.campaign["external_id"],
        by=team.actor("ravi"),
        at=at,
    )


def _kill_early(team: Team, *, at: datetime) -> None:
    """The rule has paused it by now; its owner says the quick no."""
    campaign = Campaign.objects.of(team.workspace).get(key="job-title-ads")
    if campaign.status == CampaignStatus.PAUSED:
        _decide(team, campaign.key, at=at)


def _fill_backlog(team: Team, *, at: datetime) -> None:
    for number, values in enumerate(BACKLOG):
        create_hypothesis(
            values={**values, "owner": f"ravi@{DOMAIN}"},
            by=team.actor("ravi"),
            at=at + timedelta(minutes=20 * number),
        )
