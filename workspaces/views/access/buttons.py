"""Buttons: one service call each."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workspaces.exceptions import ChangedMeanwhile, DomainError, NotAllowed, NotFound
from workspaces.views.access.page import WorkspaceView
from workspaces.views.access.refusals import tell, words_of


class ActionView(WorkspaceView):
    """A button: one service call, then back to a page that says what came of it."""

    http_method_names = ["post", "options"]
    said_already = gettext_lazy("That was done already: here is what came of it.")

    def post(self, request: HttpRequest) -> HttpResponse:
        said: list[str] = []

        def work() -> str:
            said.append(self.act())
            return self.back_to(self.done_url())

        try:
            again = self.once(work)
        except (NotFound, NotAllowed):
            raise
        except ChangedMeanwhile as error:
            messages.error(request, f"{words_of(error)} {self.not_done()}")
        except DomainError as error:
            again = self.landed()
            if again is not None:
                return again
            tell(request, error)
        else:
            if again is not None:
                return again
            messages.success(request, said[0])
        return redirect(self.back_to(self.done_url()))

    def not_done(self) -> str:
        """What is said beside who has changed it meanwhile."""
        return _("Nothing was done: look at it and choose again.")

    def act(self) -> str:
        """Do it, and return the sentence that says so."""
        raise NotImplementedError

    def done_url(self) -> str:
        """The page to go back to."""
        raise NotImplementedError
