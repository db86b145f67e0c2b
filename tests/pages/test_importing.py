"""The pages that take an export file: uploaded, read by a worker, shown, answered, recorded when told to."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experiments.choices import FileImportState
from experiments.forms.imports import field_of
from experiments.models import Campaign, FileImport, ImportMapping, Observation, ObservationBatch
from experiments.services.exports import read_file, record_file, waiting_files
from tests.factories import make_live_campaign, report
from tests.metrics.workbooks import workbook
from tests.pages.conftest import Browse, Week
from tests.pages.forms import form_at
from workspaces.choices import Role
from workspaces.models import Event, User, Workspace

URL = reverse("import_numbers", args=["harbour"])
ARM_A = {"campaign": "founder-video/a", "source": "meta"}
HEADER = (
    "Reporting starts,Reporting ends,Campaign name,Ad set name,Day,Impressions,Link clicks,Amount spent (USD)"
)


@pytest.fixture
def yesterday(workspace: Workspace, now: datetime) -> date:
    return workspace.local_day(now) - timedelta(days=1)


@pytest.fixture
def marketer(browse: Browse, week: Week) -> Client:
    return browse(Role.MARKETER)


@pytest.fixture
def hooks(workspace: Workspace) -> Campaign:
    """A campaign with two arms, of which one is called as an ad set is."""
    campaign = make_live_campaign(workspace, "hook-test", name="Hook test", arms=("studio", "founder"))
    campaign.arms.filter(key="founder").update(name="Founder")
    return campaign


def work() -> None:
    """What a worker does with the files that wait for one."""
    to_read, to_record = waiting_files(at=timezone.now())
    for import_id in to_read:
        read_file(import_id, clock=timezone.now)
    for import_id in to_record:
        record_file(import_id, clock=timezone.now)


def upload(client: Client, content: str | bytes, *, name: str = "october.csv", **asked: str) -> FileImport:
    """Give a file, and let a worker read it."""
    data = content if isinstance(content, bytes) else content.encode()
    answer = client.post(URL, {"preset": "auto", "file": SimpleUploadedFile(name, data), **asked})
    assert answer.status_code == 302, unescape(answer.content.decode())
    work()
    return FileImport.objects.latest("id")


def name(file: FileImport, campaign: int = 0, part: int | None = None) -> str:
    """The field for a name, by its place on the page."""
    told = file.preview["campaigns"][campaign]
    return field_of(told, None if part is None else told["parts"][part])


def address(file: FileImport, name: str = "import_file") -> str:
    return reverse(name, args=["harbour", file.pk])


def page_of(client: Client, file: FileImport) -> str:
    return unescape(client.get(address(file)).content.decode())


def answer(client: Client, file: FileImport, **given: str) -> FileImport:
    """Send the form of a file with what is in it, but for ``given``; and let a worker go on."""
    file.refresh_from_db()
    shown = {field_of(campaign): campaign["target"] for campaign in file.preview.get("campaigns", [])}
    for campaign in file.preview.get("campaigns", []):
        shown |= {field_of(campaign, part): part["target"] for part in campaign["parts"]}
    asked = {name: value for name, value in file.asked.items() if name not in {"said", "create_unplanned"}}
    if file.asked["create_unplanned"]:
        asked["create_unplanned"] = "on"
    client.post(address(file), {**asked, **shown, **given})
    work()
    file.refresh_from_db()
    return file


def totals(day: date) -> str:
    """One arm's day with one click more than was reported."""
    return f"day,clicks,spend\n{day},801,1140.00"


def by_ad_set(day: date, campaign: str = "Hook test") -> str:
    """As Ads Manager exports it: totals, then an ad set that is called as an arm and one that is not."""
    return "\n".join(
        [
            HEADER,
            f"{day},{day},,,,3000,60,310.50",
            f"{day},{day},{campaign},Founder,{day},1000,20,100.00",
            f"{day},{day},{campaign},Cold 25-44 phone,{day},2000,40,210.50",
            "",
        ]
    )


