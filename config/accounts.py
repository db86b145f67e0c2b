"""How people get in: only those whom an owner has invited or added, under an address that is theirs."""

import logging
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.views import LogoutView as AllauthLogoutView
from allauth.account.views import PasswordResetFromKeyView as AllauthPasswordResetFromKeyView
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from workspaces.models import Invitation, User
from workspaces.services import confirm_address, take_in_hand
from workspaces.services.letters import MAIL_ERRORS

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Closes signing up on the page; people come in by an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            # An address that nobody can take apart, like ``http://[``, leads to no page of ours.
            return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Where letters arrive, ask for one before the first sign-in.

        Whoever made the account, or passed the invitation's link on by hand, may know its password. So it is
        not enough that the holder opens a link: they set a password that nobody else knows.
        """
        refused: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if refused is not None or settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
            return refused
        return None if user.has_confirmed_address else _ask_to_confirm(request, user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write in the language that the receiver has chosen, or else in that of the page."""
        receiver = context.get("user")
        chosen = receiver.language if isinstance(receiver, User) else ""
        with override(chosen or get_language()):
            super().send_mail(template_prefix, email, context)

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Tell of a change of password or second step. It is done, whether or not the letter leaves."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except MAIL_ERRORS as error:
            logger.warning("A letter about a change of an account did not leave: %s", error)


class InOurWords:
    """Calls its fields, and says what is missing, as all other forms do."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = _LABELS.get(name, field.label)
            field.error_messages["required"] = _("Fill this in.")
            # It says the label once more.
            field.widget.attrs.pop("placeholder", None)
        if "password1" in self.fields:
            self.fields["password1"].help_text = _(
                "At least eight characters, and none that many others use."
            )


_LABELS = {
    "login": gettext_lazy("E-mail address"),
    "email": gettext_lazy("E-mail address"),
    "oldpassword": gettext_lazy("Current password"),
    "password1": gettext_lazy("New password"),
    "password2": gettext_lazy("New password, once more"),
}


class ReauthenticateForm(InOurWords, allauth_forms.ReauthenticateForm):
    pass


class ChangePasswordForm(InOurWords, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(InOurWords, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordForm(InOurWords, allauth_forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(InOurWords, allauth_forms.ResetPasswordKeyForm):
    pass


class LoginForm(InOurWords, allauth_forms.LoginForm):
    """Knows the invitation that somebody signs in for, and with it their address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = _invitation_behind(self.request)
        if self.invitation is not None:
            self.fields["login"].initial = self.invitation.email


def _invitation_behind(request: HttpRequest) -> Invitation | None:
    """The invitation whose page follows, open or just accepted: its link shows the address all the same."""
    try:
        match = resolve(request.POST.get("next") or request.GET.get("next", ""))
    except Resolver404:
        return None
    found = Invitation.objects.found_by(match.kwargs["token"]) if match.url_name == "join" else None
    if found is None:
        return None
    invitation, _by_letter = found
    return invitation if invitation.accepted_by_id or invitation.is_open(timezone.now()) else None


def _ask_to_confirm(request: HttpRequest, user: User) -> HttpResponse:
    """Send the letter whose link sets a new password, and say so instead of signing in."""
    has_left = True
    # Of the same allowance as the page that sends such a letter to whoever has forgotten theirs.
    if ratelimit.consume(request, action="reset_password", key=user.email.lower()):
        try:
            request_password_reset(request, user.email, [user], default_token_generator)
        except MAIL_ERRORS as error:
            logger.warning("A letter that confirms an address did not leave: %s", error)
            has_left = False
    context = {"email": user.email, "has_left": has_left}
    return render(request, "account/confirm_first.html", context, status=403)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Lets the company's provider open only the account with the address for which it vouches.

    A stranger's identity that was hung onto an account would outlive every new password.
    """

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            raise PermissionDenied(_("An account is opened by the address that the provider vouches for."))
        address = _vouched_address(sociallogin)
        if address is None:
            raise ImmediateHttpResponse(_refusal(request, sociallogin, "unverified"))
        user = sociallogin.user if sociallogin.is_existing else None
        if isinstance(user, User):
            if user.email.lower() != address:
                # The identity was let in under another address once; what it vouches for now decides.
                raise ImmediateHttpResponse(_refusal(request, sociallogin, "another_address"))
            if not user.has_confirmed_address:
                # Somebody else may know its password, or have put their own second step onto it.
                take_in_hand(user, password=None)
        elif not Invitation.objects.open(timezone.now()).filter(email=address).exists():
            raise ImmediateHttpResponse(_refusal(request, sociallogin, "unknown"))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """For whoever is invited: ``pre_social_login`` has let nobody else come so far."""
        return True

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        confirm_address(user)
        return user


def _vouched_address(sociallogin: SocialLogin) -> str | None:
    """The address for which the provider vouches, if it does."""
    # A provider that says "true" in quotes has said nothing that counts.
    vouched = [item.email.lower() for item in sociallogin.email_addresses if item.verified is True]
    return vouched[0] if vouched else None


def _refusal(request: HttpRequest, sociallogin: SocialLogin, reason: str) -> HttpResponse:
    said = [item.email for item in sociallogin.email_addresses]
    context = {"reason": reason, "email": said[0] if said else ""}
    return render(request, "socialaccount/refused.html", context, status=403)


class PasswordResetFromKeyView(AllauthPasswordResetFromKeyView):
    """Whoever follows the letter's link and sets a password has shown that the address is theirs."""

    def form_valid(self, form: Any) -> HttpResponse:
        user: User = self.reset_user
        # Before allauth signs anybody in: what the account's maker may have left must not ask for its code.
        take_in_hand(user, password=form.cleaned_data["password1"])
        response: HttpResponse = super().form_valid(form)
        return response


class LogoutView(AllauthLogoutView):
    """Signs out, and has the browser forget the pages that it would show whoever goes back."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(*args, **kwargs)
        response["Clear-Site-Data"] = '"cache"'
        return response
