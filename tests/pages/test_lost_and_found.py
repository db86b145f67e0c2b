"""In a real browser: the double click, the way back, two windows, and a session that ends in the middle."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from experiments.models import Hypothesis
from sprints.models import Decision, Transfer
from tests.pages.browsing import Look, objections, opened, served
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.permissions import Actor

PASSWORD = "a long password that nobody guesses"


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def save(page: Page, leads_to: str) -> None:
    page.click("main button.btn-primary")
    page.wait_for_url(re.compile(leads_to))


def fund_twice(page: Page) -> None:
    """A double click on money, and the way back to it."""
    page.goto(url("fund"))
    filled = {"[name=amount]": "1.500,50", "[name=reason]": "November"}
    for field, text in filled.items():
        page.fill(field, text)
    page.dblclick("main button.btn-primary")
    # The second click may cut short what the first has begun to load, which is no error.
    expect(page).to_have_url(re.compile(r"/money/$"), timeout=30_000)
    page.wait_for_load_state()
    # This browser reads the page anew when it goes back; one that has kept it sends the same form again.
    page.go_back()
    page.wait_for_url(re.compile(r"/fund/$"))
    for field, text in filled.items():
        page.fill(field, text)
    page.click("main button.btn-primary")
    page.wait_for_selector("text=You have saved this form already")
    assert page.input_value("[name=amount]") == "1.500,50"
    assert objections(page) == []


def edit_in_two_windows(page: Page, address: str) -> None:
    other = page.context.new_page()
    for window, title in ((page, "The first title"), (other, "The second title")):
        window.goto(address)
        window.fill("[name=title]", title)
    save(page, r"/hypotheses/[0-9]+/$")
    other.click("main button.btn-primary")
    other.wait_for_selector("text=You changed this yourself")
    table = other.inner_text("main table")
    assert "The first title" in table
    assert "The second title" in table
    assert objections(other) == []
    save(other, r"/hypotheses/[0-9]+/$")
    other.close()


def see_what_is_wrong_in_a_fold(page: Page) -> None:
    """The browser itself objects to a score of 99, and has to show which field it means."""
    page.goto(url("hypothesis_new"))
    fold = page.locator("details", has=page.locator("[name=impact]"))
    fold.locator("summary").first.click()
    page.fill("[name=impact]", "99")
    fold.locator("summary").first.click()
    expect(page.locator("[name=impact]")).to_be_hidden()
    for field in ("title", "change", "audience", "expected_effect", "because"):
        page.fill(f"[name={field}]", "a word")
    page.click("main button.btn-primary:has-text('Save')")
    expect(page.locator("[name=impact]")).to_be_visible()


def sign_in(page: Page, email: str) -> None:
    page.wait_for_url(re.compile(r"/accounts/login/"))
    page.fill("[name=login]", email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")


def decide_without_a_session(page: Page, email: str) -> None:
    page.goto(url("sprint_review", 1))
    page.check("[name=decision][value=kill]")
    page.check("[name=moved_the_business][value=no]")
    page.fill("[name=learning]", "It took me an hour to see this.")
    page.context.clear_cookies(name="sessionid")
    page.click("main form button.btn-primary:has-text('Decide')")
    sign_in(page, email)
    page.wait_for_selector("text=Not saved yet.")
    assert page.input_value("[name=learning]") == "It took me an hour to see this."
    assert page.is_checked("[name=decision][value=kill]")
    assert page.is_checked("[name=moved_the_business][value=no]")
    assert objections(page) == []


def decide_in_two_windows(page: Page) -> None:
    """The form that has come back is still open when the other window decides."""
    other = page.context.new_page()
    other.goto(page.url)
    other.check("[name=decision][value=kill]")
    other.check("[name=moved_the_business][value=no]")
    other.fill("[name=learning]", "This was sooner.")
    other.click("main form button.btn-primary")
    other.wait_for_selector("text=Kill it")
    save(other, r"/review/$")
    other.close()
    page.click("main form button.btn-primary")
    page.wait_for_selector("text=You decided Kill at")
    assert "This was sooner." in page.inner_text("main")
    assert "It took me an hour to see this." in page.inner_text("main")
    assert objections(page) == []


def press_without_a_session(page: Page, email: str) -> None:
    page.goto(url("zombies"))
    page.context.clear_cookies(name="sessionid")
    page.click("text=I look into it >> nth=0")
    sign_in(page, email)
    page.wait_for_url(re.compile(r"^[^?]*/zombies/$"))
    assert "nothing was done. Press the button again" in page.inner_text("main")


@pytest.mark.parametrize("look", [Look(1280, "light"), Look(390, "dark")])
def test_forms__sent_twice_shared_and_signed_out_of__lose_and_double_nothing(
    shared_db: None, chromium: str, browse: Browse, week: Week, team: dict[Role, Actor], look: Look
) -> None:
    dana = team[Role.MANAGER].person
    dana.set_password(PASSWORD)
    dana.save()
    with served() as address, opened(chromium, address, look, as_whom=browse(Role.MANAGER)) as page:
        fund_twice(page)
        see_what_is_wrong_in_a_fold(page)
        edit_in_two_windows(page, url("hypothesis_edit", week.backlog.pk))
        decide_without_a_session(page, dana.email)
        decide_in_two_windows(page)
        press_without_a_session(page, dana.email)
    assert Transfer.objects.filter(kind="funding", reason="November").count() == 1
    assert Hypothesis.objects.get(pk=week.backlog.pk).title == "The second title"
    assert Decision.objects.get().learning == "This was sooner."
