"""What must be answered before a file is stored, and which campaigns it makes."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.exceptions import FieldError
from experiments.models import Campaign
from experiments.services.exports.known import Identity, new_key
from experiments.services.exports.names import (
    NEW,
)
from experiments.services.exports.outcome import Understood, channel_of
from experiments.services.values import listed
from workspaces.models import Workspace

# So many unknown campaigns are named; more would hide the question.
_MOST_NAMED = 12
# Words that the addresses and the ledger have taken.
_RESERVED_KEYS = frozenset({"new", "reserve", "outside"})


def questions_of(read: Understood, *, workspace: Workspace) -> tuple[list[FieldError], dict[Identity, str]]:
    """All open questions, and keys for the campaigns that the import makes, where it may."""
    export, matched, options = read.export, read.matched, read.options
    questions = [*export.questions, *matched.questions]
    asked = {question.code for question in questions}
    unknown = [identity for identity in matched.unknown if any(identity)]
    if len(unknown) < len(matched.unknown):
        what = (
            _("The file does not say whose numbers these are. Name the campaign.")
            if export.columns.preset.has_campaigns
            else _(
                "These deals do not say which campaign brought them. Add a property that names it to the "
                "export, as a column “Campaign”, or name the campaign here if all of them are of one."
            )
        )
        questions.append(FieldError("no_campaign", what, "campaign"))
    if not unknown or "same_name" in asked:
        return questions, {}
    is_new = [options.create_unplanned or read.matcher.book.target(one) == NEW for one in unknown]
    if not all(is_new):
        unsaid = [identity for identity, new in zip(unknown, is_new, strict=True) if not new]
        questions.append(
            FieldError(
                "unknown_campaign",
                _(
                    "Not known here: {names}. Create them first, name the campaign, or let the "
                    "import take them in as unplanned campaigns."
                ).format(names=_some(unsaid)),
                "campaign",
            )
        )
        return questions, {}
    if doubtful := [identity for identity in unknown if needs_an_answer(identity, read)]:
        questions.append(
            FieldError(
                "namesake",
                _(
                    "{names}: a campaign of that name is here already, on another platform. Is it the same "
                    "one? Say so beside its name."
                ).format(names=_some(doubtful)),
                "campaign",
            )
        )
        return questions, {}
    names = _some(unknown)
    if not channel_of(export, options):
        questions.append(
            FieldError(
                "unknown_channel",
                ngettext(
                    "On which ad platform does {names} run? Name the source.",
                    "On which ad platform do {names} run? Name the source.",
                    len(unknown),
                ).format(names=names),
                "source",
            )
        )
        return questions, {}
    taken = set(_RESERVED_KEYS) | set(Campaign.objects.of(workspace).values_list("key", flat=True))
    unplanned = {}
    for identity in unknown:
        unplanned[identity] = new_key(identity, taken=taken)
        taken.add(unplanned[identity])
    return questions, unplanned


def needs_an_answer(identity: Identity, read: Understood) -> bool:
    """Whether nobody has said yet if a new campaign is one that runs elsewhere under its name."""
    return (
        read.options.asks_about_namesakes
        and identity in read.matched.unknown
        and not read.matcher.book.target(identity)
        and bool(read.matcher.namesakes(identity))
    )


def _some(identities: Sequence[Identity]) -> str:
    names = listed([str(identity) for identity in identities[:_MOST_NAMED]])
    if len(identities) > _MOST_NAMED:
        return _("{names} and {count} more").format(names=names, count=len(identities) - _MOST_NAMED)
    return names
