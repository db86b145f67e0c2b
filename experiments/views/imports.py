"""An export file by hand: what it would change, and then the change itself."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.exceptions import DomainError, NotAllowed, NotFound
from experiments.forms.imports import ImportForm
from experiments.services.exports import ImportOutcome, import_export, preview_import
from experiments.tasks import judge_campaigns
from workspaces.models.spelling import in_figures
from workspaces.permissions import Permission
from workspaces.tasks import enqueue
from workspaces.views.access import WorkspaceView

# Of each list the page shows so many.
MOST_SHOWN = 50


class ImportView(WorkspaceView):
    template_name = "experiments/import.html"
    section = "campaigns"
    permission = Permission.POST_METRICS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.render({"form": ImportForm(workspace=self.workspace)})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ImportForm(request.POST, files=request.FILES, workspace=self.workspace)
        if not form.is_valid():
            return self.render({"form": form}, status=422)
        try:
            # What was changed since the preview is shown first, too.
            if "confirm" in request.POST and form.is_seen:
                messages.success(request, self._store(form))
                return redirect(self.page_url("campaigns"))
            return self._show(form)
        except (NotFound, NotAllowed):
            raise
        except DomainError as error:
            form.take(error)
            return self.render({"form": form, "kept": form.carried()}, status=error.status)

    def _show(self, form: ImportForm) -> HttpResponse:
        given = form.cleaned_data
        outcome = preview_import(given["content"], options=form.options, by=self.actor, at=self.at)
        return self.render(
            {
                "form": form,
                "kept": form.carried(),
                "file_name": given["name"],
                "outcome": outcome,
                "lists": _lists(outcome),
            }
        )

    def _store(self, form: ImportForm) -> str:
        given = form.cleaned_data
        outcome = import_export(
            given["content"], file_name=given["name"], options=form.options, by=self.actor, at=self.at
        )
        if outcome.result is not None:
            transaction.on_commit(partial(enqueue, judge_campaigns, outcome.result.campaign_ids))
        return ngettext(
            "{rows} row of {file}: {new} new, {changed} changed, {unchanged} as they were.",
            "{rows} rows of {file}: {new} new, {changed} changed, {unchanged} as they were.",
            outcome.received,
        ).format(
            rows=in_figures(f"{outcome.received:,}"),
            file=given["name"],
            new=outcome.inserted,
            changed=outcome.updated,
            unchanged=outcome.unchanged,
        )


def _lists(outcome: ImportOutcome) -> list[dict[str, object]]:
    """What the page tells line by line: a heading, the first lines, and how many more there are."""
    told = [
        (_("Changes"), outcome.changes),
        (
            _("Not taken"),
            [
                _("Line {line}: {reason}").format(line=item.line, reason=item.reason)
                for item in outcome.passed
            ],
        ),
        (_("An earlier import had, this file lacks"), outcome.missing),
        (_("Comes in as unplanned"), outcome.unplanned),
        (_("Good to know"), outcome.notes),
        (_("Columns not used"), outcome.ignored_columns),
    ]
    return [
        {"title": title, "lines": lines[:MOST_SHOWN], "more": max(len(lines) - MOST_SHOWN, 0)}
        for title, lines in told
        if lines
    ]
