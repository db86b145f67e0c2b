"""The last four sprints before the one that runs."""

from sprints.choices import DecisionKind
from sprints.services.demo.ended.shapes import (
    ACCOUNTANTS,
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

LATE = (
    EndedSprint(
        "Borrowed trust",
        "Let somebody else speak for us.",
        (
            Ended(
                story_of(
                    "switch-in-a-day",
                    "mia",
                    "Nobody switches because it takes weeks",
                    (
                        "the promise to switch within a day",
                        "firms with another provider",
                        "lower the cost of a trial",
                        "“how long does it take” is asked in every call",
                    ),
                    {**MESSAGES, **bets(0.55, 8, 6, 7), "driver": "pain", "persona": OFFICE},
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
                story_of(
                    "accountants-discount",
                    "ravi",
                    "Accountants recommend what their clients get cheaper",
                    (
                        "a discount for clients of an accountant",
                        "accountants with payroll clients",
                        "win more clicks from the same reach",
                        "three accountants asked for one",
                    ),
                    {**OFFERS, **bets(0.4, 7, 4, 6), "driver": "gain", "persona": ACCOUNTANTS},
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
                story_of(
                    "host-read-ninety",
                    "elin",
                    "A host who reads our ad is believed",
                    (
                        "ninety seconds read by the host of a podcast",
                        "owners who commute",
                        "lower the cost of a trial",
                        "listeners wrote to us after one interview",
                    ),
                    {**CREATIVES, **bets(0.4, 6, 4, 5), "driver": "trust", "persona": OWNERS},
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
                story_of(
                    "webinar-countdown",
                    "elin",
                    "A countdown fills the webinar",
                    (
                        "a countdown above the registration",
                        "people who read two articles",
                        "win more clicks from the same reach",
                        "the last seats of the last webinar went in an hour",
                    ),
                    {**CREATIVES, **bets(0.5, 5, 6, 9), "driver": "fear_of_loss", "persona": OFFICE},
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
                story_of(
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
                story_of(
                    "chat-on-pricing",
                    "ravi",
                    "A person answers beside the price",
                    (
                        "a person who answers beside the price",
                        "visitors of the price page",
                        "lower the cost of a trial",
                        "half of the questions in sales calls are about the price",
                    ),
                    {**PAGES, **bets(0.5, 8, 5, 3), "driver": "trust", "persona": OFFICE},
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
                story_of(
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
                        **bets(0.45, 6, 4, 5),
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
                story_of(
                    "carousel-of-forms",
                    "elin",
                    "A carousel shows how much there is to do",
                    (
                        "a carousel of every form that payroll takes",
                        "owners in their first year",
                        "win more clicks from the same reach",
                        "they did not know half of the forms",
                    ),
                    {**CREATIVES, **bets(0.4, 5, 5, 8), "driver": "pain", "persona": OWNERS},
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
                story_of(
                    "near-me",
                    "ravi",
                    "Payroll near me",
                    (
                        "the name of the town in the ad",
                        "searchers in towns below 100,000",
                        "lower the cost of a trial",
                        "they call us and ask where we are",
                    ),
                    {**MESSAGES, **bets(0.5, 6, 6, 7), "driver": "trust", "persona": OWNERS},
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
                story_of(
                    "which-payroll-quiz",
                    "mia",
                    "A quiz finds their payroll",
                    (
                        "a quiz of eight questions",
                        "visitors who have not decided",
                        "lower the cost of a trial",
                        "they ask which of our plans is theirs",
                    ),
                    {**PAGES, **bets(0.45, 6, 5, 5), "driver": "convenience", "persona": OFFICE},
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
                story_of(
                    "security-badges",
                    "elin",
                    "Badges calm the cautious",
                    (
                        "the badges of our audits beside the form",
                        "heads of finance at firms of 50 to 200",
                        "lower the cost of a trial",
                        "security is asked about before every signature",
                    ),
                    {**PAGES, **bets(0.35, 4, 5, 9), "driver": "trust", "persona": "Head of finance"},
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
                story_of(
                    "call-before-trial",
                    "ravi",
                    "Fifteen minutes take the fear away",
                    (
                        "a call of fifteen minutes before the trial",
                        "owners who left the trial at the bank details",
                        "lower the cost of a trial",
                        "they stop where it asks for the bank",
                    ),
                    {**OFFERS, **bets(0.4, 6, 5, 3), "driver": "fear_of_loss", "persona": OWNERS},
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
