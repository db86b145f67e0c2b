"""What is kept for ever is said in English, whoever looks; what is shown is said in the reader's language."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product

import pytest
from django.utils.translation import override

from experiments.choices import METRICS, Comparator, CriterionAction, CriterionLevel, EvidenceKind
from experiments.models import Breach, Campaign, KillCriterion
from experiments.models.criterion import criteria_digest
from experiments.models.sentences import retold, retold_rule, sentence
from experiments.selectors.analysis import analyse_campaign
from experiments.services.campaigns import kill_campaign, stop_arm
from experiments.services.criteria import amend_criteria, overrule_breach
from experiments.services.judging import judge_campaigns
from tests.factories import (
    criterion_values,
    give_budget,
    make_actor,
    make_campaign,
    make_criteria,
    make_workspace,
    report,
)
from workspaces.choices import Role
from workspaces.models import Event, Workspace

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


def texts(value: object) -> Iterator[str]:
    """Every text in an event's data, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def lose(campaign: Campaign) -> None:
    for day in range(16, 20):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=125, spend=500)


def a_week(workspace: Workspace) -> list[tuple[str, list[str]]]:
    """A rule speaks, is overruled and amended, then an arm and a campaign end: what events keep of it."""
    manager = make_actor(workspace, Role.MANAGER)
    campaign = give_budget(make_campaign(workspace, launched_at=LAUNCH), 6000)
    [criterion] = make_criteria(campaign, {"guards": {"spend": "1500.50", "days": 2}})
    lose(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    overrule_breach(
        campaign.key, criterion.pk, reason="Too early.", until=date(2026, 11, 25), by=manager, at=NOW
    )
    amend_criteria(
        campaign.key,
        criteria=[criterion_values(threshold="0.004", threshold_unit="fraction")],
        reason="Softer.",
        by=manager,
        at=NOW,
    )
    stop_arm(campaign.key, campaign.arms.get(is_control=True).key, reason="", by=manager, at=NOW)
    kill_campaign(campaign.key, reason="Done.", by=manager, at=NOW)
    events = Event.objects.filter(workspace=workspace, subject_type="campaign").order_by("pk")
    return [(event.kind, list(texts(event.data))) for event in events]


@pytest.mark.django_db
def test_events__whoever_looks__keep_the_same_words() -> None:
    with override("en"):
        english = a_week(make_workspace("readers"))
    with override("de"):
        german = a_week(make_workspace("leser"))

    assert any("Pause the campaign when" in text for _, said in english for text in said)
    assert german == english


@pytest.mark.django_db
def test_breach__in_german__keeps_the_rule_in_english_and_is_told_in_german() -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH)
    [criterion] = make_criteria(campaign, {"guards": {"spend": "1500.50"}})
    digest = criteria_digest([criterion])
    lose(campaign)

    with override("de"):
        judge_campaigns([campaign.pk], at=NOW)
        breach = Breach.objects.get()
        told = retold_rule(campaign, breach.rule)
        digest_in_german = criteria_digest([criterion])

    assert breach.rule == (
        "Pause the campaign when the CTR is probably below 0.5%, once $1,500.50 of spend is in and we are "
        "95% sure."
    )
    assert told.startswith("Die Kampagne pausieren, wenn die CTR wahrscheinlich unter 0,5")
    assert digest_in_german == digest


@pytest.mark.parametrize("metric", METRICS)
def test_sentence__any_rule_in_german__is_a_whole_one_with_its_limit(metric: str) -> None:
    for action, level, evidence, comparator in product(
        CriterionAction, CriterionLevel, EvidenceKind, Comparator
    ):
        rule = KillCriterion(
            metric=metric,
            action=action,
            level=level,
            evidence=evidence,
            comparator=comparator,
            threshold=Decimal("0.125"),
            guards={"spend": "1500", "days": 2},
        )
        with override("en"):
            english = sentence(rule, "USD")
        with override("de"):
            german = sentence(rule, "USD")
        assert german.count("**") == english.count("**"), german
        assert german.endswith("."), german
        assert "**1.500\u00a0$** Ausgaben und **2** Tage" in german, german
        assert not {" when ", " the ", " than "} & {f" {word} " for word in german.split()}, german


@pytest.mark.django_db
def test_verdict__in_german__stays_english_until_it_is_told() -> None:
    campaign = make_campaign(make_workspace(), launched_at=LAUNCH)
    lose(campaign)
    with override("en"):
        english = analyse_campaign(campaign, at=NOW).verdict.reason

    with override("de"):
        kept = analyse_campaign(campaign, at=NOW).verdict.reason
        told = retold(kept)

    assert kept == english
    assert told != english
    assert retold(kept) == english
