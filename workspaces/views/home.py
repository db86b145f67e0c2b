"""Where a person arrives, the look they prefer, and the way to everything from a small screen."""

from datetime import timedelta

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from workspaces.models import Invitation, Membership, User
from workspaces.permissions import may_begin_workspace
from workspaces.views.access import WorkspaceView, is_page_of_ours

THEMES = {"light", "dark"}


class HomeView(LoginRequiredMixin, View):
    """Today of the one workspace; with several or an invitation, the choice; with none, whom to ask."""

    def get(self, request: HttpRequest) -> HttpResponse:
        memberships = list(
            Membership.objects.filter(user=request.user.pk)
            .select_related("workspace")
            .order_by("workspace__name")
        )
        invitations = self.invitations()
        if len(memberships) == 1 and not invitations:
            return redirect("today", slug=memberships[0].workspace.slug)
        user = request.user
        return render(
            request,
            "workspaces/choose.html",
            {
                "memberships": memberships,
                "invitations": invitations,
                "may_begin": isinstance(user, User)
                and may_begin_workspace(user, [one.role for one in memberships]),
            },
        )

    def invitations(self) -> list[tuple[Invitation, str]]:
        """Those that wait for this person, with links: whoever has shown the address needs no letter."""
        user = self.request.user
        if not isinstance(user, User) or not user.has_confirmed_address:
            return []
        waiting = (
            Invitation.objects.open(timezone.now())
            .filter(email=user.email.lower())
            .select_related("workspace", "invited_by")
        )
        return [(one, reverse("join", args=[one.token(by_letter=True)])) for one in waiting]


class ThemeView(View):
    """Light, dark, or as the system has it: a cookie, so that the server renders it and nothing flickers."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("next", "")
        response = redirect(wanted if is_page_of_ours(wanted, request) else "/")
        theme = request.POST.get("theme")
        if theme in THEMES:
            response.set_cookie(
                "theme",
                theme,
                max_age=timedelta(days=400),
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        else:
            response.delete_cookie("theme", samesite="Lax")
        return response


class MoreView(WorkspaceView):
    """Everything that the tab bar has no room for."""

    template_name = "workspaces/more.html"
    section = "more"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render()
