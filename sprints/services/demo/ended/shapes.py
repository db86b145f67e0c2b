"""What a hypothesis that is over consists of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sprints.choices import DecisionKind
from sprints.services.demo.campaigns import DemoCampaign
from sprints.services.demo.market import ArmTruth

MESSAGES = {"kind": "message", "buyer_stage": "awareness"}
CREATIVES = {"kind": "creative_angle", "buyer_stage": "awareness"}
AUDIENCES = {"kind": "audience", "buyer_stage": "consideration"}
OFFERS = {"kind": "offer", "buyer_stage": "consideration"}
PAGES = {"kind": "landing_page", "buyer_stage": "intent"}
TARGETS = {"cpa": "18.00", "ctr": "0.008"}
OWNERS = "Owner of a firm with 10 to 50 employees"
OFFICE = "Office manager, 20 to 80 employees"
BOOKKEEPERS = "Bookkeeper"
ACCOUNTANTS = "Accountant with payroll clients"


@dataclass(frozen=True, slots=True)
class Ended:
    """A hypothesis with what was decided about it: on that day of its sprint, or at the review."""

    story: DemoCampaign
    decision: DecisionKind
    learning: str
    day: int | None = None
    moved: bool = False
    child: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class EndedSprint:
    name: str
    goal: str
    ended: Sequence[Ended]


def story_of(
    key: str,
    owner: str,
    title: str,
    belief: tuple[str, str, str, str],
    about: Mapping[str, Any],
    campaign: tuple[str, str, str],
    arms: tuple[tuple[str, ArmTruth], tuple[str, ArmTruth]],
    rule: tuple[str, str, str, Mapping[str, Any]],
) -> DemoCampaign:
    """``belief``: change, audience, effect, because. ``campaign``: name, channel, budget. The first arm is
    the control.
    """
    change, audience, effect, because = belief
    name, channel, budget = campaign
    metric, comparator, threshold, guards = rule
    (control, control_truth), (treatment, treatment_truth) = arms
    return DemoCampaign(
        key=key,
        owner=owner,
        hypothesis={
            "title": title,
            "change": change,
            "audience": audience,
            "expected_effect": effect,
            "because": because,
            "primary_metric": metric,
            "target": TARGETS[metric],
            "mde_relative": 0.25,
            **({"outcome_metric": "cpa"} if metric == "ctr" else {}),
            **about,
        },
        campaign={
            "name": name,
            "channel": channel,
            "budget": budget,
            "components": ["two ads"],
            "arms": [
                {"key": "a", "name": control, "is_control": True, "planned_share": "0.5"},
                {"key": "b", "name": treatment, "is_control": False, "planned_share": "0.5"},
            ],
            "kill_criteria": [
                {
                    "metric": metric,
                    "comparator": comparator,
                    "threshold": threshold,
                    "guards": dict(guards),
                    "level": "campaign",
                }
            ],
        },
        truths={"a": control_truth, "b": treatment_truth},
    )


def bets(success: float, impact: int, confidence: int, ease: int) -> dict[str, Any]:
    return {"predicted_success": success, "impact": impact, "confidence": confidence, "ease": ease}
