"""The sprints before the last: told faster than they were lived, by the same services and in order."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from experiments.models import Campaign
from experiments.services.campaigns import complete_campaign, import_campaign, kill_campaign
from experiments.services.learning import learn
from sprints.choices import DecisionKind
from sprints.models import Sprint
from sprints.selectors.accounts import campaign_accounts
from sprints.services.demo.ended import LONG_YES, SPRINTS, Ended, EndedSprint
from sprints.services.demo.team import DAYS_BETWEEN_STARTS, SPRINT_DAYS, Team, local
from sprints.services.ledger import fund_reserve
from sprints.services.reallocations import create_reallocation
from sprints.services.reallocations.approving import carry_out, grant
from sprints.services.reallocations.plans import lock_plan

FUNDING = Decimal("47000.00")
# The sprints on whose second day the long yes comes in and goes.
CAME_IN, WENT_IN = 1, 5


def live_through(team: Team, first_start: date) -> None:
    """Every sprint of the history, of which the first starts on that day; what they leave comes back."""
    fund_reserve(
        amount=FUNDING,
        reason="The first experiments",
        by=team.actor("dana"),
        at=local(first_start - timedelta(days=5), 14, 0),
    )
    scaled: list[Ended] = []
    starts_on = first_start
    for number, told in enumerate(SPRINTS):
        starts_on = first_start + timedelta(days=DAYS_BETWEEN_STARTS * number)
        sprint = team.plan(told.name, told.goal, starts_on, [ended.story for ended in told.ended])
        for days in (2, 1):
            between = starts_on - timedelta(days=days)
            team.report_settled(between, [*(item.story for item in scaled), LONG_YES])
        team.start(sprint)
        _run(team, number, starts_on, beside=scaled)
        _review(team, sprint, told)
        after = sprint.ends_on + timedelta(days=1)
        _retire(team, scaled, at=local(after, 11, 15))
        team.report_settled(after, [*(item.story for item in (*told.ended, *scaled)), LONG_YES])
        _free_the_rest(team, [*told.ended, *scaled], at=local(after + timedelta(days=1), 8, 50))
        scaled = [item for item in told.ended if item.decision == DecisionKind.SCALE]
    at = local(starts_on + timedelta(days=SPRINT_DAYS + 1), 9, 30)
    learn(team.workspace, at=at)
    team.judge(Campaign.objects.finished(), at=at)


def _run(team: Team, number: int, starts_on: date, *, beside: Sequence[Ended]) -> None:
    """Day by day: the numbers of the day before, then what somebody decides early."""
    told = SPRINTS[number]
    stories = [*(item.story for item in (*told.ended, *beside)), LONG_YES]
    for offset in range(SPRINT_DAYS):
        day = starts_on + timedelta(days=offset)
        if offset == 1 and number == CAME_IN:
            _import_long_yes(team, at=local(day, 8, 40))
        if offset == 1 and number == WENT_IN:
            _kill_long_yes(team, at=local(day, 8, 40))
        for position, item in enumerate(told.ended):
            if item.day == offset + 1:
                # A rule speaks in the morning; who stops something on its first day has looked for himself.
                hour = 16 if offset == 0 else 9
                _decide(team, item, at=local(day, hour, 10 + 7 * position))
        team.report_settled(day, stories)


def _review(team: Team, sprint: Sprint, told: EndedSprint) -> None:
    at = team.open_review(sprint)
    for number, item in enumerate(told.ended, start=1):
        if item.day is None:
            _decide(team, item, at=at + timedelta(minutes=9 * number))
    team.close(sprint, at=at + timedelta(hours=1))


def _decide(team: Team, item: Ended, *, at: datetime) -> None:
    team.decide(
        item.story,
        decision=item.decision,
        moved=item.moved,
        learning=item.learning,
        child=item.child,
        at=at,
    )


def _retire(team: Team, scaled: Sequence[Ended], *, at: datetime) -> None:
    """What won a sprint earlier has reached whom it could."""
    for item in scaled:
        complete_campaign(
            item.story.key,
            reason="It has reached everybody it can; the change stays.",
            by=team.actor(item.story.owner),
            at=at,
        )


def _import_long_yes(team: Team, *, at: datetime) -> None:
    import_campaign(
        key=LONG_YES.key,
        name=LONG_YES.campaign["name"],
        channel=LONG_YES.campaign["channel"],
        external_id=LONG_YES.campaign["external_id"],
        by=team.actor("ravi"),
        at=at,
    )


def _kill_long_yes(team: Team, *, at: datetime) -> None:
    reason = "Nobody had ever said when to stop, so nobody did."
    kill_campaign(LONG_YES.key, reason=reason, by=team.actor("dana"), at=at)


def _free_the_rest(team: Team, ended: Sequence[Ended], *, at: datetime) -> None:
    """What is unspent in campaigns that are over goes back to the reserve, by a plan that Dana approves."""
    keys = [item.story.key for item in ended]
    campaigns = list(
        Campaign.objects.of(team.workspace).finished().filter(key__in=keys).select_related("workspace")
    )
    accounts = campaign_accounts(campaigns, at=at)
    lines = [
        {"from": account.key, "to": "reserve", "amount": str(account.available), "reason": "It has ended."}
        for account in accounts.values()
        if account.available > 0
    ]
    proposed = create_reallocation(lines=lines, by=team.actor("mia"), at=at)
    dana, approved_at = team.actor("dana"), at + timedelta(minutes=25)
    # The services of a yes own their transaction, and the demo is told in one.
    plan, kept = lock_plan(proposed.pk, by=dana)
    grant(plan, kept, by=dana, at=approved_at)
    carry_out(plan, kept, by=dana, at=approved_at + timedelta(minutes=2))
