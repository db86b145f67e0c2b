"""Activity and settings: reading what happened, changing who and what."""

import csv
import shlex
from datetime import datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from api.models import ApiKey
from experiments.services.campaigns import import_campaign
from experiments.services.observations import Row, record_observations
from sprints.services.reallocations import create_reallocation
from tests.factories import fill_reserve, make_member
from tests.pages.conftest import Browse, Week
from workspaces.choices import EventKind, Role
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor
from workspaces.services import record_event
from workspaces.templatetags.feed import _TELLINGS


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def test_feed__every_kind__has_words_and_an_icon() -> None:
    assert set(_TELLINGS) == set(EventKind)


def test_activity__filtered__shows_only_what_fits(browse: Browse, week: Week) -> None:
    client = browse(Role.VIEWER)
    everything = client.get(url("activity")).content.decode()
    assert "Nobody laughed." in everything
    by_quickno = client.get(url("activity"), {"who": "quickno", "about": "campaign"}).content.decode()
    assert "Nobody laughed." not in by_quickno
    assert "<strong>Quickno</strong> paused" in by_quickno
    nothing = client.get(url("activity"), {"until": "2020-01-01"}).content.decode()
    assert "No event fits this filter." in nothing


def test_activity__impossible_filter__says_so_and_shows_nothing(browse: Browse, week: Week) -> None:
    sent = {"since": "2026-02-01", "until": "2026-01-01", "page": "-7"}
    response = browse(Role.VIEWER).get(url("activity"), sent)
    assert response.status_code == 422
    assert "This day is before the first one." in response.content.decode()


def test_activity__of_one_campaign__tells_what_happened_to_it_and_nothing_else(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime
) -> None:
    rows = [
        Row(campaign=key, arm="a", day=now.date() - timedelta(days=2), measures={"clicks": 1})
        for key in ("founder-video", "office-skits")
    ]
    record_observations(rows[:1], by=team[Role.MARKETER], at=now)
    record_observations(rows, by=team[Role.MARKETER], at=now)
    client = browse(Role.VIEWER)
    there = client.get(url("campaign", "office-skits")).content.decode()
    assert f'href="{url("activity")}?campaign=office-skits"' in there
    page = client.get(url("activity"), {"campaign": "office-skits"}).content.decode()
    assert f"things happened to <em>{week.killed.name}</em>" in page
    assert "Nobody laughed." in page
    assert page.count("posted numbers") == 1
    assert "Brand search" not in page
    assert '<option value="office-skits" selected>' in page
    assert f'href="{url("activity_csv")}?campaign=office-skits' in page
    told = client.get(url("activity_csv"), {"campaign": "office-skits"}).getvalue().decode().splitlines()
    assert len(told) - 1 == page.count("<time ")


@pytest.mark.parametrize("key", ["reason", "to", "a_b"])
def test_activity__of_a_campaign_with_an_odd_key__tells_of_its_own_money_alone(
    browse: Browse, week: Week, workspace: Workspace, team: dict[Role, Actor], now: datetime, key: str
) -> None:
    fill_reserve(workspace, "900")
    mia, dana = team[Role.MARKETER], team[Role.MANAGER]
    import_campaign(key=key, name="Odd one", channel="meta", external_id="", by=mia, at=now)
    for target, amount in ((key, "10.00"), (week.paused.key, "20.00"), (week.unplanned.key, "30.00")):
        create_reallocation(
            lines=[{"from": "reserve", "to": target, "amount": amount, "reason": "axb"}], by=dana, at=now
        )
    page = browse(Role.VIEWER).get(url("activity"), {"campaign": key}).content.decode()
    assert page.count("proposed ") == 1


def test_activity__of_a_campaign_that_never_was__tells_of_all(browse: Browse, week: Week) -> None:
    client = browse(Role.VIEWER)
    for key in ("nonsense", "a b", "\0"):
        response = client.get(url("activity"), {"campaign": key})
        assert response.status_code == 200
        assert "Brand search" in response.content.decode()


def test_activity_csv__formula_in_a_cell__is_made_harmless(
    browse: Browse, team: dict[Role, Actor], workspace: Workspace
) -> None:
    record_event(
        EventKind.LEDGER_FUNDED,
        by=team[Role.OWNER],
        at=workspace.created_at,
        subject=("workspace", "=cmd()"),
        data={"reason": "a,b"},
    )
    response = browse(Role.VIEWER).get(url("activity_csv"))
    rows = list(csv.DictReader(response.getvalue().decode().splitlines()))
    assert rows[0]["subject_id"] == "'=cmd()"
    assert rows[0]["data"] == '{"reason": "a,b"}'


