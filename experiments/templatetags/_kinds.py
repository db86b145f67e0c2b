"""The kinds of evidence, as the form of a rule offers them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import EvidenceKind
from experiments.forms.campaign import CriterionForm
from experiments.templatetags import _risks


@dataclass(frozen=True, slots=True)
class EvidenceChoice:
    """One answer to what counts as sure; ``risk``: of 100 good campaigns, how many it stops by mistake."""

    value: str
    name: str | Promise
    about: str | Promise
    tag: str | Promise
    anchor: str
    is_chosen: bool
    risk: str
    is_risky: bool


EVIDENCE = {
    EvidenceKind.PROBABLE: (
        gettext_lazy("Probably"),
        gettext_lazy("Allows for good and bad days, and for what arrives late."),
        "sure-that-it-misses-its-limit",
    ),
    EvidenceKind.ALWAYS_VALID: (
        gettext_lazy("However often you look"),
        gettext_lazy("The strictest. Stops fewer good campaigns, and bad ones later."),
        "evidence-at-any-look",
    ),
    EvidenceKind.OBSERVED: (
        gettext_lazy("The number as it stands"),
        gettext_lazy("Takes what is late for missing, and one bad day for the truth."),
        "the-number-as-it-stands",
    ),
    EvidenceKind.OBSERVED_MARGIN: (
        gettext_lazy("The number, with a 10% margin"),
        gettext_lazy("The same, from two days on and only where it misses by more than a tenth."),
        "the-number-as-it-stands",
    ),
}
# So many good campaigns of 100 stopped by mistake are many.
_RISKY = 0.10


def choices_for(row: CriterionForm) -> list[EvidenceChoice]:
    chosen = str(row["evidence"].value() or EvidenceKind.PROBABLE)
    tags = {EvidenceKind.PROBABLE: _("usual"), EvidenceKind.OBSERVED: _("risky")}
    return [
        EvidenceChoice(
            value=kind.value,
            name=name,
            about=about,
            tag=tags.get(kind, ""),
            anchor=anchor,
            is_chosen=chosen == kind,
            risk=_risks.of_hundred(row.risks[kind]) if kind in row.risks else "",
            is_risky=row.risks.get(kind, 0) > _RISKY,
        )
        for kind, (name, about, anchor) in EVIDENCE.items()
    ]
