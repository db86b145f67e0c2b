"""What the demo's team believes and what the market thinks of it."""

from dataclasses import dataclass, field
from typing import Any

from sprints.services.demo.market import ArmTruth


@dataclass(frozen=True, slots=True)
class DemoCampaign:
    """A hypothesis with its campaign as REST would be told, and the truth about its arms."""

    key: str
    owner: str
    hypothesis: dict[str, Any]
    campaign: dict[str, Any]
    truths: dict[str, ArmTruth] = field(default_factory=dict)


def _arms(control: tuple[str, str], *treatments: tuple[str, str]) -> list[dict[str, Any]]:
    arms = [control, *treatments]
    return [
        {
            "key": key,
            "name": name,
            "is_control": position == 0,
            "planned_share": str(round(1 / len(arms), 6)),
        }
        for position, (key, name) in enumerate(arms)
    ]


def _criterion(
    metric: str, comparator: str, threshold: str, guards: dict[str, str | int], level: str = "campaign"
) -> dict[str, Any]:
    return {
        "metric": metric,
        "comparator": comparator,
        "threshold": threshold,
        "guards": guards,
        "level": level,
    }


PAST = (
    DemoCampaign(
        key="short-demo-form",
        owner="ravi",
        hypothesis={
            "title": "Three fields beat nine",
            "change": "a demo form with three fields instead of nine",
            "audience": "visitors who compare payroll providers",
            "expected_effect": "lower the cost of a trial",
            "because": "two of three visitors leave the form at the tax number",
            "kind": "landing_page",
            "buyer_stage": "intent",
            "driver": "convenience",
            "persona": "Office manager, 20 to 80 employees",
            "primary_metric": "cpa",
            "target": "18.00",
            "mde_relative": 0.2,
            "impact": 8,
            "confidence": 6,
            "ease": 7,
            "predicted_success": 0.5,
        },
        campaign={
            "name": "Short demo form",
            "channel": "google",
            "budget": "6000.00",
            "components": ["landing page", "one search ad"],
            "arms": _arms(("nine", "Nine fields"), ("three", "Three fields")),
            "kill_criteria": [_criterion("cpa", "above", "24.00", {"spend": "1200.00", "days": 2})],
        },
        truths={
            "nine": ArmTruth(400, 21.0, 0.024, 0.046, 0.22),
            "three": ArmTruth(400, 21.0, 0.024, 0.081, 0.22),
        },
    ),
    DemoCampaign(
        key="job-title-ads",
        owner="elin",
        hypothesis={
            "title": "Job titles find buyers faster than interests",
            "change": "targeting by job title",
            "audience": "heads of finance at firms of 50 to 200",
            "expected_effect": "bring trials for less than interests do",
            "because": "our last ten customers were signed by a head of finance",
            "kind": "audience",
            "buyer_stage": "consideration",
            "driver": "status",
            "persona": "Head of finance",
            "primary_metric": "cpa",
            "target": "18.00",
            "mde_relative": 0.25,
            "impact": 6,
            "confidence": 4,
            "ease": 8,
            "predicted_success": 0.35,
        },
        campaign={
            "name": "Job-title ads",
            "channel": "linkedin",
            "budget": "4500.00",
            "components": ["two ads"],
            "arms": _arms(("interest", "By interest"), ("title", "By job title")),
            "kill_criteria": [_criterion("cpa", "above", "30.00", {"spend": "1000.00", "days": 2})],
        },
        truths={
            "interest": ArmTruth(310, 34.0, 0.012, 0.052, 0.2),
            "title": ArmTruth(310, 41.0, 0.011, 0.048, 0.2),
        },
    ),
    DemoCampaign(
        key="webinar-invitation",
        owner="mia",
        hypothesis={
            "title": "A webinar warms cold leads",
            "change": "an invitation to a live webinar instead of a white paper",
            "audience": "people who read two articles",
            "expected_effect": "turn more clicks into sign-ups",
            "because": "attendees of the last one booked twice as many demos",
            "kind": "offer",
            "buyer_stage": "awareness",
            "driver": "gain",
            "objection": "“Not another download”",
            "primary_metric": "cvr",
            "conversion_name": "sign-up",
            "conversion_name_plural": "sign-ups",
            "outcome_metric": "cost_per_sales_qualified_lead",
            "target": "0.060",
            "mde_relative": 0.2,
            "impact": 5,
            "confidence": 5,
            "ease": 6,
            "predicted_success": 0.4,
        },
        campaign={
            "name": "Webinar invitation",
            "channel": "meta",
            "budget": "3000.00",
            "components": ["registration page", "three ads"],
            "arms": _arms(("paper", "White paper"), ("webinar", "Webinar")),
            "kill_criteria": [_criterion("ctr", "below", "0.006", {"impressions": 40000})],
        },
        truths={
            "paper": ArmTruth(240, 11.0, 0.0105, 0.055, 0.15),
            "webinar": ArmTruth(240, 11.0, 0.0108, 0.057, 0.15),
        },
    ),
)

