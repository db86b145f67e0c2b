"""From a breach to its effect in the embedded default: paused, told in the feed, and heard by a webhook.

Twice: by a post over HTTP that breaks an `observed` rule, and by a day's close that nobody posts for. For the
second the worker's clock is put forward to just before the close. The reference is the promised minute.
Usage: python -m bench.breach [AHEAD], with the seconds that a worker may take to be there at the close.
"""

import json
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

from bench._site import PATIENCE, WORKER, Caller, Receiver, Site, receiver

PROMISED_SECONDS = 60
ROUNDS = 5
# Between the start of a worker and the close, so that it is there when the day closes.
USUAL_AHEAD = 60.0


def work(moment: datetime) -> None:
    """A worker for which it is this moment now."""
    time_machine.travel(moment).start()
    # After the clock: what it imports may look at it.
    from config.celery import app  # noqa: PLC0415

    app.worker_main(WORKER[4:])


def until(heard: Receiver, kind: str, *, more_than: int, patience: float = PATIENCE) -> float:
    """When one more event of the kind was heard of, in seconds of the clock that measures."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with heard.lock:
            came = [heard.came_at[number] for number, what in heard.kinds.items() if what == kind]
        if len(came) > more_than:
            return max(came)
        time.sleep(0.02)
    sys.exit(f"In {patience} seconds nothing was heard of {kind}.")


def until_paused(program: Caller, campaign: str) -> float:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if program.get(f"campaigns/{campaign}/")[1]["status"] == "paused":
            return time.perf_counter()
        time.sleep(0.02)
    sys.exit(f"In {PATIENCE} seconds {campaign} was not paused.")


def after_a_post(program: Caller, heard: Receiver, *, today: str) -> tuple[float, float]:
    """The longest times from the answer to a post to the pause, and to the webhook."""
    pauses, hearings = [], []
    for number in range(ROUNDS):
        row = {"campaign": f"loser-{number}", "arm": "a", "day": today}
        measures = {"impressions": 50_000, "clicks": 5, "spend": "200.00"}
        status, answer = program.post("metrics/", [row | measures])
        if status != 200:
            sys.exit(f"The post was answered {status}: {answer}")
        posted = time.perf_counter()
        pauses.append(until_paused(program, row["campaign"]) - posted)
        hearings.append(until(heard, "campaign.paused", more_than=number) - posted)
    return max(pauses), max(hearings)


def after_a_close(site: Site, heard: Receiver, *, ahead: float) -> float:
    """From the day's close to the webhook, by a worker whose clock is ahead."""
    closes_at = datetime.fromisoformat(site.ask("bench._inside", "close-soon"))
    site.kill("worker")
    before = len([kind for kind in heard.kinds.values() if kind == "campaign.paused"])
    site.start("worker", "-m", "bench.breach", "worker", (closes_at - timedelta(seconds=ahead)).isoformat())
    closing = time.perf_counter() + ahead
    return until(heard, "campaign.paused", more_than=before, patience=ahead + PATIENCE) - closing


def measure(ahead: float) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="quickno-breach-") as folder, receiver() as heard:
        site = Site(Path(folder), {})
        try:
            ready = site.ask("bench._inside", "prepare", heard.url, str(ROUNDS))
            site.start("web")
            site.start("worker")
            site.until_it_answers()
            program = Caller(site, key=ready["key"])
            paused, told = after_a_post(program, heard, today=ready["today"])
            closed = after_a_close(site, heard, ahead=ahead)
        except BaseException:
            print(site.said(), file=sys.stderr)
            raise
        finally:
            site.close()
    return {
        "benchmark": "from a breach to its pause, event and webhook, embedded",
        "ratio": PROMISED_SECONDS / max(told, closed),
        "reference": f"the {PROMISED_SECONDS} seconds that are promised",
        "post_to_pause_seconds": round(paused, 2),
        "post_to_webhook_seconds": round(told, 2),
        "close_to_webhook_seconds": round(closed, 2),
        "rounds": ROUNDS,
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        work(datetime.fromisoformat(sys.argv[2]).astimezone(UTC))
    else:
        print(json.dumps(measure(float(sys.argv[1]) if sys.argv[1:] else USUAL_AHEAD)))
