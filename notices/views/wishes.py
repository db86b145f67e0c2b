"""Where a person chooses what to hear of, and where a letter's link stops it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from notices.choices import DigestWhen, NoticeKind
from notices.forms import WishesForm
from notices.selectors import wishes_of
from notices.services import choose, stop
from notices.services.wishes import EVENTS, find_to_stop
from workspaces.forms import Form
from workspaces.models import Membership
from workspaces.permissions import Permission
from workspaces.views.access import FormView


class NoticesView(FormView):
    """A switch for each kind, for this person and this workspace."""

    template_name = "notices/wishes.html"
    section = "more"

    def membership(self) -> Membership:
        return Membership(workspace=self.workspace, user=self.request.user, role=self.actor.role or "")

    def offered(self) -> list[NoticeKind]:
        may_approve = self.actor.can(Permission.APPROVE)
        return [kind for kind in NoticeKind if may_approve or kind != NoticeKind.PLAN_WAITING]

    def get_form(self, data: QueryDict | None = None) -> Form:
        form = WishesForm(data, workspace=self.workspace, initial=self.get_initial())
        form.offer(self.offered())
        return form

    def get_initial(self) -> dict[str, Any]:
        wishes = wishes_of(self.membership())
        return {"kinds": wishes.kinds, "digest": wishes.digest}

    def context(self, form: Form) -> dict[str, Any]:
        return {**super().context(form), "is_mailed": settings.MAIL_IS_SET_UP}

    def save(self, form: Form) -> str:
        choose(
            self.membership(),
            kinds=[NoticeKind(kind) for kind in form.cleaned_data["kinds"]],
            digest=DigestWhen(form.cleaned_data["digest"]),
        )
        return _("Saved. It holds from the next notice on.")

    def done_url(self) -> str:
        return self.page_url("notices")


# The token says who and what, and a mail program that acts for its person brings no cookie.
@method_decorator([never_cache, csrf_exempt], name="dispatch")
class StopView(View):
    """One click in the mail program (RFC 8058), or a button on this page; opening it alone stops nothing."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self.page(token, is_done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        found = find_to_stop(token)
        if found is not None:
            stop(*found)
        return self.page(token, is_done=True)

    def page(self, token: str, *, is_done: bool) -> HttpResponse:
        found = find_to_stop(token)
        context = {
            "membership": found[0] if found else None,
            "is_about_events": found is not None and found[1] == EVENTS,
            "is_done": is_done,
        }
        return render(self.request, "notices/stop.html", context, status=200 if found else 404)
