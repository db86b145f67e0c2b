"""Days as people type them: understood in one way, asked about in two, and said back."""

from datetime import date, timedelta

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from sprints.forms import SprintForm
from sprints.models import Sprint
from tests.pages.browsing import Look, opened, served
from tests.pages.conftest import Browse
from workspaces.choices import Role
from workspaces.forms.days import DayField, parse_day, spell_day, understood_day
from workspaces.models import Workspace

# A Wednesday.
TODAY = date(2026, 11, 25)
PLAIN = {
    "today": "2026-11-25",
    "Heute": "2026-11-25",
    "tomorrow": "2026-11-26",
    "morgen": "2026-11-26",
    "übermorgen": "2026-11-27",
    "the day after tomorrow": "2026-11-27",
    "yesterday": "2026-11-24",
    "vorgestern": "2026-11-23",
    "Monday": "2026-11-30",
    "on Friday": "2026-11-27",
    "Fr.": "2026-11-27",
    "am Donnerstag": "2026-11-26",
    "next Monday": "2026-11-30",
    "  NEXT   monday ": "2026-11-30",
    "nächsten Montag": "2026-11-30",
    "nächster Dienstag": "2026-12-01",
    "kommenden Freitag": "2026-11-27",
    "coming Wednesday": "2026-12-02",
    "this Friday": "2026-11-27",
    "last Friday": "2026-11-20",
    "letzten Freitag": "2026-11-20",
    "in 3 days": "2026-11-28",
    "in three days": "2026-11-28",
    "in a week": "2026-12-02",
    "in 2 weeks": "2026-12-09",
    "in drei Tagen": "2026-11-28",
    "in einer Woche": "2026-12-02",
    "3 days ago": "2026-11-22",
    "vor zwei Wochen": "2026-11-11",
    "2026-11-30": "2026-11-30",
    "2026/11/30": "2026-11-30",
    "2026.11.30": "2026-11-30",
    "1.12.2026": "2026-12-01",
    "01.12.26": "2026-12-01",
    "1.12.": "2026-12-01",
    "1. 12. 2026": "2026-12-01",
    "1 Dec": "2026-12-01",
    "1st of December": "2026-12-01",
    "Dec 1": "2026-12-01",
    "December 1st, 2027": "2027-12-01",
    "1. Dez.": "2026-12-01",
    "1. Dezember 2026": "2026-12-01",
    "3. März 2027": "2027-03-03",
    "1 Jan": "2027-01-01",
    "Mon, 30 Nov": "2026-11-30",
    "Monday, 30 November 2026": "2026-11-30",
    "Mo., 30.11.2026": "2026-11-30",
    "25/12/2026": "2026-12-25",
    "12/25/2026": "2026-12-25",
    "12-25-2026": "2026-12-25",
    "3/3/2027": "2027-03-03",
    "25/12": "2026-12-25",
}
# What has two readings, and what the question names.
ASKED = {
    "12/01/2026": ("Mon 12 Jan 2026", "Tue 1 Dec 2026"),
    "1-12-2026": ("Mon 12 Jan 2026", "Tue 1 Dec 2026"),
    "next Friday": ("Fri 27 Nov 2026", "Fri 4 Dec 2026"),
    "nächsten Freitag": ("Fri 27 Nov 2026", "Fri 4 Dec 2026"),
    "Wednesday": ("Wed 25 Nov 2026", "Wed 2 Dec 2026"),
    "last Monday": ("Mon 16 Nov 2026", "Mon 23 Nov 2026"),
    "1 Nov": ("Sun 1 Nov 2026", "Mon 1 Nov 2027"),
    "29 Feb": ("Thu 29 Feb 2024", "Tue 29 Feb 2028"),
    "Tuesday 30 Nov": ("Monday, 30 November",),
}
NO_DAYS = (
    "soon",
    "31 Nov",
    "30.2.2026",
    "13/13/2026",
    "2026-13-01",
    "25/12/26",
    "1 Foo 2026",
    "next week",
    "next",
    "Monday Tuesday",
    "in 3",
    "in three moons",
    "in 99999999999 days",
    "in ³ days",
    "1",
    "20261130",
    "1,12,2026",
    "0.0.0000",
    "x" * 500,
)


@pytest.mark.parametrize(("text", "day"), PLAIN.items())
def test_day__with_one_reading__is_understood(text: str, day: str) -> None:
    assert parse_day(text, today=TODAY) == date.fromisoformat(day)


@pytest.mark.parametrize(("text", "named"), ASKED.items())
def test_day__with_two_readings__is_asked_about_and_never_guessed(text: str, named: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_day(text, today=TODAY)
    assert refusal.value.code == "ambiguous"
    for day in named:
        assert day in refusal.value.message
        # The answer can be typed as the question spells it.
        assert parse_day(day, today=TODAY).year in range(2024, 2029)


@pytest.mark.parametrize("text", NO_DAYS)
def test_day__that_is_none__is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_day(text, today=TODAY)
    assert (refusal.value.code, "next Monday" in refusal.value.message) == ("invalid", True)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Monday", "2026-11-23"),
        ("1 Nov", "2026-11-01"),
        ("1 Dec 2025", "2025-12-01"),
        ("30.10.", "2026-10-30"),
    ],
)
def test_day__of_a_field_that_looks_back__is_one_that_is_over(text: str, day: str) -> None:
    assert parse_day(text, today=TODAY, looks_back=True) == date.fromisoformat(day)


