"""Ending a sprint, deciding and closing: each says first what nobody can take back."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign, Hypothesis
from sprints.models import Decision, Sprint
from sprints.services.decisions import decide
from tests.factories import make_running_sprint, make_sprint, report
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

KILL = {"decision": "kill", "moved_the_business": "no", "learning": "Nobody clicks."}
EVOLVE = {**KILL, "decision": "evolve"}


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


@pytest.fixture
def mia(browse: Browse, week: Week) -> Client:
    return browse(Role.MARKETER)


@pytest.fixture
def paused(week: Week) -> Hypothesis:
    assert week.paused.hypothesis is not None
    return week.paused.hypothesis


def test_open_review__before_the_last_day__says_so_and_ends_nothing_by_being_looked_at(mia: Client) -> None:
    assert "End the sprint early" in mia.get(url("sprint", 1)).content.decode()
    page = mia.get(url("sprint_review_open", 1)).content.decode()
    assert "on day 4 of 6, before its planned end?" in page
    assert Sprint.objects.get().status == "running"
    mia.post(url("sprint_review_open", 1))
    assert Sprint.objects.get().status == "in_review"


def test_board__days_are_over__opens_the_review_and_decides_nothing_early(mia: Client, week: Week) -> None:
    assert "Decide early" in mia.get(url("sprint", 1)).content.decode()
    sprint = Sprint.objects.get()
    week_before = timedelta(days=7)
    Sprint.objects.update(starts_on=sprint.starts_on - week_before, ends_on=sprint.ends_on - week_before)
    page = mia.get(url("sprint", 1)).content.decode()
    assert "Open the review" in page
    assert "Decide early" not in page


def test_review__metric_that_counts_leads__tells_how_many_of_those_the_money_brought(
    mia: Client, week: Week, paused: Hypothesis, workspace: Workspace, now: datetime
) -> None:
    assert "for 54 conversions" in mia.get(url("sprint_review", 1)).content.decode()
    Hypothesis.objects.filter(pk=paused.pk).update(primary_metric="cpl", outcome_metric="cpa")
    day = workspace.local_day(now) - timedelta(days=1)
    report(week.paused, day, arm="a", leads=7, spend="1100.00", reported_at=now)
    page = mia.get(url("sprint_review", 1)).content.decode()
    assert "for 7 leads" in page
    assert "54 conversions" not in page


def test_review__several_open_and_one_breached__names_them_in_a_sentence_and_says_the_rule_once(
    mia: Client, week: Week
) -> None:
    mia.post(url("sprint_review_open", 1))
    page = unescape(mia.get(url("sprint_review", 1)).content.decode())
    assert re.search(r"Not yet: (“[^”]+”, )*“[^”]+” and “[^”]+” have no decision and no learning", page)
    assert "Its rule is broken: " in page
    assert re.search(r"Breached [^<:]+ \d\d:\d\d\.</strong>\s*</p>", page)


def test_sprints__one_runs__do_not_press_for_another(mia: Client) -> None:
    link = f'href="{url("sprint_new")}"'
    assert f'<a class="btn btn-outline" {link}' in mia.get(url("sprints")).content.decode()
    Sprint.objects.update(status="in_review")
    assert f'<a class="btn btn-primary" {link}' in mia.get(url("sprints")).content.decode()


@pytest.mark.parametrize("days_ago", [0, 2])
def test_open_review__on_the_last_day_or_after_it__asks_without_a_warning(
    mia: Client, workspace: Workspace, now: datetime, days_ago: int
) -> None:
    last = workspace.local_day(now) - timedelta(days=days_ago)
    Sprint.objects.update(starts_on=last - timedelta(days=5), ends_on=last)
    assert "Open the review" in mia.get(url("sprint", 1)).content.decode()
    page = mia.get(url("sprint_review_open", 1)).content.decode()
    assert "Open the review of" in page
    assert "before its planned end" not in page
    assert "early" not in page


def test_decide__final__is_asked_about_once_more_and_can_still_be_changed(
    mia: Client, paused: Hypothesis
) -> None:
    where = url("decide", 1, paused.pk)
    assert "A decision is final" in mia.get(where).content.decode()
    page = mia.post(where, KILL).content.decode()
    assert "Nobody can change it later" in page
    assert "“Nobody clicks.”" in page
    again = mia.post(where, {**KILL, "change": "yes"}).content.decode()
    assert 'value="kill" checked' in again
    assert "Nobody clicks." in again
    assert not Decision.objects.exists()
    mia.post(where, {**KILL, "sure": "yes"})
    assert Decision.objects.get().decision == "kill"
    assert Campaign.objects.get(key="founder-video").status == "killed"


def test_decide__goes_on_in_another_sprint__is_not_final_and_not_asked_about(
    mia: Client, paused: Hypothesis, team: dict[Role, Actor], now: datetime
) -> None:
    where = url("decide", 1, paused.pk)
    assert url("sprint_new") in mia.get(where).content.decode()
    following = make_sprint(team[Role.MARKETER], at=now, name="The next")
    assert url("sprint_new") not in mia.get(where).content.decode()
    mia.post(where, {**KILL, "decision": "inconclusive", "carry_to": following.pk})
    assert Decision.objects.get().carry_to == following


def test_decide__evolve_without_a_difference__asks_for_it_beside_the_fields(
    mia: Client, paused: Hypothesis
) -> None:
    where = url("decide", 1, paused.pk)
    page = mia.post(where, EVOLVE)
    assert page.status_code == 422
    assert "Name the new hypothesis." in page.content.decode()
    assert "Say what changes" in page.content.decode()
    child = {"child_title": "Founder in the car", "child_change": "a founder filmed in a car"}
    mia.post(where, {**EVOLVE, **child, "sure": "yes"})
    assert Hypothesis.objects.in_backlog().filter(title="Founder in the car").exists()


def test_close__names_what_becomes_final_and_closes_on_the_second_word(
    mia: Client, paused: Hypothesis, week: Week
) -> None:
    assert week.killed.hypothesis is not None
    for hypothesis in (paused, week.killed.hypothesis):
        mia.post(url("decide", 1, hypothesis.pk), {**KILL, "sure": "yes"})
    mia.post(url("sprint_review_open", 1))
    page = mia.get(url("sprint_close", 1)).content.decode()
    assert f"{paused}: kill." in page
    assert Sprint.objects.get().status == "in_review"
    mia.post(url("sprint_close", 1))
    assert Sprint.objects.get().status == "closed"


def test_sprints__decided_in_another_order__says_each_decision_beside_its_hypothesis(
    browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    make_running_sprint(mia, "one", "two", at=now)
    first, second = Hypothesis.objects.order_by("pk")
    for hypothesis, kind in ((second, "kill"), (first, "scale")):
        decide(hypothesis.pk, decision=kind, moved_the_business=False, learning="Enough.", by=mia, at=now)
    page = browse(Role.VIEWER).get(url("sprints")).content.decode()
    assert page.index("About one") < page.index("Scale") < page.index("About two") < page.index("Kill")


def test_review__open_questions__asks_the_one_that_is_over_first_and_another_on_request(
    mia: Client, paused: Hypothesis, team: dict[Role, Actor], now: datetime
) -> None:
    page = mia.get(url("sprint_review", 1)).content.decode()
    assert page.count("is-asking") == 1
    assert f'action="{url("decide", 1, paused.pk)}"' in page
    other = Campaign.objects.get(key="office-skits").hypothesis_id
    asked = mia.get(f"{url('sprint_review', 1)}?about={other}").content.decode()
    assert f'action="{url("decide", 1, other)}"' in asked


def test_review__one_decided__the_next_open_one_follows(mia: Client, paused: Hypothesis, week: Week) -> None:
    answer = mia.post(url("decide", 1, paused.pk), {**KILL, "sure": "yes"})
    assert answer["Location"] == url("sprint_review", 1)
    page = mia.get(answer["Location"]).content.decode()
    assert f'action="{url("decide", 1, week.killed.hypothesis_id)}"' in page
    assert "“Nobody clicks.”" in page


def test_review__viewer__sees_the_evidence_and_no_form(browse: Browse, week: Week) -> None:
    page = browse(Role.VIEWER).get(url("sprint_review", 1)).content.decode()
    assert "Suggested: " in page
    assert 'name="decision"' not in page


def test_review__everything_decided__leads_to_the_money_and_then_to_the_end(
    mia: Client, paused: Hypothesis, week: Week
) -> None:
    for hypothesis_id in (paused.pk, week.killed.hypothesis_id):
        mia.post(url("decide", 1, hypothesis_id), {**KILL, "sure": "yes"})
    mia.post(url("sprint_review_open", 1))
    page = mia.get(url("sprint_review", 1)).content.decode()
    assert "Everything is decided." in page
    assert page.index("Propose a reallocation") < page.index("Close the sprint")


def test_printed_review__decided__has_evidence_and_learning_and_no_rail(
    mia: Client, paused: Hypothesis
) -> None:
    mia.post(url("decide", 1, paused.pk), {**KILL, "sure": "yes"})
    page = mia.get(url("sprint_review_print", 1)).content.decode()
    assert "“Nobody clicks.”" in page
    assert "sure it should stop" in page
    assert "qn-rail" not in page
    assert page.count("<h1") == 1


def test_printed_review__sprint_in_planning__is_not_found(
    mia: Client, team: dict[Role, Actor], now: datetime
) -> None:
    planned = make_sprint(team[Role.MARKETER], at=now, name="The next")
    assert mia.get(url("sprint_review_print", planned.number)).status_code == 404
