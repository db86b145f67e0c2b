"""An export file by hand: uploaded, read by a worker, shown, and recorded once somebody says so."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property, partial
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.choices import MEASURES, FileImportState, MeasureUnit
from experiments.exceptions import DomainError, NotAllowed, NotFound
from experiments.forms.imports import AnswerForm, NameRow, UploadForm
from experiments.forms.names import NamesForm
from experiments.models import Campaign, FileImport, ImportMapping
from experiments.models.team_words import TeamWords, words_of
from experiments.services.exports import (
    LEFT_OUT,
    NEW,
    PRESETS,
    answer_file,
    cancel_file,
    change_names,
    confirm_file,
    upload_file,
)
from experiments.tasks import read_import, record_import
from experiments.views.previews import is_part_wanted
from workspaces.models import Source
from workspaces.permissions import Permission
from workspaces.services.sending import Sending, fingerprint_of_form
from workspaces.tasks import enqueue
from workspaces.templatetags.quickno import channel
from workspaces.views.access import ActionView, WorkspaceView, tell

# Of the files that were given before, the page lists so many.
MOST_LISTED = 8
# Names on one page of what is remembered.
MOST_NAMES = 200
# By the code of a question: the field that answers it, where that is not beside a name.
FIELDS = {
    "several_sheets": "id_sheet",
    "day_order": "id_day_order",
    "decimal_mark": "id_decimal_mark",
    "unknown_channel": "id_source",
    "unknown_source": "id_source",
    "ambiguous_column": "id_map",
    "doubtful_column": "id_map",
    "no_header": "id_map",
    "no_campaign": "id_campaign",
    "duplicate_key": "id_campaign",
}


class ImportView(WorkspaceView):
    template_name = "experiments/import.html"
    section = "campaigns"
    permission = Permission.POST_METRICS

    @cached_property
    def sending(self) -> Sending | None:
        """Whoever goes back and chooses another file sends another form: only the same again is one."""
        sending, file = super().sending, self.request.FILES.get("file")
        if sending is None or file is None:
            return sending
        digest = sha256()
        for chunk in file.chunks():
            digest.update(chunk)
        told = [("name", [str(file.name)]), ("file", [digest.hexdigest()]), ("filled", [sending.fingerprint])]
        return replace(sending, token=fingerprint_of_form(sending.token, told))

    def get(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(self.kept_fields, workspace=self.workspace)
        if self.kept_fields is not None:
            form.hold_back()
        return self._show(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, files=request.FILES, workspace=self.workspace)
        if not form.is_valid():
            return self._show(form, status=422)
        given = form.cleaned_data["file"]
        url = ""

        def work() -> str:
            nonlocal url
            file = upload_file(given.name, chunks=given.chunks(), asked=form.asked, by=self.actor, at=self.at)
            transaction.on_commit(partial(enqueue, read_import, file.pk))
            url = self.page_url("import_file", pk=file.pk)
            return url

        try:
            again = self.once(work)
        except NotAllowed:
            raise
        except DomainError as error:
            form.take(error)
            return self._show(form, status=error.status)
        return again or redirect(url)

    def _show(self, form: UploadForm, *, status: int = 200) -> HttpResponse:
        files = FileImport.objects.of(self.workspace).select_related("by").defer("preview", "asked")
        return self.render({"form": form, "files": files[:MOST_LISTED]}, status=status)


class ImportFileView(WorkspaceView):
    """One file: how far it is, what it would change, what it asks, what became of it."""

    template_name = "experiments/import_file.html"
    section = "campaigns"
    permission = Permission.POST_METRICS

    @cached_property
    def sending(self) -> Sending | None:
        """Whoever goes back and answers otherwise is heard as long as the file is not in.

        So another answer is another form, and the same one again is, too, once the file was read anew.
        """
        sending = super().sending
        if sending is None:
            return None
        reading = FileImport.objects.of(self.workspace).filter(pk=self.kwargs["pk"]).values_list("reading")
        told = [("filled", [sending.fingerprint]), ("reading", [str(number) for (number,) in reading])]
        return replace(sending, token=fingerprint_of_form(sending.token, told))

    def file(self) -> FileImport:
        files = FileImport.objects.of(self.workspace).select_related("by", "workspace", "batch")
        file = files.filter(pk=self.kwargs["pk"]).first()
        if file is None:
            raise NotFound(_("There is no such file here."))
        return file

    def get(self, request: HttpRequest) -> HttpResponse:
        file = self.file()
        if not is_part_wanted(request):
            return self._show(file)
        answer = self.render({"file": file}, template="experiments/_import_progress.html")
        if not file.is_busy:
            # What follows is another page, with a form.
            answer["HX-Refresh"] = "true"
        return answer

    def post(self, request: HttpRequest) -> HttpResponse:
        file = self.file()
        form = AnswerForm(request.POST, file=file)
        if not form.is_valid():
            return self._show(file, form=form, status=422)
        url = self.page_url("import_file", pk=file.pk)

        def work() -> str:
            # What was changed since the preview is shown first, too.
            if "confirm" in request.POST and form.is_as_shown:
                self._confirm(file)
            elif not (file.is_busy and form.is_as_shown):
                self._take_answers(file, form)
            return url

        again = None
        try:
            again = self.once(work)
        except (NotFound, NotAllowed):
            raise
        except DomainError as error:
            tell(request, error)
        return again or redirect(url)

    def _confirm(self, file: FileImport) -> None:
        if confirm_file(file.pk, reading=file.reading, by=self.actor, at=self.at):
            transaction.on_commit(partial(enqueue, record_import, file.pk))

    def _take_answers(self, file: FileImport, form: AnswerForm) -> None:
        answer_file(file.pk, asked=form.asked, said=form.said, by=self.actor, at=self.at)
        transaction.on_commit(partial(enqueue, read_import, file.pk))
        if "confirm" in self.request.POST:
            messages.info(self.request, _("You changed an answer: look at what that changes first."))

    def _show(self, file: FileImport, *, form: AnswerForm | None = None, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {"file": file, "outcome": file.preview, "error": file.error}
        if file.state in {FileImportState.READY, FileImportState.FAILED}:
            form = form or AnswerForm(file=file)
            words = words_of(None, self.workspace)
            rows = _with_names(form.rows, _campaigns_of(form.rows, self), words)
            questions = _questions(file.questions, form.rows)
            faults = [
                {**item, "anchor": f"id_{item['field']}" if item["field"] in form.fields else ""}
                for item in file.error.get("errors", [])
            ]
            # Other answers mend what was answered wrong. Of a file without known columns they would have to
            # name every one of them.
            is_answerable = file.error.get("code") != "no_header" and any(item["anchor"] for item in faults)
            context |= {
                "form": form,
                "rows": rows,
                "questions": questions,
                "asks": sum(question["asks"] for question in questions),
                # The fold with the answers stands open only where they are what is asked for.
                "is_asked": bool(file.error or form.errors)
                or any(question["anchor"] in FIELDS.values() for question in questions),
                "faults": faults,
                "needs_another_file": bool(file.error) and not is_answerable,
                "names_url": self.page_url("source_names", source=file.preview["source"])
                if file.preview.get("source")
                else "",
            }
        return self.render(context, status=status)


class CancelImportView(ActionView):
    permission = Permission.POST_METRICS

    def act(self) -> str:
        file = cancel_file(self.kwargs["pk"], by=self.actor, at=self.at)
        return _("Cancelled: nothing of {file} came in.").format(file=file)

    def done_url(self) -> str:
        return self.page_url("import_numbers")


class NamesView(WorkspaceView):
    """What the names in one source's files stand for: said once, changed here."""

    template_name = "experiments/names.html"
    section = "settings"
    permission = Permission.POST_METRICS

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(self._form())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        source = self.kwargs["source"]
        url = self.page_url("source_names", source=source)
        changed = 0

        def work() -> str:
            nonlocal changed
            changed = change_names(source, form.targets, by=self.actor, at=self.at)
            return url

        try:
            again = self.once(work)
        except (NotFound, NotAllowed):
            raise
        except DomainError as error:
            form.take(error)
            return self._show(form, status=error.status)
        if again is not None:
            return again
        messages.success(
            request,
            ngettext(
                "{count} name changed. It holds from the next file on.",
                "{count} names changed. They hold from the next file on.",
                changed,
            ).format(count=changed),
        )
        return redirect(url)

    def _form(self, data: Any = None) -> NamesForm:
        names = (
            ImportMapping.objects.of(self.workspace)
            .filter(source=self.kwargs["source"], asks_again=False)
            .select_related("campaign", "arm__campaign", "said_by")
        )
        found = self.request.GET.get("q", "").replace("\x00", "")
        if found:
            names = names.filter(campaign_name__icontains=found) | names.filter(part_name__icontains=found)
        return NamesForm(data, workspace=self.workspace, names=names[:MOST_NAMES])

    def _show(self, form: NamesForm, *, status: int = 200) -> HttpResponse:
        key = self.kwargs["source"]
        source = Source.objects.of(self.workspace).filter(key=key).first()
        if source is None and key not in PRESETS:
            raise NotFound(_("There is no source “{key}” here.").format(key=key))
        return self.render(
            {
                "form": form,
                "source": source,
                "title": _("other tables") if key == "generic" else source or channel(key),
                "is_full": len(form.rows) == MOST_NAMES,
                "query": self.request.GET.get("q", ""),
            },
            status=status,
        )


