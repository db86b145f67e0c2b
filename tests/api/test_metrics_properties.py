"""Whatever is sent as rows is taken or refused: an error of ours is a defect."""

import csv
import json
from datetime import UTC
from io import StringIO

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from experiments.models import Campaign
from tests.api.metrics import post


class TestWhateverComes:
    json_like = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    )
    rows_like = st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "campaign": st.just("hook-test") | json_like,
                "arm": st.sampled_from(["a", "b"]) | json_like,
                "day": st.just("2026-05-20") | st.dates().map(str) | json_like,
                "source": st.just("meta") | json_like,
                "entity": json_like,
                "reported_at": st.datetimes(timezones=st.just(UTC)).map(str) | json_like,
                "currency": json_like,
                "clicks": json_like,
                "spend": st.decimals().map(str) | json_like,
            },
        ),
        max_size=4,
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        body=rows_like.map(json.dumps) | st.binary(max_size=60) | json_like.map(json.dumps),
        on_error=st.sampled_from(["fail", "skip"]),
    )
    def test_post__anything_as_json__is_taken_or_refused_and_never_an_error_of_ours(
        self, connector: APIClient, hook_test: Campaign, body: str | bytes, on_error: str
    ) -> None:
        answer = post(connector, body, query=f"?on_error={on_error}")
        assert answer.status_code in {200, 400, 422}, answer.content

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        lines=st.lists(st.lists(st.text(max_size=10), max_size=5), max_size=4),
        rest=st.binary(max_size=20),
        content_type=st.sampled_from(["text/csv", "application/x-ndjson"]),
    )
    def test_post__anything_in_lines__is_taken_or_refused_and_never_an_error_of_ours(
        self,
        connector: APIClient,
        hook_test: Campaign,
        lines: list[list[str]],
        rest: bytes,
        content_type: str,
    ) -> None:
        text = StringIO()
        csv.writer(text).writerows([["campaign", "arm", "day", "clicks", "entity"], *lines])
        body = text.getvalue().encode("utf-8", "surrogatepass") + rest
        answer = post(connector, body, content_type=content_type, query="?on_error=skip")
        assert answer.status_code in {200, 400, 422}, answer.content
