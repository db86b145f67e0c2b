"""Export files, from the command line and over REST."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from rest_framework.test import APIClient

from api.services import create_key
from experiments.models import Campaign, Observation, ObservationBatch
from tests.factories import make_live_campaign, make_workspace
from tests.metrics.workbooks import workbook
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor

pytestmark = pytest.mark.django_db

SEMICOLONS = (
    "Campaign Name;Date;Spend [USD];Impressions;Reach;Website Clicks;Purchase\n"
    "Spring;1.08.2019;2280;82702;56930;7016;618\n"
    "Spring;2.08.2019;1757;121040;102513;8110;511\n"
    "Spring;5.08.2019;1835;;;;\n"
    "Spring;14.08.2019;1840,50;94136;68129;4462;204\n"
)
OF_ONE_ARM = {"campaign": "spring", "arm": "a"}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    return make_live_campaign(workspace, "spring")


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str | bytes], str]:
    def write(content: str | bytes) -> str:
        file = tmp_path / "export.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(file)

    return write


def run(workspace: Workspace, file: str, **options: Any) -> None:
    call_command("import_metrics", workspace.slug, file, verbosity=0, **options)


def test_import__semicolons_and_dotted_days__are_stored_with_blanks_left_unknown(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str]
) -> None:
    run(workspace, written(SEMICOLONS), **OF_ONE_ARM)

    days = list(Observation.objects.order_by("day"))
    assert [f"{row.day}" for row in days] == ["2019-08-01", "2019-08-02", "2019-08-05", "2019-08-14"]
    assert [row.clicks for row in days] == [7016, 8110, None, 4462]
    assert [f"{row.spend:.2f}" for row in days] == ["2280.00", "1757.00", "1835.00", "1840.50"]
    assert days[0].conversions == 618


def test_import__the_same_file_twice__changes_nothing(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str], capsys: Any
) -> None:
    file = written(SEMICOLONS)
    run(workspace, file, **OF_ONE_ARM)
    capsys.readouterr()
    run(workspace, file, **OF_ONE_ARM)

    assert "0 new, 0 changed, 4 unchanged" in capsys.readouterr().out
    assert Observation.objects.count() == 4


def test_import__dry_run__writes_nothing(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str], capsys: Any
) -> None:
    run(workspace, written(SEMICOLONS), dry_run=True, **OF_ONE_ARM)

    assert "4 would be new" in capsys.readouterr().out
    assert not Observation.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_import__other_encodings__are_read(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str], encoding: str
) -> None:
    content = SEMICOLONS.replace(";", "\t") if encoding == "utf-16" else SEMICOLONS
    run(workspace, written(content.encode(encoding)), **OF_ONE_ARM)

    assert Observation.objects.count() == 4


def test_import__a_whole_span_in_one_row__is_refused_with_the_setting_that_gives_days(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str]
) -> None:
    span = (
        "Reporting starts,Reporting ends,Campaign name,Impressions,Amount spent (USD)\n"
        "2026-02-01,2026-02-28,spring,100,5.00\n"
    )
    with pytest.raises(CommandError, match="Day"):
        run(workspace, written(span), **OF_ONE_ARM)
    assert not Observation.objects.exists()


def test_import__a_file_cut_off_in_a_row__is_refused_naming_the_line(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str]
) -> None:
    with pytest.raises(CommandError, match="3"):
        run(
            workspace, written("\n".join(SEMICOLONS.splitlines()[:2]) + "\nSpring;2.08.2019;17"), **OF_ONE_ARM
        )
    assert not Observation.objects.exists()


def test_import__another_currency__is_refused(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str]
) -> None:
    with pytest.raises(CommandError, match="EUR"):
        run(workspace, written(SEMICOLONS.replace("USD", "EUR")), **OF_ONE_ARM)
    assert not Observation.objects.exists()


@pytest.fixture
def connector(workspace: Workspace) -> APIClient:
    owner = Membership.objects.select_related("workspace", "user").get(workspace=workspace, role=Role.OWNER)
    actor = Actor.of_member(owner)
    _, secret = create_key(
        name="connector",
        scopes=[Scope.READ, Scope.METRICS_WRITE],
        for_user=owner.user,
        by=actor,
        at=workspace.created_at,
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_imports__a_posted_file__is_stored_and_its_outcome_can_be_read(
    connector: APIClient, campaign: Campaign
) -> None:
    file = SimpleUploadedFile("export.csv", SEMICOLONS.encode())
    answer = connector.post(reverse("imports"), {"file": file, **OF_ONE_ARM}, format="multipart")

    assert answer.status_code == 201, answer.content
    assert answer.json()["inserted"] == 4
    outcome = connector.get(reverse("import", kwargs={"pk": answer.json()["batch"]}))
    assert outcome.json()["file_name"] == "export.csv"
    assert outcome.json()["inserted"] == 4


def test_imports__a_picture__is_refused_as_unreadable(connector: APIClient, campaign: Campaign) -> None:
    file = SimpleUploadedFile("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    answer = connector.post(reverse("imports"), {"file": file, **OF_ONE_ARM}, format="multipart")

    assert answer.status_code in {400, 422}, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert not Observation.objects.exists()


def test_import__an_open_question__names_the_option_that_answers_it(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str]
) -> None:
    file = written("Date,Clicks\n2/6/2026,5\n")
    with pytest.raises(CommandError, match="--day-order"):
        run(workspace, file, **OF_ONE_ARM)
    run(workspace, file, day_order="mdy", **OF_ONE_ARM)
    assert f"{Observation.objects.get().day}" == "2026-02-06"


def test_import__a_workbook_with_two_tables__takes_the_sheet_that_is_named_by_command_and_rest(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str], connector: APIClient
) -> None:
    day = date(2026, 2, 6)
    content = workbook(
        {name: [["Date", "Clicks"], [day, clicks]] for name, clicks in (("Old", 5), ("New", 6))}
    )
    with pytest.raises(CommandError, match="Say it with --sheet"):
        run(workspace, written(content), **OF_ONE_ARM)
    run(workspace, written(content), sheet="Old", **OF_ONE_ARM)
    assert Observation.objects.get().clicks == 5
    file = SimpleUploadedFile("export.xlsx", content)
    sent = {"file": file, "sheet": "New", **OF_ONE_ARM}
    assert connector.post(reverse("imports"), sent, format="multipart").status_code == 201
    assert Observation.objects.get().clicks == 6


def test_import__a_decimal_mark_that_was_said__is_used(
    workspace: Workspace, campaign: Campaign, written: Callable[[str | bytes], str]
) -> None:
    file = written("Date,Spend\n2026-02-06,1.234\n")
    with pytest.raises(CommandError, match="--decimal-mark"):
        run(workspace, file, **OF_ONE_ARM)
    run(workspace, file, decimal_mark="point", **OF_ONE_ARM)
    assert str(Observation.objects.get().spend) == "1.2340"


def test_import__a_file_that_is_not_there__is_refused_in_a_sentence(workspace: Workspace) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run(workspace, "nowhere.csv", **OF_ONE_ARM)


def test_import__into_an_unknown_workspace__is_refused_in_a_sentence(
    db: None, written: Callable[[str | bytes], str]
) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_metrics", "nowhere", written(SEMICOLONS), verbosity=0)


def test_imports__a_dry_run__says_what_would_change_and_writes_nothing(
    connector: APIClient, campaign: Campaign
) -> None:
    file = SimpleUploadedFile("export.csv", SEMICOLONS.encode())
    form = {"file": file, "dry_run": "true", **OF_ONE_ARM}
    answer = connector.post(reverse("imports"), form, format="multipart")

    assert answer.status_code == 200, answer.content
    assert (answer.json()["batch"], answer.json()["inserted"]) == (None, 4)
    assert answer.json()["columns"]["Spend [USD]"] == "spend"
    assert not Observation.objects.exists()


def test_imports__an_open_question__is_a_problem_until_it_is_answered(
    connector: APIClient, campaign: Campaign
) -> None:
    def send(**answers: str) -> Any:
        file = SimpleUploadedFile("export.csv", b"Date,Cost,Spend\n2026-02-06,1.50,1.20\n")
        return connector.post(reverse("imports"), {"file": file, **OF_ONE_ARM, **answers}, format="multipart")

    refused = send()
    assert (refused.status_code, refused.json()["code"]) == (422, "ambiguous_column")
    assert send(map="Spend=spend").status_code == 201
    assert str(Observation.objects.get().spend) == "1.2000"


def test_imports__a_file_that_is_too_large__is_413(connector: APIClient) -> None:
    file = SimpleUploadedFile("export.csv", b" " * (25 * 1024 * 1024 + 1))
    answer = connector.post(reverse("imports"), {"file": file}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "larger than 25 MB" in answer.json()["detail"]


def test_imports__a_body_that_is_not_even_read__is_told_the_same_limit(connector: APIClient) -> None:
    body = b" " * (26 * 1024 * 1024 + 1)
    answer = connector.post(reverse("imports"), body, content_type="multipart/form-data; boundary=edge")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "larger than 25 MB" in answer.json()["detail"]


def test_imports__no_file__is_refused(connector: APIClient) -> None:
    answer = connector.post(reverse("imports"), {"preset": "auto"}, format="multipart")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "file"


def test_imports__of_another_workspace__do_not_exist(connector: APIClient) -> None:
    elsewhere = make_workspace("others")
    batch = ObservationBatch.objects.create(
        workspace=elsewhere, at=elsewhere.created_at, channel="import", file_name="theirs.csv"
    )
    assert connector.get(reverse("import", kwargs={"pk": batch.pk})).status_code == 404


def test_import__quickno_s_own_table__comes_back_as_it_went(
    campaign: Campaign, connector: APIClient, written: Callable[[str | bytes], str], workspace: Workspace
) -> None:
    rows = [
        {
            "campaign": "spring",
            "arm": arm,
            "day": "2026-02-01",
            "source": source,
            "entity": entity,
            "clicks": 5,
        }
        | {"reported_at": "2026-02-02T08:00:00+00:00", "spend": spend}
        for arm, source, entity, spend in (("a", "meta", "-17", "3.5"), ("b", "crm", "", "4.25"))
    ]
    assert connector.post("/api/v1/metrics/", rows).status_code == 200
    table = b"".join(connector.get("/api/v1/metrics/?format=csv").streaming_content)  # type: ignore[attr-defined]
    fields = ("arm__key", "day", "source__key", "entity", "reported_at", "clicks", "spend")
    before = list(Observation.objects.order_by("arm").values_list(*fields))
    Observation.objects.all().delete()

    run(workspace, written(table))

    assert list(Observation.objects.order_by("arm").values_list(*fields)) == before


def test_import__a_dry_run_with_an_open_question__asks_first_and_fails(
    campaign: Campaign, written: Callable[[str | bytes], str], workspace: Workspace, capsys: Any
) -> None:
    file = written("Campaign,Day,Clicks\nNew thing,2026-02-01,5\n")
    with pytest.raises(CommandError, match="until the open questions are answered"):
        run(workspace, file, dry_run=True, create_unplanned=True)

    first = capsys.readouterr().out.splitlines()[0]
    assert first == (
        "Open question: On which ad platform does “New thing” run? Name the source. Say it with --source."
    )


def test_import__a_file_without_known_columns__names_the_option(
    campaign: Campaign, written: Callable[[str | bytes], str], workspace: Workspace
) -> None:
    with pytest.raises(CommandError, match="Say it with --map"):
        run(workspace, written("Name,Colour\na,b\n"))


def test_import__a_header_alone__is_refused(
    campaign: Campaign, written: Callable[[str | bytes], str], workspace: Workspace
) -> None:
    with pytest.raises(CommandError, match="No line under the header"):
        run(workspace, written("Campaign,Day,Clicks\n"))
    assert not ObservationBatch.objects.exists()


@pytest.mark.parametrize(
    ("currency", "measures"),
    [("USD", {"spend": 10, "clicks": 5}), ("EUR", {"spend": 9, "revenue": 45, "clicks": 5})],
)
def test_import__linkedin_with_two_currencies__takes_amounts_of_one(
    written: Callable[[str | bytes], str], currency: str, measures: dict[str, int]
) -> None:
    workspace = make_workspace(currency=currency)
    make_live_campaign(workspace, "spring")
    file = written(
        "Start Date (in UTC),clicks,cost_in_usd,cost_in_local_currency,conversion_value_in_local_currency\n"
        "2026-02-01,5,10,9,45\n"
    )
    run(workspace, file, **OF_ONE_ARM)
    assert Observation.objects.get().measures() == measures
