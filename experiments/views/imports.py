"""An export file by hand: what it would change, and then the change itself."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from experiments.exceptions import DomainError, NotAllowed, NotFound
from experiments.forms.imports import ImportForm
from experiments.services.exports import ImportOutcome, import_export, preview_import
from experiments.tasks import judge_campaigns
from workspaces.permissions import Permission
from workspaces.tasks import enqueue
from workspaces.templatetags.quickno import counted
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
        return (
            f"{counted(outcome.received, 'row')} of {given['name']}: {outcome.inserted} new, "
            f"{outcome.updated} changed, {outcome.unchanged} as they were."
        )


def _lists(outcome: ImportOutcome) -> list[dict[str, object]]:
    """What the page tells line by line: a heading, the first lines, and how many more there are."""
    told = [
        ("Changes", outcome.changes),
        ("Not taken", [f"Line {item.line}: {item.reason}" for item in outcome.passed]),
        ("An earlier import had, this file lacks", outcome.missing),
        ("Comes in as unplanned", outcome.unplanned),
        ("Good to know", outcome.notes),
        ("Columns not used", outcome.ignored_columns),
    ]
    return [
        {"title": title, "lines": lines[:MOST_SHOWN], "more": max(len(lines) - MOST_SHOWN, 0)}
        for title, lines in told
        if lines
    ]
