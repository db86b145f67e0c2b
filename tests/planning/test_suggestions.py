"""What the numbers suggest at a review, whatever is decided then."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import kill_campaign
from sprints.choices import DecisionKind
from sprints.models import Decision
from sprints.services.decisions import decide, suggest_decision
from tests.factories import make_draft, make_hypothesis, make_running_sprint, report
from tests.planning.breaches import break_rule
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.permissions import Actor

FIRST_DAY = date(2026, 11, 19)
VANITY = {"primary_metric": "ctr", "outcome_metric": "cpa", "target": Decimal("0.01")}


@pytest.fixture
def later(at: datetime) -> datetime:
    """All five days of the sprint are closed, and their conversions are settled."""
    return at + timedelta(days=10)


def report_days(campaign: Campaign, **arms: dict[str, Any]) -> None:
    """The same measures on each of five days, by arm; a little more on every second, as days differ."""
    for offset in range(5):
        for arm, measures in arms.items():
            report(
                campaign,
                FIRST_DAY + timedelta(days=offset),
                arm=arm,
                **{name: amount + (offset % 2) * amount // 50 for name, amount in measures.items()},
            )


def conversions(count: int) -> dict[str, Any]:
    return {"impressions": 50_000, "clicks": 1_000, "spend": Decimal(2000), "conversions": count}


def clicks(count: int) -> dict[str, Any]:
    return {"impressions": 50_000, "clicks": count, "spend": Decimal(2000)}


def running(by: Actor, at: datetime, **hypothesis_changes: Any) -> Hypothesis:
    """A hypothesis in a running sprint of five days, with the live campaign founder-video."""
    make_running_sprint(by, at=at, **hypothesis_changes)
    return Hypothesis.objects.get()


@pytest.mark.parametrize(
    ("control", "treatment", "mde_relative", "suggested"),
    [
        # Twice the conversions for the same money, half of them, as many, and too few to tell
        (40, 80, 0.2, DecisionKind.SCALE),
        (80, 40, 0.2, DecisionKind.KILL),
        (900, 900, 0.6, DecisionKind.EVOLVE),
        (40, 44, 0.1, DecisionKind.INCONCLUSIVE),
        (0, 1, 0.2, DecisionKind.INCONCLUSIVE),
    ],
)
def test_suggestion__two_arms__follows_from_the_verdict(
    control: int,
    treatment: int,
    mde_relative: float,
    suggested: DecisionKind,
    marketer: Actor,
    at: datetime,
    later: datetime,
) -> None:
    hypothesis = running(marketer, at, mde_relative=mde_relative)
    report_days(Campaign.objects.get(), a=conversions(control), b=conversions(treatment))
    suggestion = suggest_decision(hypothesis, at=later)
    assert suggestion.decision == suggested
    assert suggestion.reason == suggestion.verdicts["founder-video"]["reason"]
    assert not suggestion.vanity_win


def test_suggestion__win_on_clicks_alone__is_a_vanity_win_that_evolves(
    marketer: Actor, at: datetime, later: datetime
) -> None:
    hypothesis = running(marketer, at, **VANITY)
    report_days(Campaign.objects.get(), a=clicks(500), b=clicks(1000))
    suggestion = suggest_decision(hypothesis, at=later)
    assert suggestion.verdicts["founder-video"]["code"] == "win"
    assert (suggestion.decision, suggestion.vanity_win) == (DecisionKind.EVOLVE, True)
    assert "CTR" in suggestion.reason
    assert "cost per conversion" in suggestion.reason


def test_suggestion__win_on_clicks_and_on_the_outcome__scales(
    marketer: Actor, at: datetime, later: datetime
) -> None:
    hypothesis = running(marketer, at, **VANITY)
    report_days(
        Campaign.objects.get(),
        a={**clicks(500), "conversions": 40},
        b={**clicks(1000), "conversions": 80},
    )
    suggestion = suggest_decision(hypothesis, at=later)
    assert (suggestion.decision, suggestion.vanity_win) == (DecisionKind.SCALE, False)


def test_suggestion__rule_is_broken__kills_whatever_the_arms_say(
    marketer: Actor, at: datetime, later: datetime
) -> None:
    hypothesis = running(marketer, at)
    campaign = Campaign.objects.get()
    report_days(campaign, a=conversions(40), b=conversions(80))
    breach = break_rule(campaign, at=at)
    suggestion = suggest_decision(hypothesis, at=later)
    assert suggestion.decision == DecisionKind.KILL
    assert breach.rule in suggestion.reason


def test_suggestion__several_campaigns__the_best_speaks_and_is_named(
    marketer: Actor, at: datetime, later: datetime
) -> None:
    hypothesis = running(marketer, at)
    make_draft(marketer, hypothesis, "second", name="On LinkedIn", at=at)
    Campaign.objects.filter(key="second").update(status="live", launched_at=at, starts_on=FIRST_DAY)
    make_draft(marketer, hypothesis, "third", at=at)
    kill_campaign("founder-video", reason="Nobody clicks", by=marketer, at=at)
    suggestion = suggest_decision(hypothesis, at=later)
    assert set(suggestion.verdicts) == {"founder-video", "second"}
    assert suggestion.decision == DecisionKind.INCONCLUSIVE
    assert suggestion.reason.startswith("On LinkedIn: ")
    kill_campaign("second", reason="Too dear", by=marketer, at=at)
    assert suggest_decision(hypothesis, at=later).decision == DecisionKind.KILL


def test_suggestion__nothing_has_run__is_inconclusive(marketer: Actor, at: datetime) -> None:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user)
    make_draft(marketer, hypothesis, at=at)
    suggestion = suggest_decision(hypothesis, at=at)
    assert (suggestion.decision, suggestion.verdicts) == (DecisionKind.INCONCLUSIVE, {})
    assert suggestion.reason == "None of its campaigns has run."


def test_decision__against_the_suggestion__keeps_both_and_the_verdicts_as_they_were(
    marketer: Actor, at: datetime, later: datetime
) -> None:
    hypothesis = running(marketer, at, **VANITY)
    report_days(Campaign.objects.get(), a=clicks(500), b=clicks(1000))
    decide(
        hypothesis.pk,
        decision="scale",
        moved_the_business=False,
        learning="It will follow",
        by=marketer,
        at=later,
    )
    decision = Decision.objects.get()
    verdict = decision.evidence["founder-video"]
    assert (verdict["code"], verdict["arm"]) == ("win", "b")
    assert decision.vanity_win
    data = Event.objects.get(kind=EventKind.HYPOTHESIS_DECIDED).data
    assert (data["decision"], data["suggested"], data["vanity_win"]) == ("scale", "evolve", True)
