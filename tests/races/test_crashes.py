"""The benchmark of crashes, with five kills: nothing accepted is lost, and nothing happens twice."""

import json
import os
import subprocess
import sys

from django.db import connection

from tests.conftest import ROOT

KILLS = 5


def test_kills__of_web_and_worker_at_random_moments__lose_nothing_and_repeat_nothing(redis_url: str) -> None:
    is_embedded = connection.vendor == "sqlite"
    arguments = ["--kills", str(KILLS), "--calm", "1", "--patience", "0"]
    arguments += ["--only", "embedded" if is_embedded else "servers"]
    environment = {**os.environ, "REDIS_URL": redis_url}
    done = subprocess.run(
        [sys.executable, "-m", "bench.crash", *arguments],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    # Its words name the seed, for a second try.
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.rstrip().rpartition("\n")[2])
    assert result["kills"] == KILLS
