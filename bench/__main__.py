"""Runs every benchmark of this folder and writes RESULTS.md: `make bench`, or `python -m bench [NAME ...]`.

A benchmark is a program of its own. Its last line is one JSON object with at least `benchmark` (what was
done), `ratio` (how many times better than the reference) and `reference` (what it was compared with). One
that has more to show than a line adds `section`, a part of the page under a heading of its own; asked for by
name, it renews that part and its line alone. `details` are for programs and not on the page.
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
    programs = [*FOLDER.glob("*.py"), *(path.parent for path in FOLDER.glob("*/__main__.py"))]
    return sys.argv[1:] or sorted(path.stem for path in programs if not path.stem.startswith("_"))


def run(name: str) -> dict[str, Any]:
    """The result of one benchmark, which is also printed."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}"],
        cwd=FOLDER.parent,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.rstrip().rpartition("\n")[2])
    print(json.dumps({key: value for key, value in result.items() if key != "section"}), flush=True)
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
        "| benchmark | times better | than | more |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*lines, *map(row_of, results)]) + "\n"


def row_of(result: dict[str, Any]) -> str:
    known = {"benchmark", "ratio", "reference", "section", "details"}
    more = ", ".join(f"{key} {value}" for key, value in result.items() if key not in known)
    return f"| {result['benchmark']} | {result['ratio']:.1f} | {result['reference']} | {more} |"


def with_row(page: str, result: dict[str, Any]) -> str:
    """The page with this result in the place of the one that was compared with the same."""
    than = f" | {result['reference']} | "
    lines = page.splitlines()
    return "\n".join(row_of(result) if than in line else line for line in lines) + "\n"


def with_section(page: str, section: str) -> str:
    """The page with this section in the place of the one of the same heading, or at its end."""
    heading = section.partition("\n")[0]
    before, found, after = page.partition(f"\n{heading}\n")
    rest = "\n## " + after.partition("\n## ")[2] if found and "\n## " in after else ""
    return f"{before.rstrip()}\n\n{section.rstrip()}\n{rest}"


if __name__ == "__main__":
    measured = [run(name) for name in names()]
    is_whole = len(sys.argv) == 1
    page = table(measured) if is_whole or not RESULTS.exists() else RESULTS.read_text()
    for result in (result for result in measured if "section" in result):
        page = with_section(with_row(page, result), result["section"])
    if is_whole or any("section" in result for result in measured):
        RESULTS.write_text(page)