def test_members__owner_changes_and_removes__one_after_the_other(
    browse: Browse, workspace: Workspace
) -> None:
    client = browse(Role.OWNER)
    nora = make_member(workspace, Role.VIEWER, email="nora@harbour.example")
    client.post(url("member_role", nora.pk), {"role": "manager"})
    nora.refresh_from_db()
    assert nora.role == "manager"
    assert "lose access at once" in client.get(url("member_remove", nora.pk)).content.decode()
    client.post(url("member_remove", nora.pk))
    assert not Membership.objects.filter(pk=nora.pk).exists()


def test_members__last_owner__is_refused_in_words(browse: Browse, workspace: Workspace) -> None:
    client, owner = browse(Role.OWNER), Membership.objects.get(role=Role.OWNER)
    page = client.post(url("member_role", owner.pk), {"role": "viewer"}, follow=True).content.decode()
    assert "Make somebody else an owner first." in page
    owner.refresh_from_db()
    assert owner.role == "owner"


@pytest.mark.parametrize("sent", [{"role": "king"}, {}])
def test_members__unknown_role__is_refused_in_words(
    browse: Browse, workspace: Workspace, sent: dict[str, str]
) -> None:
    owner = Membership.objects.get(role=Role.OWNER)
    page = browse(Role.OWNER).post(url("member_role", owner.pk), sent, follow=True).content.decode()
    assert "Choose one of the roles" in page


def test_policy__owner__changes_it_in_words_people_use(browse: Browse, workspace: Workspace) -> None:
    client = browse(Role.OWNER)
    sent = {
        "name": "Harbour",
        "timezone": "Europe/Berlin",
        "grace_hours": "12",
        "blind_after_hours": "48",
        "undead_minimum_spend": "1.50",
        "barren_target_multiple": "3",
        "plan_expiry_hours": "72",
        "growth_cap": "40%",
        "reallocation_rule": "thompson",
        "multiple_comparisons": "benjamini_hochberg",
    }
    assert client.post(url("settings_policy"), sent).status_code == 302
    workspace.refresh_from_db()
    assert (workspace.grace_hours, workspace.growth_cap, workspace.timezone) == (12, 0.4, "Europe/Berlin")
    assert workspace.multiple_comparisons == "benjamini_hochberg"
    assert workspace.reallocation_rule == "thompson"
    response = client.post(url("settings_policy"), {**sent, "growth_cap": "0.5"})
    assert response.status_code == 422
    assert "Is that 0.5% or 50%?" in response.content.decode()


def test_keys__made__is_shown_once_and_never_again(browse: Browse, team: dict[Role, Actor]) -> None:
    client, user = browse(Role.MARKETER), team[Role.MARKETER].user
    assert user is not None
    sent = {"name": "nightly", "scopes": ["metrics:write"], "for_user": str(user.pk)}
    response = client.post(url("settings_keys"), sent)
    page = response.content.decode()
    secret = page.split('<code class="qn-secret">')[1].split("<")[0]
    assert secret.startswith("qn_")
    assert "no-store" in response["Cache-Control"]
    assert secret not in client.get(url("settings_keys")).content.decode()
    key = ApiKey.objects.get()
    client.post(url("key_revoke", key.pk))
    key.refresh_from_db()
    assert key.is_revoked


def command_on(page: str) -> str:
    return unescape(page.split('<pre class="qn-call"><code>')[1].partition("</code>")[0])


def test_keys__made_to_post__comes_with_a_command_that_posts_a_day(
    browse: Browse, team: dict[Role, Actor], week: Week
) -> None:
    client, user = browse(Role.MARKETER), team[Role.MARKETER].person
    sent = {"name": "nightly", "scopes": ["metrics:write"], "for_user": str(user.pk)}
    page = client.post(url("settings_keys"), sent).content.decode()
    address, authorization, _, body = shlex.split(command_on(page).replace("\\\n", " "))[1::2]
    scheme, _, secret = authorization.removeprefix("Authorization: ").partition(" ")
    assert (scheme, secret) == ("Bearer", page.split('<code class="qn-secret">')[1].split("<")[0])
    answer = Client().post(
        address.removeprefix("http://testserver"),
        body,
        content_type="application/json",
        headers={"Authorization": f"{scheme} {secret}"},
    )
    assert (answer.status_code, answer.json()["received"]) == (200, 1), answer.content
    later = client.get(url("settings_keys")).content.decode()
    assert "Bearer $QUICKNO_KEY" in command_on(later)
    assert secret not in later


def test_keys__made_to_read__comes_without_a_command(browse: Browse, team: dict[Role, Actor]) -> None:
    sent = {"name": "reader", "scopes": ["read"], "for_user": str(team[Role.MARKETER].person.pk)}
    page = browse(Role.MARKETER).post(url("settings_keys"), sent).content.decode()
    assert "Copy the key now" in page
    assert "curl" not in page


@pytest.mark.django_db
def test_sign_in__opened__says_once_what_quickno_is_about() -> None:
    page = Client().get(reverse("account_login")).content.decode()
    assert strip_tags(page).count("than a long yes.") == 1
