"""Rows over REST: what is taken, and what is refused with which words."""

import json
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from api.decoding import MOST_BYTES, MOST_ROWS, decode_rows
from api.decoding.limits import read_body
from api.exceptions import FieldError, TooLarge
from experiments.models import Campaign, CriterionWatch, Observation, ObservationBatch
from tests.api.conftest import ClientOf
from tests.api.metrics import URL, post, refused, row
from tests.factories import make_criteria
from tests.planning.breaches import break_rule
from workspaces.choices import EventKind, Role, Scope
from workspaces.models import Event

A_ROW = '{"campaign": "hook-test", "arm": "b", "day": "2026-05-20", "clicks": 5}'
START = '[{"campaign": "hook-test", "arm": "b", "day": "2026-05-20", '


class TestTaking:
    def test_post__the_contracts_example__answers_with_the_counts(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        answer = post(
            connector,
            [
                {
                    "campaign": "hook-test",
                    "arm": "b",
                    "day": "2026-05-20",
                    "source": "meta",
                    "impressions": 41230,
                    "clicks": 512,
                    "spend": "231.40",
                    "conversions": 9,
                    "revenue": "810.00",
                }
            ],
        )

        assert answer.status_code == 200
        batch = ObservationBatch.objects.get()
        assert answer.json() == {
            "batch": batch.pk,
            "received": 1,
            "inserted": 1,
            "updated": 0,
            "unchanged": 0,
            "rejected": 0,
            "errors": [],
            "breaches": [],
        }
        stored = Observation.objects.get()
        assert stored.measures() == {
            "impressions": 41230,
            "clicks": 512,
            "conversions": 9,
            "spend": Decimal("231.40"),
            "revenue": Decimal(810),
        }

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/json", f"[{A_ROW}]"),
            (
                "application/json; charset=utf-8",
                b'\xef\xbb\xbf [{"campaign":"hook-test","arm":"b","day":"2026-05-20","clicks":"5"}]',
            ),
            (
                "application/json",
                '{"rows": [{"campaign": "hook-test", "arm": "b", "day": "2026-05-20", "clicks": 5}]}',
            ),
            (
                "application/x-ndjson",
                '\n{"campaign": "hook-test", "arm": "b", "day": "2026-05-20", "clicks": 5}\r\n\n',
            ),
            ("text/csv", "campaign,arm,day,clicks,spend\r\nhook-test,b,2026-05-20,5,\r\n"),
            ("text/csv; charset=utf-8", "\ufeffclicks , arm,campaign,day\n5,b,hook-test,2026-05-20"),
        ],
    )
    def test_post__every_media_type__stores_the_same_row(
        self, connector: APIClient, hook_test: Campaign, content_type: str, body: str | bytes
    ) -> None:
        answer = post(connector, body, content_type=content_type)
        assert answer.status_code == 200, answer.content
        assert answer.json()["inserted"] == 1
        assert Observation.objects.get().measures() == {"clicks": 5}

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/json", "[]"),
            ("application/json", '{"rows": []}'),
            ("application/x-ndjson", ""),
            ("text/csv", "campaign,arm,day\n"),
        ],
    )
    def test_post__no_rows__leaves_no_trace(self, connector: APIClient, content_type: str, body: str) -> None:
        answer = post(connector, body, content_type=content_type)
        assert answer.status_code == 200
        assert {
            answer.json()[name] for name in ("received", "inserted", "updated", "unchanged", "rejected")
        } == {0}
        assert answer.json()["batch"] is None
        assert not ObservationBatch.objects.exists()
        assert not Event.objects.filter(kind=EventKind.METRICS_POSTED).exists()

    def test_post__a_blank_cell_of_csv__leaves_what_is_stored(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        post(connector, [row(clicks=5)])
        post(
            connector,
            "campaign,arm,day,impressions,clicks\nhook-test,b,2026-05-20,50000,\n",
            content_type="text/csv",
        )
        assert Observation.objects.get().measures() == {"impressions": 50000, "clicks": 5}

    def test_post__numbers_with_many_digits__are_taken_exactly(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        post(connector, START + '"spend":99999999999.1234}]')
        assert Observation.objects.get().spend == Decimal("99999999999.1234")

    def test_post__ids_as_numbers__are_texts(self, connector: APIClient, hook_test: Campaign) -> None:
        post(connector, [row(entity=6215293456071)])
        assert Observation.objects.get().entity == "6215293456071"

    @pytest.mark.parametrize("again", ['"clicks":2', '"clicks" : 2', r'"\u0063licks":2'])
    @pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson"])
    def test_post__a_field_twice_in_a_row__is_refused(
        self, connector: APIClient, hook_test: Campaign, content_type: str, again: str
    ) -> None:
        line = f'{START[1:]}"clicks":1,{again}}}'
        body = line if content_type.endswith("ndjson") else f"[{line}]"
        errors = refused(post(connector, body, content_type=content_type), "duplicate_field")
        assert [(error["row"], error["field"]) for error in errors] == [(0, "clicks")]
        assert not Observation.objects.exists()

    def test_post__what_only_looks_like_a_field_twice__is_stored(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        post(connector, [row(entity='a": "entity": "b')])
        assert Observation.objects.get().entity == 'a": "entity": "b'

    def test_post__rows_twice__is_malformed(self, connector: APIClient, hook_test: Campaign) -> None:
        body = f'{{"rows":{START}"clicks":1}}],"rows":[]}}'
        answer = post(connector, body)
        refused(answer, "malformed", 400)
        assert "“rows” twice" in answer.json()["detail"]
        assert not Observation.objects.exists()

    def test_post__a_campaign_with_an_open_breach__says_so(
        self, connector: APIClient, hook_test: Campaign, at: datetime
    ) -> None:
        criterion = make_criteria(hook_test)[0]
        CriterionWatch.objects.create(workspace=hook_test.workspace, criterion=criterion)
        breach = break_rule(hook_test, at=at)
        breaches = post(connector, [row()]).json()["breaches"]
        assert breaches == [
            {
                "campaign": "hook-test",
                "arm": None,
                "criterion": criterion.pk,
                "rule": breach.rule,
                "breached_at": breach.at.isoformat().replace("+00:00", "Z"),
            }
        ]


class TestRefusing:
    def test_post__one_bad_row__stores_nothing_and_names_it(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        errors = refused(post(connector, [row(), row(arm="a", clicks=-1)]), "negative")
        assert errors == [
            {
                "row": 1,
                "field": "clicks",
                "code": "negative",
                "message": "-1 is below zero, which cannot be counted.",
            }
        ]
        assert not Observation.objects.exists()

    def test_post__bad_rows_to_be_skipped__are_listed(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        answer = post(connector, [row(), row(arm="z"), 7], query="?on_error=skip").json()
        assert (answer["inserted"], answer["rejected"]) == (1, 2)
        assert [(error["row"], error["code"]) for error in answer["errors"]] == [
            (1, "unknown_arm"),
            (2, "not_a_row"),
        ]

    def test_post__another_way_with_errors__is_refused(self, connector: APIClient) -> None:
        refused(post(connector, [], query="?on_error=ignore"), "unknown_choice")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (START + '"spend":1e400}]', "out_of_range"),
            (START + '"spend":1e99999999999999999999}]', "out_of_range"),
            (START + '"clicks":' + "9" * 5000 + "}]", "out_of_range"),
            (START + '"clicks":' + "9" * 4000 + "}]", "out_of_range"),
            (START + '"clicks":true}]', "not_a_number"),
            (START + '"clicks":[1]}]', "not_a_number"),
            ('[{"campaign":"hook-test","arm":"b","day":20260520}]', "not_a_text"),
            ('[{"campaign":["hook-test"],"arm":"b","day":"2026-05-20"}]', "not_a_text"),
            (START + '"clicks\\u0000":1}]', "unknown_field"),
            ('[{"campaign":"hook\\u0000","arm":"b","day":"2026-05-20"}]', "unknown_campaign"),
            ("[null]", "not_a_row"),
            ("[[]]", "not_a_row"),
            ("{}", "not_rows"),
            ('{"campaign":"hook-test"}', "not_rows"),
            ('{"rows": {}}', "not_rows"),
            ("3", "not_rows"),
            ("null", "not_rows"),
        ],
    )
    def test_post__rows_that_cannot_be_right__are_refused_with_a_code(
        self, connector: APIClient, hook_test: Campaign, body: str, code: str
    ) -> None:
        refused(post(connector, body), code)

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ('[{"clicks": 1,}]', "byte 14"),
            ('[{"clicks": NaN}]', "byte 12"),
            ('[{"clicks": -Infinity}]', "NaN nor infinity"),
            ('[{"clicks": 1}', "byte 14"),
            (b'[{"campaign": "caf\xe9"}]', "byte 18"),
            ("", "empty"),
            ("  \n ", "empty"),
            ("[" * 100_000, "deeply"),
            ('[{"a":' * 5_000, "deeply"),
            ('[{"campaign": "\\ud800"}]', "surrogate"),
            ("[1] 2", "byte"),
            (b"\xff\xfe[\x00]\x00", "byte 0"),
        ],
    )
    def test_post__malformed_json__is_400_with_the_place(
        self, connector: APIClient, body: str | bytes, where: str
    ) -> None:
        answer = post(connector, body)
        refused(answer, "malformed", 400)
        assert where in answer.json()["detail"]

    def test_post__a_row_of_any_depth__is_refused_and_never_fails(self) -> None:
        for depth in range(1, 1100):
            body = b'[{"clicks": %s}]' % (b"[" * depth + b"]" * depth)
            with suppress(ParseError):
                (told,) = decode_rows(body, content_type="application/json")
                assert isinstance(told, FieldError)

    def test_post__a_body_cut_off__does_not_speak_of_surrogates(self, connector: APIClient) -> None:
        answer = post(connector, '[{"campaign": "hook-te')
        refused(answer, "malformed", 400)
        assert answer.json()["detail"] == "The JSON ends too early, at byte 22."

    def test_post__a_number_of_thousands_of_digits__names_its_field(self, connector: APIClient) -> None:
        body = json.dumps([row()]).replace("41230", "9" * 5000)
        [error] = refused(post(connector, body), "out_of_range")
        assert (error["row"], error["field"]) == (0, "impressions")

    def test_post__a_malformed_line__is_400_with_its_number(self, connector: APIClient) -> None:
        answer = post(
            connector, '{"campaign": "x"}\n\n{"campaign" "y"}\n', content_type="application/x-ndjson"
        )
        refused(answer, "malformed", 400)
        assert "line 3" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ('campaign,arm,day\n"hook-test,b,2026-05-20\n', "line 2"),
            (b"campaign,arm,day\ncaf\xe9,b,x\n", "byte 20"),
            ("", "empty"),
        ],
    )
    def test_post__malformed_csv__is_400_with_the_place(
        self, connector: APIClient, body: str | bytes, where: str
    ) -> None:
        answer = post(connector, body, content_type="text/csv")
        refused(answer, "malformed", 400)
        assert where in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("header", "field", "code"),
        [
            ("campaign,arm,day,clickz", "clickz", "unknown_field"),
            ("campaign,arm,day,clicks,clicks", "clicks", "duplicate_field"),
            ("campaign,arm,clicks", "day", "required"),
            ("campaign;arm;day", "campaign;arm;day", "invalid_header"),
        ],
    )
    def test_post__a_header_of_csv_that_names_no_row__is_refused(
        self, connector: APIClient, header: str, field: str, code: str
    ) -> None:
        errors = refused(post(connector, f"{header}\n", content_type="text/csv"), code)
        assert errors[0]["field"] == field

    def test_post__a_line_of_csv_with_too_few_cells__is_named(
        self, connector: APIClient, hook_test: Campaign
    ) -> None:
        body = "campaign,arm,day,clicks\nhook-test,b,2026-05-20,5\nhook-test,a,2026-05-20\n"
        errors = refused(post(connector, body, content_type="text/csv"), "wrong_number_of_cells")
        assert [error["row"] for error in errors] == [1]

    @pytest.mark.parametrize(
        "content_type", ["", "text/html", "application/xml", "text/csv; charset=latin-1"]
    )
    def test_post__another_media_type__is_415(self, connector: APIClient, content_type: str) -> None:
        answer = connector.generic("POST", URL, "[]", content_type=content_type)
        refused(answer, "unsupported_media_type", 415)

    def test_post__with_a_key_that_may_only_read__is_refused_before_the_body_is_looked_at(
        self, with_key: ClientOf
    ) -> None:
        refused(post(with_key(Scope.READ), "no json"), "missing_scope", 403)

    def test_post__for_a_viewer__is_refused(self, with_key: ClientOf) -> None:
        refused(post(with_key(Scope.METRICS_WRITE, role=Role.VIEWER), []), "missing_role", 403)


