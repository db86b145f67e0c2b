"""Notices reach people by letter: the right ones, once a moment, whatever dies on the way."""

import re
import smtplib
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from experiments.models import ZombieFlag
from notices.choices import DigestWhen, NoticeKind
from notices.models import Notice, NoticeCursor, Wishes
from notices.services import choose, plan_digests, plan_notices, send_letters
from notices.tasks import plan
from sprints.services.reallocations import create_reallocation, reject_reallocation
from tests.factories import fill_reserve, make_member
from tests.pages.conftest import Browse, Week
from tests.people.conftest import breach
from workspaces.choices import EventKind, Role
from workspaces.models import Membership, User, Workspace
from workspaces.permissions import Actor
from workspaces.services import publish_events, record_event, remove_member

Team = dict[Role, Actor]


class PostOffice(ThreadingTCPServer):
    """A mail server on this machine that keeps what it takes, and refuses whom it is told to refuse."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Counter)
        self.taken: list[tuple[str, bytes]] = []
        self.refused: set[str] = set()


class _Counter(StreamRequestHandler):
    server: PostOffice

    def handle(self) -> None:
        self.say("220 here")
        to = ""
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
                self.say("550 nobody here" if to in self.server.refused else "250 ok")
            elif word == "DATA":
                self.say("354 go on")
                body = b""
                while (row := self.rfile.readline()) != b".\r\n":
                    body += row
                self.server.taken.append((to, body))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def post_office(settings: Settings) -> Iterator[PostOffice]:
    server = PostOffice()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[0], server.server_address[1]
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def tell_all(workspace: Workspace, at: datetime) -> None:
    publish_events(workspace.pk)
    plan_notices(at=at)


def letters_to(role: Role) -> list[mail.EmailMultiAlternatives]:
    return [letter for letter in mail.outbox if letter.to == [f"{role}@harbour.example"]]  # type: ignore[misc]


def test_breach__judged__is_written_to_those_who_work_and_not_to_viewers(
    workspace: Workspace, week: Week, now: datetime
) -> None:
    tell_all(workspace, now)
    assert send_letters(at=now) == 3
    assert letters_to(Role.VIEWER) == []
    [letter] = letters_to(Role.MARKETER)
    assert letter.subject == "[Quickno] Founder video breached its rule. And 1 more."
    html = str(letter.alternatives[0][0])
    for text in (str(letter.body), html):
        assert "Pause the campaign when the CTR is probably below 0.5%" in text
        assert "Brand search goes on without a yes: it is unplanned." in text
        assert "http://testserver/w/harbour/campaigns/founder-video/" in text
    assert "style=" not in html
    assert "prefers-color-scheme: dark" in html
    # Nothing is told twice.
    tell_all(workspace, now)
    assert send_letters(at=now) == 0


def test_plan__proposed__is_written_to_managers_who_did_not_propose_it(
    workspace: Workspace, team: Team, now: datetime, week: Week
) -> None:
    tell_all(workspace, now)
    send_letters(at=now)
    mail.outbox.clear()
    fill_reserve(workspace, "4000")
    line = {"from": "reserve", "to": week.paused.key, "amount": "250.00"}
    create_reallocation(lines=[line], by=team[Role.MANAGER], at=now)
    tell_all(workspace, now)
    send_letters(at=now)
    assert [letter.to for letter in mail.outbox] == [["owner@harbour.example"]]
    assert "proposes to move $250.00" in mail.outbox[0].subject


def test_plan__no_longer_waiting_when_it_is_planned__is_written_to_nobody(
    workspace: Workspace, team: Team, now: datetime, week: Week
) -> None:
    tell_all(workspace, now)
    fill_reserve(workspace, "4000")
    line = {"from": "reserve", "to": week.paused.key, "amount": "250.00"}
    plan_made = create_reallocation(lines=[line], by=team[Role.MARKETER], at=now)
    reject_reallocation(plan_made.pk, reason="No.", by=team[Role.OWNER], at=now)
    before = Notice.objects.count()
    tell_all(workspace, now)
    assert Notice.objects.count() == before


@pytest.mark.parametrize(
    ("kind", "data", "title"),
    [
        (EventKind.CRITERION_OVERTURNED, {}, "Second look: Founder video no longer breaches its rule."),
        (EventKind.ZOMBIE_FLAGGED, {"signal": "overdue"}, "Founder video: its sprint is over"),
    ],
)
def test_second_look_and_overdue__told__are_written_in_their_own_words(
    workspace: Workspace,
    team: Team,
    now: datetime,
    week: Week,
    kind: EventKind,
    data: dict[str, str],
    title: str,
) -> None:
    tell_all(workspace, now)
    Notice.objects.all().delete()
    flag = ZombieFlag.objects.get(pk=week.zombie.pk)
    subject = ("zombie", flag.pk) if data else ("campaign", "founder-video")
    said = {"campaign": "founder-video", "name": "Founder video", "rule": "CTR below 0.5%", **data}
    record_event(kind, by=Actor.quickno(workspace), at=now, subject=subject, data=said)
    tell_all(workspace, now)
    send_letters(at=now)
    assert letters_to(Role.MARKETER)[0].subject.startswith(f"[Quickno] {title}")


def test_news__a_day_old_or_from_before__is_written_to_nobody(
    workspace: Workspace, team: Team, now: datetime
) -> None:
    breach(workspace, now - timedelta(hours=25))
    tell_all(workspace, now)
    assert not Notice.objects.exists()
    assert NoticeCursor.objects.get().after_sequence == 2


def test_news__without_a_mail_server__makes_no_letter_and_the_page_says_so(
    browse: Browse, workspace: Workspace, team: Team, now: datetime, settings: Settings
) -> None:
    settings.MAIL_IS_SET_UP = False
    breach(workspace, now)
    tell_all(workspace, now)
    plan_digests(at=now.replace(hour=20))
    assert not Notice.objects.exists()
    page = browse(Role.MARKETER).get(reverse("notices", args=["harbour"])).content.decode()
    assert "No mail server is set up here" in page


def test_wishes__switched_off__are_kept_and_other_workspaces_go_on(
    browse: Browse, workspace: Workspace, team: Team, now: datetime
) -> None:
    client, url = browse(Role.MARKETER), reverse("notices", args=["harbour"])
    assert "A plan waits for approval" not in client.get(url).content.decode()
    assert client.post(url, {"kinds": ["zombie"], "digest": "hourly"}).status_code == 422
    client.post(url, {"kinds": ["zombie"], "digest": "always"})
    wishes = Wishes.objects.get()
    assert (wishes.kinds, wishes.digest) == (["zombie"], "always")
    breach(workspace, now)
    tell_all(workspace, now)
    send_letters(at=now)
    assert letters_to(Role.MARKETER) == []
    assert len(letters_to(Role.MANAGER)) == 1


def test_wishes__changed_after_the_letter_was_planned__hold_for_it(
    workspace: Workspace, team: Team, now: datetime
) -> None:
    breach(workspace, now)
    tell_all(workspace, now)
    member = Membership.objects.get(user__email="marketer@harbour.example")
    choose(member, kinds=[], digest=DigestWhen.NEVER)
    send_letters(at=now)
    assert letters_to(Role.MARKETER) == []


def test_member__removed_after_the_letter_was_planned__hears_nothing_more(
    workspace: Workspace, team: Team, now: datetime
) -> None:
    breach(workspace, now)
    tell_all(workspace, now)
    member = Membership.objects.get(user__email="marketer@harbour.example")
    remove_member(member.pk, by=team[Role.OWNER], at=now)
    User.objects.filter(email="manager@harbour.example").update(is_active=False)
    send_letters(at=now)
    assert [letter.to for letter in mail.outbox] == [["owner@harbour.example"]]
    assert not Notice.objects.due(now + timedelta(days=3)).exists()


def test_stop__link_in_the_letter__works_with_one_click_and_not_by_being_opened(
    workspace: Workspace, team: Team, now: datetime
) -> None:
    breach(workspace, now)
    tell_all(workspace, now)
    send_letters(at=now)
    [letter] = letters_to(Role.MARKETER)
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<http://testserver(/\S+)>", letter.extra_headers["List-Unsubscribe"])
    assert found is not None
    client = Client(enforce_csrf_checks=True)
    assert "No more notices from Harbour?" in client.get(found[1]).content.decode()
    assert not Wishes.objects.exists()
    for _ in range(2):
        assert client.post(found[1], {"List-Unsubscribe": "One-Click"}).status_code == 200
    wishes = Wishes.objects.get()
    assert (wishes.kinds, wishes.digest) == ([], DigestWhen.NEEDED)
    assert client.post(f"{found[1][:-2]}x/").status_code == 404


def test_letter__over_smtp__has_two_parts_and_one_message_id_however_often_it_is_sent(
    workspace: Workspace, team: Team, now: datetime, post_office: PostOffice
) -> None:
    breach(workspace, now)
    tell_all(workspace, now)
    assert send_letters(at=now) == 3
    # A worker that died after handing it over, before it wrote that down.
    Notice.objects.update(delivered_at=None, next_attempt_at=now)
    assert send_letters(at=now) == 3
    ids: dict[str, set[str]] = {}
    for to, body in post_office.taken:
        letter = message_from_bytes(body, _class=EmailMessage, policy=policy.default)
        assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
        assert letter["Auto-Submitted"] == "auto-generated"
        ids.setdefault(to, set()).add(letter["Message-ID"])
    assert [len(found) for found in ids.values()] == [1, 1, 1]
    assert len(set.union(*ids.values())) == 3


def test_mail_server__refuses_one_reader__writes_to_the_others_and_tries_again_later(
    workspace: Workspace, team: Team, now: datetime, post_office: PostOffice
) -> None:
    post_office.refused = {"manager@harbour.example"}
    breach(workspace, now)
    tell_all(workspace, now)
    assert send_letters(at=now) == 2
    [late] = Notice.objects.filter(delivered_at=None)
    assert "nobody here" in late.last_outcome
    assert late.next_attempt_at == now + timedelta(seconds=10)
    post_office.refused = set()
    assert send_letters(at=now + timedelta(seconds=10)) == 1


def test_mail_server__is_gone__is_asked_once_and_nothing_is_lost(
    workspace: Workspace, team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(self: EmailBackend, *args: object) -> int:
        asked.append(1)
        raise smtplib.SMTPServerDisconnected("gone")

    breach(workspace, now)
    tell_all(workspace, now)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        assert send_letters(at=now) == 0
    assert len(asked) == 1
    assert not Notice.objects.due(now + timedelta(seconds=9)).exists()
    assert send_letters(at=now + timedelta(seconds=10)) == 3


def test_worker__dies_while_it_sends__leaves_the_letter_to_the_next_turn(
    workspace: Workspace, team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(self: EmailBackend, *args: object) -> int:
        raise Killed

    breach(workspace, now)
    tell_all(workspace, now)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", die)
        with pytest.raises(Killed):
            send_letters(at=now)
    assert send_letters(at=now) == 2
    assert send_letters(at=now + timedelta(minutes=2)) == 1


def test_planner__dies_before_its_commit__makes_the_notices_at_the_next_turn(
    workspace: Workspace, team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    breach(workspace, now)
    publish_events(workspace.pk)
    with monkeypatch.context() as patch:
        patch.setattr("notices.services.planning._make", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            plan_notices(at=now)
    assert not Notice.objects.exists()
    assert plan_notices(at=now) == 3


def test_letter__that_cannot_be_written__does_not_stop_the_others(
    workspace: Workspace, team: Team, now: datetime
) -> None:
    broken = {"name": "Founder video", "campaign": "no such address", "rule": ""}
    subject = ("campaign", "founder-video")
    record_event(
        EventKind.CRITERION_BREACHED, by=Actor.quickno(workspace), at=now, subject=subject, data=broken
    )
    tell_all(workspace, now)
    breach(workspace, now)
    tell_all(workspace, now)
    assert send_letters(at=now) == 3
    assert Notice.objects.filter(last_outcome__startswith="It could not be written").count() == 3


def test_letter__tried_for_a_day__is_given_up(workspace: Workspace, team: Team, now: datetime) -> None:
    breach(workspace, now)
    tell_all(workspace, now)
    Notice.objects.update(attempts=9)
    notice = Notice.objects.all()[0]
    notice.settle("gone", arrived=False, at=now + timedelta(hours=24))
    assert notice.next_attempt_at is None


def test_task__something_is_due__hands_it_to_a_worker(
    workspace: Workspace, team: Team, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = []
    monkeypatch.setattr("notices.tasks.enqueue", lambda task, *args: handed.append((task.name, args)))
    breach(workspace, now)
    publish_events(workspace.pk)
    assert plan() == 3
    assert handed == [("notices.tasks.send", ())]


MORNING = datetime.fromisoformat("2026-11-19T13:00:00+00:00")  # 7:00 in Chicago


def test_digest__morning_of_the_workspace__comes_once_to_those_who_want_it(
    workspace: Workspace, team: Team, week: Week, now: datetime
) -> None:
    seven = now.astimezone(workspace.tz).replace(hour=7, minute=0) + timedelta(days=1)
    assert plan_digests(at=seven - timedelta(minutes=1)) == 0 or NoticeCursor.objects.exists()
    made = plan_digests(at=seven)
    assert made == 3
    assert plan_digests(at=seven + timedelta(hours=3)) == 0
    assert send_letters(at=seven) == 3
    [letter] = letters_to(Role.MARKETER)
    text = str(letter.body)
    assert "decision" in letter.subject
    assert "Founder video breached its rule." in text
    assert "Brand search goes on without a yes" in text
    assert "Sprint 1" in text
    assert "spent, plan by now" in text
    assert text.index("Founder video") < text.index("Sprints")
    assert plan_digests(at=seven + timedelta(days=1)) == 3


def test_digest__nothing_waits__comes_only_to_those_who_want_it_always(
    workspace: Workspace, team: Team
) -> None:
    member = Membership.objects.get(user__email="manager@harbour.example")
    choose(member, kinds=list(NoticeKind), digest=DigestWhen.ALWAYS)
    assert plan_digests(at=MORNING - timedelta(minutes=1)) == 0
    assert plan_digests(at=MORNING) == 3
    assert send_letters(at=MORNING) == 1
    assert [letter.to for letter in mail.outbox] == [["manager@harbour.example"]]
    assert mail.outbox[0].subject == "[Quickno] Harbour: Nothing waits for anybody."


def test_wishes__viewer__gets_nothing_until_they_ask(workspace: Workspace) -> None:
    wishes = Wishes.usual(make_member(workspace, Role.VIEWER))
    assert (wishes.kinds, wishes.digest) == ([], DigestWhen.NEVER)
