"""Excel workbooks: typed cells, several sheets, and those made to hurt whoever opens them."""

import tracemalloc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from experiments.exceptions import Invalid
from experiments.models import Campaign
from experiments.services.exports import opening, workbooks
from tests.metrics.conftest import A_DAY, Import, one_arm, stored, table
from tests.metrics.workbooks import Rows, with_part, workbook
from workspaces.models import Workspace

HEADER: list[Any] = ["Campaign name", "Day", "Impressions", "Link clicks", "Amount spent (USD)", "Results"]
A_ROW: list[Any] = ["Hook test", A_DAY, 1204, 20, 1.234, None]
OF_ONE_ARM = {"campaign": "hook-test", "arm": "b"}
SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.fixture
def hook(workspace: Workspace) -> Campaign:
    return one_arm(workspace, channel="meta")


def sheet_xml(inner: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet {MAIN}>{inner}</worksheet>'.encode()


class TestCells:
    def test_workbook__days_and_numbers_as_such__are_what_they_are_whatever_the_marks(
        self, hook: Campaign, take: Import
    ) -> None:
        """As text, 1.234 would be asked about, and 0.1 + 0.2 has seventeen digits."""
        rows: Rows = [
            [None, None, 1304, 25, 1.534],
            A_ROW,
            ["Hook test", datetime(2026, 11, 16, 5, 30), 100, 5, 0.1 + 0.2],  # noqa: DTZ001
        ]
        outcome = take(workbook({"Raw Data Report": [HEADER, *rows]}))
        assert outcome.preset == "meta"
        assert [(item.line, item.reason) for item in outcome.passed] == [
            (2, "a totals row: it has no name"),
        ]
        assert stored(day=A_DAY) == {
            "impressions": 1204,
            "clicks": Decimal(20),
            "spend": Decimal("1.234"),
        }
        assert stored(day=date(2026, 11, 16))["spend"] == Decimal("0.3")

    def test_workbook__numbers_beside_texts_with_a_comma__keep_their_own_value(
        self, hook: Campaign, take: Import
    ) -> None:
        row = ["Hook test", A_DAY, 1204, "1.020", 12.5, "7,5"]
        take(workbook({"Sheet": [HEADER, row]}), decimal_mark="comma")
        told = stored(day=A_DAY)
        assert (told["clicks"], told["spend"], told["conversions"]) == (1020, Decimal("12.5"), Decimal("7.5"))

    def test_workbook__blank_cells_at_the_end_of_a_row__are_no_value(
        self, hook: Campaign, take: Import
    ) -> None:
        outcome = take(workbook({"Sheet": [["Exported by hand"], [], HEADER, A_ROW[:3]]}))
        assert stored(day=A_DAY) == {"impressions": 1204}
        assert outcome.notes == []

    def test_workbook__a_broken_cell__names_row_and_column(self, hook: Campaign, look: Import) -> None:
        with pytest.raises(Invalid) as refusal:
            look(workbook({"Sheet": [HEADER, ["Hook test", A_DAY, "many"]]}))
        assert (
            refusal.value.message
            == "Line 2: “many” under “Impressions” is no number such as 1,234.56, and not blank."
        )

    def test_workbook__ids_that_a_spreadsheet_rounded__are_refused(
        self, hook: Campaign, look: Import
    ) -> None:
        rows: Rows = [[*HEADER, "Campaign ID"], [*A_ROW, 120210123456789012]]
        with pytest.raises(Invalid) as refusal:
            look(workbook({"Sheet": rows}))
        assert refusal.value.code == "rounded_id"
        assert look(workbook({"Sheet": [rows[0], [*A_ROW, "120210123456789012"]]})).inserted == 1


class TestSheets:
    def test_workbook__one_sheet_with_a_table__is_read_whatever_the_others_hold(
        self, hook: Campaign, take: Import
    ) -> None:
        sheets: dict[str, Rows] = {
            "Notes": [["Made for you"]],
            "Old": [HEADER, A_ROW],
            "Data": [HEADER, A_ROW],
        }
        outcome = take(workbook({**sheets, "Empty": []}, hidden=["Old"]))
        assert (outcome.inserted, outcome.columns["Link clicks"]) == (1, "clicks")

    def test_workbook__two_tables__asks_for_the_sheet_before_anything_else(
        self, hook: Campaign, look: Import, take: Import
    ) -> None:
        """The first of them has no days: that is no fault of the file."""
        summary: Rows = [["Campaign name", "Impressions"], ["Hook test", 5]]
        content = workbook({"Summary": summary, "By day": [HEADER, A_ROW]})
        outcome = look(content)
        assert [(item.code, item.message) for item in outcome.questions] == [
            (
                "several_sheets",
                "The workbook has several tables. On which sheet are the numbers: “Summary” or “By day”?",
            )
        ]
        assert take(content, sheet="By day").inserted == 1
        with pytest.raises(Invalid) as refusal:
            take(content, sheet="Summary")
        assert refusal.value.code == "no_days"

    def test_workbook__a_sheet_that_is_not_there__is_named_with_those_that_are(
        self, hook: Campaign, look: Import
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            look(workbook({"Data": [HEADER, A_ROW]}), sheet="Dada")
        assert refusal.value.message == "The workbook has no sheet “Dada” with a table, but “Data”."

    def test_text__a_sheet_that_was_said__does_no_harm(self, campaign: Campaign, look: Import) -> None:
        assert look(table("day,clicks", f"{A_DAY},5"), sheet="Data", **OF_ONE_ARM).inserted == 1

    def test_workbook__nothing_in_it__says_so(self, hook: Campaign, look: Import) -> None:
        with pytest.raises(Invalid) as refusal:
            look(workbook({"Sheet": []}))
        assert refusal.value.code == "empty_file"


class TestHostile:
    @pytest.fixture
    def plain(self, hook: Campaign) -> bytes:
        return workbook({"Sheet": [HEADER, A_ROW]})

    def test_workbook__says_that_it_is_huge__is_as_large_as_its_rows(
        self, plain: bytes, look: Import
    ) -> None:
        cells = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("Day", "Impressions"))
        row = f'<c t="inlineStr"><is><t>{A_DAY}</t></is></c><c><v>5</v></c>'
        inner = f'<dimension ref="A1:XFD1048576"/><sheetData><row>{cells}</row><row>{row}</row></sheetData>'
        assert look(with_part(plain, SHEET, sheet_xml(inner)), campaign="hook-test").inserted == 1

    @pytest.mark.parametrize(
        "inner",
        [
            '<sheetData><row r="999999999"><c><v>5</v></c></row></sheetData>',
            "<sheetData>" + '<row><c r="XFD1"><v>1</v></c></row>' * 300 + "</sheetData>",
        ],
        ids=["a row far away", "cells far away"],
    )
    def test_workbook__more_rows_or_cells_than_anybody_exports__is_refused(
        self, plain: bytes, look: Import, inner: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            look(with_part(plain, SHEET, sheet_xml(inner)))
        assert refusal.value.code == "workbook_too_large"

    @pytest.mark.parametrize("name", [SHEET, "xl/beside.bin"])
    def test_workbook__unpacks_to_more_than_may_be__is_not_unpacked(
        self, plain: bytes, look: Import, name: str
    ) -> None:
        bomb = with_part(plain, name, b" " * (opening.MOST_UNPACKED + 1))
        assert len(bomb) < 1_000_000
        with pytest.raises(Invalid) as refusal:
            look(bomb)
        assert refusal.value.code == "workbook_too_large"

    def test_workbook__takes_more_memory_than_it_may__ends_its_reader_alone(
        self, plain: bytes, look: Import, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A row of millions of cells is small as a file, and large as objects."""
        monkeypatch.setattr(workbooks, "MOST_MEMORY", 128 * opening.MEGABYTE)
        inner = f"<sheetData><row>{'<c/>' * 1_000_000}</row></sheetData>"
        with pytest.raises(Invalid, match="more than can be read here"):
            look(with_part(plain, SHEET, sheet_xml(inner)))

    def test_workbook__says_the_same_ever_again__is_held_once(self) -> None:
        """Some kilobytes would otherwise become a gigabyte of the process that answers everybody."""
        said = "\N{ZOMBIE}" * 16_000
        content = workbook({"Sheet": [HEADER, *[[said, A_DAY, 1204]] * 500]})
        tracemalloc.start()
        [sheet] = workbooks.sheets_of(content)
        _held, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert [line.cells[0] for line in sheet.rows[1:]] == [said] * 500
        assert most < 16 * opening.MEGABYTE

    def test_workbook__entities__are_neither_fetched_nor_multiplied(
        self, plain: bytes, look: Import, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret"
        secret.write_text("7")
        inner = "<sheetData><row><c><v>&one;</v></c></row></sheetData>"
        lines = "".join(
            f'<!ENTITY {name} "{f"&{before};" * 20}">'
            for before, name in zip("abcdefg", "bcdefgh", strict=True)
        )
        for entity in (
            f'<!ENTITY one SYSTEM "{secret.as_uri()}">',
            f'<!ENTITY a "ha">{lines}<!ENTITY one "&h;">',
        ):
            part = f"<!DOCTYPE worksheet [{entity}]><worksheet {MAIN}>{inner}</worksheet>"
            with pytest.raises(Invalid) as refusal:
                look(with_part(plain, SHEET, part.encode()))
            assert refusal.value.code == "workbook_unreadable"

    def test_workbook__cut_off_or_locked__says_which(
        self, plain: bytes, look: Import, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            look(plain[:-400])
        assert refusal.value.code == "workbook_unreadable"
        locked = bytearray(plain)
        for place in _places(plain, b"PK\x01\x02"):
            locked[place + 8] |= 1
        with pytest.raises(Invalid) as refusal:
            look(bytes(locked))
        assert refusal.value.code == "workbook_locked"

    def test_archive__no_workbook_in_it__is_called_a_compressed_file(self, look: Import) -> None:
        assert not workbooks.is_workbook(b"PK\x03\x04 and something else")
        with pytest.raises(Invalid, match="compressed file"):
            look(b"PK\x03\x04 and something else")


def _places(content: bytes, found: bytes) -> list[int]:
    places, at = [], content.find(found)
    while at >= 0:
        places.append(at)
        at = content.find(found, at + 1)
    return places
