"""What the columns of each platform's export mean, by name, and where a platform hides the daily numbers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from babel.numbers import list_currencies
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Fields of a line beside the measures. Names and ids of what spends the money, from coarse to fine:
LEVELS = ("campaign", "ad_set", "ad")
# What counts whatever a campaign is optimised for; ``result_kind`` says what that is.
RESULTS = "results"
# What only Quickno's own tables have, in the words of a row.
OWN_FIELDS = ("arm", "source", "entity", "reported_at")
TEXT_FIELDS = (
    *LEVELS,
    "campaign_id",
    "ad_set_id",
    "ad_id",
    "currency",
    "day",
    "span_start",
    "span_end",
    "segment",
    "result_kind",
    *OWN_FIELDS,
)

_CURRENCY = re.compile(r"[(\[]([A-Z]{3})[)\]]$")
_CURRENCIES = frozenset(list_currencies())
# Rows of a breakdown add up to the day.
_SEGMENTS = (
    *(
        "age",
        "gender",
        "country",
        "region",
        "placement",
        "platform",
        "publisher platform",
        "impression device",
    ),
    *("device", "device platform", "network", "ad network type", "network (with search partners)", "hour"),
    *(
        "hour of day",
        "time of day (ad account time zone)",
        "time of day (viewer's time zone)",
        "top vs. other",
    ),
)
_DAYS = ("day", "date", "by day", "дата", "tag", "datum", "jour", "fecha")
_NAMES: dict[str, tuple[str, ...]] = {
    "campaign": ("campaign name", "campaign", "кампания", "название кампании"),
    "campaign_id": ("campaign id",),
    "ad_set": ("ad set name", "adset name", "ad group name", "ad group", "ad set", "группа объявлений"),
    "ad_set_id": ("ad set id", "adset id", "ad group id"),
    "ad": ("ad name", "ad", "creative name", "объявление"),
    "ad_id": ("ad id", "creative id"),
    "currency": ("currency code", "currency", "account currency"),
    "segment": _SEGMENTS,
}
_QUICKNOS_OWN: dict[str, tuple[str, ...]] = {
    name: (name.replace("_", " "),)
    for name in (
        *("engagements", "video_views", "sends", "opens", "visits", "marketing_qualified_leads"),
        *("sales_accepted_leads", "sales_qualified_leads", "opportunities", "customers", "pipeline_value"),
        *OWN_FIELDS,
    )
}


@dataclass(frozen=True, slots=True)
class Preset:
    """How one platform's exports are read.

    ``columns`` maps a field to the names of its column, the most fitting first. Where ``is_ranked`` is false,
    two columns for one field are a question to the reader.
    """

    key: str
    name: str | Promise
    columns: Mapping[str, tuple[str, ...]]
    # Columns that no other platform has.
    signature: frozenset[str] = frozenset()
    is_ranked: bool = True
    # Where the platform is told to give days.
    days_setting: str | Promise = ""
    # Columns whose name promises a currency, and names that could mean one field or another.
    currencies: Mapping[str, str] = field(default_factory=dict)
    # Whether campaigns run there: a CRM's numbers are of campaigns that run elsewhere.
    has_campaigns: bool = True
    doubtful: Mapping[str, str] = field(default_factory=dict)


# Meta tells the same purchase or lead under several types; the one that takes in most comes first.
_PURCHASES = (
    "omni purchase",
    "purchase",
    "offsite conversion.fb pixel purchase",
    "onsite web purchase",
    "web in store purchase",
)
_LEADS = (
    "lead",
    "offsite conversion.fb pixel lead",
    "onsite conversion.lead grouped",
    "leadgen grouped",
    "leadgen.other",
)
_META = Preset(
    key="meta",
    name="Meta Ads Manager",
    columns={
        **_NAMES,
        "day": _DAYS,
        "span_start": ("reporting starts", "date start"),
        "span_end": ("reporting ends", "date stop"),
        "impressions": ("impressions", "показы"),
        "reach": ("reach", "охват"),
        "clicks": (
            "link clicks",
            "inline link clicks",
            "unique link clicks",
            "actions:link click",
            "clicks",
            "clicks (all)",
            "клики",
        ),
        "spend": ("amount spent", "spend", "сумма затрат"),
        "conversions": (
            *("purchases", "website purchases"),
            *(f"actions:{name}" for name in _PURCHASES),
            RESULTS,
        ),
        "result_kind": ("result indicator", "result type"),
        "leads": ("leads", "website leads", *(f"actions:{name}" for name in _LEADS), "заявки"),
        "revenue": (
            *("purchases conversion value", "website purchases conversion value"),
            *(f"action values:{name}" for name in _PURCHASES),
            "conversion value",
        ),
        "video_views": ("thruplays", "video plays", "actions:video view"),
        "segment": ("action type", *_SEGMENTS),
    },
    signature=frozenset(
        {
            *("amount spent", "ad set name", "reporting starts", "reporting ends", "attribution setting"),
            *(
                "inline link clicks",
                "action type",
                "actions",
                "action values",
                "link clicks",
                "unique link clicks",
                "adset name",
                "date stop",
                "campaign delivery",
                "охват",
            ),
        }
    ),
    days_setting="Ads Manager: Breakdown → By time → Day",
    doubtful={"бюджет": "spend"},
)
_GOOGLE = Preset(
    key="google",
    name="Google Ads",
    columns={
        **_NAMES,
        "campaign_id": ("campaign id", "base campaign", "id"),
        "day": _DAYS,
        "impressions": ("impr", "impressions"),
        "clicks": ("clicks",),
        "spend": ("cost", "cost micros"),
        "conversions": ("conversions",),
        "revenue": ("conv value", "conversions value", "conversion value", "total conv value"),
    },
    signature=frozenset(
        {
            *(
                "impr",
                "conv value",
                "campaign status",
                "cost micros",
                "base campaign",
                "avg cost",
                "cost / conv",
            ),
            *("interactions", "avg cpc", "conv rate", "conversions value"),
        }
    ),
    days_setting="Google Ads: Segment → Time → Day",
)
_LINKEDIN = Preset(
    key="linkedin",
    name="LinkedIn Campaign Manager",
    columns={
        **_NAMES,
        "day": (*_DAYS, "start date (in utc)", "start date"),
        "impressions": ("impressions",),
        "clicks": ("clicks",),
        "engagements": ("total engagements",),
        "spend": ("total spent", "cost in usd", "cost in local currency"),
        "conversions": ("conversions", "external website conversions"),
        "leads": ("leads", "one click leads"),
        "revenue": (
            "total conversion value",
            "conversion value in usd",
            "conversion value in local currency",
        ),
    },
    signature=frozenset(
        {
            *(
                "total spent",
                "start date (in utc)",
                "cost in local currency",
                "cost in usd",
                "one click leads",
            ),
            *("external website conversions", "campaign group name"),
        }
    ),
    days_setting="Campaign Manager: Export → Time breakdown: Daily",
    currencies={"cost in usd": "USD", "conversion value in usd": "USD"},
)
_TIKTOK = Preset(
    key="tiktok",
    name="TikTok Ads Manager",
    columns={
        **_NAMES,
        "day": ("by day", "stat time day", "stat time hour", *_DAYS),
        "segment": ("stat time hour", *_SEGMENTS),
        "impressions": ("impressions",),
        "reach": ("reach",),
        "clicks": ("clicks (destination)", "clicks (all)", "clicks"),
        "spend": ("cost", "spend"),
        "conversions": ("conversions", "conversion"),
        "revenue": ("total purchase value",),
    },
    signature=frozenset(
        {
            *("by day", "stat time hour", "stat time day", "clicks (destination)", "video play actions"),
            *("real time conversion", "cost per 1000 reached"),
        }
    ),
    days_setting="TikTok Ads Manager: Custom report → Dimension: Day",
)
_MICROSOFT = Preset(
    key="microsoft",
    name="Microsoft Advertising",
    columns={
        **_NAMES,
        "day": ("gregorian date", "time period", *_DAYS),
        "impressions": ("impressions", "impr"),
        "clicks": ("clicks",),
        "spend": ("spend", "cost"),
        "conversions": ("conversions", "all conversions"),
        "revenue": ("revenue", "all revenue"),
    },
    signature=frozenset({"gregorian date", "time period", "report name", "last completed available day"}),
    days_setting="Microsoft Advertising: Reports → Show (unit of time): Day",
)
_HUBSPOT = Preset(
    key="hubspot",
    name="HubSpot",
    columns={
        **_NAMES,
        "campaign": (*_NAMES["campaign"], "utm campaign"),
        "day": ("close date", "closedate", "property closedate"),
        # Deals of one campaign and day add up.
        "segment": ("record id", "deal id"),
        "customers": ("won deals",),
        "revenue": ("amount of won deals",),
    },
    signature=frozenset(
        {"won deals", "amount of won deals", "deal name", "deal stage", "record id", "property dealname"}
    ),
    days_setting=_("HubSpot: add the property “Close Date” to the export"),
    has_campaigns=False,
)
_GENERIC = Preset(
    key="generic",
    name=_("a table with a header"),
    columns={
        **_NAMES,
        **_QUICKNOS_OWN,
        "day": _DAYS,
        "span_start": ("reporting starts", "start date", "date start", "from"),
        "span_end": ("reporting ends", "end date", "date stop", "to"),
        "impressions": ("impressions", "impr", "показы"),
        "reach": ("reach", "охват"),
        "clicks": ("clicks", "link clicks", "website clicks", "клики"),
        "spend": ("spend", "amount spent", "cost", "total spent", "spent"),
        "conversions": ("conversions", "conversion", "purchases", "purchase", "orders", "results"),
        "leads": ("leads", "заявки"),
        "revenue": ("revenue", "conv value", "conversion value", "purchase value", "sales value"),
    },
    is_ranked=False,
    days_setting=_("the tool that made the file: choose a breakdown by day"),
    doubtful={"бюджет": "spend"},
)
PRESETS: dict[str, Preset] = {
    preset.key: preset for preset in (_META, _GOOGLE, _LINKEDIN, _TIKTOK, _MICROSOFT, _HUBSPOT, _GENERIC)
}


def normal_name(header: str) -> str:
    """A column's name without what differs between exports: case, underscores, dots and the currency."""
    name = _CURRENCY.sub("", header.strip())
    name = re.sub(r"[\s_]+", " ", name).strip().lower()
    return re.sub(r"(?<=\w)\.(?=\s|$)", "", name)


def currency_in(header: str) -> str:
    """``USD`` out of ``Amount spent (USD)``; "" where there is none."""
    found = _CURRENCY.search(header.strip())
    return found[1] if found and found[1] in _CURRENCIES else ""


def likeliest_preset(names: Iterable[str]) -> Preset:
    """The platform whose own columns are there most; the generic one where there are none."""
    present = set(names)
    best = max(PRESETS.values(), key=lambda preset: len(preset.signature & present))
    return best if best.signature & present else _GENERIC
