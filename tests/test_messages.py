"""The catalogues of translations: whole, in step with the code, and renewed without noise."""

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT

CODE = """from django.utils.translation import gettext as _
from django.utils.translation import ngettext

WORDS = [_("Stop it"), _("{campaign} is over."), ngettext("{number} day left", "{number} days left", 2)]
"""
PAGE = """{% load i18n %}<ul>
    <li>{% blocktranslate trimmed with who=person %}
      {{ who }} said no.
    {% endblocktranslate %}</li>
  </ul>{% include "part.html" with text=_("A quick no") %}"""
GERMAN = {
    "Stop it": "Stoppen",
    "{campaign} is over.": "{campaign} ist vorbei.",
    "%(who)s said no.": "%(who)s hat Nein gesagt.",
    "A quick no": "Ein schnelles Nein",
}


@pytest.fixture
def messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`bin/messages`, for a project of one module and one template."""
    loader = SourceFileLoader("messages", str(ROOT / "bin" / "messages"))
    spec = spec_from_loader("messages", loader)
    assert spec is not None
    program = module_from_spec(spec)
    loader.exec_module(program)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / "workspaces").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "workspaces" / "words.py").write_text(CODE)
    (tmp_path / "templates" / "page.html").write_text(PAGE)
    program.renew()
    return program


def catalogue(messages: ModuleType) -> Path:
    path: Path = messages.catalogue("locale", "de")
    return path


def translate(messages: ModuleType, translations: dict[str, str]) -> None:
    """As a translator does, line by line."""
    path = catalogue(messages)
    text = path.read_text()
    for original, translation in translations.items():
        text = text.replace(f'msgid "{original}"\nmsgstr ""', f'msgid "{original}"\nmsgstr "{translation}"')
    text = text.replace('msgstr[0] ""\nmsgstr[1] ""', 'msgstr[0] "ein Tag"\nmsgstr[1] "{number} Tage"')
    path.write_text(text)


def test_catalogues__as_they_are__say_every_text_in_every_language() -> None:
    command = [sys.executable, "bin/messages", "--check"]
    checked = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert (checked.stdout, checked.stderr, checked.returncode) == ("", "", 0)


def test_check__nothing_translated__names_each_text_of_code_and_templates(messages: ModuleType) -> None:
    complaints = "\n".join(messages.complaints())
    for text in (*GERMAN, "{number} day left"):
        assert f"not translated: '{text}'" in complaints


def test_check__all_translated__has_nothing_to_say(messages: ModuleType) -> None:
    translate(messages, GERMAN)
    assert list(messages.complaints()) == []


@pytest.mark.parametrize(
    ("original", "wrong"),
    [
        ("{campaign} is over.", "{kampagne} ist vorbei."),
        ("{campaign} is over.", "Sie ist vorbei."),
        ("%(who)s said no.", "%(wer)s hat Nein gesagt."),
    ],
)
def test_check__other_placeholders__names_the_text(messages: ModuleType, original: str, wrong: str) -> None:
    translate(messages, GERMAN | {original: wrong})
    [complaint] = messages.complaints()
    assert "placeholders" in complaint
    assert original in complaint


def test_check__fuzzy__names_the_text(messages: ModuleType) -> None:
    translate(messages, GERMAN)
    path = catalogue(messages)
    path.write_text(path.read_text().replace('msgid "Stop it"', '#, fuzzy\nmsgid "Stop it"'))
    assert [complaint.partition(": ")[2] for complaint in messages.complaints()] == ["fuzzy: 'Stop it'"]


def test_check__new_and_old_texts__names_both(messages: ModuleType, tmp_path: Path) -> None:
    translate(messages, GERMAN)
    (tmp_path / "workspaces" / "words.py").write_text(CODE.replace("Stop it", "End it"))
    complaints = "\n".join(messages.complaints())
    assert "not in the catalogue (run make messages): 'End it'" in complaints
    assert "no longer used (run make messages): 'Stop it'" in complaints


def test_check__one_text_in_two_catalogues__has_one_translation(messages: ModuleType, tmp_path: Path) -> None:
    translate(messages, GERMAN)
    (tmp_path / "sprints" / "words.py").write_text('from x import _\nWORDS = _("Stop it")\n')
    messages.renew()
    path = messages.catalogue("sprints/locale", "de")
    path.write_text(path.read_text().replace('"Stop it"\nmsgstr ""', '"Stop it"\nmsgstr "Anhalten"'))
    assert ["translated otherwise" in complaint for complaint in messages.complaints()] == [True]


def test_renewal__nothing_new__changes_no_byte(messages: ModuleType) -> None:
    translate(messages, GERMAN)
    before = catalogue(messages).read_bytes()
    messages.renew()
    assert catalogue(messages).read_bytes() == before
    assert b"-Date" not in before
    assert b".py:" not in before


def test_renewal__a_text_is_new__keeps_what_was_translated(messages: ModuleType, tmp_path: Path) -> None:
    translate(messages, GERMAN)
    (tmp_path / "workspaces" / "more.py").write_text('from x import _\nWORDS = _("Move the money")\n')
    messages.renew()
    text = catalogue(messages).read_text()
    assert 'msgid "Move the money"\nmsgstr ""' in text
    assert 'msgid "Stop it"\nmsgstr "Stoppen"' in text
