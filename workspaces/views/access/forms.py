"""Pages with a form."""

from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from workspaces.exceptions import ChangedMeanwhile, DomainError, NotAllowed, NotFound
from workspaces.forms import Form
from workspaces.forms.comparing import differences
from workspaces.views.access.page import WorkspaceView
from workspaces.views.access.refusals import words_of


class FormView(WorkspaceView):
    """A page with a form. What was typed stays where a rule refuses it."""

    form_class: ClassVar[type[Form]]

    def get(self, request: HttpRequest) -> HttpResponse:
        form = self.get_form(self.kept_fields)
        if self.kept_fields is not None:
            form.hold_back()
        return self.render(self.context(form))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.get_form(request.POST)
        status = 422
        if form.is_valid():
            said: list[str] = []

            def work() -> str:
                said.append(self.save(form))
                return self.back_to(self.done_url())

            try:
                again = self.once(work)
            except (NotFound, NotAllowed):
                raise
            except ChangedMeanwhile as error:
                return self.compare(form, status=error.status, changed=words_of(error))
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                if again is not None:
                    return again
                messages.success(request, said[0])
                return redirect(self.back_to(self.done_url()))
        return self.landed() or self.refuse(form, status=status)

    def refuse(self, form: Form, *, status: int) -> HttpResponse:
        """The page again, with what was typed and what is wrong with it."""
        return self.render(self.context(form), status=status)

    def compare(self, form: Form, *, status: int, **told: object) -> HttpResponse:
        """What was typed beside what is stored by now; sent again, it goes through."""
        self.reload()
        compared = {}
        if self.basis():
            compared = {
                "basis": self.basis(),
                "differences": differences(self.get_form().as_shown, form.as_shown),
            }
        return self.render({**self.context(form), **compared, **told}, status=status)

    def sent_otherwise(self, url: str) -> HttpResponse:
        form = self.get_form(self.request.POST)
        form.hold_back()
        return self.compare(form, status=409, sent_before=url)

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
