"""Your account: the name, the address, and how you sign in."""

from datetime import timedelta
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language_from_request, override
from django.utils.translation import gettext as _
from django.views import View

from workspaces.exceptions import DomainError, Refused
from workspaces.forms import PlainForm
from workspaces.forms.people import AddressForm, NameForm
from workspaces.models import Membership, User
from workspaces.services import change_address
from workspaces.services.accounts import set_name
from workspaces.services.letters import send_letter
from workspaces.views.once import OnceView, PersonRequest

_SALT = "workspaces.address"
LINK_WORKS_FOR = timedelta(days=1)


class AccountView(LoginRequiredMixin, OnceView):
    """Everything about the person themselves, and their name to change."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(NameForm(initial={"name": self.request.user.get_full_name()}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NameForm(request.POST)
        if not form.is_valid():
            return self.page(form, status=422)

        def work() -> str:
            set_name(self.request.user, form.cleaned_data["name"])
            self.request.user.save(update_fields=["first_name", "last_name"])
            messages.success(request, _("You are {name} now.").format(name=self.request.user))
            return reverse("account")

        return self.once(work)

    def page(self, form: NameForm, *, status: int = 200) -> HttpResponse:
        user = self.request.user
        kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        context: dict[str, Any] = {
            "form": form,
            "is_confirmed": user.has_confirmed_address,
            "has_app": Authenticator.Type.TOTP in kinds,
            "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
            "has_provider": SocialAccount.objects.filter(user=user).exists(),
            "is_mailed": settings.MAIL_IS_SET_UP,
            "languages": [("", _("As my browser")), *settings.LANGUAGES],
            "memberships": Membership.objects.filter(user=user)
            .select_related("workspace")
            .order_by("workspace__name"),
        }
        return render(self.request, "workspaces/account.html", context, status=status)


class LanguageView(LoginRequiredMixin, View):
    """In which language Quickno speaks to this person, on pages and in letters."""

    http_method_names = ["post", "options"]
    request: PersonRequest

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen, user = request.POST.get("language", ""), self.request.user
        user.language = chosen if chosen in dict(settings.LANGUAGES) else ""
        user.save(update_fields=["language"])
        with override(user.language or get_language_from_request(request)):
            messages.success(request, _("Quickno speaks this language with you from now on."))
        return redirect("account")


@method_decorator(reauthentication_required, name="dispatch")
class AddressView(LoginRequiredMixin, OnceView):
    """Asks for another address. Nothing changes until a link in a letter to that address is opened.

    The answer does not tell whether the address has an account; where it has, no letter is written.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(AddressForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AddressForm(request.POST)
        if form.is_valid():
            email = form.cleaned_data["email"]

            def work() -> str:
                self.ask(email.lower())
                messages.success(
                    request, _("If {email} can be yours, a letter is on its way there.").format(email=email)
                )
                return reverse("account")

            try:
                return self.once(work)
            except DomainError as error:
                form.take(error)
        return self.page(form, status=422)

    def ask(self, email: str) -> None:
        user = self.request.user
        if not settings.MAIL_IS_SET_UP:
            raise Refused("no_mail", _("No mail server is set up here, so no address can be confirmed."))
        if email == user.email:
            raise Refused("same_address", _("That is your address already."))
        if User.objects.filter(email__iexact=email).exists():
            return
        token = signing.dumps([user.pk, user.email, email], salt=_SALT)
        link = f"{settings.SITE_ADDRESS}{reverse('account_address_confirm', args=[token])}"
        send_letter(
            "address",
            to=email,
            subject=_("Is this your new address?"),
            context={"person": str(user), "email": email, "link": link},
        )

    def page(self, form: AddressForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "is_mailed": settings.MAIL_IS_SET_UP}
        return render(self.request, "workspaces/address.html", context, status=status)


class AddressConfirmView(LoginRequiredMixin, View):
    """The letter's link: only the person who asked can open it, and a button does it, not the opening."""

    request: PersonRequest

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        asked = self.asked(token)
        if asked is None:
            return self.over()
        return render(request, "workspaces/address_confirm.html", {"form": PlainForm(), "email": asked[1]})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        asked = self.asked(token)
        before, after = asked or ("", "")
        if asked is None or not change_address(
            self.request.user.pk, before=before, after=after, at=timezone.now()
        ):
            return self.over()
        if settings.MAIL_IS_SET_UP:
            self.tell(before, after)
        messages.success(request, _("You sign in as {email} from now on.").format(email=after))
        return redirect("account")

    def asked(self, token: str) -> tuple[str, str] | None:
        try:
            pk, before, after = signing.loads(token, salt=_SALT, max_age=LINK_WORKS_FOR)
        except (signing.BadSignature, ValueError):
            return None
        return (before, after) if pk == self.request.user.pk and before == self.request.user.email else None

    def tell(self, before: str, after: str) -> None:
        """The address that is left hears of it, too."""
        try:
            send_letter(
                "address_changed",
                to=before,
                subject=_("You sign in with another address now"),
                context={"before": before, "after": after},
            )
        except Refused as error:
            messages.warning(self.request, error.message)

    def over(self) -> HttpResponse:
        return render(self.request, "workspaces/address_over.html", status=410)
