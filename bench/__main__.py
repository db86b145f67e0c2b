"""Runs every benchmark of this folder and writes RESULTS.md: `make bench`, or `python -m bench [NAME ...]`.

A benchmark is a program of its own. Its last line is one JSON object with at least `benchmark` (what was
done), `ratio` (how many times faster than the reference) and `reference` (what it was compared with).
"""

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "RESULTS.md"


def names() -> list[str]:
    """Every benchmark's name, or those asked for."""
    return sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def run(name: str) -> dict[str, Any]:
    """The result of one benchmark, which is also printed."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}"],
        cwd=FOLDER.parent,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = done.stdout.rstrip().rpartition("\n")[2]
    print(line, flush=True)
    result: dict[str, Any] = json.loads(line)
    return result


def table(results: list[dict[str, Any]]) -> str:
    """The results as a page."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Each ratio compares with a reference measured in the same run, so it says",
        "more than the seconds do, which are those of one machine.",
        "",
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "",
        "| benchmark | times faster | than | more |",
        "| --- | --- | --- | --- |",
    ]
    for result in results:
        known = {"benchmark", "ratio", "reference"}
        more = ", ".join(f"{key} {value}" for key, value in result.items() if key not in known)
        lines.append(f"| {result['benchmark']} | {result['ratio']:.1f} | {result['reference']} | {more} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    page = table([run(name) for name in names()])
    if len(sys.argv) == 1:
        RESULTS.write_text(page)
