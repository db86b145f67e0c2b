"""What is said where a form lacks what it asks for, or a page cannot do its act yet."""

from datetime import datetime, timedelta

from django.test import Client
from django.urls import reverse

from experiments.models import Campaign
from experiments.services.hypotheses import create_hypothesis
from sprints.models import Sprint
from sprints.services.planning import open_review
from tests.factories import hypothesis_values, make_draft, make_sprint
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

EMPTY_RULE = {
    "criterion-0-action": "pause",
    "criterion-0-level": "campaign",
    "criterion-0-metric": "ctr",
    "criterion-0-comparator": "below",
    "criterion-0-threshold": "",
    "criterion-0-guard_0": "",
    "criterion-0-guard_0_of": "spend",
    "criterion-0-confidence": "0.95",
    "criterion-0-evidence": "probable",
}


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def read(client: Client, name: str, *args: object) -> str:
    return " ".join(client.get(url(name, *args)).content.decode().split())


def test_adoption__without_budget_and_rule__asks_for_both_at_once(browse: Browse, week: Week) -> None:
    answer = browse(Role.MARKETER).post(url("campaign_adopt", "brand-search"), {"budget": "", **EMPTY_RULE})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'href="#id_budget"' in page
    assert "Give the limit, like 18.00 or 0.5%." in page
    assert "nothing is judged before it is reached" in page


def test_amendment__all_rules_taken_away__asks_for_one(browse: Browse, week: Week) -> None:
    values = {"reason": "We know better.", **EMPTY_RULE}
    answer = browse(Role.MANAGER).post(url("campaign_amend", week.paused.key), values)
    assert answer.status_code == 422
    assert "Give the limit, like 18.00 or 0.5%." in answer.content.decode()


def test_plan_by_hand__nothing_filled_in__asks_for_line_and_reason_at_once(
    browse: Browse, week: Week
) -> None:
    answer = browse(Role.MARKETER).post(url("plan_new"), {"reason": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say from where, to where and how much." in page
    assert 'href="#id_reason"' in page


def test_plan_by_hand__lines_after_the_first__are_folded_until_one_is_used(
    browse: Browse, week: Week
) -> None:
    mia = browse(Role.MARKETER)
    assert '<details class="qn-numbers"><summary>More lines' in read(mia, "plan_new")
    sent = mia.post(url("plan_new"), {"reason": "", "amount_2": "5"}).content.decode()
    assert '<details class="qn-numbers" open><summary>More lines' in sent


def test_refusal__field_that_asks__is_named_without_its_question_mark(browse: Browse, week: Week) -> None:
    about = url("decide", Sprint.objects.get().number, week.paused.hypothesis_id)
    page = browse(Role.MARKETER).post(about, {}).content.decode()
    assert ">What did we learn</a>." in page


def test_door__sent_empty__speaks_as_the_other_forms_do(browse: Browse) -> None:
    page = Client().post(reverse("account_login"), {}).content.decode()
    assert page.count("Fill this in.") == 2
    assert "E-mail address</label>" in page
    assert "This field is required" not in page


def test_start__of_a_sprint_with_a_gap__names_it(
    browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    hypothesis = create_hypothesis(values=hypothesis_values(owner=mia.user), by=mia, at=now)
    make_draft(mia, hypothesis, "quotes", at=now, budget=None)
    sprint = make_sprint(mia, hypothesis, at=now)
    assert "</strong> It has no budget." in read(browse(Role.MARKETER), "sprint_start", sprint.number)


def test_cancelling__a_sprint__has_one_button_that_cancels(
    browse: Browse, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    hypothesis = create_hypothesis(values=hypothesis_values(owner=mia.user), by=mia, at=now)
    page = read(browse(Role.MARKETER), "sprint_cancel", make_sprint(mia, hypothesis, at=now).number)
    assert "Keep the sprint</a>" in page
    assert "Cancel</a>" not in page


def test_today__sprint_whose_first_day_it_is__says_so(
    browse: Browse, team: dict[Role, Actor], workspace: Workspace, now: datetime
) -> None:
    mia = team[Role.MARKETER]
    hypothesis = create_hypothesis(values=hypothesis_values(owner=mia.user), by=mia, at=now)
    sprint = make_sprint(mia, hypothesis, at=now)
    assert sprint.starts_on == workspace.local_day(now)
    assert "Its first day is today." in read(browse(Role.MARKETER), "today")


def test_board__in_review__does_not_say_that_the_sprint_ends(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime
) -> None:
    sprint = open_review(Sprint.objects.get().pk, by=team[Role.MARKETER], at=now)
    page = read(browse(Role.MARKETER), "sprint", sprint.number)
    assert "the review is open" in page
    assert "it ends" not in page


def test_money__no_budget_yet__says_it_in_words(browse: Browse) -> None:
    assert "in the reserve, and no campaign has a budget." in read(browse(Role.MARKETER), "money")


def test_campaign__killed_after_a_week__was_no_quick_no(browse: Browse, week: Week) -> None:
    Campaign.objects.filter(pk=week.killed.pk).update(
        launched_at=week.killed.launched_at and week.killed.launched_at - timedelta(days=4)
    )
    page = read(browse(Role.VIEWER), "campaign", week.killed.key)
    assert "A no after <em>7 days</em>." in page
    assert "A quick no" not in page


def test_campaigns__spent_more_than_the_budget__says_so_of_that_one(browse: Browse, week: Week) -> None:
    assert read(browse(Role.MARKETER), "campaigns").count("over its budget") == 1
