"""The form of a campaign: nothing is lost without a word, and what is wrong can be found and mended."""

import re

import pytest
from django.test import Client

from experiments.models import Campaign
from tests.factories import make_hypothesis
from tests.pages.conftest import Browse
from tests.pages.test_every_page import Page, check
from tests.pages.test_planning_forms import CAMPAIGN
from workspaces.choices import Role
from workspaces.models import Workspace

NEW = "/w/harbour/campaigns/new/"
NO_RULE = {"criterion-0-threshold": "", "criterion-0-guard_0": "", "criterion-0-guard_1": ""}
SECOND_RULE = {
    name.replace("criterion-0", "criterion-1"): text
    for name, text in CAMPAIGN.items()
    if name.startswith("criterion-0")
}


@pytest.fixture
def mia(browse: Browse) -> Client:
    return browse(Role.MARKETER)


def saved(client: Client, changes: dict[str, str], *, url: str = NEW) -> str:
    """The page that saving leads to."""
    answer = client.post(url, CAMPAIGN | changes, follow=True)
    assert answer.status_code == 200
    html = answer.content.decode()
    check(Page(html))
    return html


def test_saving__all_said__says_so_and_warns_of_nothing(mia: Client) -> None:
    html = saved(mia, {})
    assert "The draft of “Founder video two” is saved." in html
    assert "not kept" not in html


def test_saving__a_change__says_so(mia: Client) -> None:
    saved(mia, {})
    html = saved(mia, {"budget": "3k"}, url="/w/harbour/campaigns/founder-video-two/edit/")
    assert "The draft of “Founder video two” is saved." in html


def test_saving__template_with_its_blanks_left_empty__says_that_there_is_no_rule_and_why(mia: Client) -> None:
    html = saved(mia, NO_RULE)
    assert not Campaign.objects.get().kill_criteria.exists()
    assert "The draft has no kill criterion: a rule without its limit and its guard is not kept." in html


def test_saving__second_rule_with_its_blanks_left_empty__says_that_it_is_not_kept(mia: Client) -> None:
    html = saved(mia, SECOND_RULE | {"criterion-1-threshold": "", "criterion-1-guard_0": ""})
    assert Campaign.objects.get().kill_criteria.count() == 1
    assert "1 rule is not kept: it has neither a limit nor a guard." in html


def refused(client: Client, changes: dict[str, str]) -> str:
    """The form with what is wrong with it. Whatever a field says it is described by is on the page."""
    answer = client.post(NEW, CAMPAIGN | changes)
    assert answer.status_code == 422
    html = answer.content.decode()
    check(Page(html))
    described = [name for names in re.findall(r'aria-describedby="(.*?)"', html) for name in names.split()]
    assert set(described) <= set(Page(html).ids)
    return html


def test_refused__rule_that_nobody_filled_in__has_its_examples_and_no_complaint(mia: Client) -> None:
    html = refused(mia, NO_RULE | {"name": ""})
    blanks = re.findall(r'<input[^>]* name="criterion-0-(?:threshold|guard_0)"[^>]*>', html)
    assert [re.findall('placeholder="(.*?)"', blank) for blank in blanks] == [["e.g. 0.5%"], ["e.g. $1,000"]]
    assert not any("aria-invalid" in blank for blank in blanks)


def test_refused__fields_of_several_rows__are_all_led_to(mia: Client) -> None:
    html = refused(mia, {"budget": "much", "arm-1-planned_share": "0.5", "criterion-0-guard_0": ""})
    told = html.partition("What is wrong stands beside ")[2].partition("</span>")[0]
    assert re.findall('href="#(.*?)">(.*?)<', told) == [
        ("id_budget", "Budget"),
        ("id_arm-1-planned_share", "Arm 2: Share"),
        ("id_criterion-0-guard_0", "Rule 1: Guard amount"),
    ]


@pytest.mark.parametrize("changes", [{"criterion-0-metric": "x"}, {"criterion-0-guard_0_of": "x"}])
def test_refused__rule_of_nothing_that_is_known__is_no_server_error(
    mia: Client, changes: dict[str, str]
) -> None:
    refused(mia, NO_RULE | changes | {"name": "", "criterion-0-guard_0": "5"})


# What the template leaves on the form, and a limit that a person typed into it.
COST_RULE = {
    "template": "usual:cost_ceiling",
    "criterion-0-begun_with": "cost_ceiling",
    "criterion-0-metric": "cpa",
    "criterion-0-comparator": "above",
    "criterion-0-threshold": "20",
    "criterion-0-guard_0": "",
}


def typed_in(html: str, name: str) -> str:
    (field,) = re.findall(rf'<input[^>]* name="{name}"[^>]*>', html)
    return "".join(re.findall(' value="(.*?)"', field))


