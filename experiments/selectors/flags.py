"""What was said of campaigns' zombie signals before: flags that stand, and answers that still count."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q

from experiments.choices import ZombieResolution, ZombieSignal, ZombieState
from experiments.models import Campaign, ZombieFlag

_STANDS = ~Q(state=ZombieState.RESOLVED)
_KEPT = Q(resolution=ZombieResolution.KEPT)
_PUT_TO_REST = Q(signal=ZombieSignal.UNDEAD, resolution=ZombieResolution.KILLED)
_COUNTS = _STANDS | _KEPT | _PUT_TO_REST


@dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """By campaign id. ``standing``: unresolved flags by signal. ``kept_until``: until when each signal was
    waved through. ``put_to_rest_at``: when it was killed as undead.
    """

    standing: Mapping[int, Mapping[ZombieSignal, ZombieFlag]]
    kept_until: Mapping[int, Mapping[ZombieSignal, date]]
    put_to_rest_at: Mapping[int, datetime]


def is_flagged(campaign: str) -> Exists:
    """Whether ``read_flags`` finds anything of the campaign that a row names in this field."""
    return Exists(ZombieFlag.objects.filter(_COUNTS, campaign=OuterRef(campaign)))


def read_flags(campaigns: Sequence[Campaign]) -> Flags:
    """The flags of these campaigns that count; without a campaign nothing is asked."""
    if not campaigns:
        return Flags({}, {}, {})
    by_id = {campaign.pk: campaign for campaign in campaigns}
    standing: defaultdict[int, dict[ZombieSignal, ZombieFlag]] = defaultdict(dict)
    kept_until: defaultdict[int, dict[ZombieSignal, date]] = defaultdict(dict)
    put_to_rest_at: dict[int, datetime] = {}
    flags = ZombieFlag.objects.filter(_COUNTS, campaign_id__among=by_id)
    # The latest word counts.
    for flag in flags.order_by("resolved_at", "pk"):
        signal = ZombieSignal(flag.signal)
        flag.campaign = by_id[flag.campaign_id]
        flag.workspace = flag.campaign.workspace
        if flag.state != ZombieState.RESOLVED:
            standing[flag.campaign_id][signal] = flag
        elif flag.resolution == ZombieResolution.KEPT and flag.kept_until is not None:
            kept_until[flag.campaign_id][signal] = flag.kept_until
        elif flag.resolution == ZombieResolution.KILLED and flag.resolved_at is not None:
            put_to_rest_at[flag.campaign_id] = flag.resolved_at
    return Flags(standing, kept_until, put_to_rest_at)
