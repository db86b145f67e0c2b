"""Pages that speak of a hypothesis's campaigns call a conversion as its team does."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from experiments.models import Campaign, Hypothesis
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns
from sprints.services.planning import start_sprint
from tests.factories import criterion_values, hypothesis_values, make_draft, make_sprint, report
from tests.pages.conftest import Browse
from tests.pages.forms import form_at
from workspaces.choices import EventKind, Role
from workspaces.models import Workspace
from workspaces.permissions import Actor
from workspaces.services import record_event

TRIAL = {"conversion_name": "trial", "conversion_name_plural": "trials"}
COST = criterion_values(metric="cpa", comparator="above", threshold="18.00", guards={"spend": "500.00"})
RULE = "a trial probably costs more than"


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def main_of(client: Client, address: str) -> str:
    """What the page itself says, without its links to the documents."""
    page = client.get(address).content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    return " ".join(main.replace("#late-conversions", "").replace("“late conversions”", "").split())


@pytest.fixture
def trials(workspace: Workspace, team: dict[Role, Actor], now: datetime) -> Campaign:
    """A campaign whose trials are too dear: its rule has paused it."""
    mia, started = team[Role.MARKETER], now - timedelta(days=4)
    values = hypothesis_values(title="Three fields", owner=mia.user, **TRIAL)
    hypothesis = create_hypothesis(values=values, by=mia, at=started)
    make_draft(mia, hypothesis, "short-form", at=started, kill_criteria=[COST])
    start_sprint(make_sprint(mia, hypothesis, at=started, days=6).pk, by=mia, at=started)
    campaign = Campaign.objects.get(key="short-form")
    for days_ago in (3, 2, 1):
        day = workspace.local_day(now) - timedelta(days=days_ago)
        for arm in ("a", "b"):
            numbers: dict[str, Any] = {"impressions": 40_000, "clicks": 800, "conversions": 9}
            report(campaign, day, arm=arm, spend="400.00", reported_at=now, **numbers)
    # What is told otherwise later stands in the feed.
    told = {"name": campaign.name, "batch": 1, "days": ["2026-11-16"], "measures": ["conversions"]}
    record_event(EventKind.METRICS_RESTATED, by=mia, at=now, subject=("campaign", campaign.key), data=told)
    judge_campaigns([campaign.pk], at=now)
    campaign.refresh_from_db()
    return campaign


@pytest.mark.parametrize(
    "page", ["today", "sprint", "campaign", "hypothesis", "sprint_review", "sprint_review_print", "decide"]
)
def test_page__about_a_hypothesis_with_a_word__says_it_and_not_conversion(
    browse: Browse, trials: Campaign, page: str
) -> None:
    args: dict[str, tuple[object, ...]] = {
        "today": (),
        "campaign": (trials.key,),
        "hypothesis": (trials.hypothesis_id,),
        "decide": (1, trials.hypothesis_id),
    }
    said = main_of(browse(Role.MARKETER), url(page, *args.get(page, (1,))))
    assert "trial" in said
    assert "conversion" not in said.lower()
    if page in {"today", "sprint", "campaign", "sprint_review"}:
        assert RULE in said
    if page == "campaign":
        assert "Trials of Mon 16 Nov" in said


def test_amend__and_what_a_rule_would_do__speak_of_trials(browse: Browse, trials: Campaign) -> None:
    dana = browse(Role.MANAGER)
    form = main_of(dana, url("campaign_amend", trials.key))
    assert re.search('<option value="cpa" selected[^>]*>cost per trial</option>', form)
    assert re.search('<option value="conversions"[^>]*>trials</option>', form)
    asked = {**form_at(dana, url("campaign_amend", trials.key)), "preview": "rules"}
    asked |= {"plan-spend_per_day": ["500"], "plan-days": ["5"]}
    answer = dana.post(url("campaign_amend", trials.key), asked, headers={"HX-Request": "true"})
    told = " ".join(answer.content.decode().split())
    assert "If the cost per trial truly is" in told
    assert "the late trials usual here" in told
    assert RULE in told


def test_campaign_form__with_the_hypothesis_chosen__speaks_as_it_does(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia = team[Role.MARKETER]
    idea = create_hypothesis(values=hypothesis_values(**TRIAL), by=mia, at=now)
    client, address = browse(Role.MARKETER), url("campaign_new")
    assert ">cost per conversion</option>" in main_of(client, address)
    assert ">cost per trial</option>" in main_of(client, f"{address}?hypothesis={idea.pk}")


def test_page__where_the_hypothesis_says_nothing__speaks_as_the_policy_does(
    browse: Browse, workspace: Workspace, trials: Campaign
) -> None:
    Hypothesis.objects.update(conversion_name="", conversion_name_plural="")
    Workspace.objects.update(conversion_name="order", conversion_name_plural="orders")
    client = browse(Role.VIEWER)
    assert "an order probably costs more than" in main_of(client, url("campaign", trials.key))
    assert "order, orders" in main_of(client, url("settings_policy"))
    assert "and no orders came." in main_of(client, url("zombies"))


@pytest.mark.parametrize("page", ["settings_learnt", "settings_sources", "settings_policy"])
def test_settings__workspace_with_a_word__say_what_is_late_in_it(
    browse: Browse, workspace: Workspace, page: str
) -> None:
    Workspace.objects.update(conversion_name="order", conversion_name_plural="orders")
    said = main_of(browse(Role.VIEWER), url(page))
    assert "late orders" in said.lower() or "its orders settle" in said
    assert "late conversions" not in said.lower().replace("more about late conversions", "")
    assert "its conversions" not in said


def test_policy_and_sources__whoever_changes_them__reads_no_conversion_but_the_word_itself(
    browse: Browse, workspace: Workspace
) -> None:
    Workspace.objects.update(conversion_name="order", conversion_name_plural="orders")
    owner = browse(Role.OWNER)
    policy = main_of(owner, url("settings_policy"))
    assert re.findall(r">([^<>]*\bconversions?\b[^<>]*?) ?<", policy) == [
        "One conversion is called",
        "Several conversions are called",
    ]
    assert "onversion" not in main_of(owner, url("source_new"))


def test_sizing__of_a_hypothesis_with_a_word__says_it_before_it_is_saved(
    browse: Browse, workspace: Workspace
) -> None:
    asked = {"primary_metric": "cpa", "mde_relative": "20%", "stands_at": "18", "money_per_day": "400"}
    asked |= {**TRIAL, "size": "1"}
    page = browse(Role.MARKETER).post(url("hypothesis_new"), asked, headers={"HX-Request": "true"})
    assert "The days until the last trials have arrived come on top." in page.content.decode()


def test_word__is_escaped_where_it_stands(browse: Browse, trials: Campaign) -> None:
    Hypothesis.objects.update(conversion_name="R&D <b>", conversion_name_plural="R&D <b>s")
    for page in (url("campaign", trials.key), url("sprint", 1), url("hypothesis", trials.hypothesis_id)):
        said = main_of(browse(Role.VIEWER), page)
        assert "R&amp;D &lt;b&gt;" in said
        assert "<b>" not in said


def test_hypothesis_form__has_the_word_folded_away_and_shows_it_in_a_sentence(
    browse: Browse, workspace: Workspace
) -> None:
    client = browse(Role.MARKETER)
    empty = main_of(client, url("hypothesis_new"))
    assert '<strong data-says="id_conversion_name" data-empty="conversion">conversion</strong>' in empty
    assert '<option value="booking">' in empty
    filled = {**hypothesis_values(), "target": "", "mde_relative": "20%", **TRIAL}
    refused = client.post(url("hypothesis_new"), {**filled, "conversion_name_plural": "<i>"})
    assert refused.status_code == 422
    assert "Use letters, digits, spaces and hyphens only" in refused.content.decode()
    assert client.post(url("hypothesis_new"), filled).status_code == 302
    [idea] = Hypothesis.objects.all()
    assert (idea.conversion_name, idea.conversion_name_plural) == ("trial", "trials")
