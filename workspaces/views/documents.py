"""The documents that explain what pages say, as pages: one text for those who use Quickno and who read it."""

from functools import cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from markdown import Markdown

from workspaces.views.access import WorkspaceView

# The documents that are shown, by their name in the address; each is a file of docs/.
DOCUMENTS = {"statistics": _("Why does it say that?"), "money": _("How money moves")}


@cache
def read_document(name: str) -> tuple[SafeString, SafeString]:
    """The document's HTML and its table of contents; headings have their GitHub anchors."""
    markdown = Markdown(
        extensions=["tables", "fenced_code", "toc"],
        # By attribute, because the content policy forbids styles in the text.
        extension_configs={"tables": {"use_align_attribute": True}, "toc": {"toc_depth": "2"}},
    )
    text = (settings.BASE_DIR / "docs" / f"{name}.md").read_text(encoding="utf-8")
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
        for other in DOCUMENTS:
            address = reverse("help", kwargs={"slug": self.workspace.slug, "document": other})
            body = mark_safe(body.replace(f'href="{other}.md', f'href="{address}'))  # noqa: S308
        return self.render({"title": DOCUMENTS[name], "body": body, "contents": contents})
