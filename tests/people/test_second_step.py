"""The second step: an app's codes, recovery codes and passkeys, each by its own pages."""

import re
import time
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse
from playwright.sync_api import sync_playwright

from tests.factories import make_member
from tests.pages.browsing import served
from tests.people.conftest import OWN, signed_in
from workspaces.models import User, Workspace


@pytest.fixture
def mia(workspace: Workspace) -> User:
    user = User.objects.create_user("mia@harbour.example", OWN)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    make_member(workspace, email=user.email)
    return user


def code_of(secret: str) -> str:
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def open_after_password(client: Client, url: str) -> str:
    """The page, by way of "Is it you?" where that is asked."""
    page = client.get(url)
    if page.status_code == 302:
        page = client.post(page["Location"], {"password": OWN}, follow=True)
    return page.content.decode()


def test_app__set_up__is_asked_for_at_the_next_sign_in_and_a_recovery_code_opens_once(mia: User) -> None:
    client = signed_in(mia.email, OWN)
    page = open_after_password(client, reverse("mfa_activate_totp"))
    secret = re.search(r'<code class="qn-secret">(\w+)</code>', page)
    assert secret is not None
    assert "data:image/svg+xml" in page
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret[1])})
    assert answer.status_code == 302
    codes = open_after_password(client, reverse("mfa_view_recovery_codes"))
    recovery = re.findall(r"<li><code>([0-9a-f-]+)</code></li>", codes)
    assert len(recovery) == 10
    assert "does not open" in client.get(reverse("mfa_index")).content.decode()

    for expected in (302, 200):
        later = Client()
        asked = later.post(reverse("account_login"), {"login": mia.email, "password": OWN})
        assert asked["Location"] == reverse("mfa_authenticate")
        assert later.get(reverse("account")).status_code == 302
        assert "The second step" in later.get(reverse("mfa_authenticate")).content.decode()
        assert later.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
        answer = later.post(reverse("mfa_authenticate"), {"code": recovery[0]})
        assert answer.status_code == expected, "a recovery code opens once"


def test_app__taken_away__takes_the_password_first(mia: User) -> None:
    Authenticator.objects.create(user=mia, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = Client()
    client.force_login(mia, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(reverse("mfa_deactivate_totp"))["Location"].startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.exists()
    client = Client()
    client.force_login(mia, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "Sign in without the app" in open_after_password(client, reverse("mfa_deactivate_totp"))
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()


def test_passkey__added_in_a_browser__signs_in_by_itself_under_the_content_policy(
    shared_db: None, chromium: str, mia: User, tmp_path: Path
) -> None:
    said: list[str] = []
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        # A passkey belongs to a name, and an IP address is none.
        context = browser.new_context(base_url=address.replace("127.0.0.1", "localhost"))
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto("/accounts/login/?next=/accounts/2fa/webauthn/add/")
        page.fill("[name=login]", "mia@harbour.example")
        page.fill("[name=password]", OWN)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.fill("[name=password]", OWN)
        page.get_by_role("button", name="Go on").click()
        page.fill("[name=name]", "My laptop")
        page.check("[name=passwordless]")
        page.get_by_role("button", name="Add the passkey").click()
        page.get_by_role("heading", name="recovery codes left").wait_for()
        page.goto("/accounts/2fa/webauthn/")
        assert page.get_by_text("My laptop").first.is_visible()
        context.clear_cookies()
        page.goto("/accounts/login/?next=/accounts/")
        page.get_by_role("button", name="Use a passkey").click()
        page.get_by_role("heading", name="Your account").wait_for()
        browser.close()
    assert [text for text in said if "Content Security Policy" in text or "Refused" in text] == []
