"""Where there are more campaigns than a list can be read with, names of a file are typed."""

import re
from datetime import date, datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from experiments.choices import FileImportState
from experiments.forms.launched import MANY_CAMPAIGNS
from experiments.models import Campaign, FileImport, ImportMapping, Observation
from experiments.services.values.wording import LONGEST_QUOTE
from tests.factories import make_live_campaign
from tests.pages.browsing import LOOKS, Look, objections, opened, said_on, served
from tests.pages.conftest import Browse
from tests.pages.test_importing import URL, address, answer, page_of, upload
from tests.pages.test_importing import name as name_of
from workspaces.choices import Role
from workspaces.models import Workspace


@pytest.fixture
def marketer(browse: Browse) -> Client:
    return browse(Role.MARKETER)


@pytest.fixture
def many(workspace: Workspace) -> list[Campaign]:
    """One campaign more than a list has, two of them of one name."""
    made = [
        make_live_campaign(workspace, f"offer-{number}", name=f"Offer no. {number}", arms=("all",))
        for number in range(MANY_CAMPAIGNS - 2)
    ]
    for key, name in (("spring", "Spring sale"), ("twin-1", "Twin"), ("twin-2", "Twin")):
        made.append(make_live_campaign(workspace, key, name=name, channel="email", arms=("all",)))
    return made


@pytest.fixture
def day(workspace: Workspace, now: datetime) -> date:
    return workspace.local_day(now) - timedelta(days=1)


@pytest.fixture
def file(marketer: Client, many: list[Campaign], day: date) -> FileImport:
    """A file with a campaign that nobody knows."""
    return upload(marketer, f"Campaign,Day,Clicks,Cost\nHalloween,{day},5,20.00\n", preset="google")


def test_name__of_a_few_campaigns__is_chosen_from_them(
    marketer: Client, workspace: Workspace, day: date
) -> None:
    make_live_campaign(workspace, "spring", name="Spring sale", arms=("all",))
    page = page_of(marketer, upload(marketer, f"Campaign,Day,Clicks\nHalloween,{day},5\n", preset="google"))
    assert "<datalist" not in page
    assert page.count('<option value="spring">') == 2
    assert '<select name="campaign"' in marketer.get(URL).content.decode()


def test_name__of_many_campaigns__has_a_short_list_and_a_field_that_all_are_offered_in(
    marketer: Client, file: FileImport, many: list[Campaign]
) -> None:
    page = page_of(marketer, file)
    (chosen,) = re.findall(rf'<select name="{name_of(file)}".*?</select>', page)
    assert re.findall(r'value="([^"]*)"', chosen.partition(">")[2]) == ["", "+new", "-out"]
    (typed,) = re.findall(rf'<input type="text" name="{name_of(file)}-other"[^>]*>', page)
    assert 'list="launched-campaigns"' in typed
    offered = page.split('<datalist id="launched-campaigns">')[1].split("</datalist>")[0]
    assert '<option value="Spring sale (spring)">' in offered
    assert offered.count("<option") == len(many)


@pytest.mark.parametrize(
    "typed", ["spring", "spring SALE ", "Spring sale (spring)", "As it was called (spring)"]
)
def test_name__typed__is_the_campaign_of_that_name_or_key(
    marketer: Client, file: FileImport, typed: str
) -> None:
    answer(marketer, file, **{f"{name_of(file)}-other": typed})
    assert file.preview["campaigns"][0]["target"] == "spring"
    page = page_of(marketer, file)
    assert '<option value="spring" selected>Spring sale (E-mail)</option>' in page
    answer(marketer, file, confirm="yes")
    assert file.state == FileImportState.DONE
    assert Observation.objects.get(arm__campaign__key="spring").clicks == 5


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("sprin", "Nothing here is called “sprin”. Do you mean Spring sale (spring)?"),
        ("Sprnig sale", "Nothing here is called “Sprnig sale”. Do you mean Spring sale (spring)?"),
        ("xyz <b>", "Nothing here is called “xyz <b>”."),
        ("🎃" * 300, f"Nothing here is called “{'🎃' * (LONGEST_QUOTE - 1)}…”."),
        ("twin", "Several are called “twin”: Twin (twin-1) or Twin (twin-2). Say it with the key."),
    ],
)
def test_name__typed_and_not_known__is_asked_again_beside_what_was_typed(
    marketer: Client, file: FileImport, typed: str, complaint: str
) -> None:
    field = f"{name_of(file)}-other"
    refused = marketer.post(address(file), {"preset": "google", field: typed, "day_order": "dmy"})
    assert refused.status_code == 422
    page = unescape(refused.content.decode())
    errors = page.split(f'<ul class="qn-errors" id="id_{field}_error">')[1].split("</ul>")[0]
    assert f"<li>{complaint}</li>" in errors
    assert f'<a href="#id_{field}">Another campaign here for “Halloween”</a>' in page
    assert f'value="{typed}"' in page
    assert '<option value="dmy" selected>' in page
    assert "<b>" not in refused.content.decode()
    file.refresh_from_db()
    assert file.asked["said"] == []


def test_whole_file__of_many_campaigns__is_of_what_was_typed(
    marketer: Client, many: list[Campaign], day: date
) -> None:
    page = marketer.get(URL).content.decode()
    assert '<option value="Spring sale, arm ALL (spring/all)">' in unescape(page)
    given = upload(marketer, f"day,clicks\n{day},5\n", campaign="spring sale, arm All", source="meta")
    assert given.asked["campaign"] == "spring/all"
    assert 'value="Spring sale, arm ALL (spring/all)"' in page_of(marketer, given)
    assert given.can_be_imported


def test_kept_name__of_many_campaigns__can_be_given_to_any_of_them(
    marketer: Client, file: FileImport
) -> None:
    answer(marketer, file, **{f"{name_of(file)}-other": "twin-1"})
    answer(marketer, file, confirm="yes")
    kept = ImportMapping.objects.get(campaign_name="Halloween")
    url = reverse("source_names", args=["harbour", "google"])
    sent = {f"n{kept.pk}": "twin-1", f"n{kept.pk}-other": "Sprnig sale"}
    refused = marketer.post(url, sent)
    assert refused.status_code == 422
    assert "Do you mean Spring sale (spring)?" in unescape(refused.content.decode())
    assert marketer.post(url, {**sent, f"n{kept.pk}-other": "Spring sale"}).status_code == 302
    kept.refresh_from_db()
    assert kept.campaign == Campaign.objects.get(key="spring")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_pages__of_many_campaigns__fit_and_can_be_read(
    shared_db: None, chromium: str, marketer: Client, file: FileImport, look: Look
) -> None:
    field = f"#id_{name_of(file)}-other"
    with served() as site, opened(chromium, site, look, as_whom=marketer) as page:
        said = said_on(page)
        page.goto(address(file))
        assert objections(page) == []
        page.fill(field, "sprin")
        page.press(field, "Enter")
        page.wait_for_selector(".qn-errors")
        assert page.input_value(field) == "sprin"
        assert objections(page) == []
        assert [text for text in said if "422" not in text] == []
