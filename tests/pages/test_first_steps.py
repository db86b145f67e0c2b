"""From an empty workspace to the first numbers: what is ticked, what comes next, and what the pages offer."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.services.keys import create_key
from experiments.models import Campaign, Hypothesis
from experiments.services.hypotheses import create_hypothesis
from sprints.models import Sprint
from sprints.selectors.first_steps import FirstStep, read_first_steps
from sprints.services.ledger import fund_reserve
from sprints.services.planning import commit_hypothesis, create_sprint, start_sprint
from tests.factories import (
    hypothesis_values,
    make_actor,
    make_draft,
    make_running_sprint,
    make_sprint,
    make_workspace,
    report,
)
from tests.pages.conftest import Browse
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor
from workspaces.services.invitations import invite

# Those of a team. Who is alone is asked to invite somebody, too.
STEPS = [step for step in FirstStep if step != FirstStep.TEAM]


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def read(client: Client, name: str, *args: object) -> str:
    return " ".join(client.get(url(name, *args)).content.decode().split())


class Beginning:
    """A workspace that somebody is taking its first steps in."""

    def __init__(self, workspace: Workspace, team: dict[Role, Actor], now: datetime) -> None:
        self.workspace, self.team, self.at = workspace, team, now
        self.mia = team[Role.MARKETER]

    def take(self, step: FirstStep) -> None:
        getattr(self, f"_{step.key}")()

    def _numbers(self) -> None:
        create_key(
            name="nightly", scopes=[Scope.METRICS_WRITE], for_user=self.mia.person, by=self.mia, at=self.at
        )

    def _reserve(self) -> None:
        fund_reserve(amount=Decimal(900), reason="The first quarter.", by=self.team[Role.MANAGER], at=self.at)

    def _hypothesis(self) -> None:
        create_hypothesis(values=hypothesis_values(owner=self.mia.user), by=self.mia, at=self.at)

    def _sprint(self) -> None:
        make_sprint(self.mia, Hypothesis.objects.get(), at=self.at)

    def _campaign(self) -> None:
        make_draft(self.mia, Hypothesis.objects.get(), "founder-video", at=self.at)

    def _launch(self) -> None:
        start_sprint(Sprint.objects.get().pk, by=self.mia, at=self.at)

    def _first_numbers(self) -> None:
        report(Campaign.objects.get(), self.workspace.local_day(self.at), clicks=4, spend="3.00")

    def seen_by(self, role: Role = Role.MANAGER) -> tuple[list[FirstStep], FirstStep | None]:
        steps = read_first_steps(self.workspace, by=self.team[role])
        return [item.step for item in steps.steps if item.is_done], steps.next


@pytest.fixture
def beginning(workspace: Workspace, team: dict[Role, Actor], now: datetime) -> Beginning:
    return Beginning(workspace, team, now)


def test_first_steps__taken_in_order__are_ticked_and_lead_on_to_the_next(
    beginning: Beginning, browse: Browse
) -> None:
    client = browse(Role.MANAGER)
    # Numbers and reserve can wait, so they are never what stands out.
    following = [FirstStep.HYPOTHESIS, FirstStep.HYPOTHESIS, *STEPS[2:]]
    for number, (step, coming) in enumerate(zip(STEPS, following, strict=True)):
        assert beginning.seen_by() == (STEPS[:number], coming)
        page = read(client, "today")
        assert page.count('aria-current="step"') == 1
        assert page.count("done:</span>") == number
        assert "Every dollar has its yes" not in page
        beginning.take(step)
    assert beginning.seen_by() == (STEPS, None)
    assert 'aria-labelledby="first"' not in read(client, "today")


def test_first_steps__numbers_and_reserve_left_for_later__are_never_what_comes_next(
    beginning: Beginning, browse: Browse
) -> None:
    assert beginning.seen_by() == ([], FirstStep.HYPOTHESIS)
    beginning.take(FirstStep.HYPOTHESIS)
    assert beginning.seen_by() == ([FirstStep.HYPOTHESIS], FirstStep.SPRINT)
    assert beginning.seen_by(Role.MARKETER) == ([FirstStep.HYPOTHESIS], FirstStep.SPRINT)
    assert beginning.seen_by(Role.VIEWER) == ([FirstStep.HYPOTHESIS], None)
    assert "can wait" in read(browse(Role.MANAGER), "today")
    # A campaign launches without a reserve, too.
    for step in (FirstStep.SPRINT, FirstStep.CAMPAIGN, FirstStep.LAUNCH):
        beginning.take(step)
    assert beginning.seen_by()[1] == FirstStep.FIRST_NUMBERS
    # The last step asks for the same ones now.
    assert "can wait" not in read(browse(Role.MANAGER), "today")


@pytest.mark.django_db
def test_first_steps__of_somebody_alone__ask_for_a_second_person() -> None:
    workspace = make_workspace("alone")
    owner = Actor.of_member(Membership.objects.get(workspace=workspace))
    client = Client()
    client.force_login(owner.person)
    today = reverse("today", args=["alone"])

    page = client.get(today).content.decode()
    assert "Nobody approves a plan of their own" in page
    assert f'href="{reverse("settings", args=["alone"])}">Invite somebody</a>' in page

    invite(email="max@pilots.example", role=Role.MANAGER, by=owner, at=timezone.now())
    steps = read_first_steps(workspace, by=owner).steps
    assert [item.is_done for item in steps if item.step == FirstStep.TEAM] == [True]
    assert "Invite somebody</a>" not in client.get(today).content.decode()

    make_actor(workspace, Role.MANAGER)
    assert FirstStep.TEAM not in [item.step for item in read_first_steps(workspace, by=owner).steps]


def test_first_steps__key_that_only_reads__brings_no_numbers(beginning: Beginning) -> None:
    create_key(
        name="dashboard",
        scopes=[Scope.READ],
        for_user=beginning.mia.person,
        by=beginning.mia,
        at=beginning.at,
    )
    assert beginning.seen_by()[0] == []


def test_first_steps__hypothesis_written_and_sprint_planned__link_to_those(
    beginning: Beginning, browse: Browse
) -> None:
    beginning.take(FirstStep.HYPOTHESIS)
    hypothesis, mia, at = Hypothesis.objects.get(), beginning.mia, beginning.at
    today = beginning.workspace.local_day(at)
    sprint = create_sprint(
        values={"name": "Hooks", "starts_on": today, "ends_on": today + timedelta(days=4)},
        by=mia,
        at=at,
    )
    assert "Commit to sprint 1</a>" in read(browse(Role.MARKETER), "today")
    commit_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=mia, at=at)
    page = read(browse(Role.MARKETER), "today")
    assert f'href="{url("campaign_new")}?hypothesis={hypothesis.pk}"' in page
    make_draft(mia, hypothesis, "founder-video", at=at, kill_criteria=[])
    assert f'href="{url("campaign_edit", "founder-video")}"' in read(browse(Role.MARKETER), "today")


def test_first_steps__something_done__its_answer_leads_to_the_next_one(
    beginning: Beginning, browse: Browse
) -> None:
    client = browse(Role.MANAGER)
    way = f'<a href="{url("hypothesis_new")}">Next: Name the first hypothesis</a>'

    def funded(reason: str) -> str:
        form = {"amount": "900", "reason": reason}
        return client.post(url("fund"), form, follow=True).content.decode()

    assert way in funded("The first quarter.")
    assert way not in read(client, "money"), "nothing was done"
    Membership.objects.update(sees_first_steps=False)
    assert way not in funded("The second quarter.")


def test_first_steps__sprint_planned__its_page_says_to_commit_and_leads_nowhere_else(
    beginning: Beginning, browse: Browse
) -> None:
    beginning.take(FirstStep.HYPOTHESIS)
    form = {"name": "Offers", "goal": "One that sells.", "starts_on": "tomorrow", "ends_on": "in 6 days"}
    page = browse(Role.MARKETER).post(url("sprint_new"), form, follow=True).content.decode()
    assert "Next: Commit a hypothesis to sprint 1.</span>" in " ".join(page.split())


def test_first_steps__something_done_and_then_a_page_that_is_not_there__says_so(
    beginning: Beginning, browse: Browse
) -> None:
    client = browse(Role.MANAGER)
    client.post(url("fund"), {"amount": "900", "reason": "The first quarter."})
    missing = client.get(url("campaign", "no-such-campaign"))
    assert missing.status_code == 404
    assert "Next: " not in missing.content.decode()


def test_first_steps__hidden_by_one_person__stay_with_the_others_and_come_back(
    beginning: Beginning, browse: Browse
) -> None:
    beginning.take(FirstStep.HYPOTHESIS)
    mia, dana = browse(Role.MARKETER), browse(Role.MANAGER)
    answer = mia.post(url("first_steps"), {"shown": "no"}, follow=True)
    assert answer.redirect_chain == [(url("today"), 302)]
    assert "First steps brings them back" in answer.content.decode()
    hidden = read(mia, "today")
    assert "Nothing waits for you, and <em>nothing spends</em>." in hidden
    assert 'aria-labelledby="first"' not in hidden
    assert 'aria-labelledby="first"' in read(dana, "today")
    # Behind "More" they stand all the same, and from there they come back.
    assert f'href="{url("first_steps")}"' in read(mia, "more")
    assert "Show them on Today" in read(mia, "first_steps")
    mia.post(url("first_steps"), {"shown": "yes"})
    assert 'aria-labelledby="first"' in read(mia, "today")
    assert Membership.objects.filter(sees_first_steps=False).count() == 0


@pytest.mark.parametrize("shown", ["yes", "no"])
def test_first_steps__over_meanwhile__are_not_said_to_stand_on_today(
    browse: Browse, beginning: Beginning, shown: str
) -> None:
    for step in STEPS:
        beginning.take(step)
    mia = browse(Role.MARKETER)
    said = mia.post(url("first_steps"), {"shown": shown}, follow=True).content.decode()
    assert "there are no first steps any more" in said
    assert "stand on Today again" not in said
    assert "brings them back" not in said
    assert 'aria-labelledby="first"' not in read(mia, "today")


def test_board__live_campaign_without_numbers__asks_for_them_and_claims_no_spend(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    sprint = make_running_sprint(team[Role.MARKETER], at=now)
    for client, is_offered in ((browse(Role.MARKETER), True), (browse(Role.VIEWER), False)):
        for where in (("sprint", sprint.number), ("campaign", "founder-video")):
            page = read(client, *where)
            assert ("Import numbers<span" in page) == is_offered
            assert ("Post by key<span" in page) == is_offered
    board = read(browse(Role.MARKETER), "sprint", sprint.number)
    assert "1 live without numbers yet" in board
    assert "spending" not in board
    assert "See the evidence" not in board
    assert "<em>its first numbers</em> are still to come" in read(
        browse(Role.MARKETER), "campaign", "founder-video"
    )

    report(Campaign.objects.get(), workspace.local_day(now), impressions=900, clicks=4, spend="3.00")
    board = read(browse(Role.MARKETER), "sprint", sprint.number)
    assert "without numbers yet" not in board
    assert "1 campaign spending" in board
    assert "See the evidence" in board
    assert "Import numbers<span" not in board