def _campaigns_of(rows: Sequence[NameRow], view: WorkspaceView) -> dict[str, Campaign]:
    """The campaigns that are only named, where the row has no field."""
    keys = {row.told["target"] for row in rows if row.field is None} - {"", NEW, LEFT_OUT}
    if not keys:
        return {}
    return {one.key: one for one in Campaign.objects.of(view.workspace).filter(key__in=keys)}


def _with_names(
    rows: Sequence[NameRow], campaigns: dict[str, Campaign], words: TeamWords
) -> list[dict[str, Any]]:
    """The rows with what a page says of them beside the numbers."""
    return [
        {
            "name": row,
            "campaign": campaigns.get(row.told["target"]),
            "is_new": row.told["target"] == NEW,
            "is_out": row.told["target"] == LEFT_OUT,
            "changes": [
                {
                    "label": words.measure(change["measure"]),
                    "is_money": MEASURES[change["measure"]].unit == MeasureUnit.MONEY,
                    "before": Decimal(change["before"]),
                    "after": Decimal(change["after"]),
                }
                for change in row.told["changes"]
            ],
        }
        for row in rows
    ]


def _questions(questions: Sequence[dict[str, Any]], rows: Sequence[NameRow]) -> list[dict[str, Any]]:
    """What is open, each with the field that answers it; campaigns and arms are asked for together.

    ``asks``: how many answers that takes.
    """
    names = [row for row in rows if row.is_open and row.field]
    # An ad set that is answered answers for its ads.
    parts = [part for row in rows for part in row.ad_sets or row.ads if part.told["waiting"] and part.field]
    told: dict[str, dict[str, Any]] = {}
    for number, question in enumerate(questions):
        code, message = question["code"], question["message"]
        anchor, key, asks = FIELDS.get(code, "id_campaign"), str(number), 1
        if code == "unknown_campaign" and names:
            anchor, key, asks = str(names[0].field and names[0].field.id_for_label), code, len(names)
            message = ngettext(
                "{count} campaign of the file is not known here. Choose beside its name what it is.",
                "{count} campaigns of the file are not known here. Choose beside each name what it is, or "
                "take all of them in as unplanned.",
                len(names),
            ).format(count=len(names))
        elif code in {"namesake", "same_name"} and names:
            anchor = str(names[0].field and names[0].field.id_for_label)
        elif code == "unknown_arm" and parts:
            anchor, key, asks = str(parts[0].field and parts[0].field.id_for_label), code, len(parts)
            message = ngettext(
                "{count} name in the file may be any arm. Choose its arm beside it.",
                "{count} names in the file may be any arm. Choose the arm beside each.",
                len(parts),
            ).format(count=len(parts))
        told[key] = {"message": message, "anchor": anchor, "asks": asks}
    return list(told.values())
