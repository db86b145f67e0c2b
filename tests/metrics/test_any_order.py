"""Retries and reordering are harmless, whatever is sent how often and in which order."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.models import Observation
from experiments.services.observations import Row
from tests.metrics.conftest import Record, said

MEASURES = ("impressions", "clicks", "spend")
Batch = dict[str, Any]

values = st.dictionaries(st.sampled_from(MEASURES), st.none() | st.integers(0, 3), max_size=3)
days = st.dictionaries(st.sampled_from(["2026-11-16", "2026-11-17"]), values, min_size=1, max_size=2)
# Each batch is made at its own moment, as a connector's are.
histories = st.lists(days, min_size=1, max_size=5)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has not happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def rows_of(batch: Batch, made_at: datetime) -> list[Row]:
    return [said(day=day, reported_at=made_at, **measures) for day, measures in batch.items()]


def all_days() -> dict[str, tuple[Any, ...]]:
    rows = Observation.objects.values_list("day", "reported_at", *MEASURES)
    return {str(day): tuple(rest) for day, *rest in rows}


def told_last(history: list[Batch], start: datetime) -> dict[str, tuple[Any, ...]]:
    """Of each day that anything was said of: when at last, and what of each measure at last."""
    told: dict[str, dict[str, Any]] = {}
    times = {}
    for number, batch in enumerate(history):
        for day, measures in batch.items():
            if measures:
                told[day] = told.get(day, {}) | measures
                times[day] = start + timedelta(minutes=number)
    return {day: (times[day], *map(said.get, MEASURES)) for day, said in told.items()}


@pytest.mark.django_db
class TestAnyOrder:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=histories, data=st.data())
    def test_record__batches_in_any_order_and_any_number__keep_what_was_said_last_of_each_measure(
        self, record: Record, at: datetime, history: list[Batch], data: st.DataObject
    ) -> None:
        start = at - timedelta(days=1)
        numbers = list(range(len(history)))
        order = data.draw(st.permutations(numbers)) + data.draw(
            st.lists(st.sampled_from(numbers), max_size=4)
        )
        with undone():
            for number in order:
                record(*rows_of(history[number], start + timedelta(minutes=number)))
            kept = all_days()

        assert kept == told_last(history, start)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=histories, again=st.lists(st.integers(0, 3), min_size=1, max_size=5))
    def test_record__batches_sent_again_after_all__change_nothing(
        self, record: Record, at: datetime, history: list[Batch], again: list[int]
    ) -> None:
        start = at - timedelta(days=1)
        with undone():
            for number, batch in enumerate(history):
                record(*rows_of(batch, start + timedelta(minutes=number)))
            kept = all_days()
            results = [
                record(*rows_of(history[number], start + timedelta(minutes=number)))
                for number in again
                if number < len(history)
            ]
            assert all_days() == kept
            assert all(result.unchanged == result.received for result in results)
