"""Whatever bytes a file holds, it is read, asked about or refused in words."""

import csv
from contextlib import suppress
from datetime import datetime
from io import StringIO

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.exceptions import DomainError
from experiments.models import Campaign
from experiments.services.exports import ImportOptions, preview_import
from workspaces.permissions import Actor

HEADERS = (
    *("Campaign name", "Ad set name", "Campaign ID", "Day", "Reporting starts", "Reporting ends", "Hour"),
    *("Impressions", "Reach", "Clicks", "Cost", "Amount spent (USD)", "Spend [EUR]", "Conv. value", "Бюджет"),
)
CELLS = (
    *("Hook test", "Total", "#1", "2026-02-01", "2/6/2026", "13.02.2026", "Fri, 6 Feb 2026", "--", "N/A", ""),
    *("25,881", "1.234,56", "1.2.3", "77.77%", "US$1.92", "-5", "0", "9" * 60, "4711", "\n", '"', "©"),
)
cells = st.sampled_from(CELLS) | st.text(max_size=6)
tables = st.tuples(
    st.lists(st.sampled_from(HEADERS) | st.text(max_size=6), min_size=1, max_size=6),
    st.lists(st.lists(cells, max_size=7), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.integers(0, 10),
)


def written(table: tuple[list[str], list[list[str]], str, str, int]) -> bytes:
    """A file of that table, of which the end may be missing."""
    header, lines, separator, encoding, missing = table
    text = StringIO()
    csv.writer(text, delimiter=separator).writerows([header, *lines])
    whole = text.getvalue().encode(encoding, "surrogatepass")
    return whole[: len(whole) - missing] if missing else whole


options_like = st.builds(
    ImportOptions,
    preset=st.sampled_from(["auto", "meta", "google", "tiktok", "generic"]),
    campaign=st.sampled_from(["", "hook-test"]),
    arm=st.sampled_from(["", "b"]),
    day_order=st.sampled_from([None, "dmy"]),
    decimal_mark=st.sampled_from([None, "comma"]),
    create_unplanned=st.booleans(),
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(file=tables.map(written) | st.binary(max_size=200), options=options_like)
def test_preview__of_anything__is_an_outcome_or_a_refusal_in_words(
    actor: Actor, campaign: Campaign, at: datetime, file: bytes, options: ImportOptions
) -> None:
    with suppress(DomainError):
        outcome = preview_import(file, options=options, by=actor, at=at)
        assert outcome.received == outcome.inserted + outcome.updated + outcome.unchanged
