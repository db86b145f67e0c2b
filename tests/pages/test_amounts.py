"""Amounts as people type them: read where there is one reading, asked about where there are two."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from experiments.choices import METRICS, GuardKey
from experiments.forms.amounts import parse_guard, parse_metric_amount, shown_guard, shown_limit
from workspaces.forms import MoneyField, ShareField, parse_money, parse_number, parse_share
from workspaces.models import Workspace


def money(text: str, currency: str) -> Decimal:
    return parse_money(text, workspace=Workspace(currency=currency))


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1500", "USD", "1500"),
        ("1,500", "USD", "1500"),
        ("1,500.50", "USD", "1500.50"),
        ("1.500,50", "USD", "1500.50"),
        ("1.500.000", "USD", "1500000"),
        ("1 500,5", "EUR", "1500.5"),
        ("1\u202f500", "EUR", "1500"),
        ("1'500.25", "CHF", "1500.25"),
        ("12,5", "EUR", "12.5"),
        (".5", "USD", "0.5"),
        ("2k", "USD", "2000"),
        ("2,5K", "USD", "2500"),
        ("1.2m", "USD", "1200000"),
        ("$1,500", "USD", "1500"),
        ("USD 20", "USD", "20"),
        ("20 €", "EUR", "20"),
        ("1,500", "JPY", "1500"),
        ("1.500", "BHD", "1.5"),
    ],
)
def test_money__one_reading__is_read(text: str, currency: str, amount: str) -> None:
    assert money(text, currency) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1.500", "USD", "ambiguous"),
        ("1,500", "BHD", "ambiguous"),
        ("1.505", "EUR", "ambiguous"),
        ("0.005", "USD", "too_precise"),
        ("1500.5", "JPY", "too_precise"),
        ("-5", "USD", "negative"),
        ("€5", "USD", "other_currency"),
        ("5 EUR", "USD", "other_currency"),
        ("1e5", "USD", "invalid"),
        ("1,2,3", "USD", "invalid"),
        ("1,500,00", "USD", "invalid"),
        ("１５", "USD", "invalid"),
        ("NaN", "USD", "other_currency"),
        ("", "USD", "invalid"),
    ],
)
def test_money__two_readings_or_none__is_asked(text: str, currency: str, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        money(text, currency)
    assert refusal.value.code == code


def test_money__two_readings__names_both() -> None:
    with pytest.raises(ValidationError, match=r"Write 1500 for thousands, or 1\.5 for decimals"):
        money("1.500", "USD")


@pytest.mark.parametrize(
    ("text", "share"), [("0.5%", "0.005"), ("0,5 %", "0.005"), ("20%", "0.2"), ("20", "0.2"), ("100%", "1")]
)
def test_share__percentage__becomes_a_fraction(text: str, share: str) -> None:
    assert parse_share(text) == Decimal(share)


@pytest.mark.parametrize("text", ["0.5", "1", "0.005"])
def test_share__without_its_sign__is_asked(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_share(text)
    assert refusal.value.code == "ambiguous"


def test_share__without_its_sign__names_both_readings() -> None:
    with pytest.raises(ValidationError, match=r"Is that 0\.5% or 50%"):
        parse_share("0.5")


@pytest.mark.parametrize("text", ["a lot", "some %", "k"])
def test_share__no_number_at_all__is_shown_a_percentage(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_share(text)
    assert refusal.value.messages == [f"“{text}” is not a percentage. Write it like 0.5%."]


def test_number__comma_before_three_digits_of_no_usual_scale__is_asked() -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_number("2,500", places=6)
    assert refusal.value.code == "ambiguous"


# In the language of whoever types


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1.500", "1500"), ("1.500,50", "1500.50"), ("1,500.50", "1500.50"), ("12,5", "12.5")],
)
def test_money__german__groups_by_points(text: str, amount: str) -> None:
    with override("de"):
        assert money(text, "EUR") == Decimal(amount)


def test_money__german_comma_before_three_digits__is_asked_about_in_german() -> None:
    with override("de"), pytest.raises(ValidationError) as refused:
        money("1,505", "EUR")
    assert refused.value.code == "ambiguous"
    assert "1505 für Tausender oder 1,505" in refused.value.message


@pytest.mark.parametrize("language", ["en", "de"])
@given(cents=st.integers(1, 10**9))
def test_fields__what_they_show__is_what_they_read(language: str, cents: int) -> None:
    amount, share = MoneyField(), ShareField()
    amount.workspace = Workspace(currency="EUR")
    with override(language):
        shown = amount.prepare_value(f"{(Decimal(cents) / 100).normalize():f}")
        assert amount.clean(shown) == Decimal(cents) / 100
        fraction = Decimal(cents % 9999 + 1) / 10_000
        assert share.clean(share.prepare_value(fraction)) == fraction


def test_field__typed_and_wrong__is_given_back_as_it_was_typed() -> None:
    field = MoneyField()
    with override("de"):
        assert field.prepare_value(field.bound_data("1.5", None)) == "1.5"
        assert field.prepare_value("1.5") == "1,5"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("currency", ["USD", "EUR", "CHF", "SEK", "CAD", "JPY", "KWD"])
@pytest.mark.parametrize("amount", ["22", "1500", "1500000"])
def test_blank_of_a_rule__money_with_its_currency__is_read_back_as_it_was(
    language: str, currency: str, amount: str
) -> None:
    workspace, metric = Workspace(currency=currency), METRICS["cpa"]
    with override(language):
        limit = shown_limit(Decimal(amount), metric=metric, workspace=workspace)
        assert parse_metric_amount(limit, metric=metric, workspace=workspace) == Decimal(amount)
        guard = shown_guard(Decimal(amount), key=GuardKey.SPEND, workspace=workspace)
        assert parse_guard(guard, key=GuardKey.SPEND, workspace=workspace) == Decimal(amount)


@pytest.mark.parametrize("language", ["en", "de"])
def test_blank_of_a_rule__limit_finer_than_its_currency__keeps_every_digit(language: str) -> None:
    workspace, metric = Workspace(currency="USD"), METRICS["cpc"]
    with override(language):
        limit = shown_limit(Decimal("0.1255"), metric=metric, workspace=workspace)
        assert parse_metric_amount(limit, metric=metric, workspace=workspace) == Decimal("0.1255")


@pytest.mark.parametrize("digits", [21, 30, 39])
@pytest.mark.parametrize("places", [0, 2])
def test_number__more_digits_than_anything_has__is_refused(digits: int, places: int) -> None:
    for text in ("9" * digits, f"0.{'9' * digits}"):
        with pytest.raises(ValidationError) as refusal:
            parse_number(text, places=places)
        assert refusal.value.code == "too_large"


@pytest.mark.parametrize("places", [0, 2, 6])
@pytest.mark.parametrize("text", [f"{'9' * 20}m", "99,999,999,999,999,999,999k", f"1{'0' * 19}m"])
def test_number__more_digits_with_its_thousands__is_refused(text: str, places: int) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_number(text, places=places)
    assert refusal.value.code == "too_large"
