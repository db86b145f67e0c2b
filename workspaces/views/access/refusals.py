"""How a refusal is said."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from workspaces.exceptions import ChangedMeanwhile, DomainError
from workspaces.templatetags.quickno import clock, moment


def words_of(error: ChangedMeanwhile) -> str:
    """Who has changed it, and when."""
    if error.when is None:
        return _("Somebody has changed this meanwhile.")
    is_today = timezone.localtime(error.when).date() == timezone.localdate()
    when = clock(error.when) if is_today else moment(error.when)
    if error.is_own:
        return _("You changed this yourself at {when}, in another window.").format(when=when)
    return _("{who} changed this at {when}.").format(who=error.who, when=when)


def tell(request: HttpRequest, error: DomainError) -> None:
    """Say a refusal, and each thing that is wrong where it names several."""
    sentences = [error.message, *(item.message for item in error.errors if item.message not in error.message)]
    messages.error(request, " ".join(sentences))
