"""How people get in: only those whom an owner has added, under the address that the owner named."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.views import PasswordResetFromKeyView as AllauthPasswordResetFromKeyView
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse


class AccountAdapter(DefaultAccountAdapter):
    """Closes signing up, on the page and through OpenID Connect alike (allauth asks here for both)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Lets the company's provider open only the account with the address for which it vouches.

    A stranger's identity that was hung onto an account would outlive every new password.
    """

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            raise PermissionDenied("An account is opened by the address that the provider vouches for.")


class PasswordResetFromKeyView(AllauthPasswordResetFromKeyView):
    """Whoever follows the letter's link and sets a password has shown that the address is theirs."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        user = self.reset_user
        EmailAddress.objects.filter(user=user, email__iexact=user.email).update(verified=True)
        return response
