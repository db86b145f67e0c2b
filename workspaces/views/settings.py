"""Settings: what campaigns are held to, where numbers come from."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from workspaces.exceptions import Invalid, NotFound
from workspaces.forms import Form
from workspaces.forms.settings import NewSourceForm, PolicyForm, SourceForm
from workspaces.models import Source
from workspaces.permissions import Permission
from workspaces.services import change_policy, save_source
from workspaces.views.access import FormView, WorkspaceView

SECTION = "settings"


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
        return _("The policy is changed. It holds from the next judging on.")

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
            raise NotFound(_("There is no source “{key}” here.").format(key=self.kwargs["key"]))
        return source

    def get_initial(self) -> dict[str, Any]:
        source = self.source()
        return {name: getattr(source, name) for name in SourceForm.base_fields}

    def context(self, form: Form) -> dict[str, Any]:
        return {**super().context(form), "source": self.source()}

    def save(self, form: Form) -> str:
        source = save_source(self.source().key, values=form.cleaned_data, by=self.actor, at=self.at)
        return _("{thing} is saved.").format(thing=source)

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
            raise Invalid.field(
                "key",
                "key_taken",
                _("There is a source “{key}” already. Change that one.").format(key=key),
            )
        source = save_source(key, values=values, by=self.actor, at=self.at)
        return _("{thing} is added.").format(thing=source)

    def done_url(self) -> str:
        return self.page_url("settings_sources")
