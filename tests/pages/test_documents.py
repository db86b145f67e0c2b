"""The documents as pages, and every link that a page has into them."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.pages.conftest import Browse, Week
from tests.pages.test_every_page import check, visit
from workspaces.choices import Role
from workspaces.views.documents import DOCUMENTS, read_document

LINK = re.compile(r"{% page ['\"]help['\"] ['\"](?P<document>[\w-]+)['\"] %}(?:#(?P<anchor>[\w-]+))?")


# The component that leads to what a number means, wherever it is used.
WHY = re.compile(r"{% include ['\"]components/why\.html['\"](?P<given>.*?)%}")
ANCHOR = re.compile(r"\banchor=['\"](?P<anchor>[\w-]+)['\"]")


def links() -> list[tuple[Path, str, str]]:
    """Each link into a document: the template that has it, the document and the heading."""
    found = []
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        where, text = path.relative_to(settings.BASE_DIR), path.read_text()
        found += [(where, link["document"], link["anchor"] or "") for link in LINK.finditer(text)]
        for use in WHY.finditer(text):
            anchor = ANCHOR.search(use["given"])
            assert anchor, f"{where} does not say to which heading it leads: {use[0]}"
            found.append((where, "statistics", anchor["anchor"]))
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document__as_a_page__obeys_the_content_policy_and_has_one_heading(
    document: str, browse: Browse
) -> None:
    check(visit(browse(Role.VIEWER), "help", document))


def test_document__nobody_wrote_it__is_not_found(browse: Browse) -> None:
    assert browse(Role.VIEWER).get("/w/harbour/help/horoscope/").status_code == 404


def test_document__names_another_one__links_to_its_page(browse: Browse) -> None:
    answer = browse(Role.VIEWER).get("/w/harbour/help/statistics/")
    assert 'href="/w/harbour/help/money/"' in answer.content.decode()


def test_templates__link_to_a_heading__which_is_there() -> None:
    found = links()
    assert {anchor for _, _, anchor in found} >= {"chance-to-beat-control", "will-it-still-make-it"}
    for template, document, anchor in found:
        body, _ = read_document(document)
        assert not anchor or f'id="{anchor}"' in body, f"{template} links to {document}#{anchor}"


def test_number__of_a_campaign__leads_to_what_it_means(browse: Browse, week: Week) -> None:
    page = browse(Role.VIEWER).get("/w/harbour/campaigns/founder-video/").content.decode()
    assert 'href="/w/harbour/help/statistics/#chance-to-beat-control"' in page
    assert "What “chance to beat control” means" in page
