"""The team's own word for something, as it stands in the sentences of the pages."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WORD_LENGTH = 40
# Beside letters, marks, digits and dashes of any script.
_ALSO_IN_WORDS = " .'’/&+"


def check_word(word: str) -> None:
    """Raise ``ValidationError`` unless people write a word so: without markup or what is not seen."""
    kinds = {unicodedata.category(sign) for sign in word if sign not in _ALSO_IN_WORDS}
    is_clean = all(kind[0] in "LMN" or kind == "Pd" for kind in kinds)
    if not is_clean or not any(kind[0] == "L" for kind in kinds):
        raise ValidationError(
            _("Use letters, digits, spaces and hyphens only, like “sign-up”."), code="no_word"
        )
