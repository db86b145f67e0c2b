"""What a day that somebody is typing is understood as."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from workspaces.forms.days import parse_day, understood_day
from workspaces.views.access import WorkspaceView

LONGEST = 100


class DayView(WorkspaceView):
    """The day in words, or what is to be asked about it: text for the line under the field."""

    def get(self, request: HttpRequest) -> HttpResponse:
        text, today = request.GET.get("text", "")[:LONGEST], self.workspace.local_day(self.at)
        try:
            on = parse_day(text, today=today, looks_back=bool(request.GET.get("back")))
            said = understood_day(on, today=today)
        except ValidationError as error:
            said = " ".join(error.messages)
        return HttpResponse(said, content_type="text/plain; charset=utf-8")
