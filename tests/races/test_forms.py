"""One form, sent several times at once: its work is done once, and everybody sees where that led."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from experiments.models import Hypothesis
from sprints.models import Sprint, Transfer
from tests.factories import hypothesis_values, make_actor, make_workspace
from tests.pages.forms import form_at
from tests.racing import outcomes
from workspaces.choices import Role
from workspaces.models import SentForm

pytestmark = pytest.mark.usefixtures("shared_db")

HYPOTHESIS = {**hypothesis_values(), "target": "", "mde_relative": "20%"}


@pytest.mark.parametrize(
    ("page", "filled", "model"),
    [
        ("fund", {"amount": "1.500,50", "reason": "November"}, Transfer),
        ("hypothesis_new", HYPOTHESIS, Hypothesis),
        ("sprint_new", {"name": "Inbox"}, Sprint),
    ],
)
def test_form__sent_four_times_at_once__does_its_work_once(
    page: str, filled: dict[str, Any], model: Any
) -> None:
    workspace = make_workspace("harbour")
    dana = make_actor(workspace, Role.MANAGER).person
    client = Client()
    client.force_login(dana, backend="allauth.account.auth_backends.AuthenticationBackend")
    address = reverse(page, args=["harbour"])
    data = {**form_at(client, address), **filled}
    led_to: list[tuple[int, str]] = []

    def send() -> None:
        browser = Client()
        browser.cookies = client.cookies
        answer = browser.post(address, data)
        led_to.append((answer.status_code, answer.headers.get("Location", "")))

    assert outcomes(send, send, send, send) == ["done"] * 4
    connection.close()
    assert model.objects.count() == 1
    assert len(set(led_to)) == 1
    assert led_to[0][0] == 302
    assert SentForm.objects.get().url == led_to[0][1]
