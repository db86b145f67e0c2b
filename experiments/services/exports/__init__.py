"""Export files of the ad platforms: read, understood, asked about, imported."""

from experiments.services.exports.columns import read_mapping
from experiments.services.exports.importing import (
    PRESET_KEYS,
    ImportOptions,
    ImportOutcome,
    import_export,
    preview_import,
)

__all__ = ["PRESET_KEYS", "ImportOptions", "ImportOutcome", "import_export", "preview_import", "read_mapping"]
