"""Campaigns that are judged together, and everything that their judging looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from experiments.choices import METRICS
from experiments.models import Arm, Campaign
from experiments.selectors.estimates import Estimates, read_tenants
from experiments.selectors.evidence import measures_for
from experiments.selectors.flags import is_flagged, read_flags
from experiments.selectors.maturity import MatureDays, mature_days
from experiments.selectors.measurements import latest_day, read_measurements
from experiments.selectors.rules import Rules, read_rules
from experiments.selectors.zombies import find_zombies, zombie_measures, zombie_metrics
from experiments.services.judging.flagging import FlagChanges, plan_flags
from experiments.services.judging.looking import Look, is_tampered, look

# What judging and telling of it need; the rest stays in the database.
_CAMPAIGN = [
    *("key", "name", "status", "budget", "criteria_digest", "stop_reason", "runs_until", "judge_due_at"),
    *("cut_at", "cut_from", "cut_to"),
    *("launched_at", "paused_at", "ended_at", "workspace", "hypothesis__title", "hypothesis__decide_by"),
    *("hypothesis__primary_metric", "hypothesis__target", "hypothesis__status"),
]
_ARMS = (
    Arm.objects.only("key", "status", "stopped_at", "position", "campaign")
    .annotate(is_flagged=is_flagged("campaign"))
    .order_by("campaign_id", "position")
)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What the criteria of some campaigns see; read from the database, nothing written.

    ``campaigns``: those that are judged. ``tampered``: those whose criteria are not what was frozen.
    ``flagged``: those of which a zombie flag is to be read.
    """

    campaigns: Sequence[Campaign]
    tampered: Sequence[Campaign]
    flagged: Sequence[Campaign]
    rules: Rules
    days: dict[str, MatureDays]
    estimates: Estimates
    look: Look

    def flags(self, *, at: datetime, breached: bool = False) -> list[FlagChanges]:
        """What becomes of the zombie flags, the campaigns being as they are now; ``breached``: just now."""
        flags = read_flags(self.flagged)
        signals = find_zombies(
            self.look.measured,
            self.days,
            self.estimates,
            self.rules,
            flags,
            has_breaches=breached or self.rules.has_breach,
            at=at,
        )
        return plan_flags(self.campaigns, signals, flags, at=at)


def build_case(campaigns: QuerySet[Campaign], *, at: datetime) -> Case:
    """Read what is needed to judge the campaigns at ``at``, in as many queries however many they are."""
    rows = list(campaigns.select_related("hypothesis").only(*_CAMPAIGN).order_by("pk"))
    tenants = read_tenants(campaign.workspace_id for campaign in rows)
    for campaign in rows:
        campaign.workspace = tenants.workspaces[campaign.workspace_id]
    rules = read_rules(rows)
    tampered = [campaign for campaign in rows if is_tampered(campaign, rules.criteria[campaign.pk])]
    sound = [campaign for campaign in rows if campaign not in tampered] if tampered else rows
    criteria = [criterion for campaign in sound for criterion in rules.criteria[campaign.pk]]
    arms, flagged = _read_arms(sound)
    measured = read_measurements(
        sound,
        measures_for(criteria) | zombie_measures(sound),
        as_of=latest_day(at),
        baseline=True,
        arms=arms,
        sources=tenants.sources,
    )
    metrics = {criterion.metric for criterion in criteria} | zombie_metrics(sound)
    days = {key: mature_days(METRICS[key], measured, tenants.estimates, at=at) for key in sorted(metrics)}
    return Case(
        campaigns=sound,
        tampered=tampered,
        flagged=flagged,
        rules=rules,
        days=days,
        estimates=tenants.estimates,
        look=look(rules, measured, days, tenants.estimates, at=at),
    )


def _read_arms(campaigns: Sequence[Campaign]) -> tuple[list[list[Arm]], list[Campaign]]:
    """The arms of each campaign, and the campaigns of which a zombie flag is to be read.

    The latter cannot be asked while the campaigns are read: whoever waits there for another worker to let go
    of them would not see the flags that it has just raised.
    """
    arms: dict[int, list[Arm]] = {campaign.pk: [] for campaign in campaigns}
    flagged = set()
    for arm in _ARMS.filter(campaign_id__among=arms):
        arms[arm.campaign_id].append(arm)
        if arm.is_flagged:
            flagged.add(arm.campaign_id)
    return list(arms.values()), [campaign for campaign in campaigns if campaign.pk in flagged]
