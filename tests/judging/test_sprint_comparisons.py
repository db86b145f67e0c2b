"""Several hypotheses of one sprint: the more of them, the less a single small p-value says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.models import Campaign
from experiments.selectors.analysis import analyse_campaign
from experiments.stats.multiple import benjamini_hochberg, holm
from sprints.models import Sprint
from sprints.selectors.companions import companions
from tests.factories import make_actor, make_running_sprint, make_workspace, report
from workspaces.models import Workspace
from workspaces.permissions import Actor

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)
CTR: dict[str, Any] = {"primary_metric": "ctr", "outcome_metric": "cpa", "target": None}
# Clicks of the control, and of a treatment, day by day, of 30,000 impressions each.
CONTROL = [243, 219, 262, 205, 240]
TREATMENTS = {
    "hook": [271, 262, 281, 248, 259],
    "offer": [262, 231, 270, 229, 243],
    "landing": [240, 222, 259, 210, 241],
}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def marketer(workspace: Workspace) -> Actor:
    return make_actor(workspace)


def run_sprint(by: Actor) -> list[Campaign]:
    make_running_sprint(by, *TREATMENTS, at=START, **CTR)
    campaigns = list(Campaign.objects.select_related("workspace", "hypothesis").order_by("pk"))
    for campaign in campaigns:
        control, treatment = campaign.arms.order_by("-is_control", "position")
        for arm, clicks in ((control, CONTROL), (treatment, TREATMENTS[campaign.key])):
            for index, count in enumerate(clicks):
                day = f"2026-11-{16 + index}"
                report(campaign, day, arm=arm.key, impressions=30_000, clicks=count, spend=100)
    return campaigns


def p_values(campaigns: list[Campaign]) -> tuple[list[float], list[float]]:
    """As they are alone, and adjusted beside the others of the sprint."""
    results = [analyse_campaign(one, beside=companions(one), at=NOW) for one in campaigns]
    found = [comparison for result in results for comparison in result.comparisons]
    assert {(result.adjusted.comparisons) for result in results} == {len(campaigns)}
    return [one.p_value or 0.0 for one in found], [one.p_value_adjusted or 0.0 for one in found]


def test_sprint__several_hypotheses__adjusts_over_all_their_treatments_by_holm(marketer: Actor) -> None:
    alone, adjusted = p_values(run_sprint(marketer))
    assert len(set(alone)) == len(TREATMENTS)
    assert adjusted == pytest.approx(holm(alone).tolist())
    assert min(adjusted) == pytest.approx(3 * min(alone))


def test_sprint__policy_of_benjamini_hochberg__adjusts_by_it(marketer: Actor) -> None:
    Workspace.objects.update(multiple_comparisons="benjamini_hochberg")
    alone, adjusted = p_values(run_sprint(marketer))
    assert adjusted == pytest.approx(benjamini_hochberg(alone).tolist())
    assert adjusted != pytest.approx(holm(alone).tolist())


def test_sprint__another_metric_than_the_hypotheses__is_adjusted_alone(marketer: Actor) -> None:
    campaign = run_sprint(marketer)[0]
    result = analyse_campaign(campaign, metric="cpc", beside=companions(campaign), at=NOW)
    assert result.adjusted.comparisons == 1
    assert result.comparisons[0].p_value_adjusted == result.comparisons[0].p_value


def test_sprint_pages_and_rest__say_over_how_many_comparisons(marketer: Actor, workspace: Workspace) -> None:
    campaign = run_sprint(marketer)[0]
    client = Client()
    assert marketer.user is not None
    client.force_login(marketer.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    said = "adjusted by Holm over the 3 comparisons that are looked at together"
    for name, args in (
        ("campaign", (campaign.key,)),
        ("decide", (Sprint.objects.get().number, campaign.hypothesis_id)),
    ):
        page = client.get(reverse(name, args=[workspace.slug, *args])).content.decode()
        assert said in " ".join(page.split()), name
    [expected] = analyse_campaign(campaign, beside=companions(campaign), at=timezone.now()).comparisons
    shown = client.get(
        f"/api/v1/campaigns/{campaign.key}/analysis/", headers={"Quickno-Workspace": workspace.slug}
    )
    assert shown.json()["adjusted"] == {"method": "holm", "comparisons": 3}
    assert shown.json()["comparisons"][0]["p_value_adjusted"] == pytest.approx(expected.p_value_adjusted)


def test_companions__are_the_launched_ones_of_the_same_sprint_in_one_query(
    marketer: Actor, workspace: Workspace
) -> None:
    first, *others = run_sprint(marketer)
    make_running_sprint(marketer, "of-another-sprint", at=START, **CTR)
    stranger = make_actor(make_workspace("others"))
    make_running_sprint(stranger, "of-others", at=START, **CTR)
    Campaign.objects.filter(pk=others[-1].pk).update(launched_at=None, status="draft")
    with CaptureQueriesContext(connection) as queries:
        found = companions(first)
    assert found == others[:-1]
    assert len(queries) == 1


def test_companions__without_a_hypothesis__are_none(marketer: Actor) -> None:
    campaign = run_sprint(marketer)[0]
    campaign.hypothesis_id = None
    assert companions(campaign) == []
