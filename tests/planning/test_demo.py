"""The demo tells a story; whatever is judged by, it stays that story."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Q

from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, CriterionWatch, Hypothesis, MaturityEstimate, ZombieFlag
from experiments.selectors.analysis import analyse_campaign
from experiments.selectors.measurements import spend_totals
from sprints.choices import DecisionKind, SprintStatus
from sprints.models import Decision, Reallocation, Sprint
from sprints.selectors.graveyard import read_noes
from sprints.services.demo import tell_story
from tests.beginnings import Begin
from workspaces.models import Event, Membership, Workspace

# The market answers every day of the calendar in its own way.
MOMENTS = [datetime(2027, 3, 9, 20, tzinfo=UTC), datetime(2026, 11, 25, 14, tzinfo=UTC)]


@pytest.fixture
def now() -> datetime:
    """The last of them, so that its story need not be told again."""
    return MOMENTS[-1]


def tell(now: datetime) -> Workspace:
    tell_story(slug="demo", password="correct horse battery", now=now)
    return Workspace.objects.get(slug="demo")


@pytest.fixture
def told(begin: Begin, now: datetime) -> Workspace:
    return begin(tell, now)


@pytest.mark.parametrize("now", MOMENTS)
def test_demo__any_day__has_one_doing_well_one_stopped_and_one_open(told: Workspace, now: datetime) -> None:
    campaigns = {campaign.key: campaign for campaign in Campaign.objects.filter(workspace__slug="demo")}
    assert campaigns["founder-video"].status == CampaignStatus.LIVE
    assert campaigns["pricing-calculator"].status == CampaignStatus.LIVE
    assert campaigns["penalty-headlines"].status == CampaignStatus.PAUSED
    assert campaigns["job-title-ads"].status == CampaignStatus.KILLED
    assert campaigns["short-demo-form"].status == CampaignStatus.SCALED
    assert Breach.objects.get(closed_at=None).campaign == campaigns["penalty-headlines"]
    well = CriterionWatch.objects.get(criterion__campaign=campaigns["founder-video"], criterion__metric="cpa")
    assert well.strength is not None
    assert well.strength < 0.05
    founder = analyse_campaign(campaigns["founder-video"], at=now)
    assert founder.comparisons[0].chance_to_beat_control is not None
    assert founder.comparisons[0].chance_to_beat_control > 0.5
    calculator = analyse_campaign(campaigns["pricing-calculator"], at=now)
    assert calculator.verdict.code in {"inconclusive", "insufficient"}
    assert "founder-video" in {
        line.target_key for line in Reallocation.objects.get(state="proposed").lines.all()
    }
    assert MaturityEstimate.objects.filter(source__key="meta").exists()


def test_demo__its_history__is_a_quarter_of_noes_and_of_every_other_answer(
    told: Workspace, now: datetime
) -> None:
    assert Sprint.objects.of(told).filter(status=SprintStatus.CLOSED).count() == 8
    noes = read_noes(told, since=now - timedelta(days=91)).noes
    assert len(noes) > 12
    assert {no.days for no in noes if no.campaign.hypothesis_id} >= {1, 2, 3, 4, 5}
    assert all(no.learning for no in noes if no.campaign.hypothesis_id)
    assert {decision.decision for decision in Decision.objects.of(told)} == set(DecisionKind.values)
    assert Hypothesis.objects.of(told).filter(parent__isnull=False, status="decided").count() == 2


def test_demo__its_history__leaves_no_money_and_no_judging_behind(told: Workspace) -> None:
    running = Q(hypothesis__commitments__sprint__number__gte=8)
    for campaign in Campaign.objects.of(told).finished().exclude(running):
        assert campaign.judge_due_at is None
        assert not ZombieFlag.objects.unresolved().filter(campaign=campaign).exists()
        if campaign.hypothesis_id:
            assert campaign.budget == spend_totals([campaign.pk])[campaign.pk]
    moments = list(Event.objects.of(told).order_by("id").values_list("at", flat=True))
    assert moments == sorted(moments)


def test_demo__everybody__signs_in_with_the_one_password(told: Workspace) -> None:
    members = Membership.objects.of(told).select_related("user")
    assert len(members) == 5
    assert all(member.user.check_password("correct horse battery") for member in members)
