"""Lists of rows that grow by a button."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Generic, TypeVar

from experiments.forms.campaign.posts import Data, is_unsent, typed
from workspaces.forms import Form
from workspaces.models import Workspace


class RowForm(Form):
    """A row of a list. A row in which nothing was typed is not there."""

    # Typing in any of these makes it a row.
    telling: tuple[str, ...] = ()
    # A browser would insist on what is required of a row, also where there is none.
    use_required_attribute = False

    def __init__(
        self, data: Data, *, prefix: str, workspace: Workspace, initial: dict[str, Any] | None
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial, prefix=prefix)

    @property
    def is_blank(self) -> bool:
        return not any(self.data.get(self.add_prefix(name), "").strip() for name in self.telling)


RowT = TypeVar("RowT", bound=RowForm)


class Rows(Generic[RowT]):
    """A list of rows that grows by a button, without script: it posts, and one more row comes back."""

    def __init__(
        self,
        form_class: type[RowT],
        data: Data,
        *,
        name: str,
        workspace: Workspace,
        initial: Sequence[dict[str, Any]],
        fewest: int,
        most: int,
    ) -> None:
        self.name = name
        self.most = most
        prefixes = [f"{name}-{number}" for number in range(most)]
        posted = list(takewhile(lambda prefix: f"{prefix}-{form_class.telling[0]}" in (data or {}), prefixes))
        count = max(len(initial), fewest) if data is None else len(posted) + (data.get("more") == name)
        given = dict(zip(prefixes, initial, strict=False))
        if is_unsent(data):
            given = {prefix: typed(data, f"{prefix}-") for prefix in posted}
        self.forms: list[RowT] = [
            form_class(
                data if prefix in posted and not is_unsent(data) else None,
                prefix=prefix,
                workspace=workspace,
                initial=given.get(prefix),
            )
            for prefix in prefixes[: max(count, 1)]
        ]
        for form in self.blank:
            # What it lacks is nobody's fault.
            form.hold_back()

    @property
    def filled(self) -> list[RowT]:
        return [form for form in self.forms if not form.is_blank]

    @property
    def blank(self) -> list[RowT]:
        return [form for form in self.forms if form.is_blank]

    @property
    def can_grow(self) -> bool:
        return len(self.forms) < self.most

    def is_valid(self) -> bool:
        # Each is asked, so that everything wrong is said at once.
        answers = [form.is_valid() for form in self.filled]
        return all(answers)
