"""What happened to a campaign: a rule is told by the first who names it, and others refer to it."""

from datetime import datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from experiments.models import Campaign
from experiments.models.observation import IMPORT_CHANNEL
from experiments.services.campaigns import kill_campaign
from experiments.services.judging import judge_campaigns
from experiments.services.observations import Row, record_observations
from tests.factories import give_budget, make_campaign, make_criteria, report
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

RULE = "Pause the campaign when the CTR is probably below 0.5%, once $1,500 of spend is in"
OTHER = "Tell us when the CTR is probably below 0.6%"


def happened(client: Client, campaign: Campaign) -> list[str]:
    """The lines under "What happened", the newest first, without their times."""
    page = client.get(reverse("campaign", args=["harbour", campaign.key])).content.decode()
    lines = page[page.index('<ol class="qn-timeline') :].partition("</section>")[0].split("<li>")[1:]
    lines = [line.partition("</li>")[0] for line in lines]
    return [" ".join(unescape(strip_tags(line.partition("</time>")[2])).split()) for line in lines]


def lost(workspace: Workspace, *rules: dict[str, object], now: datetime) -> Campaign:
    """A campaign whose numbers have breached its rules."""
    campaign = give_budget(make_campaign(workspace, launched_at=now - timedelta(days=5)), "6000")
    make_criteria(campaign, *({"guards": {"spend": "1500"}, **rule} for rule in rules))
    for days in range(1, 5):
        day = workspace.local_day(now) - timedelta(days=days)
        report(campaign, day, impressions=50_000, clicks=125, spend=500, reported_at=now)
    judge_campaigns([campaign.pk], at=now)
    return campaign


@pytest.mark.usefixtures("team")
def test_what_happened__one_rule_stopped_it__tells_the_rule_once(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    campaign = lost(workspace, {}, now=now)
    kill_campaign(campaign.key, reason="It is over.", by=team[Role.MARKETER], at=now)
    told = happened(browse(Role.VIEWER), campaign)
    [breach] = [line for line in told if "breach its rule" in line]
    [pause] = [line for line in told if "paused" in line]
    [settled] = [line for line in told if "settled the breach" in line]
    assert RULE in breach
    assert pause.endswith(". Its rule says so.")
    assert settled.endswith("“It is over.”")
    assert "Pause the campaign" not in pause + settled


def test_what_happened__two_rules_spoke__says_which_one_paused_it(
    browse: Browse, workspace: Workspace, now: datetime
) -> None:
    campaign = lost(workspace, {}, {"action": "tell", "threshold": "0.006"}, now=now)
    told = happened(browse(Role.VIEWER), campaign)
    assert sum(OTHER in line for line in told) == 1
    [pause] = [line for line in told if "paused" in line]
    assert f"“{RULE}" in pause


@pytest.mark.usefixtures("team")
def test_what_happened__more_than_fits_beside_the_days__folds_all_but_the_newest(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    campaign = lost(workspace, {}, {"action": "tell", "threshold": "0.006"}, now=now)
    kill_campaign(campaign.key, reason="It is over.", by=team[Role.MARKETER], at=now)
    client = browse(Role.VIEWER)
    page = client.get(reverse("campaign", args=["harbour", campaign.key])).content.decode()
    newest, _, rest = page[page.index('<ol class="qn-timeline') :].partition("<details")
    told = happened(client, campaign)
    assert newest.count("<li>") == 3
    assert rest.partition("</details>")[0].count("<li>") == len(told) - 3 > 1


def test_what_happened__numbers_imported_for_a_draft__are_told_with_their_file(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime
) -> None:
    day = now.date() - timedelta(days=9)
    row = Row(campaign=week.draft.key, arm="a", day=day, measures={"clicks": 1})
    mia = team[Role.MARKETER]
    record_observations([row], by=mia, at=now, channel=IMPORT_CHANNEL, file_name="<b>october</b>.csv")
    told = happened(browse(Role.VIEWER), week.draft)
    assert told[0] == f"{mia.label} imported numbers from <b>october</b>.csv. 1 row."
    assert not any("imported" in line for line in happened(browse(Role.VIEWER), week.paused))


def test_what_happened__numbers_posted_by_a_program__are_routine(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime
) -> None:
    row = Row(campaign=week.draft.key, arm="a", day=now.date() - timedelta(days=9), measures={"clicks": 1})
    record_observations([row], by=team[Role.MARKETER], at=now)
    assert not any("numbers" in line for line in happened(browse(Role.VIEWER), week.draft))
