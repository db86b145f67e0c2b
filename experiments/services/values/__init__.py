"""Reading what a caller sent, field by field, so that everything that is wrong with it is said at once."""

from experiments.services.values.reading import FIRST_DAY, LARGEST_MONEY, Values, decimal_or_none, invalid
from experiments.services.values.wording import in_quotes, listed, quoted

__all__ = [
    "FIRST_DAY",
    "LARGEST_MONEY",
    "Values",
    "decimal_or_none",
    "in_quotes",
    "invalid",
    "listed",
    "quoted",
]
