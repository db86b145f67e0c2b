"""Who could give money and who could take some, with all that is known about each."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from experiments.choices import CampaignStatus, ZombieSignal
from experiments.models import Campaign, ZombieFlag
from experiments.stats.budget import CampaignMoney, MoneyStatus
from sprints.models import sentences
from sprints.selectors.accounts import CampaignAccount, campaign_accounts
from sprints.selectors.chances import Chance, chances
from workspaces.models import Workspace

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# These signals are evidence enough to take the money away, whatever the probabilities.
GIVING_SIGNALS = (ZombieSignal.UNDEAD, ZombieSignal.HOPELESS, ZombieSignal.BARREN)


@dataclass(frozen=True, slots=True)
class Rank:
    """How a campaign stands among those with the same outcome.

    ``p_best``: that it brings the most for its money of ``compared`` campaigns, ``None`` where nobody can
    say: ``why_not``. ``rate_mean`` and ``rate_variance``: what a unit of its money brings.
    """

    p_best: float | None = None
    compared: int = 0
    why_not: "str | StrPromise" = ""
    rate_mean: float | None = None
    rate_variance: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A campaign, its account, its chances, and the zombie signals that nobody has settled.

    ``rank``: only where the workspace's rule compares the campaigns with one another.
    """

    campaign: Campaign
    account: CampaignAccount
    chance: Chance
    signals: tuple[ZombieSignal, ...]
    rank: Rank | None = None

    @property
    def is_ranked(self) -> bool:
        """Whether it is compared with others, so that it needs no target."""
        return self.rank is not None and self.rank.p_best is not None

    @property
    def rate(self) -> tuple[float, float] | None:
        """Posterior mean and variance of what a unit of its money brings; ``None`` where not known."""
        known = self.rank if self.is_ranked else self.chance.days
        if known is None or known.rate_mean is None or known.rate_variance is None:
            return None
        return known.rate_mean, known.rate_variance

    @property
    def is_blind(self) -> bool:
        return ZombieSignal.BLIND in self.signals

    @property
    def giving_signals(self) -> list[ZombieSignal]:
        return [signal for signal in self.signals if signal in GIVING_SIGNALS]

    @property
    def probability(self) -> float | None:
        """What the rule looks at: P(above its target); without a target P(beats its control), after a win."""
        if self.chance.target is None:
            return self.chance.chance_to_beat_control if self.chance.beats_control else None
        return self.chance.p_above_target

    def why_not_receive(self) -> str | None:
        """What keeps money away from it whatever its chances; ``None`` where nothing does."""
        if not self.campaign.is_spending:
            return _(sentences.IT_IS).format(state=CampaignStatus(self.campaign.status).label)
        if self.signals:
            signals = _(" and ").join(str(signal.label) for signal in self.signals)
            return _(sentences.IT_IS).format(state=signals)
        if self.chance.metric is None:
            return _(sentences.NO_HYPOTHESIS)
        if self.chance.target is None and not self.chance.beats_control:
            if self.rank is not None:
                return self._why_no_outcome()
            words = _(sentences.NEITHER_TARGET_NOR_WIN)
            return words.format(metric=self.chance.metric.label)
        return None

    def _why_no_outcome(self) -> str | None:
        """Among ranked campaigns a target is not needed; a win in clicks alone still moves no money."""
        hypothesis, outcome = self.campaign.hypothesis, self.chance.metric
        if hypothesis is None or outcome is None or not hypothesis.metric.needs_outcome:
            return None
        words = _(sentences.NO_OUTCOME)
        return words.format(metric=hypothesis.metric.label, outcome=outcome.label)

    def as_money(self) -> CampaignMoney:
        return CampaignMoney(
            key=self.campaign.key,
            budget=self.account.budget,
            spent=self.account.spent,
            holdback=self.account.holdback,
            status=MoneyStatus.FINISHED if self.campaign.is_finished else MoneyStatus.LIVE,
            probability_above_target=self.probability,
            probability_best=self.rank.p_best if self.rank else None,
            can_receive=self.why_not_receive() is None,
            must_give=bool(self.giving_signals),
            is_blind=self.is_blind,
            state=str(self.campaign.get_status_display()),
        )


def candidates_of(workspace: Workspace, *, at: datetime) -> list[Candidate]:
    """Every launched campaign to which the ledger ever gave money and did not take all of it back."""
    campaigns = Campaign.objects.of(workspace).launched().filter(budget__gt=0)
    found = describe(campaigns.select_related("workspace", "hypothesis").order_by("id"), at=at)
    return [one for one in found if one.account.available or not one.campaign.is_finished]


def describe(campaigns: Iterable[Campaign], *, at: datetime) -> list[Candidate]:
    """These campaigns as candidates, in their order."""
    campaigns = list(campaigns)
    accounts = campaign_accounts(campaigns, at=at)
    # What a finished campaign might have become moves no money.
    known = chances((campaign for campaign in campaigns if not campaign.is_finished), at=at)
    signals: defaultdict[int, list[ZombieSignal]] = defaultdict(list)
    flags = ZombieFlag.objects.unresolved().filter(campaign__among=[campaign.pk for campaign in campaigns])
    for campaign_id, signal in flags.order_by("signal").values_list("campaign", "signal"):
        signals[campaign_id].append(ZombieSignal(signal))
    return [
        Candidate(
            campaign=campaign,
            account=accounts[campaign.pk],
            chance=known.get(campaign.pk, Chance()),
            signals=tuple(signals[campaign.pk]),
        )
        for campaign in campaigns
    ]
