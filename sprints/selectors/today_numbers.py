"""What the days of all campaigns that Today speaks of come to; worked out once while they stay the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import DateTimeField

from experiments.choices import CampaignStatus
from experiments.models import Arm, Campaign
from experiments.models.campaign import CampaignQuerySet
from experiments.selectors.estimates import Tenants
from experiments.selectors.measurements import followed, measured_spend, paces, read_measurements
from sprints.selectors.accounts import OF_A_CAMPAIGN, CampaignAccount, campaign_accounts
from sprints.selectors.board_numbers import board_numbers, read_for_boards
from sprints.selectors.graveyard import Noes, noes_of
from sprints.selectors.savings import movements_of, with_movements
from sprints.selectors.standing import BoardNumbers
from workspaces.models.kept import kept
from workspaces.models.prepared import Given

# Of up to 300 KB each.
_MOST_KEPT = 50
_OF_A_KILLED = ("days_version", "status", "launched_at", "paused_at", "ended_at")


@dataclass(frozen=True, slots=True, eq=False)
class TodayNumbers:
    """By campaign id. ``spend``: of each reported day. ``paces``: what a day costs. ``accounts``: of those
    that plans take from.
    """

    boards: Mapping[int, BoardNumbers]
    spend: Mapping[int, dict[date, Decimal]]
    paces: Mapping[int, Decimal | None]
    accounts: Mapping[int, CampaignAccount]


def _today_numbers(
    on_boards: Sequence[Campaign],
    others: Sequence[Campaign],
    donors: Sequence[Campaign],
    tenants: Tenants,
    *,
    at: datetime,
) -> TodayNumbers:
    # One reading of the days serves the boards, the zombies' bars, the pace of what is breached and what the
    # plans' donors have left.
    known = read_for_boards(on_boards, beside=others, tenants=tenants)
    return TodayNumbers(
        boards=board_numbers(on_boards, with_analyses=False, tenants=tenants, known=known, at=at),
        spend=measured_spend(known.measured),
        paces=paces(known.measured, at=at),
        accounts=campaign_accounts(donors, measured=known.measured, at=at),
    )


# ``on_boards`` and ``others`` have just been read; ``donors`` are some of them. The days by their version,
# and the time by what it closes and settles.
today_numbers = kept(
    _today_numbers,
    by=lambda on_boards, others, donors, tenants, *, at: [
        list(map(followed, on_boards)),
        [([getattr(one, name) for name in OF_A_CAMPAIGN], one.arms.all()) for one in others],
        [(donor.pk, donor.budget) for donor in donors],
        tenants,
        tenants.clock(at),
    ],
    most=_MOST_KEPT,
)


def killed_of_late() -> CampaignQuerySet:
    """Campaigns that were killed since a moment that is still to be given, with what says what it saved."""
    killed = Campaign.objects.filter(
        status=CampaignStatus.KILLED, ended_at__gte=Given("killed_since", DateTimeField())
    )
    return (
        with_movements(killed.only(*_OF_A_KILLED))
        .with_rows("arms", Arm.objects.only("stopped_at").order_by("position"))
        .order_by("-ended_at", "-pk")
    )


def _noes_of_late(killed: Sequence[Any], tenants: Tenants) -> Noes:
    for campaign in killed:
        campaign.workspace = tenants.workspaces[campaign.workspace_id]
    measured = read_measurements(
        killed, ["spend"], sources=tenants.sources, versions=[one.days_version for one in killed]
    )
    movements = [moved for one in killed for moved in movements_of(one)]
    return noes_of(killed, measured_spend(measured), movements=movements)


# ``killed`` have just been read as ``killed_of_late``. The days by their version.
noes_of_late = kept(
    _noes_of_late,
    by=lambda killed, tenants: [
        [
            (
                [getattr(one, name) for name in ("pk", *_OF_A_KILLED)],
                one.arms.all(),
                [(moved.amount, moved.at) for moved in one.received],
                [(moved.amount, moved.at) for moved in one.given],
            )
            for one in killed
        ],
        tenants,
    ],
    most=_MOST_KEPT,
)
