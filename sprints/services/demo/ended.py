"""What the demo's team tried before, and what came of it: mostly noes, and the sooner the better."""

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


def _story(
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


def _bets(success: float, impact: int, confidence: int, ease: int) -> dict[str, Any]:
    return {"predicted_success": success, "impact": impact, "confidence": confidence, "ease": ease}


# It came in without a plan, and nobody said when it should stop.
LONG_YES = DemoCampaign(
    key="brand-search-austria",
    owner="",
    hypothesis={},
    campaign={"name": "Brand search, Austria", "channel": "google", "external_id": "18923471121"},
    truths={"all": ArmTruth(152, 24.0, 0.029, 0.008, 0.1)},
)

SPRINTS = (
    EndedSprint(
        "Who are we for?",
        "Find out whether owners or their offices answer us.",
        (
            Ended(
                _story(
                    "office-skits",
                    "elin",
                    "Laughter makes payroll memorable",
                    (
                        "short sketches about payday in an office",
                        "owners who scroll in the evening",
                        "win more clicks from the same reach",
                        "our funniest post was shared most",
                    ),
                    {**CREATIVES, **_bets(0.45, 6, 5, 6), "driver": "emotion", "persona": OWNERS},
                    ("Office skits", "meta", "2400.00"),
                    (
                        ("Product shots", ArmTruth(130, 8.5, 0.0033)),
                        ("Skits", ArmTruth(130, 8.5, 0.0026)),
                    ),
                    ("ctr", "below", "0.005", {"impressions": 20000}),
                ),
                DecisionKind.KILL,
                "Laughter is not intent.",
                day=2,
            ),
            Ended(
                _story(
                    "free-tax-calendar",
                    "mia",
                    "A free calendar opens the door",
                    (
                        "a tax calendar to print, in return for an address",
                        "bookkeepers at the start of a quarter",
                        "lower the cost of a trial",
                        "deadlines are what they search for",
                    ),
                    {**OFFERS, **_bets(0.4, 5, 5, 8), "driver": "gain", "persona": BOOKKEEPERS},
                    ("Free tax calendar", "google", "2500.00"),
                    (
                        ("Trial", ArmTruth(190, 19.0, 0.023, 0.017, 0.2)),
                        ("Calendar", ArmTruth(190, 19.0, 0.026, 0.014, 0.2)),
                    ),
                    ("cpa", "above", "20.00", {"spend": "900.00"}),
                ),
                DecisionKind.KILL,
                "They print it and never come back.",
                day=5,
            ),
            Ended(
                _story(
                    "exact-words",
                    "ravi",
                    "Exact searches buy, broad ones read",
                    (
                        "exact-match keywords only",
                        "searchers for payroll software",
                        "lower the cost of a trial",
                        "nine of ten trials come from twelve phrases",
                    ),
                    {**AUDIENCES, **_bets(0.6, 7, 7, 9), "driver": "convenience", "persona": OFFICE},
                    ("Exact words only", "google", "7400.00"),
                    (
                        ("Broad", ArmTruth(200, 20.0, 0.023, 0.045, 0.22)),
                        ("Exact", ArmTruth(200, 20.0, 0.026, 0.085, 0.26)),
                    ),
                    ("cpa", "above", "24.00", {"spend": "1200.00"}),
                ),
                DecisionKind.SCALE,
                "Whoever types the exact words has decided to buy. Everybody else is reading.",
                moved=True,
            ),
        ),
    ),
    EndedSprint(
        "What do they fear to lose?",
        "Learn which loss, if any, brings an owner to a trial.",
        (
            Ended(
                _story(
                    "recruiter-cross-sell",
                    "ravi",
                    "Recruiters bring their clients along",
                    (
                        "ads to recruiters instead of their clients",
                        "recruiters in firms of up to 50",
                        "bring trials for less than owners do",
                        "a recruiter sets up the first payroll of each hire",
                    ),
                    {**AUDIENCES, **_bets(0.3, 6, 3, 6), "driver": "gain"},
                    ("Recruiter cross-sell", "linkedin", "2000.00"),
                    (
                        ("Owners", ArmTruth(180, 34.0, 0.0034)),
                        ("Recruiters", ArmTruth(180, 34.0, 0.0024)),
                    ),
                    ("ctr", "below", "0.005", {"impressions": 15000}),
                ),
                DecisionKind.KILL,
                "Recruiters do not run payroll. Ask first.",
                day=3,
            ),
            Ended(
                _story(
                    "spreadsheet-showdown",
                    "elin",
                    "Shame the spreadsheet",
                    (
                        "a side-by-side with the spreadsheet they use",
                        "owners who do payroll by hand",
                        "lower the cost of a trial",
                        "half of our trials come from a spreadsheet",
                    ),
                    {**MESSAGES, **_bets(0.5, 7, 6, 7), "driver": "fear_of_loss", "persona": OWNERS},
                    ("Spreadsheet showdown", "meta", "3000.00"),
                    (
                        ("Features", ArmTruth(220, 10.0, 0.011, 0.026, 0.2)),
                        ("Showdown", ArmTruth(220, 10.0, 0.010, 0.021, 0.2)),
                    ),
                    ("cpa", "above", "21.00", {"spend": "1600.00"}),
                ),
                DecisionKind.KILL,
                "People love their spreadsheet. Do not insult it.",
                day=6,
            ),
            Ended(
                _story(
                    "payslip-first",
                    "mia",
                    "Show the payslip before the price",
                    (
                        "a payslip as the first thing to see",
                        "visitors who compare providers",
                        "lower the cost of a trial",
                        "every demo begins with “show me a payslip”",
                    ),
                    {**PAGES, **_bets(0.5, 7, 6, 6), "driver": "trust", "persona": OFFICE},
                    ("Payslip first", "google", "3600.00"),
                    (
                        ("Price first", ArmTruth(210, 20.0, 0.023, 0.052, 0.22)),
                        ("Payslip first", ArmTruth(210, 20.0, 0.023, 0.056, 0.22)),
                    ),
                    ("cpa", "above", "26.00", {"spend": "1400.00"}),
                ),
                DecisionKind.EVOLVE,
                "A payslip as a picture is skipped. Those who read it line by line start a trial.",
                child={
                    "title": "A payslip that fills itself in",
                    "change": "a payslip that fills itself in as one types a salary",
                    "because": "those who read the payslip line by line start a trial",
                },
            ),
        ),
    ),
    EndedSprint(
        "Show, do not tell",
        "Replace one claim by one thing to look at.",
        (
            Ended(
                _story(
                    "dark-screenshots",
                    "elin",
                    "A dark interface looks modern",
                    (
                        "screenshots in dark colours",
                        "owners under forty",
                        "win more clicks from the same reach",
                        "the apps that they praise are dark",
                    ),
                    {**CREATIVES, **_bets(0.35, 4, 4, 9), "driver": "status", "persona": OWNERS},
                    ("Dark screenshots", "meta", "2000.00"),
                    (
                        ("Light", ArmTruth(130, 8.0, 0.0036)),
                        ("Dark", ArmTruth(130, 8.0, 0.0030)),
                    ),
                    ("ctr", "below", "0.005", {"impressions": 60000}),
                ),
                DecisionKind.KILL,
                "Owners want the payslip, not the interface.",
                day=3,
            ),
            Ended(
                _story(
                    "payslip-fills-in",
                    "mia",
                    "A payslip that fills itself in",
                    ("", "", "", ""),
                    {"driver": "trust", "persona": OFFICE},
                    ("Payslip that fills in", "google", "7000.00"),
                    (
                        ("Picture", ArmTruth(190, 20.0, 0.023, 0.054, 0.22)),
                        ("Fills itself in", ArmTruth(190, 20.0, 0.025, 0.092, 0.25)),
                    ),
                    ("cpa", "above", "24.00", {"spend": "1200.00"}),
                ),
                DecisionKind.SCALE,
                "Let people type one number of their own. It turns a page into a tool.",
                moved=True,
            ),
            Ended(
                _story(
                    "referral-card",
                    "ravi",
                    "A card in the payslip brings neighbours",
                    (
                        "a card that pays both for a referral",
                        "customers after their third payroll",
                        "bring trials for less than search does",
                        "one trial in six names a friend",
                    ),
                    {**OFFERS, **_bets(0.4, 6, 5, 4), "driver": "gain", "persona": OWNERS},
                    ("Referral card", "meta", "2600.00"),
                    (
                        ("No card", ArmTruth(120, 11.0, 0.010, 0.055, 0.3)),
                        ("Card", ArmTruth(120, 11.0, 0.010, 0.059, 0.3)),
                    ),
                    ("cpa", "above", "28.00", {"spend": "1300.00"}),
                ),
                DecisionKind.INCONCLUSIVE,
                "Six days are too short for word of mouth: a neighbour is met once a week.",
            ),
        ),
    ),
    EndedSprint(
        "Borrowed trust",
        "Let somebody else speak for us.",
        (
            Ended(
                _story(
                    "switch-in-a-day",
                    "mia",
                    "Nobody switches because it takes weeks",
                    (
                        "the promise to switch within a day",
                        "firms with another provider",
                        "lower the cost of a trial",
                        "“how long does it take” is asked in every call",
                    ),
                    {**MESSAGES, **_bets(0.55, 8, 6, 7), "driver": "pain", "persona": OFFICE},
                    ("Switch in a day", "google", "3600.00"),
                    (
                        ("Switch easily", ArmTruth(240, 20.0, 0.022, 0.018, 0.2)),
                        ("In a day", ArmTruth(240, 20.0, 0.021, 0.013, 0.2)),
                    ),
                    ("cpa", "above", "20.00", {"spend": "700.00"}),
                ),
                DecisionKind.KILL,
                "Nobody believes a day. They might believe a week.",
                day=4,
            ),
            Ended(
                _story(
                    "accountants-discount",
                    "ravi",
                    "Accountants recommend what their clients get cheaper",
                    (
                        "a discount for clients of an accountant",
                        "accountants with payroll clients",
                        "win more clicks from the same reach",
                        "three accountants asked for one",
                    ),
                    {**OFFERS, **_bets(0.4, 7, 4, 6), "driver": "gain", "persona": ACCOUNTANTS},
                    ("Accountant's discount", "linkedin", "2500.00"),
                    (
                        ("No discount", ArmTruth(190, 31.0, 0.0032)),
                        ("Discount", ArmTruth(190, 31.0, 0.0027)),
                    ),
                    ("ctr", "below", "0.006", {"impressions": 8000}),
                ),
                DecisionKind.KILL,
                "Accountants recommend what works, not what is cheaper.",
                day=2,
            ),
            Ended(
                _story(
                    "host-read-ninety",
                    "elin",
                    "A host who reads our ad is believed",
                    (
                        "ninety seconds read by the host of a podcast",
                        "owners who commute",
                        "lower the cost of a trial",
                        "listeners wrote to us after one interview",
                    ),
                    {**CREATIVES, **_bets(0.4, 6, 4, 5), "driver": "trust", "persona": OWNERS},
                    ("Host read, ninety seconds", "meta", "3200.00"),
                    (
                        ("Spot", ArmTruth(180, 12.0, 0.011, 0.048, 0.2)),
                        ("Host", ArmTruth(180, 12.0, 0.011, 0.052, 0.2)),
                    ),
                    ("cpa", "above", "27.00", {"spend": "1500.00"}),
                ),
                DecisionKind.EVOLVE,
                "The host is believed, but ninety seconds are sixty too many.",
                child={
                    "title": "A host needs thirty seconds",
                    "change": "thirty seconds read by the host of a podcast",
                    "because": "two of three listeners had left after forty",
                },
            ),
        ),
    ),
    EndedSprint(
        "Make it urgent",
        "Learn whether a reason to hurry brings trials forward.",
        (
            Ended(
                _story(
                    "webinar-countdown",
                    "elin",
                    "A countdown fills the webinar",
                    (
                        "a countdown above the registration",
                        "people who read two articles",
                        "win more clicks from the same reach",
                        "the last seats of the last webinar went in an hour",
                    ),
                    {**CREATIVES, **_bets(0.5, 5, 6, 9), "driver": "fear_of_loss", "persona": OFFICE},
                    ("Webinar countdown", "meta", "3000.00"),
                    (
                        ("No countdown", ArmTruth(290, 9.0, 0.0031)),
                        ("Countdown", ArmTruth(290, 9.0, 0.0022)),
                    ),
                    ("ctr", "below", "0.005", {"impressions": 30000}),
                ),
                DecisionKind.KILL,
                "A countdown makes small firms leave, not hurry.",
                day=2,
            ),
            Ended(
                _story(
                    "host-read-thirty",
                    "elin",
                    "A host needs thirty seconds",
                    ("", "", "", ""),
                    {"driver": "trust", "persona": OWNERS},
                    ("Host read, thirty seconds", "meta", "3000.00"),
                    (
                        ("Spot", ArmTruth(210, 12.0, 0.0105, 0.022, 0.2)),
                        ("Host", ArmTruth(210, 12.0, 0.0100, 0.018, 0.2)),
                    ),
                    ("cpa", "above", "20.00", {"spend": "1000.00"}),
                ),
                DecisionKind.KILL,
                "Podcasts are heard at the sink. Nobody starts a trial with wet hands.",
                day=5,
            ),
            Ended(
                _story(
                    "chat-on-pricing",
                    "ravi",
                    "A person answers beside the price",
                    (
                        "a person who answers beside the price",
                        "visitors of the price page",
                        "lower the cost of a trial",
                        "half of the questions in sales calls are about the price",
                    ),
                    {**PAGES, **_bets(0.5, 8, 5, 3), "driver": "trust", "persona": OFFICE},
                    ("Chat on pricing", "google", "7000.00"),
                    (
                        ("No chat", ArmTruth(190, 20.0, 0.023, 0.050, 0.22)),
                        ("Chat", ArmTruth(190, 20.0, 0.023, 0.095, 0.3)),
                    ),
                    ("cpa", "above", "24.00", {"spend": "1200.00"}),
                ),
                DecisionKind.SCALE,
                "One question answered beside the price is worth a week of ads. Staff it first.",
                moved=True,
            ),
        ),
    ),
    EndedSprint(
        "Where they already are",
        "Meet owners in places that they trust.",
        (
            Ended(
                _story(
                    "accountant-creator",
                    "mia",
                    "A creator whom bookkeepers follow",
                    (
                        "a paid mention by a creator",
                        "bookkeepers who follow her",
                        "win more clicks from the same reach",
                        "her followers ask about payroll",
                    ),
                    {
                        "kind": "channel",
                        "buyer_stage": "awareness",
                        **_bets(0.45, 6, 4, 5),
                        "driver": "status",
                        "persona": BOOKKEEPERS,
                    },
                    ("Bookkeeping creator", "meta", "2400.00"),
                    (
                        ("Our account", ArmTruth(210, 9.0, 0.0055)),
                        ("Creator", ArmTruth(210, 9.0, 0.0057)),
                    ),
                    ("ctr", "below", "0.004", {"impressions": 60000}),
                ),
                DecisionKind.KILL,
                "She had praised a competitor the week before. Read the feed before the contract.",
                day=1,
            ),
            Ended(
                _story(
                    "carousel-of-forms",
                    "elin",
                    "A carousel shows how much there is to do",
                    (
                        "a carousel of every form that payroll takes",
                        "owners in their first year",
                        "win more clicks from the same reach",
                        "they did not know half of the forms",
                    ),
                    {**CREATIVES, **_bets(0.4, 5, 5, 8), "driver": "pain", "persona": OWNERS},
                    ("Carousel of forms", "meta", "2200.00"),
                    (
                        ("One picture", ArmTruth(150, 8.5, 0.0035)),
                        ("Carousel", ArmTruth(150, 8.5, 0.0029)),
                    ),
                    ("ctr", "below", "0.005", {"impressions": 70000}),
                ),
                DecisionKind.KILL,
                "Ten forms do not say “we do it for you”. They say “this is work”.",
                day=4,
            ),
            Ended(
                _story(
                    "near-me",
                    "ravi",
                    "Payroll near me",
                    (
                        "the name of the town in the ad",
                        "searchers in towns below 100,000",
                        "lower the cost of a trial",
                        "they call us and ask where we are",
                    ),
                    {**MESSAGES, **_bets(0.5, 6, 6, 7), "driver": "trust", "persona": OWNERS},
                    ("Payroll near me", "google", "6400.00"),
                    (
                        ("No town", ArmTruth(170, 19.0, 0.022, 0.048, 0.22)),
                        ("Town", ArmTruth(170, 19.0, 0.027, 0.083, 0.26)),
                    ),
                    ("cpa", "above", "24.00", {"spend": "1100.00"}),
                ),
                DecisionKind.SCALE,
                "A town's name is worth more than our own. Write the twenty towns, not one page for all.",
                moved=True,
            ),
        ),
    ),
    EndedSprint(
        "Less to be afraid of",
        "Take one fear away before the trial.",
        (
            Ended(
                _story(
                    "which-payroll-quiz",
                    "mia",
                    "A quiz finds their payroll",
                    (
                        "a quiz of eight questions",
                        "visitors who have not decided",
                        "lower the cost of a trial",
                        "they ask which of our plans is theirs",
                    ),
                    {**PAGES, **_bets(0.45, 6, 5, 5), "driver": "convenience", "persona": OFFICE},
                    ("Which payroll? A quiz", "google", "2800.00"),
                    (
                        ("Plans", ArmTruth(200, 20.0, 0.022, 0.018, 0.2)),
                        ("Quiz", ArmTruth(200, 20.0, 0.021, 0.013, 0.2)),
                    ),
                    ("cpa", "above", "20.00", {"spend": "600.00"}),
                ),
                DecisionKind.KILL,
                "Eight questions are seven fields too many, whatever we call them.",
                day=4,
            ),
            Ended(
                _story(
                    "security-badges",
                    "elin",
                    "Badges calm the cautious",
                    (
                        "the badges of our audits beside the form",
                        "heads of finance at firms of 50 to 200",
                        "lower the cost of a trial",
                        "security is asked about before every signature",
                    ),
                    {**PAGES, **_bets(0.35, 4, 5, 9), "driver": "trust", "persona": "Head of finance"},
                    ("Security badges", "linkedin", "3000.00"),
                    (
                        ("No badges", ArmTruth(170, 30.0, 0.016, 0.105, 0.25)),
                        ("Badges", ArmTruth(170, 30.0, 0.016, 0.108, 0.25)),
                    ),
                    ("cpa", "above", "30.00", {"spend": "1500.00"}),
                ),
                DecisionKind.INCONCLUSIVE,
                "If badges help, they help less than six days can show. Not worth a second sprint.",
            ),
            Ended(
                _story(
                    "call-before-trial",
                    "ravi",
                    "Fifteen minutes take the fear away",
                    (
                        "a call of fifteen minutes before the trial",
                        "owners who left the trial at the bank details",
                        "lower the cost of a trial",
                        "they stop where it asks for the bank",
                    ),
                    {**OFFERS, **_bets(0.4, 6, 5, 3), "driver": "fear_of_loss", "persona": OWNERS},
                    ("A call before the trial", "google", "3400.00"),
                    (
                        ("Trial", ArmTruth(190, 20.0, 0.023, 0.056, 0.24)),
                        ("Call first", ArmTruth(190, 20.0, 0.023, 0.053, 0.3)),
                    ),
                    ("cpa", "above", "26.00", {"spend": "1500.00"}),
                ),
                DecisionKind.EVOLVE,
                "The call costs trials and saves customers. Offer it after the bank details, not before.",
                child={
                    "title": "A call at the bank details",
                    "change": "the offer of a call beside the bank details",
                    "because": "those who had the call stayed",
                },
            ),
        ),
    ),
)
