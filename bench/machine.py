"""100,000 random steps of the state machine of `tests/state_machine`, all rules asked after every step.

`python -m bench.machine [STEPS] [SEED]`. Says which steps of the life cycles were seen and which were
not. A broken rule ends it with the course of events that broke it. The database is the benchmark's own, on
the server of DATABASE_URL or else a file.
"""

import json
import os
import sys
import tempfile
import time

import django

FOLDER = tempfile.TemporaryDirectory(prefix="quickno-bench-")
os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings.test", "VAR_DIR": FOLDER.name}
django.setup()

from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import get_state_machine_test

from tests.state_machine.life_cycles import STEPS as STEPS_OF
from tests.state_machine.machine import Quickno
from tests.state_machine.stage import Tally

STEPS, SEED = 100_000, 1
STEPS_A_RUN = 150


def drive(steps: int, *, number: int) -> dict[str, object]:
    """Run until so many steps were taken."""
    tally = Quickno.tally = Tally()
    began = time.perf_counter()
    while tally.steps < steps:
        course = get_state_machine_test(
            Quickno,
            settings=settings(
                max_examples=max(1, (steps - tally.steps) // STEPS_A_RUN),
                stateful_step_count=STEPS_A_RUN,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
        seed(number)(course)()
        number += 1
    seconds = time.perf_counter() - began
    return {
        "benchmark": f"{tally.steps:,} random steps, every rule asked after each",
        "ratio": tally.seconds / seconds,
        "reference": "the same steps, nothing foreseen and nothing asked",
        "database": connection.vendor,
        "seconds": round(seconds),
        "steps_done": sum(tally.accepted.values()),
        "steps_refused": sum(sum(codes.values()) for codes in tally.refused.values()),
        "not_visited": tally.coverage.unseen(),
        "details": {
            "done": dict(sorted(tally.accepted.items())),
            "refused": dict(sorted(tally.refused.items())),
            "visited": tally.coverage.as_json(),
        },
        "section": section(tally),
    }


def section(tally: Tally) -> str:
    """How often each step of each life cycle was seen."""
    lines = [
        "## Random courses of events",
        "",
        "Each step of each life cycle, and how often it was seen.",
        "",
        "| life cycle | steps |",
        "| --- | --- |",
    ]
    for kind, steps in STEPS_OF.items():
        seen = tally.coverage.seen[kind]
        told = (f"{before} → {after} {seen.get((before, after), 0):,}" for before, after in sorted(steps))
        lines.append(f"| {kind} | {', '.join(told)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    asked = [int(argument) for argument in sys.argv[1:]]
    made = setup_databases(verbosity=0, interactive=False)
    try:
        result = drive(asked[0] if asked else STEPS, number=asked[1] if asked[1:] else SEED)
    finally:
        teardown_databases(made, verbosity=0)
    print(json.dumps(result))
