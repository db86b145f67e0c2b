"""Lists that are filtered and sorted by their address."""

import re
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from experiments.services.hypotheses import create_hypothesis
from tests.factories import hypothesis_values
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.permissions import Actor

# The titles of the table, in its order.
_TITLES = re.compile(r'<th scope="row"[^>]*><a [^>]*>([^<]*)</a>')


@pytest.fixture
def ideas(team: dict[Role, Actor], now: datetime) -> None:
    """Three of the backlog, of which one has no score and one has an owner."""
    mia = team[Role.MARKETER]
    for title, kind, score, owner in (
        ("banners", "offer", (2, 2, 2), None),
        ("Anchors", "pricing", (9, 9, 9), mia.user),
        ("Coupons", "offer", (None, None, None), None),
    ):
        impact, confidence, ease = score
        values = hypothesis_values(
            title=title, kind=kind, impact=impact, confidence=confidence, ease=ease, owner=owner
        )
        create_hypothesis(values=values, by=mia, at=now)


def titles(client: Client, query: str = "") -> list[str]:
    response = client.get(reverse("backlog", args=["harbour"]) + query)
    assert response.status_code == 200
    return _TITLES.findall(response.content.decode())


@pytest.mark.usefixtures("ideas")
@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ["Anchors", "banners", "Coupons"]),
        ("?sort=-score", ["banners", "Anchors", "Coupons"]),
        ("?sort=newest", ["Coupons", "Anchors", "banners"]),
        ("?sort=-newest", ["banners", "Anchors", "Coupons"]),
        ("?sort=title", ["Anchors", "banners", "Coupons"]),
        ("?sort=-title", ["Coupons", "banners", "Anchors"]),
        ("?sort=kind", ["banners", "Coupons", "Anchors"]),
        ("?sort=owner", ["Anchors", "banners", "Coupons"]),
        ("?sort=-owner", ["Anchors", "banners", "Coupons"]),
    ],
)
def test_backlog__sorted__keeps_what_is_not_known_last(browse: Browse, query: str, order: list[str]) -> None:
    assert titles(browse(Role.VIEWER), query) == order


@pytest.mark.usefixtures("ideas")
def test_backlog__unknown_order_or_choice__shows_everything_as_usual(browse: Browse) -> None:
    client = browse(Role.VIEWER)
    assert titles(client, "?sort=nonsense&kind=nonsense&owner=none") == titles(client)
    page = client.get(reverse("backlog", args=["harbour"]) + "?sort=nonsense").content.decode()
    assert "Three hypotheses wait for" in page


@pytest.mark.usefixtures("ideas")
def test_backlog__header_of_the_column_it_is_sorted_by__says_so_and_turns_it_round(browse: Browse) -> None:
    address = reverse("backlog", args=["harbour"])
    page = browse(Role.VIEWER).get(address + "?kind=offer&sort=title&page=1").content.decode()
    assert page.count("aria-sort=") == 1
    assert (
        'aria-sort="ascending"><a class="qn-sort" id="sort-title" href="?kind=offer&amp;sort=-title"' in page
    )
    turned = browse(Role.VIEWER).get(address + "?sort=-title").content.decode()
    assert 'aria-sort="descending"><a class="qn-sort" id="sort-title" href="?sort=title"' in turned


@pytest.mark.usefixtures("ideas")
def test_backlog__for_htmx__names_an_address_without_what_was_left_empty(browse: Browse) -> None:
    address = reverse("backlog", args=["harbour"])
    answer = browse(Role.VIEWER).get(address + "?search=&kind=offer&sort=", headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == f"{address}?kind=offer"
    plain = browse(Role.VIEWER).get(address + "?search=&kind=", headers={"HX-Request": "true"})
    assert plain["HX-Push-Url"] == address


@pytest.mark.parametrize(
    ("page", "choices"),
    [
        ("graveyard", "period=century&sort=nonsense"),
        ("graveyard_csv", "period=century&sort=nonsense"),
        ("backlog", "sort=nonsense&kind=nonsense&owner=0"),
        ("learnings", "decision=nonsense&by=nonsense&channel=nonsense"),
        ("activity", "about=nonsense&who=0"),
        ("activity_csv", "about=nonsense&who=0"),
        ("campaigns", "show=nonsense"),
    ],
)
def test_list__choice_that_there_is_not__is_as_good_as_none(
    browse: Browse, week: Week, page: str, choices: str
) -> None:
    client, address = browse(Role.VIEWER), reverse(page, args=["harbour"])
    as_it_is, asked = client.get(address), client.get(f"{address}?{choices}")
    assert asked.status_code == as_it_is.status_code == 200
    shown, usual = (
        # Of a page where its rows lead, of a file all that it says.
        re.findall(r'<a href="([^"?#]+)"', text) or text.splitlines()
        for text in (answer.getvalue().decode() for answer in (asked, as_it_is))
    )
    assert shown == usual
