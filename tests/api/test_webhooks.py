"""Events reach the addresses that asked for them: signed, at least once, and never inside."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
import time_machine
from pytest_django import Settings
from rest_framework.test import APIClient
from standardwebhooks import Webhook

from api.models import WebhookDelivery, WebhookEndpoint
from api.services import deliver, plan_deliveries
from api.services.outbound import check_url
from tests.api.conftest import BASE, HYPOTHESIS, ClientOf
from workspaces.choices import Role, Scope
from workspaces.exceptions import Invalid
from workspaces.models import Event, Workspace
from workspaces.services import publish_events


class Receiver(ThreadingHTTPServer):
    """A server on this machine that keeps what it is sent and answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers = 200
        self.dribbles = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks?team=1"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(({key.lower(): value for key, value in self.headers.items()}, body))
        if self.server.dribbles:
            # Two seconds in all, unless somebody hangs up.
            for character in "HTTP/1.0 200 Fine" + " " * 83:
                self.wfile.write(character.encode())
                time.sleep(0.02)
        self.send_response(self.server.answers)
        self.send_header("Location", "http://127.0.0.1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    server = Receiver()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def register(client: APIClient, url: str, **fields: Any) -> dict[str, Any]:
    answer = client.post(f"{BASE}webhook-endpoints/", {"url": url, **fields})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def deliver_all(at: datetime) -> None:
    """What the scheduler and the workers do."""
    for workspace_id in list(Workspace.objects.values_list("pk", flat=True)):
        publish_events(workspace_id)
    plan_deliveries(at=at)
    for delivery in WebhookDelivery.objects.due(at).order_by("pk"):
        deliver(delivery.pk, at=at)


def test_endpoint__registered__hears_what_happens_from_then_on(
    planner: APIClient, receiver: Receiver
) -> None:
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS | {"title": "Before"})
    endpoint = register(planner, receiver.url)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    now = datetime.now(UTC)
    deliver_all(now)
    kinds = [json.loads(body)["type"] for _, body in receiver.heard]
    assert kinds == ["hypothesis.created"]
    headers, body = receiver.heard[-1]
    assert headers["content-type"] == "application/json"
    # The receiver's own library, with the secret that was shown once.
    told = Webhook(endpoint["secret"]).verify(body, headers)
    event = Event.objects.get(sequence=told["data"]["sequence"])
    assert told["timestamp"] == event.at.isoformat()
    assert told["data"]["data"]["title"] == HYPOTHESIS["title"]
    assert headers["webhook-id"].startswith("msg_")


def test_endpoint__told_once__is_not_told_again(planner: APIClient, receiver: Receiver) -> None:
    register(planner, receiver.url)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    now = datetime.now(UTC)
    deliver_all(now)
    deliver_all(now + timedelta(days=1))
    assert len(receiver.heard) == 1


def test_endpoint__wants_some_kinds__hears_those_only(planner: APIClient, receiver: Receiver) -> None:
    register(planner, receiver.url, kinds=["sprint.created"])
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    planner.post(f"{BASE}sprints/", {"name": "Hooks", "starts_on": "2026-11-23", "ends_on": "2026-11-27"})
    deliver_all(datetime.now(UTC))
    assert [json.loads(body)["type"] for _, body in receiver.heard] == ["sprint.created"]


def test_endpoint__of_another_workspace__hears_nothing(
    planner: APIClient, elsewhere: Workspace, receiver: Receiver, at: datetime
) -> None:
    WebhookEndpoint.objects.create(
        workspace=elsewhere,
        url=receiver.url,
        secret="whsec_" + "a" * 44,
        created_at=at,
        created_by=elsewhere.memberships.get().user,
        after_sequence=elsewhere.last_event_sequence + 1,
    )
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    deliver_all(at)
    assert receiver.heard == []


