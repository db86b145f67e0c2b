"""Signing in through the company's provider: a real one on this machine, with tokens that it signs."""

import base64
import hashlib
import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from config.environment import company_provider
from tests.factories import make_member
from tests.people.conftest import KNOWN_TO_ANOTHER, VICTIM, set_password_by_letter, signed_in
from workspaces.choices import Role
from workspaces.models import Membership, User, Workspace
from workspaces.permissions import Actor
from workspaces.services import change_policy, invite

CLIENT_ID, SECRET = "quickno", "between the two"


class Provider(ThreadingHTTPServer):
    """An OpenID Connect provider at which one person is signed in, as its claims say."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.claims: dict[str, Any] = {}
        self.asked: dict[str, list[str]] = {}

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        issuer, parts = self.server.issuer, urlsplit(self.path)
        if parts.path == "/.well-known/openid-configuration":
            names = ("authorization", "token", "userinfo")
            self.answer(
                {f"{name}_endpoint": f"{issuer}/{name}" for name in names}
                | {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
            )
        elif parts.path == "/authorization":
            asked = self.server.asked = parse_qs(parts.query)
            back = urlencode({"code": "once", "state": asked["state"][0]})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri'][0]}?{back}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/userinfo" and self.headers["Authorization"] == "Bearer opens":
            self.answer(self.server.claims)
        elif parts.path == "/keys":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key(), as_dict=True)
            self.answer({"keys": [public | {"kid": "1", "alg": "RS256", "use": "sig"}]})
        else:
            self.answer({}, status=404)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        asked = self.server.asked
        digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_right = (
            sent["code"] == ["once"]
            and sent["client_secret"] == [SECRET]
            and sent["redirect_uri"] == asked["redirect_uri"]
            and asked["code_challenge"] == [challenge]
        )
        if not is_right:
            self.answer({"error": "invalid_grant"}, status=400)
            return
        now = int(time.time())
        claims = {"iss": self.server.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        token = jwt.encode(claims | self.server.claims, self.server.key, "RS256", headers={"kid": "1"})
        self.answer({"access_token": "opens", "token_type": "Bearer", "id_token": token})

    def answer(self, body: dict[str, Any], *, status: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def provider(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    server = Provider()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("OIDC_ISSUER", server.issuer)
    monkeypatch.setenv("OIDC_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("OIDC_NAME", "Harbour")
    settings.SOCIALACCOUNT_PROVIDERS = company_provider()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class _StaysHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def come_in(provider: Provider, client: Client, *, goes_to: str = "", **claims: Any) -> Any:
    """Click "Sign in with Harbour" and let the provider send the browser back."""
    provider.claims = {"sub": "77", "name": "Nora Berg", "email_verified": True, **claims}
    click = client.get(
        reverse("openid_connect_login", args=["company"]), {"next": goes_to} if goes_to else {}
    )
    assert click.status_code == 302
    with pytest.raises(HTTPError) as there:
        urllib.request.build_opener(_StaysHere).open(click["Location"])
    back = urlsplit(there.value.headers["Location"])
    there.value.close()
    return client.get(f"{back.path}?{back.query}")


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_provider__member_with_a_verified_address__comes_in(
    provider: Provider, workspace: Workspace, client: Client
) -> None:
    make_member(workspace, email="mia@harbour.example")
    assert "Sign in with Harbour" in client.get(reverse("account_login")).content.decode()
    come_in(provider, client, email="Mia@harbour.example")
    assert client.get(reverse("today", args=["harbour"])).status_code == 200
    assert User.objects.get(email="mia@harbour.example").has_confirmed_address
    # And again, by the identity that is known now.
    again = Client()
    come_in(provider, again, email="mia@harbour.example")
    assert is_signed_in(again)
    assert SocialAccount.objects.count() == 1


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_provider__address_that_it_does_not_vouch_for__stays_outside(
    provider: Provider, workspace: Workspace, client: Client, verified: object
) -> None:
    make_member(workspace, email="mia@harbour.example")
    answer = come_in(provider, client, email="mia@harbour.example", email_verified=verified)
    assert answer.status_code == 403
    assert "does not vouch for your address" in answer.content.decode()
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()


def test_provider__nobody_has_invited_them__makes_no_account(
    provider: Provider, workspace: Workspace, client: Client
) -> None:
    answer = come_in(provider, client, email="stranger@harbour.example")
    assert answer.status_code == 403
    assert "Nobody has invited stranger@harbour.example yet." in answer.content.decode()
    assert not User.objects.filter(email="stranger@harbour.example").exists()


def test_provider__invited__makes_an_account_and_leads_back_to_the_invitation(
    provider: Provider, team: dict[Role, Actor], client: Client, now: datetime
) -> None:
    invitation = invite(email="nora@harbour.example", role=Role.MANAGER, by=team[Role.OWNER], at=now)
    path = reverse("join", args=[invitation.token(by_letter=False)])
    answer = come_in(provider, client, email="nora@harbour.example", goes_to=path)
    assert answer["Location"] == path
    assert not Membership.objects.filter(user__email="nora@harbour.example").exists()
    assert "Join Harbour" in client.get(path).content.decode()
    client.post(path)
    member = Membership.objects.get(user__email="nora@harbour.example")
    assert (member.role, str(member.user)) == ("manager", "Nora Berg")
    assert not member.user.has_usable_password()


def test_provider__account_of_another_maker__shuts_the_maker_out(
    provider: Provider, victim: User, client: Client
) -> None:
    maker = signed_in(VICTIM, KNOWN_TO_ANOTHER)
    Authenticator.objects.create(user=victim, type=Authenticator.Type.TOTP, data={"secret": "x"})
    come_in(provider, client, email=VICTIM)
    assert is_signed_in(client)
    assert not is_signed_in(maker)
    assert not is_signed_in(signed_in(VICTIM, KNOWN_TO_ANOTHER))


def test_provider__identity_that_names_another_address_now__stays_outside(
    provider: Provider, workspace: Workspace, client: Client
) -> None:
    for email in ("mia@harbour.example", "dana@harbour.example"):
        make_member(workspace, email=email)
    come_in(provider, client, email="mia@harbour.example")
    later = Client()
    answer = come_in(provider, later, email="dana@harbour.example")
    assert answer.status_code == 403
    assert "names another address now" in answer.content.decode()
    assert not is_signed_in(later)


def test_provider__asked_to_hang_an_identity_onto_an_account__is_refused(
    provider: Provider, victim: User, client: Client
) -> None:
    set_password_by_letter(victim, "a password of their own")
    thief = signed_in(VICTIM, "a password of their own")
    provider.claims = {"sub": "1", "email": "thief@example.com", "email_verified": True}
    click = thief.get(reverse("openid_connect_login", args=["company"]), {"process": "connect"})
    with pytest.raises(HTTPError) as there:
        urllib.request.build_opener(_StaysHere).open(click["Location"])
    back = urlsplit(there.value.headers["Location"])
    there.value.close()
    assert "did not work" in thief.get(f"{back.path}?{back.query}").content.decode()
    assert not SocialAccount.objects.exists()


def test_provider__answer_to_a_question_nobody_asked__stays_outside(
    provider: Provider, workspace: Workspace, client: Client
) -> None:
    make_member(workspace, email="mia@harbour.example")
    provider.claims = {"sub": "77", "email": "mia@harbour.example", "email_verified": True}
    answer = client.get(
        reverse("openid_connect_callback", args=["company"]), {"code": "once", "state": "made up"}
    )
    assert "did not work" in answer.content.decode()
    assert not is_signed_in(client)


def test_two_steps_asked_of_all__password_alone__is_led_to_setting_one_up(
    provider: Provider, team: dict[Role, Actor], workspace: Workspace, client: Client, now: datetime
) -> None:
    member = make_member(workspace, email="mia@harbour.example")
    member.user.set_password("a password of her own")
    member.user.save()
    change_policy(changes={"requires_two_steps": True}, by=team[Role.OWNER], at=now)
    today = reverse("today", args=["harbour"])
    by_password = signed_in("mia@harbour.example", "a password of her own")
    assert by_password.get(today)["Location"] == reverse("mfa_index")
    assert by_password.get("/api/v1/sprints/").json()["code"] == "two_steps_required"
    come_in(provider, client, email="mia@harbour.example")
    assert client.get(today).status_code == 200
    assert client.get("/api/v1/sprints/").status_code == 200


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"OIDC_ISSUER": "https://id.example.com"}, "OIDC_CLIENT_ID"),
        (
            {
                "OIDC_ISSUER": "http://id.example.com",
                "OIDC_CLIENT_ID": "quickno",
                "OIDC_CLIENT_SECRET": "s",
            },
            "https",
        ),
    ],
)
def test_settings__provider_half_named_or_in_the_clear__are_refused(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], words: str
) -> None:
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=words):
        company_provider()
