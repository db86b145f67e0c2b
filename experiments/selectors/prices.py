"""What a workspace knows before it plans: its own last prices and rates, else published averages."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from experiments.choices import METRICS, Metric, MetricForm
from experiments.models import Campaign
from experiments.selectors.measurements import Measurements, measures_of, read_measurements
from workspaces.models import Source, Workspace

# Of the last campaigns so many speak; older ones bought in another market.
LAST_CAMPAIGNS = 8
_SIX_DIGITS = 6
# WordStream, Google Ads benchmarks 2024 (search, all industries) and Facebook Ads benchmarks 2024 (lead ads):
# averages over US advertisers, in dollars. The price of an impression is that of a click times the CTR.
_PUBLISHED: Final[Mapping[str, tuple[str | Promise, Mapping[str, str]]]] = {
    "google": (
        gettext_lazy("WordStream's averages of 2024 for US search ads on Google"),
        {"ctr": "0.0642", "cpc": "4.66", "cvr": "0.0696", "cpl": "66.69", "cpm": "299.17"},
    ),
    "meta": (
        gettext_lazy("WordStream's averages of 2024 for US lead ads on Facebook"),
        {"ctr": "0.0253", "cpc": "1.88", "cvr": "0.0878", "cpl": "21.98", "cpm": "47.56"},
    ),
}
_DOLLARS = "USD"
# The metric that is the price of one of what a rate is counted against, before its ``per``.
_PRICE_OF = {"impressions": "cpm", "clicks": "cpc"}


@dataclass(frozen=True, slots=True)
class Known:
    """A figure to plan with, and where it comes from: ``your last 4 campaigns on Meta Ads``."""

    value: Decimal
    source: str


def known_figures(workspace: Workspace, metric: Metric, *, channel: str = "") -> dict[str, Known]:
    """By the names of a sizing's fields; what nobody knows is missing. ``channel``: any where empty."""
    campaigns = _last_campaigns(workspace, channel)
    measures = {"spend", "impressions", "clicks", "sends"} | measures_of(metric)
    own = _Own(read_measurements(campaigns, measures)) if campaigns else None
    source = _said(campaigns, workspace, channel)
    found: dict[str, Known] = {}

    def keep(name: str, value: float | None) -> None:
        number = _rounded(value)
        if number is not None:
            found[name] = Known(number, source)

    if own is not None:
        keep("stands_at", own.ratio(metric.numerator, metric.denominator, per=metric.per))
        keep("money_per_day", own.per_day("spend"))
        if metric.form == MetricForm.RATE:
            keep("price_of_exposure", own.ratio("spend", metric.exposure))
        if metric.form == MetricForm.VALUE:
            keep("order_value", own.ratio(metric.numerator, metric.events))
    return _published(metric, channel, workspace) | found


def _last_campaigns(workspace: Workspace, channel: str) -> list[Campaign]:
    campaigns = Campaign.objects.of(workspace).filter(launched_at__isnull=False)
    if channel:
        campaigns = campaigns.filter(channel=channel)
    return list(campaigns.select_related("workspace").order_by("-launched_at", "-pk")[:LAST_CAMPAIGNS])


def _said(campaigns: list[Campaign], workspace: Workspace, channel: str) -> str:
    name = Source.objects.of(workspace).filter(key=channel).values_list("name", flat=True).first() or channel
    count = len(campaigns)
    if not channel:
        return ngettext("your last campaign", "your last {count} campaigns", count).format(count=count)
    said = ngettext("your last campaign on {channel}", "your last {count} campaigns on {channel}", count)
    return said.format(count=count, channel=name)


def _published(metric: Metric, channel: str, workspace: Workspace) -> dict[str, Known]:
    source, figures = _PUBLISHED.get(channel, ("", {}))
    source = _("not yours: {source}").format(source=source)
    in_dollars = workspace.currency == _DOLLARS
    found = {}
    if metric.key in figures and (in_dollars or metric.is_share):
        found["stands_at"] = Known(Decimal(figures[metric.key]), source)
    price = _PRICE_OF.get(metric.exposure, "")
    if metric.form == MetricForm.RATE and price in figures and in_dollars:
        found["price_of_exposure"] = Known(Decimal(figures[price]) / METRICS[price].per, source)
    return found


def _rounded(value: float | None) -> Decimal | None:
    """To six significant digits: a mean is worth no more."""
    if value is None or not value > 0:
        return None
    number = Decimal(repr(float(value)))
    return number.quantize(Decimal(1).scaleb(number.adjusted() - _SIX_DIGITS + 1), ROUND_HALF_EVEN)


class _Own:
    """Ratios of sums over the days on which the campaigns ran."""

    def __init__(self, measured: Measurements) -> None:
        self.measured = measured

    def ratio(self, numerator: str, denominator: str, *, per: int = 1) -> float | None:
        """Over the cells that report both."""
        if not self.measured.length:
            return None
        both = self.measured.ran(numerator) & self.measured.ran(denominator)
        bottom = float(self.measured.values[denominator][both].sum())
        return float(self.measured.values[numerator][both].sum()) / bottom * per if bottom else None

    def per_day(self, measure: str) -> float | None:
        """The mean day of a campaign, all of its arms together."""
        if not self.measured.length:
            return None
        ran = self.measured.ran(measure)
        days = int(np.any(ran, axis=1).sum())
        return float(self.measured.values[measure][ran].sum()) / days if days else None
