"""Numbers and days as spreadsheets write them, and the questions that a whole file may leave open."""

from datetime import date
from decimal import Decimal

import pytest

from experiments.exceptions import FieldError, Invalid
from experiments.services.exports.days import DayOrder, NumericDay, agree_on_order, read_day
from experiments.services.exports.numbers import DecimalMark, agree_on_mark, digits_of, is_nothing, vote
from experiments.services.exports.presets import currency_in, normal_name


class TestNumbers:
    @pytest.mark.parametrize(
        ("written", "mark", "value"),
        [
            ("25,881", "point", "25881"),
            ("1.234,56", "comma", "1234.56"),
            ("1,234,567.5", "point", "1234567.5"),
            ("US$1.92", "point", "1.92"),
            ("$ 1,204.50", "point", "1204.50"),
            ("12,5 €", "comma", "12.5"),
            ("1 234,5", "comma", "1234.5"),
            ("1\u202f234", "point", "1234"),
            ("1'234.50", "point", "1234.50"),
            ("-3.5", "point", "-3.5"),
            ("231", "comma", "231"),
        ],
    )
    def test_number__in_any_writing__has_its_value(self, written: str, mark: DecimalMark, value: str) -> None:
        digits = digits_of(written)
        assert digits is not None
        assert digits.value(mark) == Decimal(value)

    @pytest.mark.parametrize(
        "written", ["77.77%", "> 90%", "< 10%", "Using campaign budget", "3 of 4", ".", "1e5", "$"]
    )
    def test_number__that_is_none__is_not_guessed(self, written: str) -> None:
        assert digits_of(written) is None

    @pytest.mark.parametrize("written", ["1.2.3", "1,2.3.4"])
    def test_number__with_two_decimal_marks__has_no_value(self, written: str) -> None:
        digits = digits_of(written)
        assert digits is not None
        assert digits.value("point") is None

    @pytest.mark.parametrize("written", ["", "--", " --", "-", "N/A", "n/a", "—"])
    def test_cell__that_says_nothing__is_no_value(self, written: str) -> None:
        assert is_nothing(written)

    @pytest.mark.parametrize("written", ["0", "0.00", "$0"])
    def test_cell__that_says_zero__is_a_value(self, written: str) -> None:
        assert not is_nothing(written)

    @pytest.mark.parametrize(
        ("written", "currency"), [("US$1.92", "USD"), ("1,5 €", "EUR"), ("CHF 3.20", "CHF"), ("$5", "")]
    )
    def test_number__with_a_sign_of_money__names_its_currency(self, written: str, currency: str) -> None:
        digits = digits_of(written)
        assert digits is not None
        assert digits.currency == currency


class TestDecimalMark:
    @pytest.mark.parametrize(
        ("digits", "is_whole", "proves"),
        [
            ("1.234,56", False, "comma"),
            ("1,234.56", False, "point"),
            ("1,234,567", False, "point"),
            ("1.234.567", False, "comma"),
            ("12.5", False, "point"),
            ("12,50", False, "comma"),
            ("0.125", False, "point"),
            ("1234,567", False, "comma"),
            ("25,881", True, "point"),
            ("25.881", True, "comma"),
            ("25,881", False, None),
            ("25881", False, None),
        ],
    )
    def test_vote__what_one_number_proves(self, digits: str, is_whole: bool, proves: str | None) -> None:  # noqa: FBT001
        assert vote(digits, is_whole=is_whole) == proves

    def agreed(self, *cells: str, given: DecimalMark | None = None) -> DecimalMark | FieldError:
        numbers = [(line, digits, False) for line, cell in enumerate(cells, 2) if (digits := digits_of(cell))]
        return agree_on_mark(numbers, given=given)

    def test_mark__proved_in_one_line__holds_for_the_file(self) -> None:
        assert self.agreed("1.234", "3", "12,5") == "comma"

    def test_mark__that_nothing_proves__is_asked_with_the_line(self) -> None:
        question = self.agreed("17", "1.234")
        assert isinstance(question, FieldError)
        assert question.code == "decimal_mark"
        assert "“1.234” in line 3" in question.message

    def test_mark__that_is_answered__is_not_asked(self) -> None:
        assert self.agreed("1.234", given="comma") == "comma"

    def test_mark__of_lines_that_disagree__is_refused_naming_both(self) -> None:
        with pytest.raises(Invalid) as refusal:
            self.agreed("12.5", "12,5")
        assert refusal.value.code == "mixed_decimal_marks"
        assert "Line 2" in refusal.value.message
        assert "line 3" in refusal.value.message


