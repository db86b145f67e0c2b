"""The page on which people make the keys that programs use, and end them."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from api.exceptions import NotFound
from api.forms import KeyForm
from api.models import ApiKey
from api.services.keys import create_key, require_key_of, revoke_key
from workspaces.exceptions import DomainError, NotAllowed
from workspaces.forms import Form
from workspaces.models import Membership, User
from workspaces.permissions import Permission
from workspaces.views.access import FormView, WorkspaceView

SECTION = "settings"


class KeysView(WorkspaceView):
    """The keys; a new one's secret is on the answer to its form, and nowhere ever after."""

    template_name = "api/keys.html"
    section = SECTION
    permission_to_send = Permission.MANAGE_KEYS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(self.form())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page(form, status=422)
        try:
            key, secret = create_key(
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                for_user=User.objects.get(pk=form.cleaned_data["for_user"]),
                by=self.actor,
                at=self.at,
            )
        except NotAllowed:
            raise
        except DomainError as error:
            form.take(error)
            return self.page(form, status=error.status)
        response = self.page(self.form(), new_key=key, secret=secret)
        add_never_cache_headers(response)
        return response

    def form(self, data: QueryDict | None = None) -> KeyForm:
        people = Membership.objects.of(self.workspace).select_related("user").order_by("user__email")
        if not self.actor.can(Permission.MANAGE_MEMBERS):
            people = people.filter(user=self.request.user)
        initial = {"for_user": self.request.user.pk}
        return KeyForm(data, workspace=self.workspace, people=people, initial=initial)

    def page(self, form: KeyForm, *, status: int = 200, **context: Any) -> HttpResponse:
        keys = ApiKey.objects.of(self.workspace).select_related("user").order_by("revoked_at", "-id")
        return self.render({"form": form, "keys": keys, **context}, status=status)


class RevokeKeyView(FormView):
    """Asks first: whatever uses the key stops at once."""

    template_name = "components/reason_page.html"
    form_class = Form
    section = SECTION
    permission = Permission.MANAGE_KEYS

    def key(self) -> ApiKey:
        key = (
            ApiKey.objects.of(self.workspace).filter(pk=self.kwargs["key_id"]).select_related("user").first()
        )
        if key is None:
            raise NotFound(_("There is no such key here."))
        require_key_of(key.user, by=self.actor)
        return key

    def context(self, form: Form) -> dict[str, Any]:
        return {
            **super().context(form),
            "title": _("Revoke the key {name}?").format(name=self.key().name),
            "note": _("Whatever uses it is refused from now on. A revoked key does not come back."),
            "verb": _("Revoke it"),
            "cancel_url": self.done_url(),
        }

    def save(self, form: Form) -> str:
        key = revoke_key(self.key().pk, by=self.actor, at=self.at)
        return _("The key {name} is revoked.").format(name=key.name)

    def done_url(self) -> str:
        return self.page_url("settings_keys")
