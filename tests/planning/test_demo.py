"""The demo tells a story; whatever is judged by, it stays that story."""

from datetime import UTC, datetime

import pytest

from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, CriterionWatch, MaturityEstimate
from experiments.selectors.analysis import analyse_campaign
from sprints.models import Reallocation
from sprints.services.demo import tell_story

pytestmark = pytest.mark.django_db


# The market answers every day of the calendar in its own way.
@pytest.mark.parametrize(
    "now", [datetime(2026, 11, 25, 14, tzinfo=UTC), datetime(2027, 3, 9, 20, tzinfo=UTC)]
)
def test_demo__any_day__has_one_doing_well_one_stopped_and_one_open(now: datetime) -> None:
    tell_story(slug="demo", password="correct horse battery", now=now)

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
