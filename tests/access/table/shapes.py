"""What a row of the table says, and what is sent in several of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.services.exports import ImportOptions
from workspaces.choices import Role, Scope


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done, the least role and the scope that it takes, and the ways to do it.

    ``service``: module and function under ``<app>.services``. ``rest``: method and path. ``page``: the name
    of an address and what it is about; ``shown_on``: the page on which its button stands. ``shown_as``: what
    is looked for there, where that is not the address.
    """

    service: str
    args: Mapping[str, Any] = field(default_factory=dict)
    rest: str = ""
    body: Any = None
    page: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    shown_on: str = ""
    shown_as: str = ""
    role: Role = Role.MARKETER
    scope: Scope | None = None


WHY = {"reason": "Because it is time."}
NEW_SPRINT = {"name": "Next week", "starts_on": "{today}", "ends_on": "{in_four_days}"}
HYPOTHESIS = {
    "title": "Founder video beats studio video",
    "change": "a founder filmed on a phone",
    "audience": "cold, 25-44",
    "expected_effect": "lower cost per lead",
    "because": "sales calls praise candour",
    "kind": "creative_angle",
    "buyer_stage": "awareness",
    "driver": "trust",
    "primary_metric": "cpa",
    "target": "40.00",
    "mde_relative": 0.2,
}
RULE = {
    "metric": "ctr",
    "comparator": "below",
    "threshold": "0.005",
    "level": "campaign",
    "guards": {"spend": "60.00"},
    "evidence": "probable",
    "confidence": 0.95,
    "action": "pause",
}
CAMPAIGN = {
    "key": "fresh-campaign",
    "name": "Fresh campaign",
    "channel": "meta",
    "budget": "2500.00",
    "arms": [
        {"key": "a", "name": "Studio", "is_control": True, "planned_share": 0.5},
        {"key": "b", "name": "Founder", "is_control": False, "planned_share": 0.5},
    ],
    "kill_criteria": [RULE],
}
DECISION = {"decision": "kill", "moved_the_business": False, "learning": "Nobody cared."}
LINES = [{"from": "reserve", "to": "{live}", "amount": "1.00"}]
FILE = b"campaign,arm,day,clicks\nfounder-video,a,2026-11-18,5\n"
OPTIONS = {"content": FILE, "options": ImportOptions(source="meta")}
