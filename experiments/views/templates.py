"""Templates of rules: kept from the form that writes rules, listed and deleted in the settings."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from experiments.exceptions import DomainError
from experiments.forms.campaign import CriterionForm, Draft
from experiments.forms.preview import RulePreview
from experiments.models import CriterionTemplate
from experiments.services.templates import USUAL_TEMPLATES, delete_template, save_template
from experiments.views.previews import complaints_about
from workspaces.permissions import Actor, Permission
from workspaces.views.access import ActionView, WorkspaceView

SECTION = "settings"


def keep_rule(draft: Draft, data: QueryDict, *, request: HttpRequest, by: Actor, at: datetime) -> None:
    """Keep the rule of the row that ``keep`` names, or say in that row why not."""
    row = next((row for row in draft.criteria.forms if row.prefix == data.get("keep")), None)
    if row is None:
        return
    asked = CriterionForm(data, prefix=str(row.prefix), workspace=by.workspace, initial=None)
    if not asked.is_valid():
        row.preview = RulePreview(complaints=complaints_about(asked), answers=asked.limit_answers)
        return
    name = data.get(f"{row.prefix}-keep_as", "")
    try:
        template = save_template(values={"name": name, "criterion": asked.values}, by=by, at=at)
    except DomainError as error:
        row.preview = RulePreview(complaints=[error.message])
    else:
        messages.success(
            request,
            _("The rule is kept as “{template}”. The campaign itself is not saved yet.").format(
                template=template
            ),
        )


class TemplatesView(WorkspaceView):
    template_name = "experiments/templates.html"
    section = SECTION

    def get(self, request: HttpRequest) -> HttpResponse:
        own = CriterionTemplate.objects.of(self.workspace).select_related("workspace", "created_by")
        return self.render({"own": own, "usual": USUAL_TEMPLATES})


class DeleteTemplateView(ActionView):
    section = SECTION
    permission = Permission.MANAGE_TEMPLATES

    def act(self) -> str:
        template = delete_template(self.kwargs["pk"], by=self.actor, at=self.at)
        return _("The template “{template}” is deleted. Rules that began with it stay.").format(
            template=template
        )

    def done_url(self) -> str:
        return self.page_url("settings_templates")
