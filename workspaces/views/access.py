"""The way into every page of a workspace: who asks, in which workspace, and how a refusal is shown."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View

from workspaces.exceptions import DomainError, NotAllowed, NotFound
from workspaces.forms import Form
from workspaces.models import Membership, User, Workspace
from workspaces.permissions import Actor, Permission, may_begin_workspace
from workspaces.selectors import has_second_step

# Of a signed 64-bit column; a larger one would break the query instead of finding nothing.
_LARGEST_ID = 2**63 - 1


class WorkspaceRequest(HttpRequest):
    """A request whose person is known to be a member."""

    user: User
    workspace: Workspace
    other_workspaces: list[Workspace]
    may_begin_workspace: bool
    membership: Membership
    actor: Actor
    at: datetime


class WorkspaceView(LoginRequiredMixin, View):
    """A page of one workspace. Whoever is no member gets the 404 of a page that does not exist.

    ``request`` carries ``workspace``, ``actor`` and ``at`` (the one *now* of the request), and everything is
    shown in the workspace's time zone. What the address names is in ``self.kwargs``.
    """

    request: WorkspaceRequest
    template_name: ClassVar[str]
    # The entry of the rail that is lit.
    section: ClassVar[str] = ""
    # What it takes to see the page at all.
    permission: ClassVar[Permission] = Permission.READ
    # What it takes to send its form, where everybody may read the page. Whoever may not is not told first
    # what is wrong with the form.
    permission_to_send: ClassVar[Permission] = Permission.READ

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if any(isinstance(value, int) and value > _LARGEST_ID for value in self.kwargs.values()):
            raise Http404(_("No database has ever given such a number."))
        # All of them, because the page offers the others.
        memberships = list(
            Membership.objects.filter(user=request.user.pk)
            .select_related("workspace")
            .order_by("workspace__name", "pk")
        )
        membership = next((one for one in memberships if one.workspace.slug == self.kwargs["slug"]), None)
        if membership is None:
            raise Http404(_("There is no such workspace, or you are not a member of it."))
        membership.user = self.request.user
        if membership.workspace.requires_two_steps and not has_second_step(request):
            messages.warning(
                request,
                _("{workspace} asks every member for two-step sign-in. Set it up first.").format(
                    workspace=membership.workspace
                ),
            )
            return redirect("mfa_index")
        self.request.workspace = membership.workspace
        self.request.other_workspaces = [one.workspace for one in memberships if one != membership]
        self.request.may_begin_workspace = may_begin_workspace(
            self.request.user, [one.role for one in memberships]
        )
        self.request.membership = membership
        self.request.actor = Actor.of_member(membership)
        self.request.at = timezone.now()
        with timezone.override(membership.workspace.tz):
            try:
                self.request.actor.require(self.permission)
                if request.method == "POST":
                    self.request.actor.require(self.permission_to_send)
                return super().dispatch(request)
            except NotFound as error:
                raise Http404(error.message) from None
            except NotAllowed as error:
                raise PermissionDenied(error.message) from None

    @property
    def workspace(self) -> Workspace:
        return self.request.workspace

    @property
    def actor(self) -> Actor:
        return self.request.actor

    @property
    def at(self) -> datetime:
        return self.request.at

    def page_url(self, name: str, **kwargs: object) -> str:
        """The address of a page of this workspace."""
        return reverse(name, kwargs={"slug": self.workspace.slug, **kwargs})

    def render(
        self, context: dict[str, Any] | None = None, *, status: int = 200, template: str = ""
    ) -> HttpResponse:
        return render(
            self.request,
            template or self.template_name,
            {"workspace": self.workspace, "section": self.section, "at": self.at, **(context or {})},
            status=status,
        )

    def back_to(self, default: str) -> str:
        """Where the person came from, if the form says so and it is one of our pages."""
        wanted = self.request.POST.get("next") or self.request.GET.get("next") or ""
        if url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        ):
            return wanted
        return default


class ActionView(WorkspaceView):
    """A button: one service call, then back to a page that says what came of it."""

    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            said = self.act()
        except (NotFound, NotAllowed):
            raise
        except DomainError as error:
            tell(request, error)
        else:
            messages.success(request, said)
        return redirect(self.back_to(self.done_url()))

    def act(self) -> str:
        """Do it, and return the sentence that says so."""
        raise NotImplementedError

    def done_url(self) -> str:
        """The page to go back to."""
        raise NotImplementedError


class FormView(WorkspaceView):
    """A page with a form. What was typed stays where a rule refuses it."""

    form_class: ClassVar[type[Form]]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render(self.context(self.get_form()))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.get_form(request.POST)
        status = 422
        if form.is_valid():
            try:
                said = self.save(form)
            except (NotFound, NotAllowed):
                raise
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                messages.success(request, said)
                return redirect(self.back_to(self.done_url()))
        return self.render(self.context(form), status=status)

    def get_form(self, data: QueryDict | None = None) -> Form:
        return self.form_class(data, workspace=self.workspace, initial=self.get_initial())

    def get_initial(self) -> dict[str, Any]:
        return {}

    def context(self, form: Form) -> dict[str, Any]:
        return {"form": form, "next": self.back_to("")}

    def save(self, form: Form) -> str:
        """Do it, and return the sentence that says so."""
        raise NotImplementedError

    def done_url(self) -> str:
        """The page to go on to."""
        raise NotImplementedError


def tell(request: HttpRequest, error: DomainError) -> None:
    """Say a refusal, and each thing that is wrong where it names several."""
    sentences = [error.message, *(item.message for item in error.errors if item.message not in error.message)]
    messages.error(request, " ".join(sentences))
