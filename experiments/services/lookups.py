"""Finding what is to be changed, in the actor's workspace only, and locking it.

The locks leave the rows' keys alone: whoever has written a row that points to a campaign holds its key, and
two of those who then changed the campaign's state would otherwise wait for one another.
"""

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from experiments.exceptions import NotFound
from experiments.models import Campaign, Hypothesis
from workspaces.permissions import Actor


def _campaigns(by: Actor) -> QuerySet[Campaign]:
    return Campaign.objects.of(by.workspace).select_related("workspace", "hypothesis__owner")


def find_campaign(key: str, *, by: Actor) -> Campaign:
    # PostgreSQL takes no NUL in a text, not even to say that there is none such.
    campaign = None if "\x00" in key else _campaigns(by).filter(key=key).first()
    if campaign is None:
        raise NotFound(_("There is no campaign “{key}” here.").format(key=key))
    return campaign


def lock_campaign(key: str, *, by: Actor) -> Campaign:
    """The campaign's row, held until the end of the transaction: whoever changes its state waits here."""
    campaign = (
        None
        if "\x00" in key
        else (_campaigns(by).select_for_update(of=("self",), no_key=True).filter(key=key).first())
    )
    if campaign is None:
        raise NotFound(_("There is no campaign “{key}” here.").format(key=key))
    return campaign


def lock_hypothesis(hypothesis_id: int, *, by: Actor) -> Hypothesis:
    hypothesis = (
        Hypothesis.objects.of(by.workspace)
        .select_related("workspace", "owner")
        .select_for_update(of=("self",), no_key=True)
        .filter(pk=hypothesis_id)
        .first()
    )
    if hypothesis is None:
        raise NotFound(_("There is no hypothesis {hypothesis_id} here.").format(hypothesis_id=hypothesis_id))
    return hypothesis