def test_upload__form_sent_again_after_going_back__takes_another_file_and_the_same_one_once(
    marketer: Client, yesterday: date
) -> None:
    token = form_at(marketer, URL)["once"][0]
    first = upload(marketer, totals(yesterday), once=token)
    assert upload(marketer, totals(yesterday), once=token) == first
    # Exported anew: the same name and the same size.
    again = upload(marketer, totals(yesterday).replace("801", "802"), once=token)
    assert again != first
    assert upload(marketer, totals(yesterday), once=token, decimal_mark="point") not in {first, again}
    assert FileImport.objects.count() == 3


def clicks_of(campaign: Campaign, arm: str = "a") -> object:
    return Observation.objects.filter(arm__campaign=campaign, arm__key=arm).latest("day").clicks


def spent(campaign: Campaign) -> dict[str, str]:
    return {
        arm: f"{spend:.2f}"
        for arm, spend in Observation.objects.filter(arm__campaign=campaign).values_list("arm__key", "spend")
    }


class TestUpload:
    def test_upload__before_a_worker_came__says_so_and_can_be_cancelled(
        self, marketer: Client, folder: Path
    ) -> None:
        sent = {"preset": "auto", "file": SimpleUploadedFile("october.csv", b"day,clicks\n")}
        came_to = marketer.post(URL, sent)["Location"]
        page = unescape(marketer.get(came_to).content.decode())
        assert "Waiting for its turn" in page
        file = FileImport.objects.get()
        assert came_to == address(file)
        assert f'action="{address(file, "import_cancel")}"' in page
        assert [path.name for path in folder.iterdir()] == [str(file.token)]
        # The page carries no file, and asks again by itself; without script there is a link.
        assert f'hx-get="{came_to}"' in page
        assert f'<a href="{came_to}">Look how far it is</a>' in page

    def test_progress__asked_by_htmx__is_a_part_until_the_page_is_another(
        self, marketer: Client, yesterday: date
    ) -> None:
        marketer.post(
            URL,
            {"preset": "auto", "file": SimpleUploadedFile("a.csv", totals(yesterday).encode()), **ARM_A},
        )
        file = FileImport.objects.get()
        busy = marketer.get(address(file), headers={"HX-Request": "true"})
        assert "<html" not in busy.content.decode()
        assert "HX-Refresh" not in busy
        work()
        assert marketer.get(address(file), headers={"HX-Request": "true"})["HX-Refresh"] == "true"

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "This is a picture (PNG), not a table."),
            (b"\xff\xd8\xff\xe0" + b"\x00" * 99, "This is a picture (JPEG)"),
            (b"%PDF-1.7\n%\xe2\xe3", "This is a PDF document"),
            (b"PK\x03\x04" + b"\x00" * 26 + b"[Content_Types].xml", "The workbook cannot be read"),
            (b"PK\x03\x04" + b"\x00" * 26 + b"report.csv", "This is a compressed file. Unpack it"),
            (b"\n<!DOCTYPE html><html>", "This is a web page"),
            (b"a day without numbers", "No line of the file names columns"),
        ],
    )
    def test_upload__no_export__is_told_what_it_is(
        self, marketer: Client, content: bytes, complaint: str
    ) -> None:
        file = upload(marketer, content)
        assert file.state == FileImportState.FAILED
        page = page_of(marketer, file)
        assert complaint in page
        assert 'name="confirm"' not in page

    @pytest.mark.parametrize(
        ("sent", "complaint"),
        [
            ({}, "Choose a file."),
            ({"file": b"a,b\n1,2", "map": "clicks"}, "does not say which column is what"),
            ({"file": b""}, "empty"),
            ({"file": b"x" * (25 * 2**20 + 1)}, "larger than 25 MB"),
        ],
    )
    def test_upload__something_wrong__says_what_would_be_right_and_keeps_nothing(
        self, marketer: Client, sent: dict[str, bytes | str], complaint: str, folder: Path
    ) -> None:
        given = {
            name: SimpleUploadedFile("a.csv", value) if isinstance(value, bytes) else value
            for name, value in sent.items()
        }
        refused = marketer.post(URL, {"preset": "auto", **given})
        assert refused.status_code == 422
        assert complaint in unescape(refused.content.decode())
        assert not FileImport.objects.exists()
        assert not folder.exists() or not list(folder.iterdir())

    def test_upload__refused_for_its_columns__is_read_anew_with_the_answer(
        self, marketer: Client, yesterday: date
    ) -> None:
        file = upload(marketer, f"day,Ergebnis\n{yesterday},5", **ARM_A)
        assert file.state == FileImportState.FAILED
        assert '<a href="#id_map">' in page_of(marketer, file)
        answer(marketer, file, map="Ergebnis=conversions")
        assert file.state == FileImportState.READY

    def test_page__files_given_before__are_listed(self, marketer: Client, yesterday: date) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        page = unescape(marketer.get(URL).content.decode())
        assert f'<a href="{address(file)}">october.csv</a>' in page
        assert "Waiting for a person" in page


