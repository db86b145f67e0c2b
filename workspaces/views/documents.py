"""The documents that explain what pages say, as pages: one text for those who use Quickno and who read it."""

import re
from functools import cache
from posixpath import dirname, join, normpath

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View
from markdown import Markdown

from workspaces.views.access import WorkspaceView

FOLDER = settings.BASE_DIR / "docs"
# The documents that are shown, by their name in the address.
DOCUMENTS = {
    "guide": _("A sprint, step by step"),
    "guide-plan": _("Step by step: plan"),
    "guide-launch": _("Step by step: launch"),
    "guide-review": _("Step by step: review"),
    "guide-reallocate": _("Step by step: reallocate"),
    "statistics": _("Why does it say that?"),
    "money": _("How money moves"),
}
# The file of docs/ that each is.
FILES = {
    "guide": "guide/README.md",
    **{f"guide-{part}": f"guide/{part}.md" for part in ("plan", "launch", "review", "reallocate")},
    "statistics": "statistics.md",
    "money": "money.md",
}
_NAMES = {file: name for name, file in FILES.items()}
_LINK = re.compile(r'href="(?P<file>[\w./-]+\.md)')
_PICTURE = re.compile(r'src="\.\./screenshots/(?P<name>[\w-]+)\.webp"')


@cache
def read_document(name: str) -> tuple[SafeString, SafeString]:
    """The document's HTML and its table of contents; headings have their GitHub anchors."""
    markdown = Markdown(
        extensions=["tables", "fenced_code", "toc"],
        # By attribute, because the content policy forbids styles in the text.
        extension_configs={"tables": {"use_align_attribute": True}, "toc": {"toc_depth": "2"}},
    )
    text = (FOLDER / FILES[name]).read_text(encoding="utf-8")
    # The page has its own heading.
    body = markdown.convert(text.partition("\n")[2])
    # The project's own files, as trusted as its templates.
    return mark_safe(body), mark_safe(markdown.toc)  # type: ignore[attr-defined]  # noqa: S308


class DocumentView(WorkspaceView):
    """One document, with its contents beside it."""

    template_name = "workspaces/document.html"
    section = "more"

    def get(self, request: HttpRequest) -> HttpResponse:
        name = self.kwargs["document"]
        if name not in DOCUMENTS:
            raise Http404(gettext("There is no such document."))
        body, contents = read_document(name)

        def linked(link: re.Match[str]) -> str:
            other = _NAMES.get(normpath(join(dirname(FILES[name]), link["file"])))
            if other is None:
                return link[0]
            return f'href="{reverse("help", args=[self.workspace.slug, other])}'

        def shown(picture: re.Match[str]) -> str:
            return f'src="{reverse("help_picture", args=[picture["name"]])}"'

        body = mark_safe(_PICTURE.sub(shown, _LINK.sub(linked, body)))  # noqa: S308
        return self.render({"title": DOCUMENTS[name], "body": body, "contents": contents})


class PictureView(View):
    """A picture that a document shows; of the demo, so it is nobody's secret."""

    def get(self, request: HttpRequest, name: str) -> FileResponse:
        path = FOLDER / "screenshots" / f"{name}.webp"
        if not path.is_file():
            raise Http404(gettext("There is no such picture."))
        return FileResponse(path.open("rb"), content_type="image/webp")
