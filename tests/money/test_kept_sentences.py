"""What is kept with money is kept in English; whoever reads it is told in their own language."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext, override

from sprints.exceptions import Refused
from sprints.models import Reallocation
from sprints.models.sentences import KEPT, retold
from sprints.services.reallocations import (
    approve_reallocation,
    create_reallocation,
    propose_reallocation,
    withdraw_reallocation,
)
from tests.beginnings import Begin
from tests.money.harbour import Harbour, build_harbour
from workspaces.models import Workspace
from workspaces.permissions import Actor

# Facts as they are kept, and as a reader of German is told them.
FACTS = {
    "amount": ("$1,500.00", "1.500,00\xa0$"),
    "limit": ("$18.00", "18,00\xa0$"),
    "found": ("$9.50", "9,50\xa0$"),
    "wanted": ("$10.00", "10,00\xa0$"),
    "available": ("$0.00", "0,00\xa0$"),
    "held": ("$200.00", "200,00\xa0$"),
    "asked": ("$1,000.00", "1.000,00\xa0$"),
    "most": ("$99,999,999,999.99", "99.999.999.999,99\xa0$"),
    "metric": ("cost per conversion", "Kosten pro Conversion"),
    "outcome": ("return on ad spend", "Return on Ad Spend"),
    "why": ("it is killed", "ihr Status ist „abgebrochen“"),
    "others": ("return on ad spend", "Return on Ad Spend"),
    "measure": ("conversions", "Conversions"),
    "Measure": ("Clicks", "Klicks"),
    "state": ("killed", "abgebrochen"),
    "signals": ("overspent and unplanned", "überzogen und ungeplant"),
    "before": ("probably above target", "wahrscheinlich über dem Ziel"),
    "now": ("probably below target", "wahrscheinlich unter dem Ziel"),
    "number": ("3", "3"),
    "days": ("2", "2"),
    "likely": ("above 99.9%", "über 99,9\xa0%"),
    "cap": ("50%", "50\xa0%"),
    "rows": ("1, 2 and 4", "1, 2 und 4"),
    "account": ("The reserve", "Die Reserve"),
    "campaigns": ("Replay and Quiz", "Replay und Quiz"),
    "first": ("Replay goes on spending $3.00 a day", "Replay gibt weiter 3,00\xa0$ pro Tag aus"),
    "second": ("$5.00 stays idle", "5,00\xa0$ liegen brach"),
    "campaign": ("Founder video", "Founder video"),
    "other": ("Replay", "Replay"),
    "donor": ("Quiz", "Quiz"),
    "receiver": ("Replay", "Replay"),
    "person": ("Mia Torres", "Mia Torres"),
    "day": ("Fri 27 Nov 2026", "Fri 27 Nov 2026"),
    "time": ("07:05", "07:05"),
}
KEPT_FACTS, TOLD_FACTS = ({name: both[side] for name, both in FACTS.items()} for side in (0, 1))


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


@pytest.mark.parametrize("sentence", KEPT)
def test_retold__every_kept_sentence__is_found_again_with_its_facts(sentence: str) -> None:
    with override("de"):
        told = retold(sentence.format(**KEPT_FACTS), currency="USD")
        assert told == gettext(sentence).format(**TOLD_FACTS)
        assert told != sentence.format(**KEPT_FACTS)


@pytest.mark.parametrize("language", ["en", None])
def test_retold__reader_of_english__is_told_what_is_kept(language: str | None) -> None:
    with override(language):
        assert retold("Taken back by Mia Torres.", currency="USD") == "Taken back by Mia Torres."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Nobody clicked. We stop.", "Nobody clicked. We stop."),
        ("", ""),
        (
            "Quiz is 12.5% likely to be the best of 3 campaigns by CTR. It is overspent.",
            (
                "Quiz ist mit 12,5\xa0% Wahrscheinlichkeit die beste von 3 Kampagnen nach CTR. "
                "Signal: überzogen."
            ),
        ),
        (
            "Quiz can give at most $1.00; $9.00 was asked. Replay can give at most $2.00; $3.00 was asked.",
            (
                "Quiz kann höchstens 1,00\xa0$ geben; verlangt sind 9,00\xa0$. "
                "Replay kann höchstens 2,00\xa0$ geben; verlangt sind 3,00\xa0$."
            ),
        ),
        (
            "Quiz does well, but receives nothing: it is overdue and unplanned.",
            "Quiz läuft gut, bekommt aber nichts: ihr Status ist „überfällig und ungeplant“.",
        ),
        ("Taken back by Mia. She knows why.", "Zurückgezogen von Mia. She knows why."),
    ],
)
def test_retold__several_sentences__are_told_as_far_as_they_are_ours(text: str, told: str) -> None:
    with override("de"):
        assert retold(text, currency="USD") == told


def _kept(make: Callable[[], Reallocation], language: str) -> tuple[Any, ...]:
    """What such a plan keeps, which is then forgotten."""
    with transaction.atomic():
        with override(language):
            plan = make()
        plan.refresh_from_db()
        lines = list(plan.lines.order_by("position").values_list("amount", "reason"))
        transaction.set_rollback(True)
    return plan.plan_digest, plan.evidence, lines


def test_propose__reader_of_german__keeps_the_same_plan(harbour: Harbour, mia: Actor, now: datetime) -> None:
    def propose() -> Reallocation:
        return propose_reallocation(by=mia, at=now)

    assert _kept(propose, "de") == _kept(propose, "en")


def test_create__reader_of_german__keeps_the_same_plan(harbour: Harbour, mia: Actor, now: datetime) -> None:
    line = {"from": "penalty-headlines", "to": "reserve", "amount": "100.00"}

    def write() -> Reallocation:
        return create_reallocation(lines=[line], by=mia, at=now)

    assert _kept(write, "de") == _kept(write, "en")


def test_withdraw__reader_of_german__keeps_the_reason_in_english(
    harbour: Harbour, mia: Actor, now: datetime
) -> None:
    plan = propose_reallocation(by=mia, at=now)
    with override("de"):
        withdraw_reallocation(plan.pk, by=mia, at=now)
    plan.refresh_from_db()
    assert plan.closed_reason == "Taken back by mia@harbour.example."


def test_approve__expired_for_a_reader_of_german__keeps_english_and_refuses_in_german(
    harbour: Harbour, mia: Actor, dana: Actor, now: datetime
) -> None:
    plan = propose_reallocation(by=mia, at=now)
    late = now + timedelta(days=30)
    with override("de"), pytest.raises(Refused) as refusal:
        approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=dana, at=late)
    plan.refresh_from_db()
    assert plan.closed_reason.startswith("Nobody approved it until ")
    assert refusal.value.message.startswith("Der Plan ist verfallen und schichtet nichts um. Bis ")


def test_plan_page__reader_of_german__is_told_the_kept_evidence(
    harbour: Harbour, mia: Actor, dana: Actor, client: Client, now: datetime
) -> None:
    plan = propose_reallocation(by=mia, at=now)
    reader = dana.person
    reader.language = "de"
    reader.save(update_fields=["language"])
    client.force_login(reader, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(reverse("plan", args=["harbour", plan.pk])).content.decode()
    assert "In jedem Sprint geht die Hälfte des Budgets" in page
    assert "gibt den Rest ab" in page
    kept = [plan.evidence["rule"], *(row["sentence"] for row in plan.evidence["campaigns"])]
    assert not [sentence for sentence in kept if sentence in page]
