"""Forms in the addresses of lists."""

from typing import ClassVar

from django import forms

from workspaces.forms.base import Form


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