def test_template__guard_in_limits__says_so_until_the_limit_is_there_and_then_takes_it(mia: Client) -> None:
    used = mia.post(NEW, CAMPAIGN | NO_RULE | {"template": "usual:cost_ceiling", "use": "1"})
    html = used.content.decode()
    check(Page(html))
    assert 'placeholder="3 × limit"' in html
    assert typed_in(html, "criterion-0-begun_with") == "cost_ceiling"
    saved(mia, COST_RULE)
    criterion = Campaign.objects.get().kill_criteria.get()
    assert criterion.guards == {"spend": "60.00", "days": 2}


def test_template__filled_in_again_once_the_limit_is_there__takes_it_and_adds_no_rule(mia: Client) -> None:
    html = mia.post(NEW, CAMPAIGN | COST_RULE | {"use": "1"}).content.decode()
    assert typed_in(html, "criterion-0-guard_0") == "$60"
    assert 'name="criterion-1-threshold"' not in html


@pytest.mark.parametrize(
    "changes",
    [
        {"criterion-0-threshold": "1,2,3"},
        {"criterion-0-metric": "ctr", "criterion-0-threshold": "1%"},
        {"criterion-0-metric": "cpm"},
        {"criterion-0-guard_0_of": "clicks"},
        {"criterion-0-begun_with": "nonsense"},
    ],
)
def test_template__limit_that_makes_no_guard__asks_for_one(mia: Client, changes: dict[str, str]) -> None:
    html = refused(mia, COST_RULE | changes)
    assert "Give the guard: nothing is judged before it is reached." in html


def test_refused__share_of_one_arm_alone__says_under_its_row_what_would_be_right(mia: Client) -> None:
    html = refused(mia, {"arm-0-planned_share": "60%", "arm-1-planned_share": ""})
    row = html.rpartition('<div class="qn-armrow">')[2].partition("<details")[0]
    fields, _control, below = row.partition('class="qn-check"')
    assert "qn-errors" not in fields
    assert "Share: Give every arm its share, or none: without any, they are equal." in below


def chosen_in(html: str, name: str) -> str:
    found = re.search(rf'<select name="{name}".*?<option value="(\w+)" selected', html, re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("metric", "side", "example"),
    [("cpa", "above", "e.g. $18.00"), ("roas", "below", "e.g. 2"), ("cvr", "below", "e.g. 0.5%")],
)
def test_first_rule__begins_with_what_its_hypothesis_is_judged_by(
    mia: Client, workspace: Workspace, metric: str, side: str, example: str
) -> None:
    hypothesis = make_hypothesis(workspace, primary_metric=metric, outcome_metric="cpa")
    html = mia.get(f"{NEW}?hypothesis={hypothesis.pk}").content.decode()
    assert chosen_in(html, "criterion-0-metric") == metric
    assert chosen_in(html, "criterion-0-comparator") == side
    (limit,) = re.findall(r'<input[^>]* name="criterion-0-threshold"[^>]*>', html)
    assert f'placeholder="{example}"' in limit


def test_hypothesis__chosen_on_the_form__is_what_empty_rules_are_about_and_no_others(
    mia: Client, workspace: Workspace
) -> None:
    hypothesis = make_hypothesis(workspace, primary_metric="roas")
    chosen = {"hypothesis": str(hypothesis.pk), "aim": "1"}
    empty = SECOND_RULE | {"criterion-1-threshold": "", "criterion-1-guard_0": ""}
    html = mia.post(NEW, CAMPAIGN | empty | chosen).content.decode()
    check(Page(html))
    assert [chosen_in(html, f"criterion-{row}-metric") for row in (0, 1)] == ["ctr", "roas"]
    assert "Not saved" not in html
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("changes", "opens"),
    [
        ({}, []),
        ({"components": "two ads"}, ["What it takes, and its key"]),
        ({"arm-1-key": "founder"}, ["Keys of the arms, for posts of numbers"]),
        ({"criterion-0-evidence": "observed"}, ["What counts as sure?"]),
    ],
)
def test_fold__with_something_in_it__stands_open(
    mia: Client, changes: dict[str, str], opens: list[str]
) -> None:
    plain = CAMPAIGN | {"components": "", "arm-1-key": "", "more": "arm"}
    html = mia.post(NEW, plain | changes).content.decode()
    folds = re.findall(r"<details[^>]* open>\s*<summary[^>]*>(?:<strong>)?(.*?)<", html)
    assert folds == opens


@pytest.mark.parametrize(("names", "share"), [("ab", "0.500000"), ("abc", "0.333333")])
def test_shares__all_left_empty__are_equal_and_enough_for_a_launch(
    mia: Client, names: str, share: str
) -> None:
    arms = {f"arm-{number}-name": f"Arm {name}" for number, name in enumerate(names)}
    html = saved(mia, arms | {f"arm-{number}-planned_share": "" for number in range(len(names))})
    kept = Campaign.objects.get().arms.values_list("planned_share", flat=True)
    assert list(map(str, kept)) == [share] * len(names)
    assert "shares of its arms" not in html
