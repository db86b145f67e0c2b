"""What a page takes: a few queries, however much there is to show, and what was drawn of it before."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from api.models import ApiKey
from api.services.keys import create_key
from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import import_campaign, kill_campaign
from experiments.services.criteria import amend_criteria
from experiments.services.exports import Said, Spelled
from experiments.services.exports.names import remember_names
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns
from experiments.services.templates import save_template
from notices.choices import NoticeKind
from notices.services import add_channel
from sprints.models import Sprint
from sprints.services.decisions import decide
from sprints.services.ledger import fund_reserve
from sprints.services.planning import close_sprint, open_review, start_sprint
from sprints.services.reallocations import create_reallocation, reject_reallocation
from tests.factories import (
    criterion_values,
    give_file,
    hypothesis_values,
    make_draft,
    make_member,
    make_running_sprint,
    make_sprint,
    make_workspace,
    report,
)
from tests.pages.addresses import readable_pages
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role, Scope
from workspaces.models import Workspace
from workspaces.permissions import Actor
from workspaces.services import invite, save_source

MOST_QUERIES = 12
# Each page's own, and good for one sending.
TOKENS = re.compile(r'name="(?:csrfmiddlewaretoken|once)" value="[^"]*"')

# Where a page says what time it is, which goes on from one reading to the next.
CLOCK = re.compile(r'(?:As of |<p class="qn-quiet">)[^<]*\d\d:\d\d')

# Every page that shows something, and who may see all of it. What is written in angle brackets is looked up.
PAGES = [
    (Role.MANAGER, "today"),
    (Role.MARKETER, "first_steps"),
    (Role.MARKETER, "day"),
    (Role.MARKETER, "backlog"),
    (Role.MARKETER, "backlog_csv"),
    (Role.MARKETER, "sprints"),
    (Role.MARKETER, "sprint_new"),
    (Role.MARKETER, "sprint", "<running>"),
    (Role.MARKETER, "sprint", "<planning>"),
    (Role.MARKETER, "sprint", "<reviewed>"),
    (Role.MARKETER, "sprint", "<closed>"),
    (Role.MARKETER, "sprint_reach", "<planning>", "inbox-offer"),
    (Role.MARKETER, "sprint_edit", "<planning>"),
    (Role.MARKETER, "sprint_start", "<planning>"),
    (Role.MARKETER, "sprint_cancel", "<planning>"),
    (Role.MARKETER, "sprint_review", "<running>"),
    (Role.MARKETER, "sprint_review", "<reviewed>"),
    (Role.MARKETER, "sprint_review", "<closed>"),
    (Role.MARKETER, "sprint_review_print", "<running>"),
    (Role.MARKETER, "sprint_review_print", "<reviewed>"),
    (Role.MARKETER, "sprint_review_print", "<closed>"),
    (Role.MARKETER, "sprint_review_open", "<running>"),
    (Role.MARKETER, "sprint_close", "<reviewed>"),
    (Role.MARKETER, "decide", "<reviewed>", "<asked>"),
    (Role.MARKETER, "campaign_adopt", "brand-search"),
    (Role.MANAGER, "money"),
    (Role.MARKETER, "ledger_csv"),
    (Role.MARKETER, "accounts_csv"),
    (Role.MARKETER, "plans_csv"),
    (Role.MARKETER, "sprints_csv"),
    (Role.MARKETER, "campaigns_csv"),
    (Role.MARKETER, "campaign_days_csv", "steady"),
    (Role.MARKETER, "campaign_arms_csv", "steady"),
    (Role.MARKETER, "zombies_csv"),
    (Role.MANAGER, "fund"),
    (Role.MANAGER, "correct"),
    (Role.MARKETER, "plan_new"),
    (Role.MANAGER, "plan", "<plan>"),
    (Role.MANAGER, "plan_reject", "<plan>"),
    (Role.MARKETER, "plan_withdraw", "<plan>"),
    (Role.MARKETER, "learnings"),
    (Role.MARKETER, "learnings_csv"),
    (Role.MARKETER, "graveyard"),
    (Role.MARKETER, "graveyard_csv"),
    (Role.MARKETER, "hypothesis_new"),
    (Role.MARKETER, "hypothesis", "<committed>"),
    (Role.MARKETER, "hypothesis", "<backlog>"),
    (Role.MARKETER, "hypothesis_edit", "<backlog>"),
    (Role.MARKETER, "hypothesis_scores", "<backlog>"),
    (Role.MARKETER, "hypothesis_archive", "<backlog>"),
    (Role.MARKETER, "campaigns"),
    (Role.MARKETER, "campaign_new"),
    (Role.MANAGER, "campaign", "founder-video"),
    (Role.MANAGER, "campaign", "office-skits"),
    (Role.MANAGER, "campaign", "brand-search"),
    (Role.MANAGER, "campaign", "steady"),
    (Role.MARKETER, "campaign", "inbox-quote"),
    (Role.MARKETER, "campaign_edit", "inbox-quote"),
    (Role.MANAGER, "campaign_amend", "founder-video"),
    (Role.MARKETER, "campaign_pause", "founder-video"),
    (Role.MARKETER, "campaign_kill", "founder-video"),
    (Role.MARKETER, "campaign_complete", "founder-video"),
    (Role.MARKETER, "campaign_discard", "inbox-quote"),
    (Role.MARKETER, "import_numbers"),
    (Role.MARKETER, "arm_stop", "founder-video", "b"),
    (Role.MANAGER, "campaign_overrule", "founder-video", "<criterion>"),
    (Role.MARKETER, "zombies"),
    (Role.MARKETER, "zombie_keep", "<zombie>"),
    (Role.MARKETER, "zombie_stop", "<zombie>"),
    (Role.MARKETER, "more"),
    (Role.MARKETER, "help", "statistics"),
    (Role.MARKETER, "activity"),
    (Role.MARKETER, "activity_csv"),
    (Role.OWNER, "settings"),
    (Role.OWNER, "settings_policy"),
    (Role.OWNER, "settings_sources"),
    (Role.OWNER, "source_new"),
    (Role.OWNER, "source", "meta"),
    (Role.OWNER, "settings_keys"),
    (Role.OWNER, "key_revoke", "<key>"),
    (Role.OWNER, "member_remove", "<member>"),
    (Role.OWNER, "settings_learnt"),
    (Role.OWNER, "settings_channels"),
    (Role.OWNER, "channel", "<channel>"),
    (Role.OWNER, "channel_remove", "<channel>"),
    (Role.OWNER, "notices"),
    (Role.OWNER, "settings_templates"),
    (Role.MARKETER, "import_numbers"),
    (Role.MARKETER, "import_file", "<file>"),
    (Role.MARKETER, "source_names", "meta"),
]


@pytest.fixture
def places(workspace: Workspace, team: dict[Role, Actor], week: Week, now: datetime) -> dict[str, int]:
    """What the angle brackets mean."""
    mia = team[Role.MARKETER]
    Hypothesis.objects.filter(pk=week.backlog.pk).update(owner=mia.user)
    week.backlog.refresh_from_db()
    for key in ("inbox-offer", "inbox-joke", "inbox-story", "inbox-list", "inbox-plain", "inbox-long"):
        make_draft(mia, week.backlog, key, at=now)
    planned = make_sprint(mia, week.backlog, at=now, name="Inbox")
    running = make_running_sprint(mia, "steady", at=now - timedelta(days=3))
    committed = running.commitments.get().hypothesis_id
    reviewed = review(mia, "asked", at=now)
    closed = review(mia, "told", at=now)
    kill_campaign("told-0-a", reason="No.", by=mia, at=now)
    for commitment, decision in zip(
        closed.commitments.order_by("pk"), ("kill", "evolve", "inconclusive"), strict=True
    ):
        decide(
            commitment.hypothesis_id,
            decision=decision,
            moved_the_business=False,
            learning="No.",
            by=mia,
            at=now,
        )
    close_sprint(closed.pk, by=mia, at=now)
    asked = reviewed.commitments.order_by("pk")[0].hypothesis_id
    return {
        "<reviewed>": reviewed.number,
        "<closed>": closed.number,
        "<asked>": asked,
        "<running>": running.number,
        "<planning>": planned.number,
        "<committed>": committed,
        "<backlog>": create_hypothesis(values=hypothesis_values(title="Later"), by=mia, at=now).pk,
        "<criterion>": week.breached.pk,
        "<zombie>": week.zombie.pk,
        "<file>": 0,
    }


def review(by: Actor, name: str, *, at: datetime) -> Sprint:
    """A sprint in review: three hypotheses with two campaigns each, and three days of numbers."""
    past = at - timedelta(days=3)
    hypotheses = []
    for number in range(3):
        values = hypothesis_values(title=f"{name} {number}", owner=by.user)
        hypotheses.append(create_hypothesis(values=values, by=by, at=past))
        for twin in ("a", "b"):
            make_draft(by, hypotheses[-1], f"{name}-{number}-{twin}", at=past)
    sprint = make_sprint(by, *hypotheses, at=past)
    start_sprint(sprint.pk, by=by, at=past)
    campaigns = list(Campaign.objects.filter(hypothesis__in=hypotheses).order_by("pk"))
    for days in (3, 2, 1):
        day = by.workspace.local_day(at) - timedelta(days=days)
        for campaign in campaigns:
            for arm in ("a", "b"):
                report(
                    campaign, day, arm=arm, impressions=900_000, clicks=900, spend="400.00", reported_at=at
                )
    judge_campaigns([campaign.pk for campaign in campaigns], at=at)
    return open_review(sprint.pk, by=by, at=at)


def add(number: int, team: dict[Role, Actor], places: dict[str, int], *, at: datetime) -> None:
    """One more of everything that a page lists."""
    mia, dana, olga = team[Role.MARKETER], team[Role.MANAGER], team[Role.OWNER]
    workspace, owner = olga.workspace, olga.user
    assert owner is not None
    today, past = workspace.local_day(at), at - timedelta(days=3)
    member = make_member(workspace, email=f"m{number}@harbour.example")
    places.setdefault("<member>", member.pk)
    invite(email=f"i{number}@harbour.example", role=Role.VIEWER, by=olga, at=at)
    make_member(make_workspace(f"port-{number}"), email="owner@harbour.example")
    url = f"slack://T1JJ3T3L{number}/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    channel = add_channel(name=f"#{number}", url=url, kinds=list(NoticeKind), has_digest=True, by=olga, at=at)
    places.setdefault("<channel>", channel.pk)
    create_key(name=f"key {number}", scopes=[Scope.READ], for_user=owner, by=olga, at=at)
    places.setdefault("<key>", ApiKey.objects.of(workspace).latest("pk").pk)
    save_template(values={"name": f"Rule {number}", "criterion": criterion_values()}, by=mia, at=at)
    save_source(f"crm-{number}", values={"name": "CRM", "kind": "crm"}, by=olga, at=at)

    said = [Said(Spelled("", f"Autumn {number}"), "founder-video")]
    remember_names("meta", said, by=mia, at=at)
    days = [f"Summer {one},Cold {one},{today},1\n" for one in range(number + 1)]
    days += [f"Founder video,Cold {one},{today},1\n" for one in range(number + 1)]
    text = f"Campaign name,Ad set name,Day,Link clicks\n{''.join(days)}"
    places["<file>"] = give_file(text, by=mia, at=at).pk
    fund_reserve(amount=Decimal(9000), reason="More", by=dana, at=at)
    lines = [{"from": "reserve", "to": "brand-search", "amount": "10.00"}]
    plan = create_reallocation(lines=lines, by=mia, at=at)
    places.setdefault("<plan>", plan.pk)
    reject_reallocation(create_reallocation(lines=lines, by=mia, at=at).pk, reason="No.", by=dana, at=at)

    for parent in ("<committed>", "<backlog>"):
        values = hypothesis_values(title=f"Child {number}", parent=places[parent])
        child = create_hypothesis(values=values, by=mia, at=at)
        make_draft(mia, child, f"draft-{child.pk}", at=at)
    key = f"search-{number}"
    unplanned = import_campaign(key=key, name=key, channel="google", external_id=key, by=mia, at=past)
    report(unplanned, today - timedelta(days=1), arm="all", source="google", spend="90.00", reported_at=at)

    names = ("fails", "dies", "ends")
    make_running_sprint(mia, *(f"{name}-{number}" for name in names), at=past)
    fails, dies, ends = (Campaign.objects.get(key=f"{name}-{number}") for name in names)
    day = today - timedelta(days=1 + number)
    for campaign in (fails, dies, ends, *Campaign.objects.filter(key__in=["steady", "office-skits"])):
        for arm in ("a", "b"):
            report(campaign, day, arm=arm, impressions=900_000, clicks=900, spend="1500.00", reported_at=at)
    rule = criterion_values(metric="cpa", comparator="above", threshold=Decimal(99 + number), level="arm")
    amend_criteria(
        "steady", criteria=[rule], reason="Too strict.", by=dana, at=at + timedelta(seconds=number)
    )
    kill_campaign(dies.key, reason="No.", by=mia, at=at)
    assert ends.hypothesis_id is not None
    decide(ends.hypothesis_id, decision="kill", moved_the_business=False, learning="No.", by=mia, at=at)
    judge_campaigns(list(Campaign.objects.of(workspace).values_list("pk", flat=True)), at=at)


def read_pages(browse: Browse, places: dict[str, int]) -> dict[str, str]:
    """Every page as it is, by its address, but for the tokens of its forms and the time of day."""
    pages = {}
    clients = {role: browse(role) for role in Role}
    for role, name, *given in [*PAGES, (Role.MARKETER, "import_file", "<restating>")]:
        url = reverse(name, args=["harbour", *(places.get(word, word) for word in given)])
        answer = b"".join(clients[Role(role)].get(url)).decode()
        pages[url] = CLOCK.sub("", TOKENS.sub("", answer))
    return pages


def count_queries(browse: Browse, places: dict[str, int]) -> dict[tuple[str, str], int]:
    """How many queries each page makes, by its name and address."""
    counts = {}
    clients = {role: browse(role) for role in Role}
    for role, name, *given in PAGES:
        url = reverse(name, args=["harbour", *(places.get(word, word) for word in given)])
        with CaptureQueriesContext(connection) as queries:
            response = clients[Role(role)].get(url)
            # A download asks while it is read.
            b"".join(response)
        assert response.status_code == 200, url
        # The page of a file is another one each time, with more in it.
        counts[name, "" if name == "import_file" else url] = len(queries)
    return counts


def test_page__more_rows__takes_as_many_queries_as_before_and_few(
    browse: Browse, team: dict[Role, Actor], places: dict[str, int], now: datetime
) -> None:
    add(0, team, places, at=now)
    few = count_queries(browse, places)
    for number in range(1, 4):
        add(number, team, places, at=now)
    many = count_queries(browse, places)
    assert {page: (few[page], count) for page, count in many.items() if count > few[page]} == {}
    assert {page: count for page, count in many.items() if count > MOST_QUERIES} == {}


def test_pages__every_page_that_is_read__is_counted() -> None:
    assert {name for _, name, *_ in PAGES} == readable_pages()


def test_page__parts_of_it_were_kept__is_the_page_that_is_drawn_anew(
    browse: Browse, team: dict[Role, Actor], places: dict[str, int], settings: Settings, now: datetime
) -> None:
    mia = team[Role.MARKETER]
    add(0, team, places, at=now)
    restated = f"day,clicks\n{mia.workspace.local_day(now) - timedelta(days=1)},801"
    file = give_file(restated, by=mia, at=now, campaign="founder-video/a", source="meta")
    assert file.preview["changes"]
    places["<restating>"] = file.pk
    settings.KEEPS_DRAWINGS = False
    anew = read_pages(browse, places)
    settings.KEEPS_DRAWINGS = True
    drawn, kept = read_pages(browse, places), read_pages(browse, places)
    assert {url for url, page in anew.items() if drawn[url] != page} == set()
    assert {url for url, page in anew.items() if kept[url] != page} == set()
