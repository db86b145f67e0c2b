"""The page on which people make the keys that programs use, and end them."""

import json
from datetime import timedelta
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from api.exceptions import NotFound
from api.forms import KeyForm
from api.models import ApiKey
from api.services.keys import create_key, require_key_of, revoke_key
from experiments.choices import CampaignStatus
from experiments.models import Arm
from workspaces.choices import Scope
from workspaces.exceptions import DomainError, NotAllowed
from workspaces.forms import Form
from workspaces.models import Membership, User
from workspaces.permissions import Permission
from workspaces.views.access import FormView, WorkspaceView

SECTION = "settings"
# A day's totals, as any platform has them.
EXAMPLE = {"impressions": 41230, "clicks": 512, "spend": "231.40", "conversions": 9}


class KeysView(WorkspaceView):
    """The keys; a new one's secret is on the answer to its form, and nowhere ever after."""

    template_name = "api/keys.html"
    section = SECTION
    said_already = gettext_lazy(
        "That key was created already, and its secret was shown once. "
        "If you have not copied it, revoke the key and create another."
    )
    permission_to_send = Permission.MANAGE_KEYS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.form(self.kept_fields)
        if self.kept_fields is not None:
            form.hold_back()
        return self.page(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page(form, status=422)
        made: list[tuple[ApiKey, str]] = []

        def work() -> str:
            made.append(
                create_key(
                    name=form.cleaned_data["name"],
                    scopes=form.cleaned_data["scopes"],
                    for_user=User.objects.get(pk=form.cleaned_data["for_user"]),
                    by=self.actor,
                    at=self.at,
                )
            )
            return self.page_url("settings_keys")

        try:
            again = self.once(work)
        except NotAllowed:
            raise
        except DomainError as error:
            form.take(error)
            return self.landed() or self.page(form, status=error.status)
        if again is not None:
            return again
        key, secret = made[0]
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
        return self.render(
            {"form": form, "keys": keys, "call": self.call(**context), **context}, status=status
        )

    def call(self, *, new_key: ApiKey | None = None, secret: str = "") -> dict[str, Any] | None:
        """What posts a day of a campaign from a terminal; nothing for a new key that may post none."""
        if new_key is not None and Scope.METRICS_WRITE not in new_key.scopes:
            return None
        # What runs or was launched last, and else a draft.
        arms = Arm.objects.of(self.workspace).exclude(campaign__status=CampaignStatus.DISCARDED)
        newest = F("campaign__launched_at").desc(nulls_last=True)
        arm = arms.select_related("campaign").order_by(newest, "campaign_id", "position").first()
        row = {
            "campaign": arm.campaign.key if arm else "your-campaign",
            "arm": arm.key if arm else "a",
            "day": f"{self.workspace.local_day(self.at) - timedelta(days=1)}",
            **EXAMPLE,
        }
        lines = (
            f"curl {self.request.build_absolute_uri(reverse('metrics'))}",
            f'-H "Authorization: Bearer {secret or "$QUICKNO_KEY"}"',
            '-H "Content-Type: application/json"',
            f"-d '[{json.dumps(row)}]'",
        )
        return {
            "command": " \\\n  ".join(lines),
            "campaign": arm.campaign.name if arm else "",
            "has_secret": bool(secret),
        }


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
