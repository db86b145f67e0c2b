"""Bodies of many rows: JSON, newline-delimited JSON and CSV, as fast as they come and without surprises."""

from api.decoding.limits import MOST_BYTES, MOST_ROWS
from api.decoding.media_types import decode_rows

__all__ = ["MOST_BYTES", "MOST_ROWS", "decode_rows"]
