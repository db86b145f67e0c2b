"""The first three sprints, and the campaign that came in beside them without a plan."""

from sprints.choices import DecisionKind
from sprints.services.demo.campaigns import DemoCampaign
from sprints.services.demo.ended.shapes import (
    AUDIENCES,
    BOOKKEEPERS,
    CREATIVES,
    MESSAGES,
    OFFERS,
    OFFICE,
    OWNERS,
    PAGES,
    Ended,
    EndedSprint,
    bets,
    story_of,
)
from sprints.services.demo.market import ArmTruth

# It came in without a plan, and nobody said when it should stop.
LONG_YES = DemoCampaign(
    key="brand-search-austria",
    owner="",
    hypothesis={},
    campaign={"name": "Brand search, Austria", "channel": "google", "external_id": "18923471121"},
    truths={"all": ArmTruth(152, 24.0, 0.029, 0.008, 0.1)},
)
EARLY = (
    EndedSprint(
        "Who are we for?",
        "Find out whether owners or their offices answer us.",
        (
            Ended(
                story_of(
                    "office-skits",
                    "elin",
                    "Laughter makes payroll memorable",
                    (
                        "short sketches about payday in an office",
                        "owners who scroll in the evening",
                        "win more clicks from the same reach",
                        "our funniest post was shared most",
                    ),
                    {**CREATIVES, **bets(0.45, 6, 5, 6), "driver": "emotion", "persona": OWNERS},
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
                story_of(
                    "free-tax-calendar",
                    "mia",
                    "A free calendar opens the door",
                    (
                        "a tax calendar to print, in return for an address",
                        "bookkeepers at the start of a quarter",
                        "lower the cost of a trial",
                        "deadlines are what they search for",
                    ),
                    {**OFFERS, **bets(0.4, 5, 5, 8), "driver": "gain", "persona": BOOKKEEPERS},
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
                story_of(
                    "exact-words",
                    "ravi",
                    "Exact searches buy, broad ones read",
                    (
                        "exact-match keywords only",
                        "searchers for payroll software",
                        "lower the cost of a trial",
                        "nine of ten trials come from twelve phrases",
                    ),
                    {**AUDIENCES, **bets(0.6, 7, 7, 9), "driver": "convenience", "persona": OFFICE},
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
                story_of(
                    "recruiter-cross-sell",
                    "ravi",
                    "Recruiters bring their clients along",
                    (
                        "ads to recruiters instead of their clients",
                        "recruiters in firms of up to 50",
                        "bring trials for less than owners do",
                        "a recruiter sets up the first payroll of each hire",
                    ),
                    {**AUDIENCES, **bets(0.3, 6, 3, 6), "driver": "gain"},
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
                story_of(
                    "spreadsheet-showdown",
                    "elin",
                    "Shame the spreadsheet",
                    (
                        "a side-by-side with the spreadsheet they use",
                        "owners who do payroll by hand",
                        "lower the cost of a trial",
                        "half of our trials come from a spreadsheet",
                    ),
                    {**MESSAGES, **bets(0.5, 7, 6, 7), "driver": "fear_of_loss", "persona": OWNERS},
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
                story_of(
                    "payslip-first",
                    "mia",
                    "Show the payslip before the price",
                    (
                        "a payslip as the first thing to see",
                        "visitors who compare providers",
                        "lower the cost of a trial",
                        "every demo begins with “show me a payslip”",
                    ),
                    {**PAGES, **bets(0.5, 7, 6, 6), "driver": "trust", "persona": OFFICE},
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
                story_of(
                    "dark-screenshots",
                    "elin",
                    "A dark interface looks modern",
                    (
                        "screenshots in dark colours",
                        "owners under forty",
                        "win more clicks from the same reach",
                        "the apps that they praise are dark",
                    ),
                    {**CREATIVES, **bets(0.35, 4, 4, 9), "driver": "status", "persona": OWNERS},
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
                story_of(
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
                story_of(
                    "referral-card",
                    "ravi",
                    "A card in the payslip brings neighbours",
                    (
                        "a card that pays both for a referral",
                        "customers after their third payroll",
                        "bring trials for less than search does",
                        "one trial in six names a friend",
                    ),
                    {**OFFERS, **bets(0.4, 6, 5, 4), "driver": "gain", "persona": OWNERS},
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
)
