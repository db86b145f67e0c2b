"""The machine of random courses knows the life cycles that the application has."""

from typing import Any

from experiments.choices import (
    ARM_TRANSITIONS,
    CAMPAIGN_TRANSITIONS,
    HYPOTHESIS_TRANSITIONS,
    WATCH_TRANSITIONS,
    ZOMBIE_TRANSITIONS,
)
from sprints.choices import REALLOCATION_TRANSITIONS, SPRINT_TRANSITIONS
from tests.state_machine.life_cycles import STEPS


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
