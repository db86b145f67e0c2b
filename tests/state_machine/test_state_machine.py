"""Whatever people, programs and the scheduler do in whatever order: the rules that must never break hold."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from experiments.choices import (
    ARM_TRANSITIONS,
    CAMPAIGN_TRANSITIONS,
    HYPOTHESIS_TRANSITIONS,
    WATCH_TRANSITIONS,
    ZOMBIE_TRANSITIONS,
)
from sprints.choices import REALLOCATION_TRANSITIONS, SPRINT_TRANSITIONS
from tests.state_machine.life_cycles import STEPS
from tests.state_machine.machine import Quickno
from tests.state_machine.stage import Tally

RUNS, STEPS_A_RUN, LEAST_STEPS = 5, 130, 500


@pytest.mark.django_db
def test_quickno__random_courses_of_events__breaks_no_rule(request: pytest.FixtureRequest) -> None:
    """The same courses each time; others with ``--hypothesis-seed=<number>``."""
    Quickno.tally = Tally()
    run_state_machine_as_test(
        Quickno,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS_A_RUN,
            derandomize=request.config.getoption("--hypothesis-seed") is None,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Quickno.tally.steps >= LEAST_STEPS


def test_machine__its_life_cycles__are_those_of_the_application() -> None:
    tables: dict[str, Any] = {
        "sprint": SPRINT_TRANSITIONS,
        "hypothesis": HYPOTHESIS_TRANSITIONS,
        "campaign": CAMPAIGN_TRANSITIONS,
        "arm": ARM_TRANSITIONS,
        "criterion": WATCH_TRANSITIONS,
        "zombie": ZOMBIE_TRANSITIONS,
        "reallocation": REALLOCATION_TRANSITIONS,
    }
    for kind, table in tables.items():
        steps = {(before.value, after.value) for before, states in table.items() for after in states}
        assert {step for step in STEPS[kind] if step[0] != "new"} == steps