class TestPreview:
    def test_preview__rows_new_and_changed__shows_names_days_and_sums_and_stores_nothing(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        page = page_of(marketer, upload(marketer, totals(yesterday), **ARM_A))
        assert "Nothing is stored yet." in page
        assert "spend $1,100.00 → $1,140.00" in page
        assert "clicks 800 → 801" in page
        assert "Founder video" in page
        assert "$1,140.00" in page
        assert "Import 1 row" in page
        assert clicks_of(week.paused) == 800

    def test_preview__team_has_a_word_of_its_own__says_what_changes_in_it(
        self, marketer: Client, workspace: Workspace, week: Week, yesterday: date
    ) -> None:
        Workspace.objects.update(conversion_name="trial", conversion_name_plural="trials")
        report(week.paused, yesterday, conversions=3)
        page = page_of(marketer, upload(marketer, f"day,conversions\n{yesterday},5\n", **ARM_A))
        assert "trials 3 → 5" in page

    def test_preview__several_campaigns__has_the_costliest_first_and_counts_each(
        self, marketer: Client, yesterday: date, hooks: Campaign
    ) -> None:
        lines = [
            f"Halloween,{yesterday},5,20.00",
            f"Brand search,{yesterday},7,186.40",
            f"Hook test,{yesterday},9,90.00",
        ]
        text = "\n".join(["Campaign,Day,Clicks,Cost,Impr.", *(f"{line},1" for line in lines), ""])
        file = upload(marketer, text, preset="google", create_unplanned="on")
        names = [campaign["name"] for campaign in file.preview["campaigns"]]
        assert names == ["Brand search", "Hook test", "Halloween"]
        told = {campaign["name"]: campaign for campaign in file.preview["campaigns"]}
        assert (told["Brand search"]["changed"], told["Brand search"]["new"]) == (1, 0)
        assert told["Halloween"]["target"] == "+new"
        # Of another platform: whether it is the same one is asked.
        assert told["Hook test"]["suggestions"][0] == "hook-test"
        assert file.questions[0]["code"] == "unknown_campaign" or file.questions[0]["code"] == "namesake"

    def test_preview__preamble_and_totals__are_told_apart(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        text = f"Campaign report\nLast 7 days\n{by_ad_set(yesterday)}"
        file = upload(marketer, text)
        assert [(item["reason"], item["count"]) for item in file.preview["ignored"]] == [
            ("a totals row: it has no name", 1)
        ]
        assert file.preview["ignored_total"] == 1
        assert "1 line: a totals row: it has no name (line 4)" in page_of(marketer, file)

    def test_preview__read_for_somebody_else__tells_why_lines_are_ignored_in_the_readers_language(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        file = upload(marketer, f"Campaign report\nLast 7 days\n{by_ad_set(yesterday)}")
        told_in = "Fragen und Hinweise sind auf Englisch"
        assert told_in not in page_of(marketer, file)
        User.objects.update(language="de")
        page = page_of(marketer, file)
        assert "1 Zeile: eine Summenzeile: sie hat keinen Namen (Zeile 4)" in page
        assert told_in in page

    def test_preview__question_beside_a_name__leaves_the_other_answers_folded(
        self, marketer: Client, yesterday: date
    ) -> None:
        fold = re.compile(r"<details class=\"qn-sheet qn-sheet-pad mb-3\"( open)?>")
        file = upload(marketer, f"Campaign,Day,Clicks,Cost\nHalloween,{yesterday},5,20.00\n", preset="google")
        page = page_of(marketer, file)
        assert "1 campaign of the file is not known here." in page
        assert fold.findall(page) == [""]
        assert page.count('name="create_unplanned"') == 1
        page = page_of(marketer, upload(marketer, "day,clicks,spend\n03/04/2026,1,1.00\n", **ARM_A))
        assert fold.findall(page) == [" open"]

    def test_preview__days_in_doubt__counts_the_rows_and_leads_to_the_field(
        self, marketer: Client, week: Week
    ) -> None:
        file = upload(marketer, "day,clicks\n3/4/2026,5\n3/5/2026,6\n", **ARM_A)
        page = page_of(marketer, file)
        assert "The file leaves <em>1 question</em> open." in page
        assert "of 2 rows in the file" in page
        assert file.preview["waiting"] == 2
        assert '<a href="#id_day_order">' in page
        assert 'id="id_day_order"' in page
        answer(marketer, file, day_order="dmy")
        assert file.can_be_imported

    def test_questions__answered_otherwise_after_going_back__count_until_the_file_is_in(
        self, marketer: Client, week: Week
    ) -> None:
        file = upload(marketer, "day,clicks\n3/4/2026,5\n3/5/2026,6\n", **ARM_A)
        token = form_at(marketer, address(file))["once"][0]

        def days() -> str:
            file.refresh_from_db()
            return str(file.preview["campaigns"][0]["last"])

        answer(marketer, file, day_order="dmy", once=token)
        assert days() == "2026-05-03"
        # From the same page again, and then as at first.
        answer(marketer, file, day_order="mdy", once=token)
        assert days() == "2026-03-05"
        answer(marketer, file, day_order="dmy", once=token)
        assert days() == "2026-05-03"
        answer(marketer, file, confirm="yes")
        assert file.state == FileImportState.DONE
        marketer.post(address(file), {"preset": "auto", **ARM_A, "day_order": "mdy", "once": token})
        file.refresh_from_db()
        assert file.state == FileImportState.DONE
        assert [row.day for row in Observation.objects.filter(clicks=6)] == [date(2026, 5, 3)]

    def test_questions__sent_twice_before_a_worker_came__are_read_once(
        self, marketer: Client, week: Week
    ) -> None:
        file = upload(marketer, "day,clicks\n3/4/2026,5\n", **ARM_A)
        token = form_at(marketer, address(file))["once"][0]
        for _ in range(2):
            marketer.post(address(file), {"preset": "auto", **ARM_A, "day_order": "mdy", "once": token})
        file.refresh_from_db()
        assert (file.reading, file.state) == (2, FileImportState.UPLOADED)

    def test_questions__several_names_in_one_sentence__are_counted_one_by_one(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        file = upload(marketer, by_ad_set(yesterday).replace("Founder", "Cold 25-44 tablet"))
        page = page_of(marketer, file)
        assert "The file leaves <em>2 questions</em> open." in page
        assert "2 names in the file may be any arm." in page

    def test_preview__days_that_an_earlier_import_had__are_told_by_name(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        both = f"day,clicks\n{yesterday},1\n{yesterday - timedelta(days=1)},2\n"
        file = upload(marketer, both, **ARM_A)
        answer(marketer, file, confirm="yes")
        # The same span, by its first and its last day, without the one between.
        first = yesterday - timedelta(days=2)
        page = page_of(marketer, upload(marketer, f"day,clicks\n{yesterday},1\n{first},3\n", **ARM_A))
        assert "An earlier import had, this file lacks" in page
        assert "Founder video: 1 row of" in page

    def test_preview__days_before_the_launch__says_that_they_do_not_count_and_so_does_what_follows(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        launch = week.paused.first_judged_day()
        assert launch is not None
        days = [launch - timedelta(days=number) for number in (2, 1, 0)]
        lines = "".join(f"{day},1\n" for day in days)
        file = upload(marketer, f"day,clicks\n{lines}", **ARM_A)
        said = "Founder video: 2 rows are of days before its launch"
        assert said in page_of(marketer, file)
        answer(marketer, file, confirm="yes")
        assert file.state == FileImportState.DONE
        assert said in page_of(marketer, file)
        page = unescape(marketer.get(reverse("campaign", args=["harbour", "founder-video"])).content.decode())
        assert "2 days before the launch" in page
        assert "before its launch" not in page_of(marketer, upload(marketer, totals(yesterday), **ARM_A))


class TestWorkbooks:
    def test_workbook__two_tables__asks_on_which_sheet_and_takes_that_one(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        header = ["Day", "Link clicks"]
        sheets: dict[str, list[list[Any]]] = {
            "Older": [header, [yesterday, 5]],
            "Newer <b>": [header, [yesterday, 801]],
        }
        file = upload(marketer, workbook(sheets), name="report.xlsx", **ARM_A)
        page = page_of(marketer, file)
        assert "The file leaves <em>1 question</em> open." in page
        assert '<a href="#id_sheet">' in page
        assert "Newer <b>" not in marketer.get(address(file)).content.decode()
        answer(marketer, file, sheet="Newer <b>")
        assert file.can_be_imported
        # Another one, now that the first answer was seen; and a sheet that there is not.
        answer(marketer, file, sheet="Older")
        assert marketer.post(address(file), {"preset": "auto", "sheet": "Oldest"}).status_code == 422
        answer(marketer, file, sheet="Newer <b>")
        answer(marketer, file, sheet="Newer <b>", confirm="yes")
        assert file.state == FileImportState.DONE
        assert clicks_of(week.paused) == 801

    def test_workbook__given_before_there_were_sheets__is_read_and_answered(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        del file.asked["sheet"]
        file.save()
        answer(marketer, file, confirm="yes")
        assert file.state == FileImportState.DONE


class TestNames:
    def test_ad_sets__not_called_as_arms__are_asked_once_and_remembered(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        file = upload(marketer, by_ad_set(yesterday))
        parts = {part["name"]: part for part in file.preview["campaigns"][0]["parts"]}
        assert (parts["Founder"]["target"], parts["Founder"]["origin"]) == ("hook-test/founder", "name")
        assert (parts["Cold 25-44 phone"]["target"], parts["Cold 25-44 phone"]["waiting"]) == ("", 1)
        page = page_of(marketer, file)
        assert "1 name in the file may be any arm." in page
        question = re.search(r'<a href="#(id_n[0-9a-f]{16})">Answer it', page)
        assert question is not None
        assert f'id="{question[1]}"' in page
        answer(marketer, file, **{question[1].removeprefix("id_"): "hook-test/studio"})
        assert file.can_be_imported
        answer(marketer, file, confirm="yes")
        assert file.state == FileImportState.DONE
        assert spent(hooks) == {"founder": "100.00", "studio": "210.50"}
        # The next file of the same kind asks nothing.
        later = upload(marketer, by_ad_set(yesterday - timedelta(days=1)))
        assert later.can_be_imported
        assert later.preview["campaigns"][0]["parts"][0]["origin"] == "said"

    def test_ad_sets__two_of_one_arm__add_up_without_being_merged(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        text = by_ad_set(yesterday).replace("Founder", "Cold 25-44 tablet")
        file = upload(marketer, text)
        answer(marketer, file, **{name(file, part=part): "hook-test/studio" for part in (0, 1)})
        answer(marketer, file, confirm="yes")
        stored = Observation.objects.filter(arm__campaign=hooks, arm__key="studio")
        assert set(stored.values_list("spend", flat=True)) == {Decimal(100), Decimal("210.5")}
        assert set(stored.values_list("entity", flat=True)) == {
            "Hook test / Cold 25-44 phone",
            "Hook test / Cold 25-44 tablet",
        }

    def test_ad_sets__of_an_arm_whose_days_are_stored_as_one__become_one(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        report(hooks, yesterday, arm="studio", source="meta", spend="9.00")
        file = upload(marketer, by_ad_set(yesterday))
        waiting = [part["name"] for part in file.preview["campaigns"][0]["parts"]].index("Cold 25-44 phone")
        answer(marketer, file, **{name(file, part=waiting): "hook-test/studio"})
        answer(marketer, file, confirm="yes")
        assert Observation.objects.get(arm__campaign=hooks, arm__key="studio").spend == 210.5

    def test_campaign__called_as_one_of_another_platform__is_asked_with_it_first(
        self, marketer: Client, workspace: Workspace, yesterday: date
    ) -> None:
        mail = make_live_campaign(workspace, "spring-mail", name="Spring", channel="email", arms=("all",))
        text = by_ad_set(yesterday, "Spring")
        file = upload(marketer, text, create_unplanned="on")
        assert [question["code"] for question in file.questions] == ["namesake"]
        page = page_of(marketer, file)
        choices = page.split('<optgroup label="Perhaps">')[1].split("</optgroup>")[0]
        assert "Spring (E-mail)" in choices
        answer(marketer, file, **{name(file): "spring-mail"})
        answer(marketer, file, confirm="yes")
        stored = Observation.objects.filter(arm__campaign=mail)
        assert set(stored.values_list("source__key", flat=True)) == {"meta"}
        assert stored.count() == 2
        assert not Campaign.objects.filter(key__startswith="spring-mail-").exists()

    def test_campaign__said_to_be_new__is_made_though_its_name_is_taken(
        self, marketer: Client, workspace: Workspace, yesterday: date
    ) -> None:
        make_live_campaign(workspace, "spring", name="Spring", channel="email", arms=("all",))
        file = upload(marketer, by_ad_set(yesterday, "Spring"))
        answer(marketer, file, **{name(file): "+new"})
        answer(marketer, file, confirm="yes")
        made = Campaign.objects.get(key="spring-2")
        assert (made.channel, made.hypothesis) == ("meta", None)
        assert upload(marketer, by_ad_set(yesterday, "Spring")).preview["unchanged"] == 2

    def test_campaign__left_out__is_ignored_now_and_with_the_next_file(
        self, marketer: Client, yesterday: date, hooks: Campaign
    ) -> None:
        text = (
            by_ad_set(yesterday, "Halloween")
            + f"{yesterday},{yesterday},Hook test,Founder,{yesterday},1,2,3.00\n"
        )
        file = upload(marketer, text)
        answer(marketer, file, **{name(file): "-out"})
        assert file.preview["left_out"] == 2
        answer(marketer, file, confirm="yes")
        assert spent(hooks) == {"founder": "3.00"}
        later = upload(marketer, text)
        assert (later.questions, later.preview["left_out"]) == ([], 2)

    def test_names__changed_where_they_are_kept__hold_from_the_next_file_on(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        file = upload(marketer, by_ad_set(yesterday))
        waiting = [part["name"] for part in file.preview["campaigns"][0]["parts"]].index("Cold 25-44 phone")
        answer(marketer, file, **{name(file, part=waiting): "hook-test/studio"})
        answer(marketer, file, confirm="yes")
        kept = ImportMapping.objects.get(part_name="Cold 25-44 phone")
        url = reverse("source_names", args=["harbour", "meta"])
        assert "Cold 25-44 phone" in marketer.get(url).content.decode()
        told = Event.objects.count()
        marketer.post(url, {f"n{kept.pk}": "-out"})
        kept.refresh_from_db()
        assert kept.is_left_out
        assert Event.objects.count() == told + 1
        page = marketer.get(reverse("activity", args=["harbour"])).content.decode()
        assert "said what names in files of <strong>Meta Ads</strong> stand for" in page
        assert upload(marketer, by_ad_set(yesterday)).preview["left_out"] == 1
        marketer.post(url, {f"n{kept.pk}": "?"})
        assert "Cold 25-44 phone" not in marketer.get(url).content.decode()
        assert "unknown_arm" in {
            question["code"] for question in upload(marketer, by_ad_set(yesterday)).questions
        }

    def test_columns__said_of_a_platforms_file__hold_for_its_next_one_until_forgotten(
        self, marketer: Client, workspace: Workspace, yesterday: date
    ) -> None:
        hook = make_live_campaign(workspace, "hook-test", name="Hook test", arms=("all",))
        counts = {"omni_purchase": 4, "subscribe": 9}
        actions = [{"action_type": name, "value": value} for name, value in counts.items()]
        told = '"' + json.dumps(actions).replace('"', '""') + '"'
        text = "campaign_name,date_start,date_stop,spend,actions\n"
        text += f"Hook test,{yesterday},{yesterday},5,{told}\n"
        file = upload(marketer, text)
        assert file.preview["columns"]["actions:omni_purchase"] == "conversions"
        answer(marketer, file, map="actions:subscribe=conversions")
        answer(marketer, file, confirm="yes")
        assert Observation.objects.get(arm__campaign=hook).conversions == 9
        assert upload(marketer, text).preview["columns"]["actions:subscribe"] == "conversions"
        # Something else is said of one file; and then it is asked again.
        said = upload(marketer, text, map="actions:omni_purchase=conversions")
        assert "actions:subscribe" in said.preview["ignored_columns"]
        url = reverse("source_names", args=["harbour", "meta"])
        assert "actions:subscribe" in marketer.get(url).content.decode()
        marketer.post(url, {f"n{ImportMapping.objects.get(level='column').pk}": "?"})
        assert upload(marketer, text).preview["columns"]["actions:omni_purchase"] == "conversions"

    def test_names__of_an_arm_that_there_is_not__are_refused(
        self, marketer: Client, hooks: Campaign, yesterday: date
    ) -> None:
        file = upload(marketer, by_ad_set(yesterday))
        answered = marketer.post(address(file), {"preset": "auto", name(file, part=0): "founder-video/a"})
        assert answered.status_code == 422
        file.refresh_from_db()
        assert file.asked["said"] == []

    def test_names__unknown_source__is_not_found(self, marketer: Client) -> None:
        assert marketer.get(reverse("source_names", args=["harbour", "nowhere"])).status_code == 404


class TestConfirming:
    def test_import__after_its_preview__stores_the_file_that_was_shown(
        self, marketer: Client, week: Week, yesterday: date, folder: Path
    ) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        answer(marketer, file, confirm="yes")
        assert clicks_of(week.paused) == 801
        page = page_of(marketer, file)
        assert "<em>1 row</em> is in." in page
        assert "0 new, 1 changed, 0 as they were." in page
        assert list(folder.iterdir()) == []

    def test_import__answers_changed_since_the_preview__shows_the_new_preview_first(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        answer(marketer, file, confirm="yes", campaign="founder-video/b")
        assert file.state == FileImportState.READY
        assert "look at what that changes first" in page_of(marketer, file)
        assert clicks_of(week.paused) == 800

    def test_import__confirmed_again_and_again__happens_once(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        sent = {
            **{name: value for name, value in file.asked.items() if value and name != "said"},
            "confirm": "y",
        }
        before = ObservationBatch.objects.count()
        for _ in range(3):
            assert marketer.post(address(file), sent).status_code == 302
        work()
        marketer.post(address(file), sent)
        work()
        record_file(file.pk, clock=timezone.now)
        assert ObservationBatch.objects.count() == before + 1
        assert clicks_of(week.paused) == 801

    def test_import__newer_numbers_posted_since_the_upload__keeps_them(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        report(week.paused, yesterday, arm="a", clicks=950, reported_at=timezone.now())
        answer(marketer, file, confirm="yes")
        assert clicks_of(week.paused) == 950

    def test_import__questions_open__is_refused(self, marketer: Client, week: Week, yesterday: date) -> None:
        file = upload(marketer, totals(yesterday))
        said = marketer.post(address(file), {"preset": "auto", "confirm": "yes"}, follow=True)
        assert "leaves questions open" in unescape(said.content.decode())
        assert clicks_of(week.paused) == 800

    @pytest.mark.parametrize("stage", ["uploaded", "ready", "importing"])
    def test_cancel__before_it_is_in__lets_nothing_in(
        self,
        marketer: Client,
        week: Week,
        yesterday: date,
        folder: Path,
        stage: str,
        django_capture_on_commit_callbacks: Callable[..., Iterator[object]],
    ) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        FileImport.objects.update(state=stage, is_taken=False)
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
            said = marketer.post(address(file, "import_cancel"), follow=True)
        assert "nothing of october.csv came in" in unescape(said.content.decode())
        work()
        assert clicks_of(week.paused) == 800
        assert list(folder.iterdir()) == []

    def test_cancel__when_it_is_in__says_that_it_is_too_late(
        self, marketer: Client, week: Week, yesterday: date
    ) -> None:
        file = upload(marketer, totals(yesterday), **ARM_A)
        answer(marketer, file, confirm="yes")
        said = marketer.post(address(file, "import_cancel"), follow=True)
        assert "It was too late" in unescape(said.content.decode())
        assert clicks_of(week.paused) == 801


def test_names__campaign_without_any__may_be_one_that_is_here_but_none_of_its_own(
    marketer: Client, hooks: Campaign, yesterday: date
) -> None:
    file = upload(marketer, f"ad_id,date,impressions,inline_link_clicks,spend\n7,{yesterday},940,12,1.25\n")
    page = page_of(marketer, file)
    assert "Campaign here for “no name”" in page
    assert 'value="hook-test"' in page
    assert "a new campaign, unplanned" not in page
    assert "leave it out" in page


def buttons_of(page: str) -> list[tuple[str, str]]:
    """How loud each large button is, and what it says."""
    return re.findall(r'<button class="btn (btn-\w+) btn-lg"[^>]*>([^<]*)<', page)


def test_page__file_without_known_columns__says_so_once_and_leads_to_another_file(
    marketer: Client,
) -> None:
    page = page_of(marketer, upload(marketer, b"a day without numbers"))
    assert buttons_of(page)[0] == ("btn-primary", "Choose another file")
    assert page.count("No line of the file names columns") == 1
    assert '<a href="#id_map">Answer it</a>' in page


def test_page__file_whose_columns_were_named_wrongly__asks_for_other_answers_first(
    marketer: Client, yesterday: date
) -> None:
    page = page_of(marketer, upload(marketer, totals(yesterday), **ARM_A, map="Clicks=nonsense"))
    assert "There is no field “nonsense”" in page
    assert buttons_of(page) == [
        ("btn-primary", "Go on with these answers"),
        ("btn-outline", "Choose another file"),
    ]


def test_page__file_that_cannot_be_read__leads_to_another_file(marketer: Client) -> None:
    file = upload(marketer, "Campaign name,Impressions,Amount spent (USD)\nHook test,940,1.25\n")
    assert file.state == FileImportState.FAILED
    buttons = buttons_of(page_of(marketer, file))
    assert buttons == [
        ("btn-primary", "Choose another file"),
        ("btn-outline", "Read it again with these answers"),
    ]
    gone_on = marketer.post(address(file, "import_cancel"))
    assert gone_on["Location"] == URL


def test_page__file_that_was_read__shows_its_preview_right_above_the_button(
    marketer: Client, yesterday: date
) -> None:
    page = page_of(marketer, upload(marketer, totals(yesterday), **ARM_A))
    places = [page.index(part) for part in ("Read it differently", 'id="names"', 'name="confirm"')]
    assert places == sorted(places)
    assert "<details" not in page[places[2] :].partition("</main>")[0]
    assert page.index('name="preset"') < places[1]
    assert page.index('name="create_unplanned"') < places[1]


def test_page__campaign_not_known__offers_to_take_it_in_beside_the_button(
    marketer: Client, yesterday: date
) -> None:
    page = page_of(marketer, upload(marketer, by_ad_set(yesterday, "Nobody knows it")))
    assert page.count('name="create_unplanned"') == 1
    assert page.index('name="create_unplanned"') > page.index('id="names"')
