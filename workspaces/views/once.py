"""Forms of pages that belong to a person and to no workspace: each does its work once, as all others do."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views import View

from workspaces.models import Membership, User
from workspaces.services.sending import Landing, send_once
from workspaces.views.access import WorkspaceView
from workspaces.views.access.page import SENT_OTHERWISE, sending_of


class PersonRequest(HttpRequest):
    """A request of somebody who has signed in."""

    user: User
    # Whether the form of this request has done its work; then the page shows another one.
    is_sent: bool


class OnceView(View):
    """A view whose form, sent twice, does its work once and leads to the same page both times."""

    request: PersonRequest

    def setup(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        super().setup(request, *args, **kwargs)
        self.request.is_sent = False

    def once(self, work: Callable[[], str]) -> HttpResponse:
        """Do ``work``, which returns the page to go to, unless this form has done it; go there."""
        landing = self._send(work)
        if landing.is_repetition and landing.is_same:
            messages.info(self.request, str(WorkspaceView.said_already))
        elif landing.is_repetition:
            messages.warning(self.request, str(SENT_OTHERWISE))
        return redirect(landing.url)

    def _send(self, work: Callable[[], str]) -> Landing:
        user = self.request.user
        # What was sent is noted where the person has been longest; whoever is nowhere yet has no such place.
        home = Membership.objects.filter(user=user.pk).select_related("workspace").order_by("pk").first()
        sending = sending_of(self.request, user, home.workspace) if home else None
        if sending is None:
            return Landing(work(), is_repetition=False)
        return send_once(sending, at=timezone.now(), work=work)
