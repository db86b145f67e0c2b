"""People come in by a link: once, in time, under the address that was invited, and into their own account."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from notices.services import plan_notices, send_letters
from tests.factories import make_member
from tests.pages.conftest import Browse
from tests.people.conftest import KNOWN_TO_ANOTHER, OWN, VICTIM, link_in, set_password_by_letter, signed_in
from workspaces.choices import EventKind, Role
from workspaces.exceptions import NotAllowed, Refused
from workspaces.models import Event, Invitation, Membership, User, Workspace
from workspaces.permissions import Actor
from workspaces.services import (
    change_role,
    invite,
    join_by_letter,
    publish_events,
    send_again,
    withdraw_invitation,
)

Team = dict[Role, Actor]
NORA = "nora@harbour.example"
ANSWER = {"name": "Nora Berg", "password": OWN}


def invited(team: Team, email: str = NORA, *, at: datetime, role: Role = Role.MARKETER) -> Invitation:
    return invite(email=email, role=role, by=team[Role.OWNER], at=at)


def link(invitation: Invitation, *, by_letter: bool) -> str:
    return reverse("join", args=[invitation.token(by_letter=by_letter)])


def is_member(email: str) -> bool:
    return Membership.objects.filter(workspace__slug="harbour", user__email=email).exists()


def test_invite__new_address__shows_a_link_once_and_writes_a_letter_with_another(
    browse: Browse, workspace: Workspace, now: datetime
) -> None:
    client = browse(Role.OWNER)
    page = client.post(
        reverse("settings", args=["harbour"]), {"email": "Nora@harbour.example", "role": "manager"}
    )
    invitation = Invitation.objects.get()
    shown = link(invitation, by_letter=False)
    assert shown in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert shown not in client.get(reverse("settings", args=["harbour"])).content.decode()
    publish_events(workspace.pk)
    plan_notices(at=now)
    assert send_letters(at=now) == 1
    letter = mail.outbox[-1]
    assert letter.to == [NORA]
    assert link_in(letter) == link(invitation, by_letter=True) != shown


def test_invite__nobody_else_who_may_approve__offers_a_manager_first(
    browse: Browse, workspace: Workspace, team: Team, now: datetime
) -> None:
    client, url = browse(Role.OWNER), reverse("settings", args=["harbour"])

    def offered() -> object:
        return client.get(url).context["form"]["role"].value()

    assert offered() == Role.MARKETER
    others = Membership.objects.filter(workspace=workspace, role__in=[Role.MANAGER, Role.OWNER])
    others.exclude(user=team[Role.OWNER].user).delete()
    assert offered() == Role.MANAGER
    invited(team, at=now, role=Role.MANAGER)
    assert offered() == Role.MARKETER


def test_invite__without_a_mail_server__offers_a_new_link_and_no_letter(
    browse: Browse, team: Team, now: datetime, settings: Settings
) -> None:
    client, url = browse(Role.OWNER), reverse("settings", args=["harbour"])
    invited(team, at=now)
    settings.MAIL_IS_SET_UP = True
    assert "Send again<" in client.get(url).content.decode()
    settings.MAIL_IS_SET_UP = False
    page = client.get(url).content.decode()
    assert "New link<" in page
    assert "Send again<" not in page


def test_invite__known_and_unknown_address__are_answered_alike(browse: Browse, victim: User) -> None:
    client, pages = browse(Role.OWNER), []
    for email in (VICTIM, "new@victim.example"):
        page = client.post(reverse("settings", args=["harbour"]), {"email": email, "role": "viewer"})
        invitation = Invitation.objects.get(email=email)
        shown = link(invitation, by_letter=False)
        opened = Client().get(shown).content.decode()
        pages.append(
            [page.status_code, opened.replace(email, "X").replace(shown, "Y").split("<form")[1][200:]]
        )
        client.post(reverse("invitation_withdraw", args=["harbour", invitation.pk]))
    assert pages[0][0] == pages[1][0]
    labels = [str(page[1]).count("A password") for page in pages]
    assert labels == [1, 1]


def test_invite__link_that_is_passed_on__ends_on_the_workspaces_own_day(
    team: Team, workspace: Workspace, now: datetime
) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(timezone="America/Chicago")
    invitation = invited(team, at=now)
    # A day has begun in UTC, and not yet in Chicago.
    invitation.expires_at = invitation.expires_at.astimezone(UTC).replace(hour=1)
    invitation.save(update_fields=["expires_at"])
    last = invitation.expires_at - timedelta(days=1)
    page = Client().get(link(invitation, by_letter=False)).content.decode()
    assert f"until {last:%A} {last.day} {last:%B}" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER, Role.MANAGER])
def test_invite__less_than_an_owner__is_refused(team: Team, role: Role, now: datetime) -> None:
    with pytest.raises(NotAllowed):
        invite(email=NORA, role=Role.VIEWER, by=team[role], at=now)


def test_invite__twice_or_a_member__is_refused_in_words(browse: Browse, team: Team, now: datetime) -> None:
    client = browse(Role.OWNER)
    invited(team, at=now)
    for email, words in ((NORA, "is invited already"), ("viewer@harbour.example", "is a member already")):
        page = client.post(reverse("settings", args=["harbour"]), {"email": email, "role": "viewer"})
        assert page.status_code == 409
        assert words in page.content.decode()
        assert f'value="{email}"' in page.content.decode()


def test_join__by_letter_with_a_password__is_a_member_with_a_confirmed_address(
    team: Team, now: datetime
) -> None:
    invitation, client = invited(team, at=now, role=Role.MANAGER), Client()
    path = link(invitation, by_letter=True)
    assert "Nora" not in client.get(path).content.decode()
    weak = client.post(path, {"name": "Nora Berg", "password": "123"})
    assert weak.status_code == 422
    assert 'value="Nora Berg"' in weak.content.decode()
    assert client.post(path, ANSWER)["Location"] == reverse("today", args=["harbour"])
    assert client.get(reverse("today", args=["harbour"])).status_code == 200
    membership = Membership.objects.get(user__email=NORA)
    assert (membership.role, str(membership.user)) == ("manager", "Nora Berg")
    assert membership.user.has_confirmed_address
    assert Event.objects.get(kind=EventKind.MEMBER_JOINED).actor == membership.user
    # Again it opens nothing to anybody else, and to her it is a bookmark.
    assert Client().get(path).status_code == 410
    assert client.get(path).status_code == 302


def test_join__by_hand_with_a_password__is_a_member_whose_address_nobody_has_shown(
    team: Team, now: datetime
) -> None:
    invitation, client = invited(team, at=now), Client()
    answer = client.post(link(invitation, by_letter=False), ANSWER, follow=True)
    membership = Membership.objects.get(user__email=NORA)
    assert not membership.user.has_confirmed_address
    # What was typed once is not asked for again.
    assert answer.redirect_chain[-1][0] == reverse("today", args=["harbour"])
    assert answer.context["request"].user == membership.user
    assert signed_in(NORA, OWN).get(reverse("today", args=["harbour"])).status_code == 200


def test_join__by_hand_with_the_password_of_ones_own_account__signs_in_and_asks_whether_to_join(
    team: Team, victim: User, now: datetime
) -> None:
    set_password_by_letter(victim, OWN)
    answer = Client().post(link(invited(team, VICTIM, at=now), by_letter=False), ANSWER, follow=True)
    assert answer.context["asks"] == "accept"
    assert answer.context["request"].user == victim
    assert not is_member(VICTIM)


def test_sign_in__for_an_invitation__knows_the_address_and_does_not_speak_of_the_demo(
    team: Team, workspace: Workspace, now: datetime, settings: Settings
) -> None:
    settings.SHOWS_DEMO, settings.DEMO_SLUG = True, workspace.slug
    invitation, client = invited(team, at=now), Client()
    door = {"next": link(invitation, by_letter=False)}
    page = client.get(reverse("account_login"), door).content.decode()
    assert f'name="login" value="{NORA}"' in page
    assert "This is the demo." not in page
    elsewhere = client.get(reverse("account_login"), {"next": "/join/nonsense/"}).content.decode()
    assert NORA not in elsewhere
    assert "This is the demo." in elsewhere
    other = invited(team, "eve@harbour.example", at=now)
    door = {"next": link(other, by_letter=True)}
    assert 'value="eve@harbour.example"' in client.get(reverse("account_login"), door).content.decode()
    withdraw_invitation(other.pk, by=team[Role.OWNER], at=now)
    assert "eve@harbour.example" not in client.get(reverse("account_login"), door).content.decode()


def test_join__by_hand_address_has_an_account__changes_nothing_and_says_the_same(
    team: Team, victim: User, now: datetime
) -> None:
    invitation = invited(team, VICTIM, at=now)
    client = Client()
    answer = client.post(link(invitation, by_letter=False), ANSWER)
    assert answer["Location"].startswith(reverse("account_login"))
    assert f"Now sign in as {VICTIM}." in client.get(answer["Location"]).content.decode()
    victim.refresh_from_db()
    assert victim.check_password(KNOWN_TO_ANOTHER)
    assert not is_member(VICTIM)


def test_join__by_hand_into_an_account_of_another_maker__is_refused_until_the_address_is_shown(
    team: Team, victim: User, now: datetime
) -> None:
    path = link(invited(team, VICTIM, at=now), by_letter=False)
    maker = signed_in(VICTIM, KNOWN_TO_ANOTHER)
    assert "whoever made the account may know its password" in maker.get(path).content.decode()
    assert maker.post(path, ANSWER).status_code == 409
    assert not is_member(VICTIM)
    set_password_by_letter(victim, OWN)
    holder = signed_in(VICTIM, OWN)
    holder.post(path)
    assert is_member(VICTIM)
    assert maker.get(reverse("today", args=["harbour"])).status_code == 302


def test_join__by_letter_into_an_account_of_another_maker__shuts_the_maker_out(
    team: Team, victim: User, now: datetime
) -> None:
    maker = signed_in(VICTIM, KNOWN_TO_ANOTHER)
    client = Client()
    client.post(link(invited(team, VICTIM, at=now), by_letter=True), ANSWER)
    assert is_member(VICTIM)
    assert client.get(reverse("today", args=["harbour"])).status_code == 200
    assert maker.get(reverse("today", args=["harbour"])).status_code == 302
    assert signed_in(VICTIM, KNOWN_TO_ANOTHER).get(reverse("account")).status_code == 302


def test_join__by_letter_with_an_account_of_ones_own__takes_signing_in(
    team: Team, victim: User, now: datetime
) -> None:
    set_password_by_letter(victim, OWN)
    path = link(invited(team, VICTIM, at=now), by_letter=True)
    stranger = Client()
    assert "You have an account under this address already" in stranger.get(path).content.decode()
    assert stranger.post(path, {"name": "x", "password": "a password of a thief"}).status_code == 409
    victim.refresh_from_db()
    assert victim.check_password(OWN)
    signed_in(VICTIM, OWN).post(path)
    assert is_member(VICTIM)


def test_join__signed_in_as_somebody_else__is_told_and_changes_nothing(
    browse: Browse, team: Team, now: datetime
) -> None:
    path = link(invited(team, at=now), by_letter=True)
    client = browse(Role.VIEWER)
    assert "This invitation is for nora@harbour.example." in client.get(path).content.decode()
    assert client.post(path, ANSWER).status_code == 409
    assert not User.objects.filter(email=NORA).exists()


@pytest.mark.parametrize("by_letter", [True, False])
def test_join__late_withdrawn_or_sent_again__is_over(
    browse: Browse, team: Team, now: datetime, *, by_letter: bool
) -> None:
    late = invited(team, "late@harbour.example", at=now - timedelta(days=7, minutes=1))
    old = invited(team, at=now)
    path = link(old, by_letter=by_letter)
    again = send_again(old.pk, by=team[Role.OWNER], at=now)
    withdrawn = invited(team, "gone@harbour.example", at=now)
    browse(Role.OWNER).post(reverse("invitation_withdraw", args=["harbour", withdrawn.pk]))
    for over in (
        link(late, by_letter=by_letter),
        path,
        link(withdrawn, by_letter=by_letter),
        path[:-2] + "x/",
    ):
        assert Client().get(over).status_code == 410
        assert Client().post(over, ANSWER).status_code == 410
    assert Client().get(link(again, by_letter=by_letter)).status_code == 200
    assert not User.objects.filter(first_name="Nora").exists()


def test_join__inviter_is_no_owner_any_more__is_refused(
    team: Team, workspace: Workspace, now: datetime
) -> None:
    second = make_member(workspace, Role.OWNER, email="second@harbour.example")
    invitation = invite(email=NORA, role=Role.OWNER, by=Actor.of_member(second), at=now)
    change_role(second.pk, role=Role.VIEWER, by=team[Role.OWNER], at=now)
    with pytest.raises(Refused, match="over"):
        join_by_letter(invitation.pk, name="Nora", password=OWN, at=now)
    assert not is_member(NORA)


def test_join__twice__lets_one_in(team: Team, now: datetime) -> None:
    invitation = invited(team, at=now)
    join_by_letter(invitation.pk, name="Nora", password=OWN, at=now)
    with pytest.raises(Refused, match="over"):
        join_by_letter(invitation.pk, name="Thief", password="another good password", at=now)
    assert signed_in(NORA, OWN).get(reverse("account")).status_code == 200


def test_invitation__of_another_workspace__does_not_exist(
    browse: Browse, victim: User, now: datetime
) -> None:
    other = Membership.objects.get(workspace__slug="other", role=Role.OWNER)
    foreign = invite(email=NORA, role=Role.VIEWER, by=Actor.of_member(other), at=now)
    for name in ("invitation_again", "invitation_withdraw"):
        assert browse(Role.OWNER).post(reverse(name, args=["harbour", foreign.pk])).status_code == 404
    foreign.refresh_from_db()
    assert foreign.is_pending


def test_home__invitation_waits__is_offered_only_to_whoever_has_shown_the_address(
    team: Team, victim: User, now: datetime
) -> None:
    invited(team, VICTIM, at=now)
    assert "invites you" not in signed_in(VICTIM, KNOWN_TO_ANOTHER).get("/", follow=True).content.decode()
    set_password_by_letter(victim, OWN)
    holder = signed_in(VICTIM, OWN)
    page = holder.get("/").content.decode()
    found = re.search(r'href="(/join/[^"]+)"', page)
    assert found is not None
    holder.post(found[1])
    assert is_member(VICTIM)
