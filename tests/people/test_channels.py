"""Rooms of Slack and others hear of notices: only services that are meant, and only outside."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.urls import reverse
from pytest_django.fixtures import Settings

from notices.choices import NoticeKind
from notices.models import Channel, Notice
from notices.services import add_channel, plan_digests, plan_notices, send_to_channel
from notices.services.speaking import read_address, speak
from tests.pages.conftest import Browse, Week
from tests.people.conftest import breach
from workspaces.choices import EventKind, Role
from workspaces.exceptions import Invalid
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor
from workspaces.services import publish_events

Team = dict[Role, Actor]
TOKEN = "3ccdd113474722377935511fc85d3dd4"
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


class Room(ThreadingHTTPServer):
    """A Mattermost on this machine, over TLS, that keeps what is said and answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.answers = 200
        self.leads_to = ""

    @property
    def url(self) -> str:
        return f"mmosts://127.0.0.1:{self.server_port}/{TOKEN}"


class _Handler(BaseHTTPRequestHandler):
    server: Room

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, json.loads(body)))
        self.send_response(self.server.answers)
        if self.server.leads_to:
            self.send_header("Location", self.server.leads_to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def write_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "room.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def room(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    certificate = write_certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server = Room()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def add(team: Team, url: str, *, at: datetime, name: str = "#growth") -> Channel:
    return add_channel(
        name=name, url=url, kinds=[NoticeKind.BREACH], has_digest=True, by=team[Role.MANAGER], at=at
    )


@pytest.mark.parametrize(
    "url",
    [
        "json://example.com/x",
        "jsons://example.com/x",
        "xml://example.com",
        "form://example.com",
        "file:///etc/passwd",
        "exec://ls",
        "syslog://",
        "dbus://",
        "mailto://user:pass@example.com",
        "mmost://mm.example.com/" + TOKEN,
        "http://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://hooks.slack.com.evil.example/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://example.com/",
        "slack://",
        "mmosts://127.0.0.1/" + TOKEN,
        "mmosts://10.0.0.8/" + TOKEN,
        "mmosts://169.254.169.254/" + TOKEN,
        "mmosts://[::1]/" + TOKEN,
        "mmosts://localhost/" + TOKEN,
        "workflow://127.0.0.1/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu",
        "workflow://evil.example/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eu",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/" + "x" * 500,
        "",
        "://",
        "[",
    ],
)
def test_address__not_of_a_service_that_is_meant_or_inside__is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_address(url)
    assert "Slack" in refusal.value.message


@pytest.mark.parametrize(
    "url",
    [
        SLACK,
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#growth",
        "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=KKKK&token=TTTT",
        (
            "https://prod-98.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64"
            "/triggers/manual/paths/invoke?api-version=2016-06-01&sig=KODuebWbDGYFr0z0eu"
        ),
    ],
)
def test_address__as_the_service_gives_it_out__is_taken(url: str) -> None:
    assert read_address(url)


def test_address__with_options__loses_them(settings: Settings) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    plugin = read_address(f"mmosts://127.0.0.1/{TOKEN}?verify=no&rto=9999&retry=9")
    assert plugin.verify_certificate
    assert "retry=0" in plugin.url()


def test_channel__added__never_shows_its_secret_again(
    browse: Browse, team: Team, workspace: Workspace
) -> None:
    client, url = browse(Role.MANAGER), reverse("settings_channels", args=["harbour"])
    sent = {"name": "#growth", "url": SLACK, "kinds": ["breach", "zombie"]}
    page = client.post(url, sent, follow=True).content.decode()
    channel = Channel.objects.get()
    assert "#growth" in page
    told = json.dumps(list(Event.objects.values_list("data", flat=True)))
    for secret in ("TIiajkdnlazkcOXrIdevi7FQ", "A1BRTD4JD"):
        assert secret in channel.url
        form = client.get(reverse("channel", args=["harbour", channel.pk])).content.decode()
        for where in (page, told, form):
            assert secret not in where
    assert Event.objects.get(kind=EventKind.CHANNEL_ADDED).data["name"] == "#growth"


def test_channel__form_that_is_refused__keeps_what_was_typed(browse: Browse, team: Team) -> None:
    client, url = browse(Role.MANAGER), reverse("settings_channels", args=["harbour"])
    for sent, words in (
        ({"name": "#growth", "url": "json://example.com", "kinds": ["breach"]}, "Nothing is sent there."),
        ({"name": "#growth", "url": SLACK}, "Choose at least one thing"),
    ):
        answer = client.post(url, sent)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert 'value="#growth"' in answer.content.decode()


def test_channel__manager__changes_and_removes_it(browse: Browse, team: Team, now: datetime) -> None:
    client, channel = browse(Role.MANAGER), add(team, SLACK, at=now)
    client.post(reverse("channel", args=["harbour", channel.pk]), {"kinds": ["zombie"]})
    channel.refresh_from_db()
    assert (channel.kinds, channel.has_digest) == (["zombie"], False)
    client.post(reverse("channel_remove", args=["harbour", channel.pk]))
    assert not Channel.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MARKETER])
