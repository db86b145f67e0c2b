"""The numbers of a score, changed where they stand in the backlog."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from experiments.choices import HypothesisStatus
from experiments.models import Hypothesis
from experiments.services.hypotheses import create_hypothesis
from tests.factories import hypothesis_values
from tests.pages.browsing import Look, objections, opened, served
from tests.pages.conftest import Browse
from tests.pages.forms import form_in
from workspaces.choices import Role
from workspaces.models import Event
from workspaces.permissions import Actor

HTMX = {"HX-Request": "true"}
BACKLOG = "/w/harbour/backlog/"


@pytest.fixture
def ideas(team: dict[Role, Actor], now: datetime) -> dict[str, Hypothesis]:
    mia = team[Role.MARKETER]
    return {
        title: create_hypothesis(
            values=hypothesis_values(title=title, impact=score, confidence=5, ease=4), by=mia, at=now
        )
        for title, score in (("Anchors", 9), ("Banners", 5), ("Coupons", 2))
    }


def address_of(idea: Hypothesis) -> str:
    return reverse("hypothesis_scores", args=["harbour", idea.pk])


def open_cell(client: Client, idea: Hypothesis) -> dict[str, Any]:
    """The small form as the browser would send it."""
    answer = client.get(f"{address_of(idea)}?field=impact&next={BACKLOG}", headers=HTMX)
    return form_in(answer.content.decode(), action=address_of(idea))


def save(client: Client, idea: Hypothesis, form: dict[str, Any], **changes: object) -> Any:
    return client.post(address_of(idea), {**form, **changes}, headers=HTMX)


def order(client: Client) -> list[str]:
    page = client.get(BACKLOG).content.decode()
    return re.findall(r'<th scope="row"[^>]*><a [^>]*>([^<]*)</a>', page)


def test_backlog__numbers__lead_to_the_form_of_the_hypothesis_without_script(
    browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    idea = ideas["Coupons"]
    page = browse(Role.MARKETER).get(f"{BACKLOG}?sort=title").content.decode()
    edit = reverse("hypothesis_edit", args=["harbour", idea.pk])
    assert f'id="ease-{idea.pk}" data-number href="{edit}#id_ease"' in page
    assert (
        f'hx-get="{address_of(idea)}?field=ease&amp;next=%2Fw%2Fharbour%2Fbacklog%2F%3Fsort%3Dtitle"' in page
    )
    assert "Ease of Coupons, change:" in page


def test_backlog__for_a_viewer__has_numbers_and_nothing_to_change(
    browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    viewer = browse(Role.VIEWER)
    page = viewer.get(BACKLOG).content.decode()
    assert "9 × 5 × 4" in page
    assert "data-number " not in page
    assert viewer.get(address_of(ideas["Anchors"]), headers=HTMX).status_code == 403
    assert viewer.post(address_of(ideas["Anchors"]), {"impact": 1}, headers=HTMX).status_code == 403
    assert Hypothesis.objects.get(title="Anchors").impact == 9


def test_cell__opened_and_left__is_the_form_and_then_the_numbers_again(
    browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    client, idea = browse(Role.MARKETER), ideas["Banners"]
    form = client.get(f"{address_of(idea)}?field=ease", headers=HTMX)
    assert form["HX-Retarget"] == f"#scores-{idea.pk}"
    assert form["HX-Push-Url"] == "false"
    fields = re.findall(r"<input type=\"number\"[^>]*>", form.content.decode())
    assert [
        f'id="{name}-{idea.pk}"' in field
        for name, field in zip(("impact", "confidence", "ease"), fields, strict=True)
    ]
    assert ["autofocus" in field for field in fields] == [False, False, True]
    left = client.get(f"{address_of(idea)}?leave=1&next={BACKLOG}", headers=HTMX).content.decode()
    assert f'id="ease-{idea.pk}" data-number' in left
    assert "<form" not in left


def test_numbers__saved__lead_to_the_list_in_its_new_order_and_say_the_score(
    browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    client, idea = browse(Role.MARKETER), ideas["Coupons"]
    assert order(client) == ["Anchors", "Banners", "Coupons"]
    answer = save(client, idea, open_cell(client, idea), impact="10", ease="10")
    assert (answer.status_code, answer.url) == (302, BACKLOG)
    here = {**HTMX, "HX-Current-URL": f"http://testserver{BACKLOG}"}
    landed = client.get(BACKLOG, headers=here)
    assert landed["HX-Push-Url"] == "false"
    said = landed.content.decode()
    assert (
        '<p class="qn-note is-traction"><span>“Coupons” has a score of 500.</span></p>'
        in said.split('id="heard"')[1]
    )
    assert order(client) == ["Coupons", "Anchors", "Banners"]
    told = Event.objects.filter(kind="hypothesis.changed").latest("id").data
    assert (told["before"], told["after"]) == ({"impact": 2, "ease": 4}, {"impact": 10, "ease": 10})


@pytest.mark.parametrize(
    ("typed", "complaint"), [("11", "Give a number from 1 to 10."), ("many", "Enter a whole number.")]
)
def test_numbers__that_are_wrong__stay_in_the_cell_with_what_would_be_right(
    browse: Browse, ideas: dict[str, Hypothesis], typed: str, complaint: str
) -> None:
    client, idea = browse(Role.MARKETER), ideas["Coupons"]
    answer = save(client, idea, open_cell(client, idea), impact=typed)
    assert answer["HX-Retarget"] == f"#scores-{idea.pk}"
    said = answer.content.decode()
    assert f"Impact: {complaint}" in said
    assert f'value="{typed}"' in said
    assert 'aria-invalid="true"' in said
    assert Hypothesis.objects.get(title="Coupons").impact == 2


def test_numbers__left_empty__take_the_score_away(browse: Browse, ideas: dict[str, Hypothesis]) -> None:
    client, idea = browse(Role.MARKETER), ideas["Anchors"]
    save(client, idea, open_cell(client, idea), impact="")
    page = client.get(BACKLOG).content.decode()
    assert "“Anchors” is not scored." in page
    assert order(client) == ["Banners", "Coupons", "Anchors"]


def test_two_editors__the_second__sees_both_numbers_and_can_save_knowingly(
    browse: Browse, ideas: dict[str, Hypothesis], team: dict[Role, Actor]
) -> None:
    mia, dana, idea = browse(Role.MARKETER), browse(Role.MANAGER), ideas["Coupons"]
    first, second = open_cell(mia, idea), open_cell(dana, idea)
    save(mia, idea, first, impact="8")
    told = save(dana, idea, second, impact="3")
    said = " ".join(told.content.decode().split())
    assert f"{team[Role.MARKETER].label} changed this at" in said
    assert "Impact: 8 is stored, 3 is yours." in said
    assert "Confidence:" not in said
    assert Hypothesis.objects.get(title="Coupons").impact == 8
    again = form_in(told.content.decode(), action=address_of(idea))
    assert again["impact"] == ["3"]
    assert save(dana, idea, again).status_code == 302
    assert Hypothesis.objects.get(title="Coupons").impact == 3


def test_two_editors__one_of_words_and_one_of_numbers__do_not_disturb_each_other(
    browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    mia, dana, idea = browse(Role.MARKETER), browse(Role.MANAGER), ideas["Coupons"]
    numbers = open_cell(dana, idea)
    edit = reverse("hypothesis_edit", args=["harbour", idea.pk])
    words = form_in(mia.get(edit).content.decode())
    assert mia.post(edit, {**words, "title": "Vouchers"}).status_code == 302
    assert save(dana, idea, numbers, impact="7").status_code == 302
    stored = Hypothesis.objects.get(pk=idea.pk)
    assert (stored.title, stored.impact) == ("Vouchers", 7)


def test_numbers__sent_twice__are_saved_once(browse: Browse, ideas: dict[str, Hypothesis]) -> None:
    client, idea = browse(Role.MARKETER), ideas["Coupons"]
    form = open_cell(client, idea)
    first, second = (save(client, idea, form, impact="6") for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert Event.objects.filter(kind="hypothesis.changed").count() == 1
    otherwise = save(client, idea, form, impact="4")
    assert "This was sent already, with other values." in otherwise.content.decode()
    assert Hypothesis.objects.get(title="Coupons").impact == 6


def test_numbers__of_one_that_left_the_backlog__are_refused_in_the_cell(
    browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    client, idea = browse(Role.MARKETER), ideas["Coupons"]
    form = open_cell(client, idea)
    Hypothesis.objects.filter(pk=idea.pk).update(status=HypothesisStatus.ARCHIVED)
    assert "is archived and cannot change any more" in save(client, idea, form, impact="6").content.decode()


def test_scores__without_script__are_a_page_of_their_own(
    browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    client, idea = browse(Role.MARKETER), ideas["Coupons"]
    page = client.get(address_of(idea)).content.decode()
    assert "How good a bet is it?" in page
    refused = client.post(address_of(idea), {**form_in(page), "impact": "11"})
    assert refused.status_code == 422
    saved: Any = client.post(address_of(idea), {**form_in(page), "impact": "6"})
    assert saved.url == BACKLOG
    assert Hypothesis.objects.get(title="Coupons").impact == 6


def test_cell__in_a_browser__is_opened_left_and_saved_by_keys_alone(
    shared_db: None, chromium: str, browse: Browse, ideas: dict[str, Hypothesis]
) -> None:
    number = f"#impact-{ideas['Coupons'].pk}"
    said: list[str] = []
    focused = "document.activeElement.id"
    look, marketer = Look(390, "light"), browse(Role.MARKETER)
    with served() as address, opened(chromium, address, look, as_whom=marketer) as page:
        page.on("pageerror", lambda error: said.append(error.message))
        page.goto(BACKLOG)
        page.focus(number)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"input{number}")
        assert page.evaluate(focused) == number[1:]
        assert objections(page) == []
        page.fill(number, "7")
        page.keyboard.press("Escape")
        page.wait_for_selector(f"a{number}")
        assert page.inner_text(number).endswith("2")
        page.wait_for_function(f"{focused} === '{number[1:]}'")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"input{number}")
        page.fill(number, "11")
        page.evaluate(f"document.querySelector('{number}').form.noValidate = true")
        page.keyboard.press("Enter")
        page.wait_for_selector(".qn-scores .qn-errors")
        page.fill(number, "10")
        page.keyboard.press("Enter")
        page.wait_for_selector(f"a{number}")
        page.wait_for_function(f"{focused} === '{number[1:]}'")
        assert "“Coupons” has a score of 200." in page.inner_text("#heard")
        assert page.locator("tbody tr").first.inner_text().startswith("Coupons")
        assert page.url.endswith(BACKLOG)
    assert said == []
