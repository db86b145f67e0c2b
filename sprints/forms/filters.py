"""What a list is narrowed to, and in which order it stands."""

from collections.abc import Mapping
from typing import ClassVar

from django import forms
from django.db.models import Case, F, Value, When
from django.db.models.expressions import Expression, OrderBy
from django.utils.functional import Promise

from workspaces.forms import Form


class FilterForm(Form):
    """A form in the address of a list. A choice that there is not, from an old link, is as good as none."""

    # What arranges the rows, and hides none.
    arranging: ClassVar[tuple[str, ...]] = ()

    def full_clean(self) -> None:
        super().full_clean()
        for name in list(self.errors):
            if isinstance(self.fields.get(name), forms.ChoiceField):
                del self.errors[name]
                self.cleaned_data[name] = ""

    @property
    def is_filtered(self) -> bool:
        """Whether it hides anything."""
        if not self.is_bound:
            return False
        return not self.is_valid() or any(
            given for name, given in self.cleaned_data.items() if name not in self.arranging
        )


def by_label(field: str, labels: Mapping[str, str | Promise]) -> Case:
    """Sorts by what the reader sees of a code, in the reader's language."""
    ranked = sorted(labels, key=lambda code: str(labels[code]).casefold())
    return Case(*(When(**{field: code}, then=Value(rank)) for rank, code in enumerate(ranked)))


def ordering(expression: Expression | F, *, is_down: bool) -> OrderBy:
    """What is not known comes last either way."""
    return OrderBy(expression, descending=is_down, nulls_last=True)
