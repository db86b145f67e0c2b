"""The same POST twice does its work once and hears the same answer twice."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from api.choices import RequestState
from api.exceptions import Invalid, Refused
from api.models import IdempotentRequest
from api.services import answer_once, create_key, forget_answers
from api.services.idempotency import Answer, fingerprint_of
from experiments.models import Campaign, Hypothesis
from tests.api.conftest import BASE, CAMPAIGN, HYPOTHESIS, ClientOf
from tests.factories import LONG_AGO, make_workspace
from tests.racing import race
from workspaces.choices import Role, Scope
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor
from workspaces.selectors import first_owner


def post(
    client: APIClient, body: dict[str, Any] | None = None, key: str = "once", path: str = "hypotheses/"
) -> Any:
    return client.post(
        f"{BASE}{path}", HYPOTHESIS if body is None else body, headers={"Idempotency-Key": key}
    )


def test_post__sent_again__hears_the_first_answer(planner: APIClient) -> None:
    first, second = post(planner), post(planner)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second["Content-Type"] == first["Content-Type"]
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert Hypothesis.objects.count() == 1


def test_action__on_what_is_called_by_a_key__is_done_once(planner: APIClient) -> None:
    planner.post(f"{BASE}campaigns/", CAMPAIGN)
    path = f"campaigns/{CAMPAIGN['key']}/discard/"
    first, second = post(planner, {}, path=path), post(planner, {}, path=path)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.content == first.content


def test_post__refused_and_sent_again__hears_the_refusal_again(planner: APIClient) -> None:
    body = HYPOTHESIS | {"kind": "guess"}
    first, second = post(planner, body), post(planner, body)
    assert (first.status_code, second.status_code) == (422, 422)
    assert second.content == first.content
    assert second["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("change", [{"body": HYPOTHESIS | {"title": "Another"}}, {"path": "sprints/"}])
def test_post__same_key_for_another_request__is_422(planner: APIClient, change: dict[str, Any]) -> None:
    post(planner)
    answer = post(planner, **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert Hypothesis.objects.count() == 1


def test_post__same_key_of_another_client__is_another_request(with_key: ClientOf) -> None:
    post(with_key(Scope.PLAN_WRITE))
    answer = post(with_key(Scope.PLAN_WRITE), HYPOTHESIS | {"title": "Another"})
    assert answer.status_code == 201
    assert Hypothesis.objects.count() == 2


def test_post__by_a_person__counts_too(session: Callable[[Role], APIClient]) -> None:
    client = session(Role.MARKETER)
    assert post(client).content == post(client).content
    assert Hypothesis.objects.count() == 1


def test_post__while_the_first_is_under_way__is_409(planner: APIClient, at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        post(planner)
        IdempotentRequest.objects.update(state=RequestState.UNDER_WAY, status=None)
        answer = post(planner)
    assert (answer.status_code, answer.json()["code"]) == (409, "request_under_way")


def test_post__the_first_was_given_up__is_done(planner: APIClient, at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        post(planner)
    IdempotentRequest.objects.update(state=RequestState.UNDER_WAY, status=None)
    with time_machine.travel(at + timedelta(minutes=5), tick=False):
        assert post(planner).status_code == 201
    assert IdempotentRequest.objects.get().state == RequestState.ANSWERED
    assert Hypothesis.objects.count() == 2


def test_post__a_day_later__is_a_new_request(planner: APIClient, at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        post(planner)
    with time_machine.travel(at + timedelta(hours=24), tick=False):
        assert post(planner, HYPOTHESIS | {"title": "Another"}).status_code == 201
    assert Hypothesis.objects.count() == 2


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "a\tb"])
def test_post__malformed_key__is_422(planner: APIClient, key: str) -> None:
    answer = post(planner, key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


def test_post__without_a_key__is_done_each_time(planner: APIClient) -> None:
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    planner.post(f"{BASE}hypotheses/", HYPOTHESIS)
    assert Hypothesis.objects.count() == 2


def test_get__with_a_key__keeps_nothing(planner: APIClient) -> None:
    planner.get(f"{BASE}hypotheses/", headers={"Idempotency-Key": "once"})
    assert not IdempotentRequest.objects.exists()


def test_forget_answers__keeps_those_of_the_last_day(planner: APIClient, at: datetime) -> None:
    with time_machine.travel(at, tick=False):
        post(planner, key="old")
    with time_machine.travel(at + timedelta(hours=1), tick=False):
        post(planner, key="young")
    assert forget_answers(at=at + timedelta(hours=24)) == 1
    assert IdempotentRequest.objects.get().key == "young"


def _never(error: Exception) -> Answer:
    raise error


def test_answer_once__work_breaks__frees_the_key_and_changes_nothing(
    workspace: Workspace, at: datetime
) -> None:
    def work() -> Answer:
        IdempotentRequest.objects.create(
            workspace=workspace, actor="a", key="trace", fingerprint="", created_at=at, claimed_at=at
        )
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_once(workspace, actor="a", key="k", fingerprint="f", at=at, work=work, refuse=_never)
    assert not IdempotentRequest.objects.exists()


def test_answer_once__taken_over_meanwhile__takes_back_what_it_did(
    workspace: Workspace, at: datetime
) -> None:
    late = at + timedelta(minutes=6)

    def do_again() -> Answer:
        return Answer(status=200, body="second")

    def work() -> Answer:
        # While this one dawdles, another takes over and answers.
        answer_once(workspace, actor="a", key="k", fingerprint="f", at=late, work=do_again, refuse=_never)
        return Answer(status=200, body="first")

    def refuse(error: Exception) -> Answer:
        raise error

    with pytest.raises(Refused) as refused:
        answer_once(workspace, actor="a", key="k", fingerprint="f", at=at, work=work, refuse=refuse)
    assert refused.value.code == "request_under_way"


def test_answer_once__another_request__is_a_mismatch(workspace: Workspace, at: datetime) -> None:
    def work() -> Answer:
        return Answer(status=200, body="done")

    answer_once(workspace, actor="a", key="k", fingerprint="f", at=at, work=work, refuse=_never)
    with pytest.raises(Invalid):
        answer_once(workspace, actor="a", key="k", fingerprint="g", at=at, work=work, refuse=_never)


def test_fingerprint__parts_that_run_together__differ() -> None:
    assert fingerprint_of("POST", "/a", "b", b"c") != fingerprint_of("POST", "/ab", "", b"c")


@pytest.mark.usefixtures("shared_db")
def test_post__twice_at_the_same_moment__is_done_once() -> None:
    workspace = make_workspace()
    owner = Actor.of_member(first_owner(workspace.slug))
    _, secret = create_key(name="k", scopes=[Scope.PLAN_WRITE], for_user=owner.person, by=owner, at=LONG_AGO)
    heard: list[int] = []

    def send() -> None:
        heard.append(post(APIClient(headers={"Authorization": f"Bearer {secret}"})).status_code)

    race(*[send] * 4)
    # Whoever comes while the first is at work is told so; whoever comes later hears its answer.
    assert set(heard) <= {201, 409}
    assert 201 in heard
    assert Hypothesis.objects.count() == 1
    assert Event.objects.filter(kind="hypothesis.created").count() == 1


def test_post__same_key_for_other_rows_in_chunks__is_422_and_not_taken_for_the_first(
    connector: APIClient, hook_test: Campaign
) -> None:
    def send(clicks: int) -> Any:
        rows = [{"campaign": hook_test.key, "arm": "a", "day": "2026-05-20", "clicks": clicks}]
        in_parts: Any = {"CONTENT_LENGTH": "", "wsgi.input": BytesIO(json.dumps(rows).encode())}
        return connector.post(
            f"{BASE}metrics/",
            headers={"Idempotency-Key": "nightly", "Transfer-Encoding": "chunked"},
            content_type="application/json",
            **in_parts,
        )

    first, again, other = send(5), send(5), send(6)
    assert (first.status_code, first.json()["inserted"]) == (200, 1)
    assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
