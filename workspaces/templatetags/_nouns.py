"""What is counted on pages, by its English noun: ``3 campaigns``."""

from django.utils.functional import Promise
from django.utils.translation import ngettext_lazy

NOUNS: dict[str, Promise] = {
    "arm": ngettext_lazy("%(number)s arm", "%(number)s arms", "count"),
    "campaign": ngettext_lazy("%(number)s campaign", "%(number)s campaigns", "count"),
    "code": ngettext_lazy("%(number)s code", "%(number)s codes", "count"),
    "comparison": ngettext_lazy("%(number)s comparison", "%(number)s comparisons", "count"),
    "day": ngettext_lazy("%(number)s day", "%(number)s days", "count"),
    "ended campaign": ngettext_lazy("%(number)s ended campaign", "%(number)s ended campaigns", "count"),
    "hour": ngettext_lazy("%(number)s hour", "%(number)s hours", "count"),
    "learning": ngettext_lazy("%(number)s learning", "%(number)s learnings", "count"),
    "line": ngettext_lazy("%(number)s line", "%(number)s lines", "count"),
    "new row": ngettext_lazy("%(number)s new row", "%(number)s new rows", "count"),
    "passkey": ngettext_lazy("%(number)s passkey", "%(number)s passkeys", "count"),
    "question": ngettext_lazy("%(number)s question", "%(number)s questions", "count"),
    "recovery code": ngettext_lazy("%(number)s recovery code", "%(number)s recovery codes", "count"),
    "room": ngettext_lazy("%(number)s room", "%(number)s rooms", "count"),
    "row": ngettext_lazy("%(number)s row", "%(number)s rows", "count"),
    "thing": ngettext_lazy("%(number)s thing", "%(number)s things", "count"),
    "zombie": ngettext_lazy("%(number)s zombie", "%(number)s zombies", "count"),
}
