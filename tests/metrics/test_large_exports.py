"""Files that hold more than can be read or stored at once are refused, with what to do."""

import pytest

from experiments.exceptions import Invalid
from experiments.services.exports import opening
from experiments.services.exports.columns import Asked
from experiments.services.exports.reading import Export, read_export
from experiments.services.exports.tables import MOST_COLUMNS, MOST_LINES

LINE = "2026-02-01,5\n"


def read(content: str) -> Export:
    return read_export(content.encode(), asked=Asked(currency="USD"))


def test_export__as_many_columns_as_can_be_read__is_read() -> None:
    others = [f"x{number}" for number in range(MOST_COLUMNS - 2)]
    found = read(f"Day,Clicks,{','.join(others)}\n2026-02-01,5,{',' * (len(others) - 1)}\n")
    assert found.lines_read == 1


@pytest.mark.parametrize("above", ["", "A report\n\n"], ids=["at the top", "below a preamble"])
@pytest.mark.parametrize("count", [MOST_COLUMNS + 1, 200_000])
def test_export__more_columns__is_refused_with_their_number(above: str, count: int) -> None:
    header = ",".join(["Day", "Clicks", *(f"x{number}" for number in range(count - 2))])
    with pytest.raises(Invalid, match=rf"has {count:,} columns, and at most 500") as refusal:
        read(f"{above}{header}\n{LINE}")
    assert refusal.value.code == "too_many_columns"


def test_export__as_many_lines_as_can_be_stored__is_read() -> None:
    assert read("Day,Clicks\n" + LINE * (MOST_LINES - 1)).lines_read == MOST_LINES - 1


def test_export__a_line_more__is_refused_with_what_to_do() -> None:
    with pytest.raises(Invalid, match=r"more than 300,000 lines\. Split it by months") as refusal:
        read("Day,Clicks\n" + LINE * MOST_LINES)
    assert refusal.value.code == "too_many_lines"


def test_export__of_either_kind__may_have_as_many_lines() -> None:
    assert opening.MOST_ROWS == MOST_LINES
