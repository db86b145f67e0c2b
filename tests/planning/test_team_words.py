"""What a team calls a conversion: its pages say so, and what is kept or read by programs does not."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override

from experiments.choices import GuardKey
from experiments.exceptions import Invalid
from experiments.models import Campaign, Hypothesis, KillCriterion
from experiments.models.criterion import criteria_digest
from experiments.models.sentences import retold, retold_rule, sentence, unmarked
from experiments.models.team_words import USUAL_WORDS, TeamWords, Word, words_in_common, words_of
from experiments.services.hypotheses import change_hypothesis, create_hypothesis
from experiments.services.soundness import RulePlan, unlikely
from experiments.stats.words import said
from sprints.models import sentences
from tests.factories import (
    criterion_values,
    hypothesis_values,
    make_draft,
    make_hypothesis,
    make_running_sprint,
)
from tests.planning.refusals import codes
from workspaces.choices import Role
from workspaces.models import Event, Membership
from workspaces.permissions import Actor
from workspaces.services import change_policy

TRIAL = {"conversion_name": "trial", "conversion_name_plural": "trials"}
TRIALS = TeamWords("trial", "trials")
ORDERS = TeamWords("order", "orders")
COST = criterion_values(
    metric="cpa", comparator="above", threshold="18.00", guards={"spend": "500.00", "conversions": 20}
)


def rule(**changes: Any) -> KillCriterion:
    values = {**COST, **changes}
    return KillCriterion(
        metric=values["metric"],
        comparator=values["comparator"],
        threshold=Decimal(values["threshold"]),
        guards=values["guards"],
        level="campaign",
        evidence="probable",
        confidence=0.95,
        action="pause",
    )


def refused(by: Actor, at: datetime, **changes: Any) -> dict[str | None, str]:
    with pytest.raises(Invalid) as refusal:
        create_hypothesis(values=hypothesis_values(**changes), by=by, at=at)
    return codes(refusal.value)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("trial", "a trial probably costs more than $18.00"),
        ("order", "an order probably costs more than $18.00"),
        ("sign-up", "a sign-up probably costs more than $18.00"),
        ("unique visit", "a unique visit probably costs more than $18.00"),
        ("unimpeded order", "an unimpeded order probably costs more than $18.00"),
    ],
)
def test_rule__with_a_word_of_the_team__has_it_with_its_article(word: str, expected: str) -> None:
    told = unmarked(sentence(rule(), "USD", words=TeamWords(word, f"{word}s")))
    assert expected in told
    assert f"once $500 of spend and 20 {word}s are in" in told


def test_rule__about_a_rate__has_the_word_in_its_name() -> None:
    told = sentence(rule(metric="cvr", comparator="below", threshold="0.02"), "USD", words=TRIALS)
    assert "when the trial rate is probably below **2%**" in told


@pytest.mark.parametrize(("metric", "counted"), [("ctr", "clicks"), ("cpl", "leads"), ("cac", "customers")])
def test_rule__about_anything_else__is_as_everybody_says_it(metric: str, counted: str) -> None:
    other = rule(metric=metric, guards={"spend": "500.00"}, threshold="0.5")
    assert sentence(other, "USD", words=TRIALS) == sentence(other, "USD")
    assert TRIALS.measure(counted) == USUAL_WORDS.measure(counted)


def test_rule__in_german__needs_no_gender_of_the_word() -> None:
    with override("de"):
        told = unmarked(sentence(rule(), "USD", words=TeamWords("Testkonto", "Testkonten")))
    assert told.startswith("Die Kampagne pausieren, wenn der Preis pro Testkonto wahrscheinlich über 18,00")
    assert "20 Testkonten" in told
    assert "Conversion" not in told


@pytest.mark.django_db
def test_words__of_a_hypothesis__come_before_the_workspaces_and_those_before_the_usual(
    marketer: Actor,
) -> None:
    workspace = marketer.workspace
    silent, own = make_hypothesis(workspace), make_hypothesis(workspace, **TRIAL)
    assert words_of(silent, workspace) == words_of(None, workspace) == USUAL_WORDS
    workspace.conversion_name, workspace.conversion_name_plural = "order", "orders"
    assert words_of(own, workspace) == TRIALS
    assert words_of(silent, workspace) == ORDERS
    assert words_in_common([own, own], workspace) == TRIALS
    assert words_in_common([own, silent], workspace) == words_in_common([], workspace) == ORDERS


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("<b>trial</b>", "no_word"),
        ("**trial**", "no_word"),
        ("{trial}", "no_word"),
        ("tri\nal", "no_word"),
        ("tri\u202eal", "no_word"),
        ("tri\u200bal", "no_word"),
        ("7", "no_word"),
        ("tri\x00al", "nul_character"),
        ("t" * 41, "too_long"),
        (7, "not_a_text"),
    ],
)
@pytest.mark.django_db
def test_word__that_nobody_writes_so__is_refused(
    word: object, code: str, marketer: Actor, at: datetime
) -> None:
    assert refused(marketer, at, **{**TRIAL, "conversion_name": word}) == {"conversion_name": code}


@pytest.mark.parametrize(
    "word", ["Prøveperiode", "пробная версия", "ट्रायल", "お試し", "B2B-Lead", "user’s trial"]
)
@pytest.mark.django_db
def test_word__in_any_script__is_taken_as_it_is(word: str, marketer: Actor, at: datetime) -> None:
    values = hypothesis_values(conversion_name=f" {word} ", conversion_name_plural=word)
    hypothesis = create_hypothesis(values=values, by=marketer, at=at)
    hypothesis.refresh_from_db()
    assert hypothesis.conversion_name == word


@pytest.mark.parametrize("missing", list(TRIAL))
@pytest.mark.django_db
def test_word__without_its_other_form__is_asked_for(missing: str, marketer: Actor, at: datetime) -> None:
    assert refused(marketer, at, **{**TRIAL, missing: " "}) == {missing: "required"}


@pytest.mark.django_db
def test_policy__with_half_a_word_or_markup__is_refused(marketer: Actor, at: datetime) -> None:
    owner = Actor.of_member(Membership.objects.select_related("user", "workspace").get(role=Role.OWNER))
    for changes in ({"conversion_name": "trial"}, {**TRIAL, "conversion_name_plural": "<i>trials</i>"}):
        with pytest.raises(Invalid):
            change_policy(changes=changes, by=owner, at=at)
    changed = change_policy(changes=TRIAL, by=owner, at=at)
    assert words_of(None, changed) == TRIALS


@pytest.mark.django_db
def test_rule__kept_and_digested__says_conversion_whatever_the_team_calls_it(
    marketer: Actor, at: datetime
) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(**TRIAL), by=marketer, at=at)
    campaign = make_draft(marketer, hypothesis, "hook-test", at=at, kill_criteria=[COST])
    [criterion] = campaign.kill_criteria.all()
    digest = criteria_digest([criterion])
    kept = criterion.rule_text
    assert "a conversion probably costs more than $18.00" in kept
    told = retold_rule(campaign, kept)
    assert told == kept.replace("a conversion", "a trial").replace("conversions", "trials")
    assert retold_rule(campaign, "Nobody laughed.") == "Nobody laughed."
    change_hypothesis(hypothesis.pk, values=dict.fromkeys(TRIAL, ""), by=marketer, at=at)
    again = Campaign.objects.get(pk=campaign.pk)
    assert retold_rule(again, kept) == kept
    assert criteria_digest(list(again.kill_criteria.all())) == digest


@pytest.mark.django_db
def test_events__of_a_named_conversion__are_kept_in_the_usual_words(marketer: Actor, at: datetime) -> None:
    make_running_sprint(marketer, at=at, conversion_name="trial", conversion_name_plural="trials")
    assert Hypothesis.objects.get().conversion_name == "trial"
    assert not [event.kind for event in Event.objects.all() if "trial" in str(event.data)]


def test_reason_of_a_verdict__waits_for_whose_page_it_stands_on() -> None:
    reason = said(
        "{limit} {price}, {metric}, {counted}",
        limit="$18.00",
        price=Word("short", "cpa"),
        metric=Word("metric", "cpa"),
        counted=Word("measure", "conversions"),
    )
    assert reason == "$18.00 per conversion, cost per conversion, conversions"
    assert retold(reason, TRIALS) == "$18.00 per trial, cost per trial, trials"
    assert retold(reason) == reason


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (
            "Replay is above 99.9% likely to meet its target, cost per conversion of $18.",
            "Replay is above 99.9% likely to meet its target, cost per trial of $18.",
        ),
        ("Conversions have no value in money here.", "Trials have no value in money here."),
        ("cost per conversion", "cost per conversion"),
    ],
)
def test_sentence_of_a_plan__in_english__changes_its_word_and_nothing_else(kept: str, told: str) -> None:
    assert sentences.retold(kept, currency="USD", words=TRIALS) == told
    assert sentences.retold(kept, currency="USD") == kept


@pytest.mark.django_db
def test_doubts_about_a_rule__are_in_the_words_of_its_hypothesis(marketer: Actor, at: datetime) -> None:
    hypothesis = create_hypothesis(values=hypothesis_values(**TRIAL), by=marketer, at=at)
    campaign = make_draft(
        marketer, hypothesis, "hook-test", at=at, kill_criteria=[{**COST, "guards": {"conversions": 3}}]
    )
    said_of = [item.message for item in unlikely(list(campaign.kill_criteria.all()), RulePlan.of(campaign))]
    assert "Every rule waits for trials, so that a campaign without any is never stopped." in said_of[-1]
    assert "It waits for 3 trials, and the costlier a trial is, the later they come." in " ".join(said_of)
    assert TRIALS.guard(GuardKey.CLICKS) == "clicks"
