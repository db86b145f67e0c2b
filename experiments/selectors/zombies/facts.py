"""What is known of campaigns beside their numbers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from experiments.models import Breach, Campaign
from workspaces.choices import EventKind
from workspaces.models import Event


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """By campaign id."""

    breaches: Mapping[int, list[Breach]]
    with_criteria: frozenset[int]
    reported_at: Mapping[int, datetime]
    # Nobody reports a campaign while it is paused, so it is not blind before it had time to be reported
    # again.
    resumed_at: Mapping[int, datetime]
    # A killed zombie that was stopped on the platform, too, walks again only with spend after that.
    put_to_rest_at: Mapping[int, datetime]


def read_breaches(campaigns: Sequence[Campaign]) -> dict[int, list[Breach]]:
    """Open breaches, the oldest first."""
    found: defaultdict[int, list[Breach]] = defaultdict(list)
    breaches = Breach.objects.open().filter(campaign_id__among=[campaign.pk for campaign in campaigns])
    for breach in breaches.select_related("watch__arm").order_by("at"):
        found[breach.campaign_id].append(breach)
    return dict(found)


def read_resumptions(campaigns: Iterable[Campaign]) -> dict[int, datetime]:
    """When each of these was last resumed, if ever."""
    by_key = {(campaign.workspace_id, campaign.key): campaign.pk for campaign in campaigns}
    if not by_key:
        return {}
    events = Event.objects.filter(
        workspace__in={workspace for workspace, _ in by_key},
        kind=EventKind.CAMPAIGN_RESUMED,
        subject_type="campaign",
        subject_id__in={key for _, key in by_key},
    )
    last = events.order_by().values_list("workspace", "subject_id").annotate(Max("at"))
    return {by_key[home, key]: at for home, key, at in last if (home, key) in by_key}
