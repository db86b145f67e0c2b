"""The form of a campaign: nothing is lost without a word, and what is wrong can be found and mended."""

import pytest
from django.test import Client

from experiments.models import Campaign
from tests.pages.conftest import Browse
from tests.pages.test_every_page import Page, check
from tests.pages.test_planning_forms import CAMPAIGN
from workspaces.choices import Role

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
