"""On the form that writes rules: templates fill one, rules are kept, and one click says which percentage."""

import re
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign, CriterionTemplate
from experiments.services.templates import save_template
from tests.factories import criterion_values, make_hypothesis
from tests.pages.conftest import Browse, Week
from tests.pages.test_every_page import Page, check
from tests.pages.test_planning_forms import CAMPAIGN
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

NEW = "/w/harbour/campaigns/new/"
TEMPLATES = "/w/harbour/settings/templates/"
EMPTY_RULE = {"criterion-0-threshold": "", "criterion-0-guard_0": "", "criterion-0-guard_1": ""}


@pytest.fixture
def mia(browse: Browse) -> Client:
    return browse(Role.MARKETER)


def ask(client: Client, url: str = NEW, **changes: str) -> str:
    answer = client.post(url, CAMPAIGN | {name.replace("__", "-"): text for name, text in changes.items()})
    assert answer.status_code == 200, answer.content
    html = answer.content.decode()
    check(Page(html))
    assert not Campaign.objects.filter(name=CAMPAIGN["name"]).exists()
    return html


def test_template__chosen_for_a_hypothesis_with_a_target__fills_the_empty_rule(
    mia: Client, workspace: Workspace
) -> None:
    hypothesis = make_hypothesis(workspace)
    answer = mia.post(
        NEW,
        CAMPAIGN
        | EMPTY_RULE
        | {"hypothesis": str(hypothesis.pk), "template": "usual:no_conversion", "use": "1"},
    )
    html = answer.content.decode()
    check(Page(html))
    assert 'name="criterion-0-threshold" value="$40.00"' in html
    assert 'name="criterion-0-guard_0" value="$120"' in html
    assert '<option value="cpa" selected' in html
    assert "With none by then we are about" in html
    assert "All of it is filled in. Change what does not fit." in html
    assert 'value="2.5k"' in html
    assert not Campaign.objects.exists()


def test_template__whose_limit_nobody_knows_yet__asks_for_the_spend_first_and_keeps_its_days(
    mia: Client,
) -> None:
    html = ask(
        mia, template="usual:cost_ceiling", use="1", **{name.replace("-", "__"): "" for name in EMPTY_RULE}
    )
    guards = re.findall(r'name="criterion-0-guard_[01]"(?: value="(\d+)")?', html)
    assert guards == ["", "2"]
    assert "Still to give: the limit. The guard follows from it." in html
    chosen = re.findall(r'name="criterion-0-guard_[01]_of".*?<option value="(\w+)" selected', html, re.DOTALL)
    assert chosen == ["spend", "days"]
    assert '<option value="usual:cost_ceiling" selected>' in html


def test_template__with_blanks_that_only_a_person_fills__shows_examples_and_begins_with_the_first(
    mia: Client,
) -> None:
    blanks = {name.replace("-", "__"): "" for name in EMPTY_RULE}
    html = ask(mia, template="usual:ctr_floor", use="1", **blanks)
    limit, guard = (
        re.findall(rf'<input[^>]* name="criterion-0-{name}"[^>]*>', html)[0]
        for name in ("threshold", "guard_0")
    )
    assert 'placeholder="e.g. 0.5%"' in limit
    assert "autofocus" in limit
    assert 'placeholder="e.g. $1,000"' in guard
    assert "Still to give: the limit and the guard." in html
    assert html.count("autofocus") == 1
    assert "autofocus" not in mia.get(NEW).content.decode()


def test_guard__beyond_what_can_be__is_quoted_as_it_was_typed(mia: Client) -> None:
    answer = mia.post(NEW, CAMPAIGN | {"criterion-0-guard_1": "500", "criterion-0-guard_1_of": "days"})
    assert "; 500 was given" in answer.content.decode()


def test_template__chosen_beside_a_rule__fills_another_row(mia: Client) -> None:
    html = ask(mia, template="usual:return_floor", use="1")
    assert 'name="criterion-0-threshold" value="0.5%"' in html
    assert 'name="criterion-1-guard_0" value="10"' in html
    assert 'name="criterion-1-threshold"' in html
    assert "Still to give: the limit." in html


@pytest.mark.parametrize("template", ["", "usual:nonsense", "own:1", "own:x"])
def test_template__that_is_none__changes_nothing(mia: Client, template: str) -> None:
    html = ask(mia, template=template, use="1")
    assert 'name="criterion-0-threshold" value="0.5%"' in html
    assert 'name="criterion-1-threshold"' not in html


