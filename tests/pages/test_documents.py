"""The documents as pages, and every link that a page has into them."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from experiments.templatetags._kinds import EVIDENCE
from tests.pages.conftest import Browse, Week
from tests.pages.test_every_page import check, visit
from workspaces.choices import Role
from workspaces.views.documents import DOCUMENTS, FILES, read_document

LINK = re.compile(r"{% page ['\"]help['\"] ['\"](?P<document>[\w-]+)['\"] %}(?:#(?P<anchor>[\w-]+))?")

# The tag that leads to what a number means, wherever it is used.
WHY = re.compile(r"{% why (?P<anchor>\S+) .*?%}")

# A link or a picture of a document, and what it puts between two stars because a page says it.
TARGET = re.compile(r"\]\((?P<file>[^)#:]*)(?:#(?P<anchor>[^)]+))?\)")
SAID = re.compile(r"\*\*(?P<words>[^*]+)\*\*")
DOCS = settings.BASE_DIR / "docs"
GUIDE = sorted((DOCS / "guide").glob("*.md"))


def links() -> list[tuple[Path, str, str]]:
    """Each link into a document: the template that has it, the document and the heading."""
    found = []
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html")):
        where, text = path.relative_to(settings.BASE_DIR), path.read_text()
        found += [(where, link["document"], link["anchor"] or "") for link in LINK.finditer(text)]
        for use in WHY.finditer(text):
            if use["anchor"] == "choice.anchor":
                found += [(where, "statistics", heading) for _, _, heading in EVIDENCE.values()]
                continue
            assert use["anchor"].startswith('"'), f"{where} does not say to which heading it leads: {use[0]}"
            found.append((where, "statistics", use["anchor"].strip('"')))
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document__as_a_page__obeys_the_content_policy_and_has_one_heading(
    document: str, browse: Browse
) -> None:
    check(visit(browse(Role.VIEWER), "help", document))


def test_document__read_in_german__says_that_its_text_is_english(browse: Browse) -> None:
    client, path = browse(Role.VIEWER), "/w/harbour/help/money/"
    said = client.get(path, headers={"Accept-Language": "de"}).content.decode()
    assert "Dieser Text ist auf Englisch." in said
    assert "This text is in English." not in client.get(path).content.decode()


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


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.stem)
def test_guide__every_link_and_picture__leads_to_what_is_there(path: Path) -> None:
    targets = list(TARGET.finditer(path.read_text()))
    names = {file: name for name, file in FILES.items()}
    assert any(target["file"].endswith(".webp") for target in targets)
    for target in targets:
        file = (path.parent / target["file"]).resolve()
        assert file.is_file(), target[0]
        if target["anchor"]:
            body, _ = read_document(names[file.relative_to(DOCS).as_posix()])
            assert f'id="{target["anchor"]}"' in body, target[0]


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.stem)
def test_guide__what_a_page_says__is_in_its_words(path: Path) -> None:
    sources = [*(settings.BASE_DIR / "templates").rglob("*.html")]
    sources += [file for app in ("workspaces", "experiments", "sprints") for file in Path(app).rglob("*.py")]
    # The case is the page's: a label that begins a line is written large there.
    pages = "\n".join(file.read_text() for file in sources).lower()
    said = {" ".join(match["words"].split()) for match in SAID.finditer(path.read_text())}
    assert said
    assert {words for words in said if words.lower() not in pages} == set()


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name.startswith("guide")])
def test_guide__as_a_page__shows_its_pictures_and_links_to_other_pages(document: str, browse: Browse) -> None:
    client = browse(Role.VIEWER)
    page = client.get(f"/w/harbour/help/{document}/").content.decode()
    pictures = re.findall(r'<img[^>]* src="([^"]+)"', page)
    assert pictures
    for picture in pictures:
        answer = client.get(picture)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
        assert b"".join(answer).startswith(b"RIFF")
    assert re.findall(r'href="[^"/]*\.md', page) == []
    assert 'href="/w/harbour/help/guide-' in page


def test_picture__nobody_took_it__is_not_found(browse: Browse) -> None:
    assert browse(Role.VIEWER).get("/help/horoscope.webp").status_code == 404
