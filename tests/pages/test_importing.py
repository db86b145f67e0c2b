"""The page that takes an export file: it shows what would change, and changes it when told to."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign, Observation
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Workspace

URL = reverse("import_numbers", args=["harbour"])


@pytest.fixture
def yesterday(workspace: Workspace, now: datetime) -> str:
    return f"{workspace.local_day(now) - timedelta(days=1)}"


@pytest.fixture
def marketer(browse: Browse, week: Week) -> Client:
    return browse(Role.MARKETER)


def send(client: Client, text: str = "", **more: str) -> tuple[int, str]:
    """Fill the form in, with a file where there is a text; the status and the page that comes."""
    file = {"file": SimpleUploadedFile("october.csv", text.encode())} if text else {}
    answer = client.post(URL, {"preset": "auto", **file, **more})
    return answer.status_code, unescape(answer.content.decode())


def carried(page: str) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', page)
    assert found is not None
    return found[1]


ARM_A = {"campaign": "founder-video/a", "source": "meta"}


def totals(day: str) -> str:
    """One arm's day with one click more than was reported."""
    return f"day,clicks,spend\n{day},801,1100.00"


def clicks_of(campaign: Campaign) -> object:
    return Observation.objects.filter(arm__campaign=campaign, arm__key="a").latest("day").clicks


def test_preview__rows_new_and_changed__shows_them_and_stores_nothing(
    marketer: Client, week: Week, yesterday: str
) -> None:
    status, page = send(marketer, totals(yesterday), **ARM_A)
    assert status == 200
    assert "Nothing is stored yet. october.csv was read" in page
    assert "clicks 800 → 801" in page
    assert "Import 1 row" in page
    assert clicks_of(week.paused) == 800


def test_import__after_its_preview__stores_the_file_that_was_shown(
    marketer: Client, week: Week, yesterday: str
) -> None:
    _, page = send(marketer, totals(yesterday), **ARM_A)
    status, _ = send(marketer, kept=carried(page), confirm="yes", **ARM_A)
    assert status == 302
    assert clicks_of(week.paused) == 801
    said = marketer.get(reverse("campaigns", args=["harbour"])).content.decode()
    assert "1 row of october.csv: 0 new, 1 changed, 0 as they were." in said


def test_import__answers_changed_since_the_preview__shows_the_new_preview_first(
    marketer: Client, week: Week, yesterday: str
) -> None:
    _, page = send(marketer, totals(yesterday), **ARM_A)
    status, page = send(
        marketer, kept=carried(page), confirm="yes", campaign="founder-video/b", source="meta"
    )
    assert status == 200
    assert "Nothing is stored yet." in page
    assert clicks_of(week.paused) == 800


def test_preview__unknown_campaign__asks_and_offers_no_import(
    marketer: Client, week: Week, yesterday: str
) -> None:
    status, page = send(marketer, f"campaign,day,clicks\nHalloween,{yesterday},12")
    assert status == 200
    assert "Not known here: “Halloween”." in page
    assert 'name="confirm"' not in page


def test_preview__answered_by_the_arm__takes_the_same_file(
    marketer: Client, week: Week, yesterday: str
) -> None:
    _, page = send(marketer, totals(yesterday))
    assert "Name the campaign." in page
    _, page = send(marketer, kept=carried(page), **ARM_A)
    assert "clicks 800 → 801" in page


def test_import__carried_file_tampered_with__is_refused(marketer: Client, week: Week, yesterday: str) -> None:
    _, page = send(marketer, totals(yesterday), **ARM_A)
    status, page = send(marketer, kept=carried(page)[:-1] + "-", confirm="yes", **ARM_A)
    assert status == 422
    assert "Choose the file again." in page
    assert clicks_of(week.paused) == 800


@pytest.mark.parametrize(
    ("text", "more", "complaint"),
    [
        ("", {}, "Choose a file."),
        ("a,b\n1,2", {"map": "clicks"}, "does not say which column is what"),
        ("a day without numbers", {}, "Not saved."),
    ],
)
def test_preview__something_wrong__says_what_would_be_right(
    marketer: Client, text: str, more: dict[str, str], complaint: str
) -> None:
    _, page = send(marketer, text, **more)
    assert complaint in page
    assert 'name="confirm"' not in page