def test_endpoint__tested__hears_of_it_whatever_it_wants(planner: APIClient, receiver: Receiver) -> None:
    endpoint = register(planner, receiver.url, kinds=["sprint.closed"])
    answer = planner.post(f"{BASE}webhook-endpoints/{endpoint['id']}/test/")
    assert answer.status_code == 200
    now = datetime.now(UTC)
    deliver_all(now)
    assert [json.loads(body)["type"] for _, body in receiver.heard] == ["webhook_endpoint.tested"]
    assert receiver.heard[0][0]["webhook-id"] == answer.json()["message_id"]
    history = planner.get(f"{BASE}webhook-endpoints/{endpoint['id']}/deliveries/").json()["results"]
    assert [(item["attempts"], item["last_outcome"]) for item in history] == [(1, "Answered 200.")]


def test_delivery__refused__is_tried_for_a_day_under_one_id(
    planner: APIClient, receiver: Receiver, at: datetime
) -> None:
    receiver.answers = 503
    with time_machine.travel(at, tick=False):
        register(planner, receiver.url)
        planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    now, times = at, []
    for _ in range(50):
        seen = len(receiver.heard)
        deliver_all(now)
        times += [now - at] * (len(receiver.heard) - seen)
        due = WebhookDelivery.objects.get().next_attempt_at
        if due is None:
            break
        now = due
    assert times[0] == timedelta(0)
    assert times[-1] == timedelta(hours=24)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps)
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    delivery = WebhookDelivery.objects.get()
    assert (delivery.delivered_at, delivery.last_outcome) == (None, "Answered 503.")


@pytest.mark.parametrize("status", [301, 302, 307, 404, 410, 500])
def test_delivery__answered_otherwise_than_2xx__did_not_arrive(
    planner: APIClient, receiver: Receiver, at: datetime, status: int
) -> None:
    receiver.answers = status
    register(planner, receiver.url)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    deliver_all(datetime.now(UTC))
    assert len(receiver.heard) == 1  # a redirect is not followed
    delivery = WebhookDelivery.objects.get()
    assert (delivery.delivered_at, delivery.attempts) == (None, 1)
    assert delivery.next_attempt_at is not None


def test_delivery__nobody_listens__is_tried_again(planner: APIClient, receiver: Receiver) -> None:
    register(planner, "http://127.0.0.1:9/")
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    deliver_all(datetime.now(UTC))
    delivery = WebhookDelivery.objects.get()
    assert delivery.next_attempt_at is not None
    assert "refused" in delivery.last_outcome


