"""What the days and the money of a sprint in planning can see of a hypothesis."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from django.utils.translation import gettext as _

from experiments.exceptions import DomainError
from experiments.models import Campaign, Hypothesis
from experiments.models.team_words import words_of
from experiments.services.sizing import ARMS, size_comparison, with_known
from workspaces.permissions import Actor

# A single arm is judged against its target, so that there is no difference to size.
FEWEST_ARMS = 2


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether the sprint is long enough for a campaign; ``why_not`` says why that cannot be told."""

    campaign: Campaign
    days: int
    wanted: float
    # The smallest difference that shows in these days, in words.
    can_see: str = ""
    # ``None`` where no length of time is enough.
    days_needed: int | None = None
    is_enough: bool = False
    # Where the value of today comes from, and that value.
    stands_at: Decimal | None = None
    source: str = ""
    why_not: str = ""

    @property
    def is_known(self) -> bool:
        return not self.why_not


def read_reach(campaign: Campaign, hypothesis: Hypothesis, *, days: int, by: Actor) -> Reach:
    """By the workspace's own prices, else published averages, else the target as today's value."""
    wanted, arms = hypothesis.mde_relative, len(campaign.arms.all())
    if campaign.funding is None:
        return Reach(campaign, days, wanted, why_not=_("Not known before it has a budget."))
    if arms < FEWEST_ARMS:
        return Reach(campaign, days, wanted, why_not=_("One arm is judged against its target alone."))
    per_day = (campaign.funding * ARMS / arms / days).quantize(
        Decimal(1).scaleb(-by.workspace.currency_exponent), ROUND_DOWN
    )
    asked = {
        "primary_metric": hypothesis.primary_metric,
        "mde_relative": Decimal(str(wanted)),
        "money_per_day": per_day,
    }
    values, assumed = with_known(asked, channel=campaign.channel, by=by)
    source = next((item.source for item in assumed if item.name == "stands_at"), "")
    if not source and hypothesis.target is not None:
        values["stands_at"], source = hypothesis.target, _("its target, as nothing better is known")
    words = words_of(hypothesis, by.workspace)
    if "stands_at" not in values:
        why_not = _("Not known: give it a target, as nobody has measured the {metric} yet.")
        return Reach(campaign, days, wanted, why_not=why_not.format(metric=words.metric(hypothesis.metric)))
    try:
        sizing = size_comparison(values=values, words=words, by=by)
    except DomainError as error:
        missing = " ".join(item.message for item in error.errors)
        return Reach(campaign, days, wanted, why_not=missing or error.message)
    reach = next(one for one in sizing.sprints if one.days == days)
    return Reach(
        campaign,
        days,
        wanted,
        can_see=reach.can_see,
        days_needed=sizing.days_needed,
        is_enough=reach.is_enough,
        stands_at=values["stands_at"],
        source=source,
    )