class TestDays:
    @pytest.mark.parametrize(
        "written",
        [
            "2026-02-06",
            "2026/2/6",
            "20260206",
            "2026-02-06 00:00:00",
            "2026-02-06T05:00:00Z",
            "Fri, 6 Feb 2026",
            "6 February 2026",
            "6-Feb-2026",
            "Feb 6, 2026",
            "Friday, February 6, 2026",
        ],
    )
    def test_day__in_a_writing_with_one_meaning__is_read(self, written: str) -> None:
        assert read_day(written) == date(2026, 2, 6)

    @pytest.mark.parametrize(
        ("written", "order", "day"),
        [
            ("2/6/2026", "mdy", date(2026, 2, 6)),
            ("2/6/2026", "dmy", date(2026, 6, 2)),
            ("1.08.2019", "dmy", date(2019, 8, 1)),
            ("13/02/26", "dmy", date(2026, 2, 13)),
        ],
    )
    def test_day__in_numbers__is_read_in_the_files_order(
        self, written: str, order: DayOrder, day: date
    ) -> None:
        found = read_day(written)
        assert isinstance(found, NumericDay)
        assert found.day(order) == day

    @pytest.mark.parametrize("written", ["", "soon", "2026-02-30", "6 Foo 2026", "2026", "Total"])
    def test_day__that_is_none__is_not_guessed(self, written: str) -> None:
        assert read_day(written) is None

    def agreed(self, *written: str, given: DayOrder | None = None) -> DayOrder | FieldError:
        days = [
            (line, day)
            for line, cell in enumerate(written, 2)
            if isinstance(day := read_day(cell), NumericDay)
        ]
        return agree_on_order(days, given=given)

    def test_order__proved_in_one_line__holds_for_the_file(self) -> None:
        assert self.agreed("1.08.2019", "2.08.2019", "13.08.2019") == "dmy"
        assert self.agreed("2/6/2026", "2/13/2026") == "mdy"

    def test_order__that_nothing_proves__is_asked_with_both_readings(self) -> None:
        question = self.agreed("2/2/2026", "2/6/2026")
        assert isinstance(question, FieldError)
        assert question.code == "day_order"
        assert "2 June 2026 or 6 February 2026" in question.message

    def test_order__of_days_that_read_alike_both_ways__is_not_asked(self) -> None:
        assert not isinstance(self.agreed("2/2/2026", "3/3/2026"), FieldError)

    def test_order__of_lines_that_disagree__is_refused_naming_both(self) -> None:
        with pytest.raises(Invalid) as refusal:
            self.agreed("13/2/2026", "2/13/2026")
        assert refusal.value.code == "mixed_day_orders"


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "name", "currency"),
        [
            ("Amount spent (USD)", "amount spent", "USD"),
            ("Spend [EUR]", "spend", "EUR"),
            ("Conv. value", "conv value", ""),
            ("Impr.", "impr", ""),
            ("Cost / conv.", "cost / conv", ""),
            ("inline_link_clicks", "inline link clicks", ""),
            ("Clicks (all)", "clicks (all)", ""),
            ("Rate (XXQ)", "rate", ""),
        ],
    )
    def test_header__without_what_differs__is_its_name(self, header: str, name: str, currency: str) -> None:
        assert (normal_name(header), currency_in(header)) == (name, currency)
