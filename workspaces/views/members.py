"""Settings: who is in, who is invited, and what each may do."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workspaces.choices import Role
from workspaces.exceptions import DomainError, Invalid, NotAllowed, NotFound
from workspaces.forms import Form
from workspaces.forms.people import InvitationForm, RoleForm
from workspaces.models import Invitation, Membership
from workspaces.permissions import Permission
from workspaces.services import basis_of, change_role, invite, remove_member, send_again, withdraw_invitation
from workspaces.views.access import ActionView, FormView, WorkspaceView

SECTION = "settings"


class _People(WorkspaceView):
    """The people and the invitations; a new link is on the answer that made it, and nowhere ever after."""

    template_name = "workspaces/members.html"
    section = SECTION
    said_already = gettext_lazy(
        "That was sent already, and its link was shown once. If you have not copied it, send it again."
    )

    def form(self, data: Any = None) -> InvitationForm:
        return InvitationForm(data, workspace=self.workspace, initial={"role": self._role_wanted()})

    def _role_wanted(self) -> Role:
        """A manager, as long as nobody but this person can approve a plan or is invited to."""
        people = Membership.objects.of(self.workspace).exclude(user=self.request.user)
        invited = Invitation.objects.of(self.workspace).pending()
        may_approve = [Role.MANAGER, Role.OWNER]
        has_another = any(some.filter(role__in=may_approve).exists() for some in (people, invited))
        return Role.MARKETER if has_another else Role.MANAGER

    def page(
        self, form: InvitationForm, *, sent: Invitation | None = None, status: int = 200
    ) -> HttpResponse:
        members = Membership.objects.of(self.workspace).select_related("user").order_by("joined_at", "pk")
        pending = Invitation.objects.of(self.workspace).pending().select_related("invited_by")
        may_manage = self.actor.can(Permission.MANAGE_MEMBERS)
        context: dict[str, Any] = {
            "form": form,
            "members": [(member, basis_of({"role": member.role})) for member in members],
            "roles": Role.choices,
            "invitations": [(one, one.is_open(self.at)) for one in pending] if may_manage else [],
            "is_mailed": settings.MAIL_IS_SET_UP,
        }
        if sent is not None:
            path = reverse("join", args=[sent.token(by_letter=False)])
            context |= {"sent": sent, "link": self.request.build_absolute_uri(path)}
        response = self.render(context, status=status)
        if sent is not None:
            add_never_cache_headers(response)
        return response


class MembersView(_People):
    """Who is in; an owner invites, changes and removes."""

    permission_to_send = Permission.MANAGE_MEMBERS

    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.form(self.kept_fields)
        if self.kept_fields is not None:
            form.hold_back()
        return self.page(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page(form, status=422)
        sent: list[Invitation] = []

        def work() -> str:
            email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
            sent.append(invite(email=email, role=role, by=self.actor, at=self.at))
            return self.page_url("settings")

        try:
            again = self.once(work)
        except NotAllowed:
            raise
        except DomainError as error:
            form.take(error)
            return self.landed() or self.page(form, status=error.status)
        return again or self.page(self.form(), sent=sent[0])


class SendAgainView(_People):
    """A new letter and a new link, shown as the first one was."""

    http_method_names = ["post", "options"]
    permission = Permission.MANAGE_MEMBERS

    def post(self, request: HttpRequest) -> HttpResponse:
        sent: list[Invitation] = []

        def work() -> str:
            sent.append(send_again(self.kwargs["invitation_id"], by=self.actor, at=self.at))
            return self.page_url("settings")

        return self.once(work) or self.page(self.form(), sent=sent[0])


class WithdrawView(ActionView):
    section = SECTION
    permission = Permission.MANAGE_MEMBERS

    def act(self) -> str:
        invitation = withdraw_invitation(self.kwargs["invitation_id"], by=self.actor, at=self.at)
        return _("The invitation of {email} is withdrawn. Its link opens nothing more.").format(
            email=invitation.email
        )

    def done_url(self) -> str:
        return self.page_url("settings")


class ChangeRoleView(ActionView):
    section = SECTION
    permission = Permission.MANAGE_MEMBERS

    def act(self) -> str:
        form = RoleForm(self.request.POST, workspace=self.workspace)
        if not form.is_valid():
            raise Invalid("unknown_role", _("Choose one of the roles in the list."))
        membership = change_role(
            self.kwargs["member_id"],
            role=Role(form.cleaned_data["role"]),
            basis=self.sent_basis,
            by=self.actor,
            at=self.at,
        )
        return _("{person} is a {role} now.").format(
            person=membership.user, role=membership.get_role_display()
        )

    def not_done(self) -> str:
        member = Membership.objects.of(self.workspace).select_related("user").get(pk=self.kwargs["member_id"])
        wanted = Role(self.request.POST["role"]).label
        return _("{member} is a {role} now and was not made a {wanted}. Choose again if you mean it.").format(
            member=member.user, role=member.get_role_display(), wanted=wanted
        )

    def done_url(self) -> str:
        return self.page_url("settings")


class RemoveMemberView(FormView):
    """Asks first: whoever is out is out at once, and their keys with them."""

    template_name = "components/reason_page.html"
    section = SECTION
    form_class = Form
    permission = Permission.MANAGE_MEMBERS

    def member(self) -> Membership:
        members = Membership.objects.of(self.workspace).select_related("user")
        membership = members.filter(pk=self.kwargs["member_id"]).first()
        if membership is None:
            raise NotFound(_("There is no such member here."))
        return membership

    def context(self, form: Form) -> dict[str, Any]:
        membership = self.member()
        return {
            **super().context(form),
            "title": _("Remove {person} from {workspace}?").format(
                person=membership.user, workspace=self.workspace
            ),
            "lead": _("What they did keeps their name."),
            "note": _("They lose access at once, and every API key that acts for them stops working."),
            "verb": _("Remove them"),
            "cancel_url": self.page_url("settings"),
        }

    def save(self, form: Form) -> str:
        membership = self.member()
        remove_member(membership.pk, by=self.actor, at=self.at)
        return _("{person} is no longer a member.").format(person=membership.user)

    def done_url(self) -> str:
        return self.page_url("settings")
