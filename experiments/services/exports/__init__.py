"""Export files of the ad platforms: read, understood, asked about, imported."""

from experiments.services.exports.columns import read_mapping
from experiments.services.exports.files import (
    ANSWERS,
    answer_file,
    cancel_file,
    confirm_file,
    said_of,
    upload_file,
)
from experiments.services.exports.importing import PRESET_KEYS, import_export, preview_import
from experiments.services.exports.keeping import LARGEST_FILE
from experiments.services.exports.names import (
    ASK_AGAIN,
    LEFT_OUT,
    NEW,
    Level,
    NameBook,
    Said,
    Spelled,
    change_names,
    target_of,
)
from experiments.services.exports.outcome import ImportOptions, ImportOutcome
from experiments.services.exports.presets import PRESETS
from experiments.services.exports.running import read_file, record_file, tidy_files, waiting_files

__all__ = [
    "ANSWERS",
    "ASK_AGAIN",
    "LARGEST_FILE",
    "LEFT_OUT",
    "NEW",
    "PRESETS",
    "PRESET_KEYS",
    "ImportOptions",
    "ImportOutcome",
    "Level",
    "NameBook",
    "Said",
    "Spelled",
    "answer_file",
    "cancel_file",
    "change_names",
    "confirm_file",
    "import_export",
    "preview_import",
    "read_file",
    "read_mapping",
    "record_file",
    "said_of",
    "target_of",
    "tidy_files",
    "upload_file",
    "waiting_files",
]
