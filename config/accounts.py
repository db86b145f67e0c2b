"""How people get in: only those whom an owner has added."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Closes signing up, on the page and through OpenID Connect alike (allauth asks here for both)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
