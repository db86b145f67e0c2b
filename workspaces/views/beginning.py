"""A new workspace, begun on the site by whoever the server lets."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from workspaces.exceptions import DomainError, NotAllowed
from workspaces.forms.settings import NewWorkspaceForm
from workspaces.models import Membership, User
from workspaces.permissions import require_to_begin_workspace
from workspaces.services import begin_workspace
from workspaces.views.once import OnceView


class NewWorkspaceView(LoginRequiredMixin, OnceView):
    """Its name, its currency and its time zone; whoever fills this in owns it."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User):
            return self.handle_no_permission()
        self.user = user
        self.memberships = list(
            Membership.objects.filter(user=user).select_related("workspace").order_by("pk")
        )
        try:
            require_to_begin_workspace(user, [one.role for one in self.memberships])
        except NotAllowed as error:
            raise PermissionDenied(error.message) from None
        return super().dispatch(request)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(NewWorkspaceForm(initial=self.usual()))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewWorkspaceForm(request.POST)
        if form.is_valid():

            def work() -> str:
                workspace = begin_workspace(**form.cleaned_data, owner=self.user, at=timezone.now())
                said = _("{workspace} is yours. It is empty, and begins with the first steps.")
                messages.success(request, said.format(workspace=workspace))
                return reverse("today", args=[workspace.slug])

            try:
                return self.once(work)
            except DomainError as error:
                form.take(error)
        return self.page(form, status=422)

    def usual(self) -> dict[str, Any]:
        """Currency and time zone of the workspace in which the person has been longest."""
        if not self.memberships:
            return {}
        first = self.memberships[0].workspace
        return {"currency": first.currency, "timezone": first.timezone}

    def page(self, form: NewWorkspaceForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "memberships": self.memberships}
        return render(self.request, "workspaces/new.html", context, status=status)
