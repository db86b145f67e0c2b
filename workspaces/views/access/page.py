"""The way into every page of a workspace: who asks, in which workspace, and what their form has done."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import IntegerField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from workspaces.exceptions import NotAllowed, NotFound
from workspaces.forms.days import BEFORE
from workspaces.forms.tokens import AGAIN_FIELD, BASIS_FIELD, ONCE_FIELD, owner_of
from workspaces.models import Membership, User, Workspace
from workspaces.models.prepared import Given, Prepared
from workspaces.permissions import Actor, Permission, may_begin_workspace
from workspaces.selectors import has_second_step
from workspaces.services.sending import (
    Landing,
    Sending,
    find_landing,
    find_twin,
    fingerprint_of_form,
    send_once,
)
from workspaces.views.access.addresses import is_page_of_ours
from workspaces.views.kept import Kept, keep, send_back, take_kept

SENT_OTHERWISE = gettext_lazy(
    "This was sent already, with other values: here is what came of it. Nothing more was done."
)
# Fields that a page puts into its forms by itself.
NOT_TYPED = {"csrfmiddlewaretoken", ONCE_FIELD, BASIS_FIELD, AGAIN_FIELD}
# Of a signed 64-bit column; a larger one would break the query instead of finding nothing.
_LARGEST_ID = 2**63 - 1


def sending_of(request: HttpRequest, user: User, workspace: Workspace) -> Sending | None:
    """The form that is sent, if it says which one it is; what is sent is noted in the workspace."""
    token = request.POST.get(ONCE_FIELD, "")
    if owner_of(token) != user.pk:
        return None
    fields = (
        (name, values)
        for name, values in request.POST.lists()
        if name not in NOT_TYPED and not name.endswith(BEFORE)
    )
    return Sending(workspace, user, token, fingerprint_of_form(request.path, fields))


class WorkspaceRequest(HttpRequest):
    """A request whose person is known to be a member."""

    user: User
    workspace: Workspace
    other_workspaces: list[Workspace]
    may_begin_workspace: bool
    membership: Membership
    actor: Actor
    at: datetime
    # Whether its form has done something: a form that is shown now is another one.
    is_sent: bool


_MEMBERSHIPS = Prepared(
    lambda: (
        Membership.objects.filter(user=Given("user", IntegerField()))
        .select_related("workspace")
        .order_by("workspace__name", "pk")
    )
)


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
    # Whether what its form does and the record that it did it are one transaction; not where that commits by
    # itself.
    in_one_transaction: ClassVar[bool] = True
    said_already: ClassVar[Promise] = gettext_lazy("That was saved already: here it is.")
    # Whether saying the same twice makes two of something. A browser that goes back may read the page anew,
    # as another form, and fill it in as it was; so the same words a moment later are asked about.
    makes_new: ClassVar[bool] = False
    # Where a session has ended, what was typed waits until its writer is back: all but these fields.
    never_kept: ClassVar[tuple[str, ...]] = ()
    kept: Kept | None = None

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if request.method == "POST":
                # What was typed is on the page to which signing in leads.
                return send_back(request, type(self))
            return self.handle_no_permission()
        if any(isinstance(value, int) and value > _LARGEST_ID for value in self.kwargs.values()):
            raise Http404(_("No database has ever given such a number."))
        # All of them, because the page offers the others.
        memberships = _MEMBERSHIPS.read(user=request.user.pk)
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
            if request.method == "POST":
                keep(request, type(self))
            return redirect("mfa_index")
        self.request.workspace = membership.workspace
        self.request.other_workspaces = [one.workspace for one in memberships if one != membership]
        self.request.may_begin_workspace = may_begin_workspace(
            self.request.user, [one.role for one in memberships]
        )
        self.request.membership = membership
        self.request.actor = Actor.of_member(membership)
        self.request.at = timezone.now()
        self.request.is_sent = False
        with timezone.override(membership.workspace.tz):
            try:
                self.request.actor.require(self.permission)
                return self._answer(request)
            except NotFound as error:
                landed = self.landed()
                if landed is not None:
                    return landed
                raise Http404(error.message) from None
            except NotAllowed as error:
                raise PermissionDenied(error.message) from None

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "POST":
            self.request.actor.require(self.permission_to_send)
            landed = self.landed()
            if landed is not None:
                return landed
        elif request.method == "GET":
            self.kept = take_kept(request)
            self._tell_what_is_lost()
        return super().dispatch(request)

    def _tell_what_is_lost(self) -> None:
        if self.kept is None or self.kept.fields is not None:
            return
        if self.kept.is_button:
            messages.warning(
                self.request,
                _(
                    "You had been signed out, so nothing was done. "
                    "Press the button again if you still mean it."
                ),
            )
        else:
            messages.warning(
                self.request,
                _("You had been signed out, so nothing was saved, and it was too long to be kept."),
            )

    @property
    def given(self) -> QueryDict:
        """What was typed: what is sent now, or was sent in vain when the session had ended."""
        if self.kept is not None and self.kept.fields is not None:
            return self.kept.fields
        return self.request.POST

    @property
    def kept_fields(self) -> QueryDict | None:
        return None if self.kept is None else self.kept.fields

    @property
    def is_sending(self) -> bool:
        """Whether this post is to do what its form is for, and not to ask or to show something."""
        return self.request.method == "POST"

    @cached_property
    def sending(self) -> Sending | None:
        """The form that is sent, if it says which one it is."""
        return sending_of(self.request, self.request.user, self.workspace) if self.is_sending else None

    def once(self, work: Callable[[], str]) -> HttpResponse | None:
        """Do ``work``, which returns the page to go to, once for each form that was shown.

        Where this form has done it already, nothing is done, and the answer is where that led.
        """
        if self.sending is None:
            work()
            return None
        if self.makes_new and AGAIN_FIELD not in self.request.POST:
            twin = find_twin(self.sending, at=self.at)
            if twin is not None:
                return self.sent_otherwise(twin)
        landing = send_once(
            self.sending,
            at=self.at,
            work=lambda: iri_to_uri(work()) or "",
            in_one_transaction=self.in_one_transaction,
        )
        if landing.is_repetition:
            return self._lead_to(landing)
        self.request.is_sent = True
        return None

    def landed(self) -> HttpResponse | None:
        """Where this form has led already, if it has."""
        landing = None if self.sending is None else find_landing(self.sending)
        return None if landing is None else self._lead_to(landing)

    def _lead_to(self, landing: Landing) -> HttpResponse:
        if landing.is_same:
            messages.info(self.request, str(self.said_already))
            return redirect(landing.url)
        self.request.is_sent = True
        try:
            return self.sent_otherwise(landing.url)
        except NotFound:
            # What the form is of goes by another name since, so there is nothing to compare with here.
            return WorkspaceView.sent_otherwise(self, landing.url)

    def sent_otherwise(self, url: str) -> HttpResponse:
        """The answer where this form has led to ``url`` already, but was filled in otherwise."""
        messages.warning(self.request, str(SENT_OTHERWISE))
        return redirect(url)

    def basis(self) -> str:
        """What the form is filled with, as ``basis_of`` says it; nothing where it changes nothing."""
        return ""

    @property
    def sent_basis(self) -> str | None:
        """What the form was filled with that is sent now."""
        return self.request.POST.get(BASIS_FIELD) or None

    def reload(self) -> None:
        """Forget what this request has read before somebody else has changed it."""

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
            {
                "workspace": self.workspace,
                "section": self.section,
                "at": self.at,
                "basis": self.given.get(BASIS_FIELD) or self.basis(),
                "is_kept": self.kept_fields is not None,
                **(context or {}),
            },
            status=status,
        )

    def back_to(self, default: str) -> str:
        """Where the person came from, if the form says so and it is one of our pages."""
        wanted = self.given.get("next") or self.request.GET.get("next") or ""
        return wanted if is_page_of_ours(wanted, self.request) else default
