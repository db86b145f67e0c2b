"""Settings: who is in, what campaigns are held to, where numbers come from."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from workspaces.choices import Role
from workspaces.exceptions import Invalid, NotFound
from workspaces.forms import Form
from workspaces.forms.settings import MemberForm, NewSourceForm, PolicyForm, RoleForm, SourceForm
from workspaces.models import Membership, Source
from workspaces.permissions import Permission
from workspaces.selectors import is_known_person
from workspaces.services import add_member, change_policy, change_role, remove_member, save_source
from workspaces.views.access import ActionView, FormView, WorkspaceView

SECTION = "settings"


class MembersView(FormView):
    """The people; an owner adds, changes and removes them."""

    template_name = "workspaces/members.html"
    section = SECTION
    permission_to_send = Permission.MANAGE_MEMBERS
    form_class = MemberForm

    def context(self, form: Form) -> dict[str, Any]:
        members = Membership.objects.of(self.workspace).select_related("user").order_by("joined_at", "pk")
        return {**super().context(form), "members": members, "roles": Role.choices}

    def save(self, form: Form) -> str:
        values = form.cleaned_data
        is_known = is_known_person(values["email"])
        membership = add_member(
            email=values["email"],
            name=values["name"],
            role=Role(values["role"]),
            password=values["password"] or None,
            by=self.actor,
            at=self.at,
        )
        done = f"{membership.user} is a {membership.get_role_display()} now."
        return f"{done} They had an account already: its password stays as it is." if is_known else done

    def done_url(self) -> str:
        return self.page_url("settings")


class ChangeRoleView(ActionView):
    section = SECTION
    permission = Permission.MANAGE_MEMBERS

    def act(self) -> str:
        form = RoleForm(self.request.POST, workspace=self.workspace)
        if not form.is_valid():
            raise Invalid("unknown_role", "Choose one of the roles in the list.")
        membership = change_role(
            self.kwargs["member_id"], role=Role(form.cleaned_data["role"]), by=self.actor, at=self.at
        )
        return f"{membership.user} is a {membership.get_role_display()} now."

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
            raise NotFound("There is no such member here.")
        return membership

    def context(self, form: Form) -> dict[str, Any]:
        membership = self.member()
        return {
            **super().context(form),
            "title": f"Remove {membership.user} from {self.workspace}?",
            "lead": "What they did keeps their name.",
            "note": "They lose access at once, and every API key that acts for them stops working.",
            "verb": "Remove them",
            "cancel_url": self.page_url("settings"),
        }

    def save(self, form: Form) -> str:
        membership = self.member()
        remove_member(membership.pk, by=self.actor, at=self.at)
        return f"{membership.user} is no longer a member."

    def done_url(self) -> str:
        return self.page_url("settings")


class PolicyView(FormView):
    """Everybody reads it, an owner changes it."""

    template_name = "workspaces/policy.html"
    section = SECTION
    permission_to_send = Permission.CHANGE_POLICY
    form_class = PolicyForm

    def get_initial(self) -> dict[str, Any]:
        initial = {name: getattr(self.workspace, name) for name in PolicyForm.base_fields}
        for name in ("undead_minimum_spend", "barren_target_multiple"):
            initial[name] = f"{initial[name].normalize():f}"
        return initial

    def save(self, form: Form) -> str:
        change_policy(
            changes={**form.cleaned_data, "growth_cap": float(form.cleaned_data["growth_cap"])},
            by=self.actor,
            at=self.at,
        )
        return "The policy is changed. It holds from the next judging on."

    def done_url(self) -> str:
        return self.page_url("settings_policy")


class SourcesView(WorkspaceView):
    template_name = "workspaces/sources.html"
    section = SECTION

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render({"sources": Source.objects.of(self.workspace)})


class SourceView(FormView):
    template_name = "workspaces/source.html"
    section = SECTION
    form_class = SourceForm
    permission = Permission.CHANGE_POLICY

    def source(self) -> Source:
        source = Source.objects.of(self.workspace).filter(key=self.kwargs["key"]).first()
        if source is None:
            raise NotFound(f"There is no source “{self.kwargs['key']}” here.")
        return source

    def get_initial(self) -> dict[str, Any]:
        source = self.source()
        return {name: getattr(source, name) for name in SourceForm.base_fields}

    def context(self, form: Form) -> dict[str, Any]:
        return {**super().context(form), "source": self.source()}

    def save(self, form: Form) -> str:
        source = save_source(self.source().key, values=form.cleaned_data, by=self.actor, at=self.at)
        return f"{source} is saved."

    def done_url(self) -> str:
        return self.page_url("settings_sources")


class NewSourceView(FormView):
    template_name = "workspaces/source.html"
    section = SECTION
    form_class = NewSourceForm
    permission = Permission.CHANGE_POLICY

    def save(self, form: Form) -> str:
        values = dict(form.cleaned_data)
        key = values.pop("key")
        if Source.objects.of(self.workspace).filter(key=key).exists():
            raise Invalid.field("key", "key_taken", f"There is a source “{key}” already. Change that one.")
        source = save_source(key, values=values, by=self.actor, at=self.at)
        return f"{source} is added."

    def done_url(self) -> str:
        return self.page_url("settings_sources")