def test_delivery__answered_a_letter_at_a_time__is_hung_up_on(
    planner: APIClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.outbound.TIMEOUT_SECONDS", 0.2)
    receiver.dribbles = True
    register(planner, receiver.url)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    deliver_all(datetime.now(UTC))
    delivery = WebhookDelivery.objects.get()
    assert delivery.delivered_at is None
    assert "no answer within" in delivery.last_outcome


def test_delivery__two_workers_at_once__one_sends(planner: APIClient, receiver: Receiver) -> None:
    register(planner, receiver.url)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    now = datetime.now(UTC)
    publish_events(Workspace.objects.get().pk)
    plan_deliveries(at=now)
    delivery = WebhookDelivery.objects.get()
    assert [delivery.claim(at=now), WebhookDelivery.objects.get().claim(at=now)] == [True, False]


def test_delivery__worker_died__is_sent_by_the_next_sweep(planner: APIClient, receiver: Receiver) -> None:
    register(planner, receiver.url)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    now = datetime.now(UTC)
    publish_events(Workspace.objects.get().pk)
    plan_deliveries(at=now)
    WebhookDelivery.objects.get().claim(at=now)
    deliver_all(now + timedelta(minutes=1))
    assert receiver.heard == []
    deliver_all(now + timedelta(minutes=2))
    assert len(receiver.heard) == 1


def test_endpoint__deleted__is_not_told_what_waits(planner: APIClient, receiver: Receiver) -> None:
    endpoint = register(planner, receiver.url)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    publish_events(Workspace.objects.get().pk)
    plan_deliveries(at=datetime.now(UTC))
    assert planner.delete(f"{BASE}webhook-endpoints/{endpoint['id']}/").status_code == 204
    deliver_all(datetime.now(UTC))
    assert receiver.heard == []
    assert planner.get(f"{BASE}webhook-endpoints/").json()["results"] == []


def test_endpoint__read_again__keeps_its_secret_to_itself(planner: APIClient, receiver: Receiver) -> None:
    endpoint = register(planner, receiver.url)
    assert endpoint["secret"].startswith("whsec_")
    again = planner.get(f"{BASE}webhook-endpoints/{endpoint['id']}/").json()
    assert again == {key: value for key, value in endpoint.items() if key != "secret"}
    assert endpoint["secret"] not in planner.get(f"{BASE}events/").content.decode()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://localhost:8000/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:0:127.0.0.1]/",
        "http://[fec0::1]/",
        "http://[5f00::1]/",
        "http://[3fff::1]/",
        "http://[2001:db8::1]/",
        "http://[ff0e::1]/",
        "http://[2002:7f00:0001::]/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.0.0.192/latest/meta-data/",
        "http://168.63.129.16/machine?comp=goalstate",
        "http://[::ffff:168.63.129.16]/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "https://user:secret@8.8.8.8/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//8.8.8.8/",
        "8.8.8.8",
        "",
        "http://",
        "http:///path",
        "http://8.8.8.8:99999/",
        "http://8.8.8.8:port/",
        "http://[::1/",
        "http://8.8.8.8/\r\nHost: inside",
        "http://8.8.8.8/a b",
        "http://münchen.example/",
        "http://8.8.8.8/" + "x" * 500,
    ],
)
def test_check_url__of_what_must_not_be_reached__is_refused(settings: Settings, url: str) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    with pytest.raises(Invalid) as refused:
        check_url(url)
    assert refused.value.errors[0].field == "url"


@pytest.mark.parametrize(
    "url",
    [
        "https://8.8.8.8/hooks",
        "http://8.8.8.8:8080/?a=b",
        "https://[2606:4700:4700::1111]/",
        "http://[64:ff9b::808:808]/",
    ],
)
def test_check_url__public__passes(settings: Settings, url: str) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    check_url(url)


def test_delivery__name_has_come_to_mean_this_machine__is_not_sent(
    planner: APIClient, receiver: Receiver, settings: Settings
) -> None:
    register(planner, receiver.url.replace("127.0.0.1", "localhost"))
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    settings.WEBHOOK_ALLOW_PRIVATE = False
    deliver_all(datetime.now(UTC))
    assert receiver.heard == []
    assert "not a public address" in WebhookDelivery.objects.get().last_outcome


@pytest.mark.parametrize(
    ("scopes", "role", "status"),
    [
        ((Scope.READ, Scope.PLAN_WRITE), Role.MARKETER, 201),
        ((Scope.READ, Scope.METRICS_WRITE, Scope.BUDGET_PROPOSE), Role.OWNER, 403),
        ((Scope.PLAN_WRITE,), Role.VIEWER, 403),
    ],
)
def test_register__by_scope_and_role(
    with_key: ClientOf, scopes: tuple[Scope, ...], role: Role, status: int
) -> None:
    answer = with_key(*scopes, role=role).post(f"{BASE}webhook-endpoints/", {"url": "https://8.8.8.8/"})
    assert answer.status_code == status


def test_register__unknown_kinds__names_each(planner: APIClient) -> None:
    body = {"url": "https://8.8.8.8/", "kinds": ["sprint.closed", "moon.rose", "sun.set"]}
    answer = planner.post(f"{BASE}webhook-endpoints/", body)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 2


def test_register__more_than_anybody_needs__is_refused(session: Callable[[Role], APIClient]) -> None:
    client = session(Role.MARKETER)
    for _ in range(20):
        register(client, "https://8.8.8.8/")
    answer = client.post(f"{BASE}webhook-endpoints/", {"url": "https://8.8.8.8/"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_endpoints")