PRESENT = (
    DemoCampaign(
        key="founder-video",
        owner="mia",
        hypothesis={
            "title": "Founder video beats studio video",
            "change": "a founder filmed on a phone",
            "audience": "cold visitors, 25 to 44",
            "expected_effect": "lower the cost of a trial",
            "because": "people on sales calls praise our candour",
            "kind": "creative_angle",
            "buyer_stage": "awareness",
            "driver": "trust",
            "persona": "Owner of a firm with 10 to 50 employees",
            "objection": "“Payroll vendors hide the price”",
            "primary_metric": "cpa",
            "target": "18.00",
            "mde_relative": 0.2,
            "guardrail_metrics": ["cpm"],
            "impact": 7,
            "confidence": 6,
            "ease": 8,
            "predicted_success": 0.4,
        },
        campaign={
            "name": "Founder video",
            "channel": "meta",
            "budget": "6000.00",
            "components": ["landing page", "two videos"],
            "arms": _arms(("studio", "Studio"), ("founder", "Founder")),
            "kill_criteria": [
                _criterion("cpa", "above", "22.00", {"spend": "1500.00", "days": 2}),
                _criterion("ctr", "below", "0.005", {"impressions": 60000}, level="arm"),
            ],
        },
        truths={
            "studio": ArmTruth(600, 9.0, 0.0110, 0.056, 0.25),
            "founder": ArmTruth(600, 9.0, 0.0130, 0.072, 0.27),
        },
    ),
    DemoCampaign(
        key="penalty-headlines",
        owner="elin",
        hypothesis={
            "title": "Fear of penalties opens the wallet",
            "change": "headlines about late-filing penalties",
            "audience": "bookkeepers in the last week of the quarter",
            "expected_effect": "win more clicks from the same reach",
            "because": "support tickets about penalties triple in that week",
            "kind": "message",
            "buyer_stage": "awareness",
            "driver": "fear_of_loss",
            "persona": "Bookkeeper",
            "primary_metric": "ctr",
            "outcome_metric": "cpa",
            "target": "0.008",
            "mde_relative": 0.25,
            "impact": 6,
            "confidence": 5,
            "ease": 9,
            "predicted_success": 0.45,
        },
        campaign={
            "name": "Penalty season headlines",
            "channel": "meta",
            "budget": "4500.00",
            "components": ["four headlines"],
            "arms": _arms(("calm", "Calm headline"), ("penalty", "Penalty headline")),
            "kill_criteria": [_criterion("ctr", "below", "0.005", {"spend": "1500.00"})],
        },
        truths={
            "calm": ArmTruth(450, 8.5, 0.0036, 0.04, 0.2),
            "penalty": ArmTruth(450, 8.5, 0.0034, 0.04, 0.2),
        },
    ),
    DemoCampaign(
        key="pricing-calculator",
        owner="ravi",
        hypothesis={
            "title": "A calculator answers the price question",
            "change": "a pricing calculator in place of “Book a demo”",
            "audience": "searchers for payroll prices",
            "expected_effect": "lower the cost of a trial",
            "because": "“price” is the word most often searched on our site",
            "kind": "call_to_action",
            "buyer_stage": "consideration",
            "driver": "convenience",
            "primary_metric": "cpa",
            "target": "18.00",
            "mde_relative": 0.2,
            "impact": 7,
            "confidence": 5,
            "ease": 4,
            "predicted_success": 0.5,
        },
        campaign={
            "name": "Pricing calculator",
            "channel": "google",
            "budget": "6000.00",
            "components": ["calculator page", "two search ads"],
            "arms": _arms(("demo", "Demo page"), ("calculator", "Calculator")),
            "kill_criteria": [_criterion("cpa", "above", "22.00", {"spend": "1500.00", "days": 2})],
        },
        truths={
            "demo": ArmTruth(560, 19.0, 0.023, 0.044, 0.24),
            "calculator": ArmTruth(560, 19.0, 0.022, 0.046, 0.24),
        },
    ),
)

BACKLOG = (
    {
        "title": "A customer's words beat ours",
        "change": "ads that quote a customer's first payroll run",
        "audience": "visitors who left the trial page",
        "expected_effect": "finish more trials",
        "because": "reviews are read more than feature pages",
        "kind": "creative_angle",
        "buyer_stage": "consideration",
        "driver": "trust",
        "primary_metric": "cvr",
        "outcome_metric": "cpa",
        "target": "0.070",
        "impact": 6,
        "confidence": 7,
        "ease": 7,
    },
    {
        "title": "Yearly price first",
        "change": "the yearly price shown before the monthly one",
        "audience": "visitors of the price page",
        "expected_effect": "raise the return on ad spend",
        "because": "yearly customers stay and pay in advance",
        "kind": "pricing",
        "buyer_stage": "purchase",
        "driver": "gain",
        "primary_metric": "roas",
        "target": "2.5",
        "impact": 8,
        "confidence": 3,
        "ease": 5,
    },
)

UNPLANNED = DemoCampaign(
    key="brand-search-germany",
    owner="",
    hypothesis={},
    campaign={"name": "Brand search, Germany", "channel": "google", "external_id": "18923471120"},
    truths={"all": ArmTruth(187, 24.0, 0.031, 0.012, 0.1)},
)
