"""Rules to begin with, on the form that writes rules: each fills a row with what it says."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from experiments.choices import GuardKey
from experiments.forms.campaign import CriterionForm
from experiments.models import CriterionTemplate, Hypothesis, KillCriterion
from experiments.services.criteria import MOST_CRITERIA
from experiments.services.templates import USUAL_TEMPLATES
from workspaces.models import Workspace

_USUAL, _OWN = "usual", "own"
_PREFIXES = [f"criterion-{row}" for row in range(MOST_CRITERIA)]


class TemplateChoices:
    """The templates of a workspace as the form offers them."""

    def __init__(self, workspace: Workspace, own: Sequence[CriterionTemplate]) -> None:
        self.workspace = workspace
        self.own = own

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Headings with their options, a value and a label each."""
        usual = [(f"{_USUAL}:{template.key}", str(template.label)) for template in USUAL_TEMPLATES]
        own = [(f"{_OWN}:{template.pk}", template.name) for template in self.own]
        return [(_("Usual rules"), usual), *([(_("Our own"), own)] if own else [])]

    def note(self, value: str) -> str:
        """What is to be known about the chosen one."""
        kind, _, name = value.partition(":")
        return next(
            (str(template.note) for template in USUAL_TEMPLATES if kind == _USUAL and template.key == name),
            "",
        )

    def put(
        self, data: QueryDict, value: str, *, aim: str, target: Decimal | None
    ) -> tuple[QueryDict, str | None]:
        """What was typed, with the chosen rule in the first empty row; and the row's prefix.

        The prefix is ``None`` where there is no such template or no room.
        """
        waiting = next((name for name in _PREFIXES if _waits(data, name, value)), None)
        if waiting is not None:
            return data, waiting
        typed = self._typed(value, aim=aim, target=target)
        prefix = next((name for name in _PREFIXES if _is_free(data, name)), None)
        if typed is None or prefix is None:
            return data, None
        changed = data.copy()
        # A guard that the template does not have would otherwise stay.
        for name in [name for name in changed if name.startswith(f"{prefix}-")]:
            del changed[name]
        for name, text in typed.items():
            changed[f"{prefix}-{name}"] = str(text)
        return changed, prefix

    def aim(self, data: QueryDict, hypothesis: Hypothesis | None) -> QueryDict:
        """What was typed, with the empty rules about what the hypothesis is judged by."""
        changed = data.copy()
        for prefix in [name for name in _PREFIXES if f"{name}-metric" in data and _is_free(data, name)]:
            for name, value in CriterionForm.aimed_at(hypothesis).items():
                changed[f"{prefix}-{name}"] = str(value)
        return changed

    def complete(self, data: QueryDict) -> QueryDict:
        """What was typed, with the guards that templates make of a limit that is there by now."""
        changed = data.copy()
        for prefix in [name for name in _PREFIXES if data.get(f"{name}-begun_with")]:
            row = CriterionForm(data, prefix=prefix, workspace=self.workspace, initial=None)
            if row.guard_by_limit:
                changed[f"{prefix}-guard_0"] = row.guard_by_limit
        return changed

    def _typed(self, value: str, *, aim: str, target: Decimal | None) -> Mapping[str, Any] | None:
        """The chosen rule as a person would type it."""
        kind, _, name = value.partition(":")
        if kind == _USUAL:
            usual = next((item for item in USUAL_TEMPLATES if item.key == name), None)
            if usual is None:
                return None
            fields = usual.fields(aim=aim, target=target)
            typed = CriterionForm.typed(
                KillCriterion(workspace=self.workspace, **fields), workspace=self.workspace
            )
            if GuardKey.SPEND in fields["guards"] or (usual.guards and usual.guard_in_targets is None):
                return typed
            # The spend that only a person knows is asked for where it stands in a rule: first.
            asked = {"guard_0": "", "guard_0_of": GuardKey.SPEND.value, "begun_with": usual.key}
            for number, (key, need) in enumerate((usual.guards or {}).items(), start=1):
                asked |= {f"guard_{number}": str(need), f"guard_{number}_of": key}
            return typed | asked
        own = next((item for item in self.own if kind == _OWN and str(item.pk) == name), None)
        return CriterionForm.typed(own.criterion, workspace=self.workspace) if own else None


def _is_free(data: QueryDict, prefix: str) -> bool:
    return not any(data.get(f"{prefix}-{name}", "").strip() for name in CriterionForm.telling)


def _waits(data: QueryDict, prefix: str, value: str) -> bool:
    """Whether a row that began with that template lacks the guard alone."""
    begun_with = data.get(f"{prefix}-begun_with")
    return (
        bool(begun_with)
        and value == f"{_USUAL}:{begun_with}"
        and not _is_free(data, prefix)
        and not data.get(f"{prefix}-guard_0", "").strip()
    )
