"""In which order a list stands."""

from collections.abc import Mapping

from django.db.models import Case, F, Value, When
from django.db.models.expressions import Expression, OrderBy
from django.utils.functional import Promise


def by_label(field: str, labels: Mapping[str, str | Promise]) -> Case:
    """Sorts by what the reader sees of a code, in the reader's language."""
    ranked = sorted(labels, key=lambda code: str(labels[code]).casefold())
    return Case(*(When(**{field: code}, then=Value(rank)) for rank, code in enumerate(ranked)))


def ordering(expression: Expression | F, *, is_down: bool) -> OrderBy:
    """What is not known comes last either way."""
    return OrderBy(expression, descending=is_down, nulls_last=True)