class TestLimits:
    def test_post__more_rows_than_allowed__is_413(self, connector: APIClient) -> None:
        answer = post(connector, "[" + "1," * MOST_ROWS + "1]")
        refused(answer, "too_large", 413)
        assert "50,001 rows" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("content_type", "line"),
        [("application/x-ndjson", "1\n"), ("text/csv", "x,y,z\n")],
    )
    def test_post__more_lines_than_allowed__is_413(
        self, connector: APIClient, content_type: str, line: str
    ) -> None:
        body = ("campaign,arm,day\n" if content_type == "text/csv" else "") + line * (MOST_ROWS + 1)
        refused(post(connector, body, content_type=content_type), "too_large", 413)

    def test_post__more_bytes_than_allowed__is_413(self, connector: APIClient) -> None:
        refused(post(connector, b" " * (MOST_BYTES + 1)), "too_large", 413)

    def test_body__declared_too_long__is_refused_unread(self) -> None:
        request = RequestFactory().generic("POST", "/", b"[]", CONTENT_LENGTH=str(MOST_BYTES + 1))
        with pytest.raises(TooLarge):
            read_body(request)

    def test_body__in_chunks_without_a_length__is_read(self) -> None:
        assert read_body(_chunked(b"[]")) == b"[]"

    def test_body__in_chunks_that_never_end__is_refused(self) -> None:
        with pytest.raises(TooLarge):
            read_body(_chunked(b" " * (MOST_BYTES + 2)))


def _chunked(body: bytes) -> Any:
    request = RequestFactory().post("/", headers={"Transfer-Encoding": "chunked"})
    request.META["CONTENT_LENGTH"] = ""
    request.META["wsgi.input"] = BytesIO(body)
    return request
