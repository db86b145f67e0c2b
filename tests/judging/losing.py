"""A campaign that breaks its rule."""

from datetime import UTC, datetime
from decimal import Decimal

from experiments.models import Campaign
from tests.factories import report

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Friday after the close of Thursday, and before that of Friday.
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


def loser(campaign: Campaign, *, days: int = 4, spend: str = "500.00") -> None:
    """Half the clicks that a CTR of 0.5 % would bring, day after day."""
    for day in range(16, 16 + days):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=125, spend=Decimal(spend))
