"""Where money should go: from what fails to what works, within caps (R7).

Quickno's method, described in docs/statistics.md. Amounts are ``Decimal`` and every plan sums to exactly 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from experiments.stats.words import say_probability

RESERVE: Final = "reserve"
DONOR_BELOW: Final = 0.20
RECEIVER_ABOVE: Final = 0.80
GROWTH_CAP: Final = Decimal("0.5")
DONOR_SHARE: Final = Decimal("0.5")
_NOTHING: Final = Decimal(0)


class MoneyStatus(StrEnum):
    """LIVE: spends, may receive or give in part. FINISHED: killed or completed, gives all that is unspent."""

    LIVE = "live"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class CampaignMoney:
    """A campaign's money and evidence.

    ``holdback``: its pace x the days not reported yet, which may be spent already.
    ``probability_above_target``: that its value per unit of money exceeds its own target, ``None`` where not
    known; ``probability_best``: that it has the highest of all, for ``thompson_plan``. ``can_receive``: False
    for a vanity win. ``must_give``: undead, hopeless or barren. ``is_blind``: live without reports, so it
    neither gives nor receives. ``state``: the word for a finished one ("killed").
    """

    key: str
    budget: Decimal
    spent: Decimal
    holdback: Decimal = _NOTHING
    status: MoneyStatus = MoneyStatus.LIVE
    probability_above_target: float | None = None
    probability_best: float | None = None
    can_receive: bool = True
    must_give: bool = False
    is_blind: bool = False
    state: str = "finished"

    def __post_init__(self) -> None:
        if self.key == RESERVE:
            raise ValueError(f"key is {RESERVE!r}, which names the reserve.")
        for name in ("budget", "spent", "holdback"):
            amount = getattr(self, name)
            if not isinstance(amount, Decimal) or not amount.is_finite() or amount < 0:
                raise ValueError(
                    f"{self.key}: {name} is {amount!r}; it must be a finite Decimal of at least 0."
                )
        for name in ("probability_above_target", "probability_best"):
            probability = getattr(self, name)
            if probability is not None and not 0 <= probability <= 1:
                raise ValueError(f"{self.key}: {name} is {probability}; it must be from 0 to 1, or None.")
        if self.status not in set(MoneyStatus):
            raise ValueError(
                f"{self.key}: status is {self.status!r}; it must be one of {', '.join(MoneyStatus)}."
            )

    @property
    def free(self) -> Decimal:
        """What it can give without going below its spend and holdback."""
        return max(self.budget - self.spent - self.holdback, _NOTHING)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement. ``destination`` is a campaign's key or ``RESERVE``."""

    source: str
    destination: str
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``lines``: who gives what to whom. ``change``: of every campaign and the reserve, summing to 0."""

    lines: tuple[Transfer, ...]
    change: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def moved(self) -> Decimal:
        """The sum of all lines."""
        return sum((line.amount for line in self.lines), _NOTHING)


@dataclass(frozen=True, slots=True)
class _Offer:
    key: str
    amount: Decimal
    reason: str
    to_reserve: bool  # whether what no receiver takes goes to the reserve


def split(total: Decimal, room: Sequence[Decimal], *, exponent: int = 2) -> list[Decimal]:
    """Split an amount in proportion to the room, nobody above its own, in whole units of the currency.

    Largest remainders get the odd units (Hamilton's method). ``room`` is in whole units too; ``total`` above
    its sum is cut to it.

    >>> split(Decimal("10.00"), [Decimal("30.00")] * 3)
    [Decimal('3.34'), Decimal('3.33'), Decimal('3.33')]
    """
    whole = sum(room, _NOTHING)
    if total >= whole:
        return list(room)
    unit = Decimal(1).scaleb(-exponent)
    exact = [total * part / whole for part in room]
    shares = [amount.quantize(unit, ROUND_FLOOR) for amount in exact]
    odd = int((total - sum(shares, _NOTHING)) / unit)
    for index in sorted(range(len(room)), key=lambda index: shares[index] - exact[index])[:odd]:
        shares[index] += unit
    return shares


def _pour(offers: Iterable[_Offer], receivers: Sequence[tuple[str, Decimal]], names: Iterable[str]) -> Plan:
    """Fill the receivers in order from the offers in order; the rest stays, or goes to the reserve."""
    lines: list[Transfer] = []
    missing = {key: amount for key, amount in receivers if amount > 0}
    for offer in offers:
        left = offer.amount
        while left > 0 and missing:
            key = next(iter(missing))
            given = min(left, missing[key])
            lines.append(Transfer(offer.key, key, given, offer.reason))
            left -= given
            missing[key] -= given
            if not missing[key]:
                del missing[key]
        if left > 0 and offer.to_reserve:
            lines.append(Transfer(offer.key, RESERVE, left, offer.reason))
    change = dict.fromkeys((*names, RESERVE), _NOTHING)
    for line in lines:
        change[line.source] -= line.amount
        change[line.destination] += line.amount
    return Plan(tuple(lines), MappingProxyType(change))


def _finished(campaigns: Iterable[CampaignMoney], unit: Decimal) -> list[_Offer]:
    return [
        _Offer(
            campaign.key,
            campaign.free.quantize(unit, ROUND_FLOOR),
            f"{campaign.state}, gives all that is unspent",
            to_reserve=True,
        )
        for campaign in campaigns
        if campaign.status == MoneyStatus.FINISHED
    ]


def _checked(
    campaigns: Iterable[CampaignMoney], exponent: int, growth_cap: Decimal
) -> tuple[list[CampaignMoney], Decimal]:
    listed = list(campaigns)
    if len({campaign.key for campaign in listed}) != len(listed):
        raise ValueError("campaigns holds one key twice; every campaign may be there once.")
    if not 0 <= exponent <= 4:  # noqa: PLR2004 - ISO 4217 knows no other
        raise ValueError(f"exponent is {exponent}; a currency has from 0 to 4 decimals.")
    if not growth_cap.is_finite() or growth_cap < 0:
        raise ValueError(f"growth_cap is {growth_cap}; it must be a fraction of at least 0.")
    return listed, Decimal(1).scaleb(-exponent)


def _is_donor(campaign: CampaignMoney) -> bool:
    if campaign.status != MoneyStatus.LIVE or campaign.is_blind:
        return False
    chance = campaign.probability_above_target
    return campaign.must_give or (chance is not None and chance <= DONOR_BELOW)


def _is_receiver(campaign: CampaignMoney) -> bool:
    chance = campaign.probability_above_target
    return (
        campaign.status == MoneyStatus.LIVE
        and campaign.can_receive
        and not (campaign.is_blind or campaign.must_give)
        and chance is not None
        and chance >= RECEIVER_ABOVE
    )


def _why_it_gives(campaign: CampaignMoney) -> str:
    chance = campaign.probability_above_target
    if chance is None:
        return "should stop, gives half"
    return f"{say_probability(chance)} likely to meet its target, gives half"


def shift_plan(
    campaigns: Iterable[CampaignMoney], *, exponent: int = 2, growth_cap: Decimal = GROWTH_CAP
) -> Plan:
    """Move half the budget of those probably below target to those probably above, none beyond the cap.

    A live donor gives at most half its budget, nothing that is spent or held back, and only what receivers
    can take; the least likely to meet its target gives first. Then come the finished, which give all that is
    unspent: what finds no receiver goes to the reserve. Receivers share in proportion to their room.
    ``exponent``: decimals of the currency; ``growth_cap``: the share of its budget a receiver may grow by.

    >>> plan = shift_plan([
    ...     CampaignMoney("loser", Decimal(1000), Decimal(300), probability_above_target=0.07),
    ...     CampaignMoney("winner", Decimal(900), Decimal(300), probability_above_target=0.92),
    ... ])
    >>> [(line.source, line.destination, str(line.amount), line.reason) for line in plan.lines]
    [('loser', 'winner', '450.00', '7.0% likely to meet its target, gives half')]
    """
    listed, unit = _checked(campaigns, exponent, growth_cap)
    donors = sorted(
        (campaign for campaign in listed if _is_donor(campaign)),
        key=lambda campaign: (campaign.probability_above_target or 0.0, campaign.key),
    )
    offers = [
        _Offer(
            campaign.key,
            min(campaign.budget * DONOR_SHARE, campaign.free).quantize(unit, ROUND_FLOOR),
            _why_it_gives(campaign),
            to_reserve=False,
        )
        for campaign in donors
    ] + _finished(listed, unit)
    receivers = sorted(
        (campaign for campaign in listed if _is_receiver(campaign)),
        key=lambda campaign: (-(campaign.probability_above_target or 0.0), campaign.key),
    )
    room = [(campaign.budget * growth_cap).quantize(unit, ROUND_FLOOR) for campaign in receivers]
    offered = sum((offer.amount for offer in offers), _NOTHING)
    shares = split(offered, room, exponent=exponent)
    filled = [(campaign.key, share) for campaign, share in zip(receivers, shares, strict=True)]
    return _pour(offers, filled, (campaign.key for campaign in listed))


def thompson_plan(
    campaigns: Iterable[CampaignMoney], *, exponent: int = 2, growth_cap: Decimal = GROWTH_CAP
) -> Plan:
    """Let the money that can still move follow each campaign's probability of being best (capped Thompson).

    Thompson 1933, *Biometrika* 25, 285. Needs no target. Nobody grows beyond the cap, nobody goes below its
    spend and holdback; what the cap keeps from a receiver stays where it is, or goes to the reserve from a
    finished one. Campaigns without ``probability_best`` and blind ones take no part.

    >>> plan = thompson_plan([
    ...     CampaignMoney("a", Decimal(1000), Decimal(500), probability_best=0.2),
    ...     CampaignMoney("b", Decimal(1000), Decimal(500), probability_best=0.8),
    ... ])
    >>> [(line.source, line.destination, str(line.amount)) for line in plan.lines]
    [('a', 'b', '300.00')]
    """
    listed, unit = _checked(campaigns, exponent, growth_cap)
    rivals = [
        campaign
        for campaign in listed
        if campaign.status == MoneyStatus.LIVE
        and not campaign.is_blind
        and campaign.probability_best is not None
    ]
    finished = _finished(listed, unit)
    chances = [Decimal(str(campaign.probability_best)) for campaign in rivals]
    whole = sum(chances, _NOTHING)
    pot = sum((campaign.free for campaign in rivals), _NOTHING) + sum(
        (offer.amount for offer in finished), _NOTHING
    )
    offers: list[_Offer] = []
    receivers: list[tuple[CampaignMoney, Decimal]] = []
    for campaign, chance in zip(rivals, chances, strict=True):
        change = (pot * chance / whole if whole else campaign.free) - campaign.free
        if change > 0 and campaign.can_receive and not campaign.must_give:
            limit = min(change, campaign.budget * growth_cap)
            receivers.append((campaign, limit.quantize(unit, ROUND_FLOOR)))
        elif change < 0:
            amount = min(-change, campaign.free).quantize(unit, ROUND_FLOOR)
            reason = f"{say_probability(float(chance))} likely to be the best"
            offers.append(_Offer(campaign.key, amount, reason, to_reserve=False))
    demand = sum((room for _, room in receivers), _NOTHING)
    given = split(demand, [offer.amount for offer in offers], exponent=exponent)
    offers = [
        _Offer(offer.key, amount, offer.reason, to_reserve=False)
        for offer, amount in zip(offers, given, strict=True)
    ]
    offers += finished
    offered = sum((offer.amount for offer in offers), _NOTHING)
    shares = split(offered, [room for _, room in receivers], exponent=exponent)
    filled = [(campaign.key, share) for (campaign, _), share in zip(receivers, shares, strict=True)]
    return _pour(offers, filled, (campaign.key for campaign in listed))