def test_channel__less_than_a_manager__changes_nothing(
    browse: Browse, team: Team, now: datetime, role: Role
) -> None:
    channel, client = add(team, SLACK, at=now), browse(role)
    assert client.get(reverse("settings_channels", args=["harbour"])).status_code == 200
    for name, *args in (
        ("settings_channels",),
        ("channel", channel.pk),
        ("channel_remove", channel.pk),
        ("channel_test", channel.pk),
    ):
        answer = client.post(
            reverse(name, args=["harbour", *args]), {"name": "x", "url": SLACK, "kinds": ["zombie"]}
        )
        assert answer.status_code == 403, name
    channel.refresh_from_db()
    assert channel.kinds == ["breach"]


def test_test__room_that_listens__says_that_it_took_the_message(
    browse: Browse, team: Team, room: Room, now: datetime
) -> None:
    channel = add(team, room.url, at=now)
    test = reverse("channel_test", args=["harbour", channel.pk])
    page = browse(Role.MANAGER).post(test, follow=True).content.decode()
    assert "The service took the message." in page
    [(path, said)] = room.heard
    assert path == f"/hooks/{TOKEN}"
    assert "tries whether notices arrive here" in said["text"]


def test_test__room_that_refuses__says_so_without_the_secret(
    browse: Browse, team: Team, room: Room, now: datetime
) -> None:
    room.answers = 403
    channel = add(team, room.url, at=now)
    test = reverse("channel_test", args=["harbour", channel.pk])
    page = browse(Role.MANAGER).post(test, follow=True).content.decode()
    assert "Mattermost did not take it" in page
    assert "The service took" not in page
    assert TOKEN not in page


def test_speak__address_that_has_moved_inside__is_not_connected_to(
    team: Team, room: Room, now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = add(team, room.url, at=now)
    settings.WEBHOOK_ALLOW_PRIVATE = False
    # The check by name is passed, as it would be if the name had another address a moment ago.
    monkeypatch.setattr("notices.services.speaking.check_url", lambda _: None)
    assert "did not take it" in speak(channel.url, title="x", body="y")
    assert room.heard == []


def test_speak__room_that_leads_elsewhere_inside__is_not_followed(
    team: Team, room: Room, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = add(team, room.url, at=now)
    room.answers, room.leads_to = 307, f"https://127.0.0.1:{room.server_port}/hooks/elsewhere"
    connected = []

    def only_once(address: str) -> bool:
        connected.append(address)
        return len(connected) == 1

    monkeypatch.setattr("notices.services.speaking.is_allowed", only_once)
    monkeypatch.setattr("notices.services.speaking.check_url", lambda _: None)
    room.leads_to = room.leads_to.replace("127.0.0.1", "localhost")
    assert "did not take it" in speak(channel.url, title="x", body="y")
    assert len(room.heard) == 1


def test_notices__breach_and_morning__are_said_in_the_room(
    team: Team, room: Room, week: Week, workspace: Workspace, now: datetime
) -> None:
    # What was before the room was added is not told in it.
    publish_events(workspace.pk)
    plan_notices(at=now)
    channel = add(team, room.url, at=now)
    seven = now.astimezone(workspace.tz).replace(hour=7, minute=0) + timedelta(days=1)
    plan_digests(at=seven)
    assert send_to_channel(channel.pk, at=seven) == 1
    [(_, said)] = room.heard
    assert "Founder video breached its rule." in said["text"]
    assert "http://testserver/w/harbour/campaigns/founder-video/" in said["text"]


def test_notices__room_is_out_of_order__wait_together_and_arrive_later(
    team: Team, room: Room, workspace: Workspace, now: datetime
) -> None:
    channel = add(team, room.url, at=now)
    for day in (1, 2):
        Notice.objects.create(
            workspace=workspace,
            channel=channel,
            event=Event.objects.filter(workspace=workspace).order_by("id")[day],
            event_ids=[breach(workspace, now).pk],
            message_id=f"m{day}",
            created_at=now,
            next_attempt_at=now,
        )
    room.answers = 500
    assert send_to_channel(channel.pk, at=now) == 0
    assert len(room.heard) == 1
    assert not Notice.objects.due(now + timedelta(seconds=9)).exists()
    room.answers = 200
    assert send_to_channel(channel.pk, at=now + timedelta(seconds=10)) == 2
