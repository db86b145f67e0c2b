"""A kill criterion from its guards to its breach."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from experiments.choices import CampaignStatus, EvidenceKind, WatchState
from experiments.models import Breach, Campaign, CriterionWatch, Judgement
from experiments.services.judging import judge_campaigns
from tests.factories import make_campaign, make_criteria, make_workspace, report
from workspaces.models import Event

pytestmark = pytest.mark.django_db

LAUNCH = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Friday after the close of Thursday, and before that of Friday.
NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(make_workspace(), launched_at=LAUNCH, arms=["a"])


def loser(campaign: Campaign, *, days: int = 4, spend: str = "500.00") -> None:
    """Half the clicks that a CTR of 0.5 % would bring, day after day."""
    for day in range(16, 16 + days):
        report(campaign, f"2026-11-{day}", impressions=50_000, clicks=125, spend=Decimal(spend))


def test_judging__clear_loser_past_its_guard__breaches_and_pauses(campaign: Campaign) -> None:
    [criterion] = make_criteria(campaign, {"guards": {"spend": "2000.00"}})
    loser(campaign)

    result = judge_campaigns([campaign.pk], at=NOW)

    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.PAUSED
    assert campaign.paused_at == NOW
    breach = Breach.objects.get()
    assert result.breaches == (breach.pk,)
    assert breach.rule == criterion.rule_text
    assert breach.criteria_digest == campaign.criteria_digest
    assert breach.value == pytest.approx(0.0025)
    assert breach.strength is not None
    assert breach.strength > 0.999
    assert str(breach.data_through) == "2026-11-19"
    assert breach.numbers == {"impressions": 200_000, "clicks": 500, "spend": "2000.00", "days": 4}
    kinds = list(Event.objects.filter(subject_type="campaign").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["criterion.breached", "campaign.paused"]


def test_judging__twice__changes_nothing(campaign: Campaign) -> None:
    make_criteria(campaign, {})
    loser(campaign)
    judge_campaigns([campaign.pk], at=NOW)
    before = [
        list(model.objects.order_by("pk").values()) for model in (Breach, Campaign, CriterionWatch, Judgement)
    ]
    events = Event.objects.count()

    result = judge_campaigns([campaign.pk], at=NOW + timedelta(minutes=5))

    assert result.breaches == ()
    assert Event.objects.count() == events
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Breach, Campaign, CriterionWatch, Judgement)
    ]


def test_judging__spend_a_cent_below_the_guard__waits(campaign: Campaign) -> None:
    make_criteria(campaign, {"guards": {"spend": "2000.00"}})
    loser(campaign)
    report(campaign, "2026-11-19", spend=Decimal("499.99"))

    judge_campaigns([campaign.pk], at=NOW)

    watch = CriterionWatch.objects.get()
    assert watch.state == WatchState.WAITING
    assert watch.guard_progress == {"spend": {"have": "1999.99", "need": "2000.00"}}
    assert not Breach.objects.exists()

    report(campaign, "2026-11-19", spend=Decimal("500.00"))
    judge_campaigns([campaign.pk], at=NOW)

    watch.refresh_from_db()
    assert watch.state == WatchState.BREACHED


@pytest.mark.parametrize(
    ("kind", "is_breach"), [(EvidenceKind.PROBABLE, False), (EvidenceKind.OBSERVED, True)]
)
def test_judging__day_still_open__speaks_to_observed_only(
    campaign: Campaign, kind: EvidenceKind, *, is_breach: bool
) -> None:
    make_criteria(campaign, {"evidence": kind})
    loser(campaign, days=1)

    # Monday's numbers count as complete at 06:00 on Tuesday.
    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 5, 59, tzinfo=UTC))
    assert Breach.objects.exists() is is_breach

    judge_campaigns([campaign.pk], at=datetime(2026, 11, 17, 6, tzinfo=UTC))
    assert Breach.objects.exists()