def test_template__on_the_amendment__takes_the_campaigns_own_target(browse: Browse, week: Week) -> None:
    url = reverse("campaign_amend", args=["harbour", "founder-video"])
    answer = browse(Role.MANAGER).post(
        url, {**CAMPAIGN, **EMPTY_RULE, "reason": "", "template": "usual:cost_ceiling", "use": "1"}
    )
    assert 'name="criterion-0-threshold" value="$40.00"' in answer.content.decode()
    assert not week.paused.amendments.exists()


def test_keeping__a_rule__makes_it_one_of_our_own(mia: Client) -> None:
    html = ask(mia, keep="criterion-0", criterion__0__keep_as="Cold floor")
    assert "The rule is kept as “Cold floor”." in html
    template = CriterionTemplate.objects.get()
    assert template.rule["threshold"] == "0.005"
    empty = {"criterion__0__threshold": "", "criterion__0__guard_0": ""}
    again = ask(mia, template=f"own:{template.pk}", use="1", **empty)
    assert 'name="criterion-0-threshold" value="0.5%"' in again
    # Also where PostgreSQL keeps an object's names in an order of its own.
    assert re.findall(r'name="criterion-0-guard_[01]" value="([$,\d]+)"', again) == ["$1,500", "2"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"criterion__0__keep_as": ""}, "The name is missing."),
        ({"criterion__0__keep_as": "A", "criterion__0__threshold": ""}, "Give the limit"),
        ({"criterion__0__keep_as": "A", "criterion__0__threshold": "0.5"}, "Did you mean"),
    ],
)
def test_keeping__what_is_unclear__says_what_would_be_right(
    mia: Client, changes: dict[str, str], complaint: str
) -> None:
    assert complaint in ask(mia, keep="criterion-0", **changes)
    assert not CriterionTemplate.objects.exists()


def test_settings__list_them__and_managers_delete(
    browse: Browse, mia: Client, team: dict[Role, Actor], now: datetime
) -> None:
    template = save_template(
        values={"name": "Cold floor", "criterion": criterion_values()}, by=team[Role.MARKETER], at=now
    )
    url = reverse("template_delete", args=["harbour", template.pk])
    for role in (Role.VIEWER, Role.MARKETER):
        html = browse(role).get(TEMPLATES).content.decode()
        check(Page(html))
        assert "Cold floor" in html
        assert url not in html
        assert browse(role).post(url).status_code == 403
    manager = browse(Role.MANAGER)
    assert url in manager.get(TEMPLATES).content.decode()
    html = manager.post(url, follow=True).content.decode()
    assert "The template “Cold floor” is deleted." in html
    assert not CriterionTemplate.objects.exists()


@pytest.mark.parametrize(("answer", "kept"), [("0.5%", "0.005000"), ("50%", "0.500000")])
def test_limit__without_its_sign__is_asked_about_and_one_click_fills_it_in(
    mia: Client, answer: str, kept: str
) -> None:
    sent = CAMPAIGN | {"criterion-0-threshold": "0.5"}
    refused = mia.post(NEW, sent)
    assert refused.status_code == 422
    button = f'name="answer" value="criterion-0-threshold={answer}"'
    assert button in refused.content.decode()
    # What a browser sends where that button is pressed.
    answered = mia.post(NEW, sent | {"answer": f"criterion-0-threshold={answer}"})
    html = answered.content.decode()
    check(Page(html))
    (limit,) = re.findall(r'<input[^>]* name="criterion-0-threshold"[^>]*>', html)
    assert f'value="{answer}"' in limit
    assert "autofocus" in limit
    assert "Not saved" not in html
    assert not Campaign.objects.exists()
    saved = mia.post(NEW, sent | {"criterion-0-threshold": answer})
    assert saved.status_code == 302
    assert str(Campaign.objects.get().kill_criteria.get().threshold) == kept
    page = mia.get(saved["Location"]).content.decode()
    assert ("Hardly any campaign has a CTR of 50%" in page) is (answer == "50%")


def test_limit__asked_about_in_a_preview__is_answered_there_and_nothing_saved(mia: Client) -> None:
    plan = {"plan-spend_per_day": "1k", "plan-days": "3", "plan-impressions": "20.00"}
    sent = CAMPAIGN | plan | {"criterion-0-threshold": "0.5"}
    asked = mia.post(NEW, sent | {"preview": "rules"}, headers={"HX-Request": "true"}).content.decode()
    assert 'name="answer_preview" value="criterion-0-threshold=0.5%"' in asked
    answered = mia.post(NEW, sent | {"answer_preview": "criterion-0-threshold=0.5%"}).content.decode()
    check(Page(answered))
    assert 'name="criterion-0-threshold" value="0.5%"' in answered
    assert "Of 100 good campaigns, " in answered
    assert not Campaign.objects.exists()