def test_weekday__next_to_every_day_of_two_weeks__is_never_further_than_it_can_be_meant() -> None:
    for offset in range(14):
        today = TODAY + timedelta(days=offset)
        for name in ("monday", "sonntag"):
            try:
                on = parse_day(f"next {name}", today=today)
            except ValidationError as question:
                assert question.code == "ambiguous"  # noqa: PT017 - of many days some are asked about
            else:
                # The first one to come, and in another week whichever day a week begins with.
                assert 1 <= (on - today).days <= 7
                assert on.isocalendar().week != today.isocalendar().week


@pytest.mark.parametrize("language", ["en", "de"])
def test_day__as_a_field_shows_it__is_understood_again(language: str) -> None:
    with translation.override(language):
        for offset in range(366):
            on = TODAY + timedelta(days=offset)
            assert parse_day(spell_day(on), today=TODAY) == on
            assert parse_day(understood_day(on, today=TODAY), today=TODAY) == on


def test_understood_day__this_year_and_another__has_the_year_only_where_it_tells() -> None:
    assert understood_day(date(2026, 11, 30), today=TODAY) == "Monday, 30 November"
    assert understood_day(date(2027, 1, 4), today=TODAY) == "Monday, 4 January 2027"


class _OneDay(forms.Form):
    on = DayField()


def test_field__calendar_and_text__agree_or_are_asked_about() -> None:
    assert _OneDay({"on": "", "on_day": "2026-11-30"}).is_valid()
    untouched = {"on": "Thu 26 Nov 2026", "on_before": "Thu 26 Nov 2026"}
    chosen = _OneDay(untouched | {"on_day": "2026-11-30"})
    assert chosen.is_valid()
    assert chosen.cleaned_data == {"on": date(2026, 11, 30)}
    assert _OneDay(untouched).is_valid()
    assert _OneDay({"on": "30 Nov 2026", "on_day": "2026-11-30"}).is_valid()
    both = _OneDay({"on": "1 Dec 2026", "on_day": "2026-11-30"})
    assert both.errors == {
        "on": ["The text says Tue 1 Dec 2026, the calendar 2026-11-30. Leave only the one that you mean."]
    }
    assert 'value="1 Dec 2026"' in str(both["on"])
    assert str(_OneDay({"on_day": "never"}).errors["on"][0]).startswith("“never” is no day")
    assert _OneDay({}).errors == {"on": ["This field is required."]}


def test_sprint_form__in_words__is_understood_by_the_workspace_clock_and_said_back(
    browse: Browse, workspace: Workspace
) -> None:
    today = workspace.local_day(timezone.now())
    first, last = today + timedelta(days=3), today + timedelta(days=7)
    sent = {"name": "Hooks", "starts_on": "in 3 days", "ends_on": "in a week"}
    answer = browse(Role.MARKETER).post(reverse("sprint_new", args=["harbour"]), sent, follow=True)
    assert answer.status_code == 200
    sprint = Sprint.objects.get()
    assert (sprint.starts_on, sprint.ends_on) == (first, last)
    said = f"is planned, {understood_day(first, today=today)} to {understood_day(last, today=today)}."
    assert said in answer.content.decode()
    form = browse(Role.MARKETER).get(reverse("sprint_edit", args=["harbour", 1])).content.decode()
    assert f'value="{spell_day(first)}"' in form


def test_sprint_form__day_with_two_readings__keeps_what_was_typed_and_asks(browse: Browse) -> None:
    sent = {"name": "Hooks", "starts_on": "1/2/2031", "ends_on": "soon"}
    answer = browse(Role.MARKETER).post(reverse("sprint_new", args=["harbour"]), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="1/2/2031"' in page
    assert "can be Thu 2 Jan 2031 or Sat 1 Feb 2031. Write the one that you mean." in page
    assert not Sprint.objects.exists()


def test_form__of_a_workspace__takes_its_midnight() -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        elsewhere = Workspace(slug="far", timezone=zone)
        form = SprintForm(
            {"name": "Hooks", "starts_on": "today", "ends_on": "in 4 days"}, workspace=elsewhere
        )
        assert form.is_valid()
        assert form.cleaned_data["starts_on"] == elsewhere.local_day(timezone.now())


@pytest.mark.parametrize(
    ("asked", "answer"),
    [("text=2031-01-06", "Monday, 6 January 2031"), ("text=soon", "“soon” is no day"), ("", "“” is no day")],
)
def test_line_under_the_field__says_the_day_or_the_question(browse: Browse, asked: str, answer: str) -> None:
    said = browse(Role.VIEWER).get(f"{reverse('day', args=['harbour'])}?{asked}")
    assert said["Content-Type"] == "text/plain; charset=utf-8"
    assert said.content.decode().startswith(answer)


def test_day__in_a_browser__is_said_back_while_it_is_typed_and_taken_from_the_calendar(
    shared_db: None, chromium: str, browse: Browse
) -> None:
    client: Client = browse(Role.MARKETER)
    with (
        served() as address,
        opened(chromium, address, Look(390, "light"), as_whom=client) as page,
    ):
        page.goto("/w/harbour/sprints/new/")
        field = page.get_by_label("First day", exact=True)
        line = page.locator("#id_starts_on_understood")
        field.fill("6 Jan 2031")
        field.blur()
        line.get_by_text("Monday, 6 January 2031", exact=True).wait_for()
        calendar = page.locator("#id_starts_on_day")
        calendar.fill("2031-01-07")
        line.get_by_text("Tuesday, 7 January 2031", exact=True).wait_for()
        assert field.input_value() == "2031-01-07"
        field.fill("12/01/2031")
        assert calendar.input_value() == ""
        field.blur()
        line.get_by_text("“12/01/2031” can be").wait_for()
