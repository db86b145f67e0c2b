"""Numbers in: what a client or a file says of a day becomes an observation."""

from experiments.services.observations.recording import (
    BatchResult,
    Preview,
    RowChange,
    preview_observations,
    record_observations,
)
from experiments.services.observations.rows import KEY_FIELDS, ROW_FIELDS, Given, Row

__all__ = [
    "KEY_FIELDS",
    "ROW_FIELDS",
    "BatchResult",
    "Given",
    "Preview",
    "Row",
    "RowChange",
    "preview_observations",
    "record_observations",
]
