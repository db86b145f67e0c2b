"""The page behind an invitation's link: how somebody comes into a workspace."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from workspaces.exceptions import DomainError
from workspaces.forms.people import JoinForm
from workspaces.models import Invitation, Membership, User
from workspaces.services import join, join_by_hand, join_by_letter

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"

# What the page asks of whoever opened it.
ACCEPT, SIGN_IN, PASSWORD, EITHER, LETTER, ANOTHER = (
    "accept",
    "sign_in",
    "password",
    "either",
    "letter",
    "another",
)


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class JoinView(View):
    """One page for all ways in. The link that was passed on by hand looks the same for every address."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        found = Invitation.objects.found_by(token)
        if found is None:
            return self._over()
        invitation, by_letter = found
        if not invitation.is_open(timezone.now()):
            return self._inside(invitation) or self._over()
        return self._page(invitation, JoinForm(), by_letter=by_letter)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        found = Invitation.objects.found_by(token)
        if found is None:
            return self._over()
        invitation, by_letter = found
        if not invitation.is_open(timezone.now()):
            return self._inside(invitation) or self._over()
        asks = self._asks(invitation, by_letter=by_letter)
        if asks == ACCEPT:
            return self._accept(invitation)
        if asks in {PASSWORD, EITHER}:
            return self._with_password(invitation, token, by_letter=by_letter)
        return self._page(invitation, JoinForm(), by_letter=by_letter, status=409)

    def _asks(self, invitation: Invitation, *, by_letter: bool) -> str:
        user = self.request.user
        if isinstance(user, User) and not invitation.is_for(user.email):
            return ANOTHER
        if not by_letter and not isinstance(user, User):
            return EITHER
        account = user if isinstance(user, User) else User.objects.filter(email=invitation.email).first()
        if account is not None and account.has_confirmed_address:
            return ACCEPT if account == user else SIGN_IN
        return PASSWORD if by_letter else LETTER

    def _accept(self, invitation: Invitation) -> HttpResponse:
        user = self.request.user
        assert isinstance(user, User)  # noqa: S101 - ACCEPT is asked of nobody else
        try:
            membership = join(invitation.pk, user, at=timezone.now())
        except DomainError as error:
            messages.error(self.request, error.message)
            return self._over()
        return self._welcome(membership)

    def _with_password(self, invitation: Invitation, token: str, *, by_letter: bool) -> HttpResponse:
        form = JoinForm(self.request.POST)
        if not form.is_valid():
            return self._page(invitation, form, by_letter=by_letter, status=422)
        given = {"name": form.cleaned_data["name"], "password": form.cleaned_data["password"]}
        try:
            if by_letter:
                membership = join_by_letter(invitation.pk, at=timezone.now(), **given)
                # Also away from a session that the account's maker may have left in this browser.
                login(self.request, membership.user, backend=BACKEND)
                return self._welcome(membership)
            join_by_hand(invitation.pk, at=timezone.now(), **given)
        except DomainError as error:
            form.take(error)
            return self._page(invitation, form, by_letter=by_letter, status=error.status)
        return self._sign_in(invitation, token, password=given["password"])

    def _sign_in(self, invitation: Invitation, token: str, *, password: str) -> HttpResponse:
        """Try the password that was just typed, as the page for signing in would, rather than ask twice.

        It opens an account that is new, and one that was there before only where it is its own. So nothing is
        told here of an address that the page for signing in would not tell.
        """
        credentials = {"email": invitation.email, "password": password}
        page = reverse("join", args=[token])
        try:
            user = get_adapter(self.request).authenticate(self.request, **credentials)
        except ValidationError:
            # Too many have tried; that page says so.
            user = None
        if user is not None:
            return perform_password_login(self.request, credentials, Login(user=user, redirect_url=page))
        messages.info(self.request, _("Now sign in as {email}.").format(email=invitation.email))
        return redirect(f"{reverse('account_login')}?{urlencode({'next': page})}")

    def _welcome(self, membership: Membership) -> HttpResponse:
        messages.success(self.request, _("Welcome to {workspace}.").format(workspace=membership.workspace))
        return redirect("today", slug=membership.workspace.slug)

    def _inside(self, invitation: Invitation) -> HttpResponse | None:
        """To whoever has joined by it, an old link is a bookmark."""
        if invitation.accepted_by_id is None or invitation.accepted_by_id != self.request.user.pk:
            return None
        return redirect("today", slug=invitation.workspace.slug)

    def _page(
        self, invitation: Invitation, form: JoinForm, *, by_letter: bool, status: int = 200
    ) -> HttpResponse:
        context: dict[str, Any] = {
            "invitation": invitation,
            "form": form,
            "asks": self._asks(invitation, by_letter=by_letter),
        }
        # Its last day is the one that whoever invited was told.
        with timezone.override(invitation.workspace.tz):
            return render(self.request, "workspaces/join.html", context, status=status)

    def _over(self) -> HttpResponse:
        return render(self.request, "workspaces/join_over.html", status=410)
