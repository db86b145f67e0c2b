"""How sure each planned day asks one to be, and where today stands."""

from dataclasses import replace
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.looks import MOST_SHOWN, look_rows
from experiments.selectors.results import Looks
from tests.factories import make_actor, make_workspace
from tests.judging.test_analysis import NOW, make_cpa_test, make_ctr_test

pytestmark = pytest.mark.django_db

LOOKS = Looks(asked=(0.99999, 0.9996, 0.996, 0.989, 0.979), day=3, standing={"b": 0.99}, enough=frozenset())


def test_looks__five_planned_days__ask_for_less_every_day() -> None:
    campaign = make_ctr_test(make_workspace())
    looks = analyse_campaign(campaign, at=NOW).looks
    assert looks is not None
    # Lan & DeMets of O'Brien-Fleming type at five equal looks: 4.877, 3.357, 2.680, 2.290, 2.031.
    assert [round(chance, 4) for chance in looks.asked] == [1.0, 0.9996, 0.9963, 0.989, 0.9789]
    assert list(looks.asked) == sorted(looks.asked, reverse=True)
    rows = look_rows(looks, list(campaign.arms.all()))
    assert [row.is_today for row in rows] == [False, False, False, False, True]
    # A third fewer clicks on each of five days is plain.
    [today] = rows[-1].standing
    assert (today.name, today.is_enough) == ("B", True)
    assert today.chance > rows[-1].asks


def test_looks__before_the_last_day__stand_at_the_day_that_is_closed() -> None:
    campaign = make_ctr_test(make_workspace())
    looks = analyse_campaign(campaign, as_of=date(2026, 11, 17), at=NOW).looks
    assert looks is not None
    rows = look_rows(looks, list(campaign.arms.all()))
    assert [row.day for row in rows if row.is_today] == [2]
    assert all(not row.standing for row in rows if not row.is_today)


def test_looks__one_arm_or_no_plan__are_none() -> None:
    workspace = make_workspace()
    assert analyse_campaign(make_cpa_test(workspace), at=NOW).looks is None
    unplanned = make_ctr_test(workspace, "unplanned", runs_until=None)
    assert analyse_campaign(unplanned, at=NOW).looks is None
    assert look_rows(None, []) == []


def test_looks__are_no_part_of_what_rest_answers() -> None:
    shown = analyse_campaign(make_ctr_test(make_workspace()), at=NOW).as_dict()
    assert "looks" not in shown
    assert shown["adjusted"] == {"method": "holm", "comparisons": 1}


@pytest.mark.parametrize("day", [0, 6])
def test_look_rows__day_outside_the_plan__stand_nowhere(day: int) -> None:
    assert not any(row.is_today or row.standing for row in look_rows(replace(LOOKS, day=day), []))


def test_look_rows__long_plan__shows_a_few_today_and_the_last() -> None:
    rows = look_rows(replace(LOOKS, asked=(0.98,) * 60, day=13, standing={}), [])
    days = [row.day for row in rows]
    assert len(days) <= MOST_SHOWN + 1
    assert days == sorted(days)
    assert {13, 60} <= set(days)


def test_campaign_page__lists_the_looks_and_where_today_stands() -> None:
    workspace = make_workspace()
    campaign = make_ctr_test(workspace)
    member = make_actor(workspace)
    assert member.user is not None
    client = Client()
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("campaign", args=[workspace.slug, campaign.key])).content.decode()
    assert "How sure each planned day asks one to be" in page
    assert "97.9%" in page
    assert ", enough</td>" in page
