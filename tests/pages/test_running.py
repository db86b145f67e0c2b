"""Campaigns under way and zombies: what the pages say, and that their buttons do it."""

import re
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from experiments.models import Breach, Campaign, ZombieFlag
from experiments.services.criteria import overrule_breach
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns
from sprints.models import Sprint
from sprints.selectors.today import read_today
from sprints.services.planning import start_sprint
from sprints.services.reallocations import approve_reallocation, create_reallocation
from tests.factories import (
    criterion_values,
    fill_reserve,
    give_budget,
    hypothesis_values,
    make_campaign,
    make_draft,
    make_running_sprint,
    make_sprint,
    report,
)
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def read(client: Client, name: str, *args: object) -> str:
    return " ".join(client.get(url(name, *args)).content.decode().split())


def test_campaign__rule_has_fired__says_so_first_and_shows_the_rule(browse: Browse, week: Week) -> None:
    page = read(browse(Role.MARKETER), "campaign", "founder-video")
    assert "Its rule said no, and it <em>is paused</em>." in page
    # 800 clicks of 400,000 impressions in each arm on each day.
    assert "0.20%" in page
    assert (
        "Pause the campaign when the CTR is probably below <strong>0.5%</strong>, once "
        "<strong>$2,000</strong> of spend is in and we are <strong>95% sure</strong>." in page
    )
    assert "A manager can overrule it" in page
    assert "Resume" not in page


def test_board__rule_has_fired__tells_it_once_in_its_card(browse: Browse, week: Week) -> None:
    page = read(browse(Role.MARKETER), "sprint", Sprint.objects.get().number)
    card = page[page.index('class="qn-hyp"') :].partition("</article>")[0]
    assert "Breached " in card
    assert strip_tags(card).count("Pause the campaign when the CTR is probably below") == 1


def test_board__evidence_moves__says_so_beside_the_number_and_folds_the_rule(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    sprint = make_running_sprint(team[Role.MARKETER], "coupon", at=now - timedelta(days=3), days=6)
    coupon = Campaign.objects.get(key="coupon")
    for days_ago, clicks in ((3, 2050), (2, 2500)):
        day, told_at = workspace.local_day(now) - timedelta(days=days_ago), now - timedelta(days=days_ago - 1)
        report(coupon, day, arm="a", impressions=400_000, clicks=clicks, spend="1100.00", reported_at=told_at)
        judge_campaigns([coupon.pk], at=told_at)
    page = read(browse(Role.MARKETER), "sprint", sprint.number)
    assert re.search(r"<strong>\d+\.\d%</strong>, falling</span>", page)
    [folded] = re.findall(r'<details class="qn-numbers">(.*?)</details>', page, re.DOTALL)
    assert "<summary>Its rule in words</summary>" in folded
    assert "when the CTR is probably below" in strip_tags(folded)


def test_board__days_to_come__have_their_places_beside_those_reported(browse: Browse, week: Week) -> None:
    page = read(browse(Role.MARKETER), "sprint", Sprint.objects.get().number)
    letters = re.findall(r'<text class="t-mid" x="[0-9.]+" y="93">', page)
    # Three of the sprint's six days are reported.
    assert len(letters) == 6


def test_board__best_arm__is_told_with_the_lower_end_first(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    sprint = make_running_sprint(team[Role.MARKETER], "coupon", at=now - timedelta(days=4), days=6)
    coupon = Campaign.objects.get(key="coupon")
    for days_ago in (4, 3, 2):
        day = workspace.local_day(now) - timedelta(days=days_ago)
        for arm, conversions in (("a", 20), ("b", 22)):
            report(coupon, day, arm=arm, conversions=conversions, spend="400.00", reported_at=now)
    page = read(browse(Role.MARKETER), "sprint", sprint.number)
    [folded] = re.findall(r'<details class="qn-numbers">(.*?)</details>', page, re.DOTALL)
    assert "<summary>Its rule, and the numbers of each day</summary>" in folded
    assert folded.count('<th scope="row">') == 3
    assert re.search(r", \d+% cheaper to \d+% costlier", page)
    assert re.search(r"between \d+% cheaper and \d+% costlier, with 95% probability", page)


def test_pages__rule_by_the_number_has_fired__do_not_say_that_nothing_is_judged(
    browse: Browse, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia, started = team[Role.MARKETER], now - timedelta(days=3)
    hypothesis = create_hypothesis(values=hypothesis_values(owner=mia.user), by=mia, at=started)
    draft = make_draft(
        mia, hypothesis, "coupon", at=started, kill_criteria=[criterion_values(evidence="observed")]
    )
    sprint = start_sprint(make_sprint(mia, hypothesis, at=started).pk, by=mia, at=started)
    day = workspace.local_day(now) - timedelta(days=2)
    report(draft, day, impressions=400_000, clicks=800, spend="2500.00", reported_at=now)
    judge_campaigns([draft.pk], at=now)
    client = browse(Role.VIEWER)
    page = read(client, "campaign", "coupon")
    assert "With the numbers through" in page
    assert "Nothing is judged yet" not in page
    for where in (("today",), ("sprint", sprint.number)):
        assert "not judged yet" not in read(client, *where)


def test_campaign__killed__says_what_was_saved(browse: Browse, week: Week) -> None:
    page = read(browse(Role.VIEWER), "campaign", "office-skits")
    assert "A quick no after <em>3 days</em>. $2,500.00 stayed unspent." in page
    assert "“Nobody laughed.”" in page


def test_campaign__draft_with_a_gap__names_it(browse: Browse, week: Week) -> None:
    page = read(browse(Role.MARKETER), "campaign", "inbox-quote")
    assert "It has no budget." in page
    assert "Close the gaps" in page


def test_kill__without_a_reason__asks_for_one_and_kills_nothing(browse: Browse, week: Week) -> None:
    response = browse(Role.MARKETER).post(url("campaign_kill", "founder-video"), {"reason": " "})
    assert response.status_code == 422
    assert "Say why." in response.content.decode()
    week.paused.refresh_from_db()
    assert week.paused.status == "paused"


def test_kill__with_a_reason__kills_and_says_what_remains_to_do(browse: Browse, week: Week) -> None:
    client = browse(Role.MARKETER)
    response = client.post(url("campaign_kill", "founder-video"), {"reason": "Nobody clicks."}, follow=True)
    page = response.content.decode()
    assert "Founder video is killed. Stop it on the ad platform, too." in page
    assert "Nobody clicks." in page
    week.paused.refresh_from_db()
    assert week.paused.status == "killed"


def test_resume__open_breach__is_refused_with_the_way_out(browse: Browse, week: Week) -> None:
    page = browse(Role.MARKETER).post(url("campaign_resume", "founder-video"), follow=True).content.decode()
    assert "cannot be resumed while a kill criterion is breached" in page
    assert 'role="alert"' in page


def test_overrule__manager__lets_it_go_on(browse: Browse, week: Week, workspace: Workspace) -> None:
    client = browse(Role.MANAGER)
    until = workspace.local_day(week.breached.campaign.created_at) + timedelta(days=8)
    sent = {"reason": "The tracking was down.", "until": until.isoformat()}
    assert client.post(url("campaign_overrule", "founder-video", week.breached.pk), sent).status_code == 302
    assert "A manager <em>overruled</em> its rule" not in read(client, "campaign", "founder-video")
    client.post(url("campaign_resume", "founder-video"))
    assert "A manager <em>overruled</em> its rule" in read(client, "campaign", "founder-video")


def test_overrule__day_too_far__stands_beside_the_day_and_keeps_the_words(browse: Browse, week: Week) -> None:
    sent = {"reason": "The tracking was down.", "until": "2099-01-01"}
    answer = browse(Role.MANAGER).post(url("campaign_overrule", "founder-video", week.breached.pk), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_until_error"' in page
    assert "The tracking was down.</textarea>" in page


def test_stop_arm__last_treatment__is_stopped(browse: Browse, week: Week) -> None:
    answer = browse(Role.MARKETER).post(url("arm_stop", "founder-video", "b"), {"reason": ""})
    assert answer.status_code == 302
    assert week.paused.arms.get(key="b").status == "stopped"


def test_amend__open_breach__is_refused_and_keeps_what_was_typed(browse: Browse, week: Week) -> None:
    client = browse(Role.MANAGER)
    address = url("campaign_amend", "founder-video")
    assert 'value="0.5%"' in client.get(address).content.decode()
    sent = {
        "reason": "Too strict.",
        "criterion-0-action": "pause",
        "criterion-0-level": "campaign",
        "criterion-0-metric": "ctr",
        "criterion-0-comparator": "below",
        "criterion-0-threshold": "0.1%",
        "criterion-0-guard_0": "2k",
        "criterion-0-guard_0_of": "spend",
        "criterion-0-confidence": "0.95",
        "criterion-0-evidence": "probable",
    }
    answer = client.post(address, sent)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "cannot be amended while a kill criterion is breached" in page
    assert 'value="0.1%"' in page
    assert "Too strict.</textarea>" in page


def test_zombies__money_burning__says_how_much_and_why(browse: Browse, week: Week) -> None:
    page = read(browse(Role.MARKETER), "zombies")
    assert (
        "One campaign walks on without a yes. It has cost <em>$186.40</em> since it should have stopped."
        in page
    )
    assert "It spends, and nobody has said when to stop." in page


def test_zombies__none__says_so_instead_of_an_empty_table(browse: Browse, workspace: Workspace) -> None:
    page = read(browse(Role.MARKETER), "zombies")
    assert "Nothing walks that should lie still." in page
    assert "Nothing spends yet." in page
    assert "<table" not in page
    make_campaign(workspace, "banner", launched_at=timezone.now())
    assert "Every campaign that spends has a plan" in read(browse(Role.MARKETER), "zombies")


def test_zombie__kept_with_reason_and_day__leaves_the_list(
    browse: Browse, week: Week, workspace: Workspace
) -> None:
    client = browse(Role.MARKETER)
    answer = client.post(url("zombie_keep", week.zombie.pk), {"reason": "Agreed with sales."})
    assert answer.status_code == 422
    assert "Nothing is kept for ever." in answer.content.decode()
    until = workspace.local_day(week.zombie.flagged_at) + timedelta(days=3)
    client.post(
        url("zombie_keep", week.zombie.pk), {"reason": "Agreed with sales.", "until": until.isoformat()}
    )
    week.zombie.refresh_from_db()
    assert (week.zombie.state, week.zombie.resolution) == ("resolved", "kept")
    assert "Nothing walks" in read(client, "zombies")


def test_zombie__acknowledged__names_who_looks_after_it(browse: Browse, week: Week) -> None:
    client = browse(Role.MARKETER)
    client.post(url("zombie_acknowledge", week.zombie.pk))
    assert "acknowledged by marketer@harbour.example" in read(client, "zombies")


def test_zombie__stopped__kills_its_campaign(browse: Browse, week: Week) -> None:
    browse(Role.MARKETER).post(url("zombie_stop", week.zombie.pk), {"reason": "Nobody wants it."})
    assert Campaign.objects.get(key="brand-search").status == "killed"
    assert not ZombieFlag.objects.unresolved().exists()


def test_campaigns__many_rows__take_no_more_queries(browse: Browse, week: Week, workspace: Workspace) -> None:
    client = browse(Role.MARKETER)
    few = _queries(client, url("campaigns"))
    for number in range(6):
        campaign = make_campaign(workspace, f"more-{number}")
        report(campaign, "2026-02-01", impressions=1000, clicks=9, spend="20.00")
    assert _queries(client, url("campaigns")) <= few
    assert few <= 12


def test_pages__one_visit__takes_few_queries(browse: Browse, week: Week) -> None:
    client = browse(Role.OWNER)
    for most, where in (
        (12, ("zombies",)),
        (12, ("activity",)),
        (12, ("settings",)),
        (12, ("settings_keys",)),
        (12, ("settings_learnt",)),
        (12, ("hypothesis_new",)),
        (12, ("campaign_new",)),
        # The page that has everything: plan, evidence, analysis, days and events.
        (22, ("campaign", "founder-video")),
    ):
        assert _queries(client, url(*where)) <= most, where


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_today__two_sprints_run__names_both_and_each_page_has_its_own_strip(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime
) -> None:
    mia, started = team[Role.MARKETER], now - timedelta(days=1)
    hypothesis = create_hypothesis(values=hypothesis_values(owner=mia.user), by=mia, at=started)
    make_draft(mia, hypothesis, "coupon", at=started)
    second = make_sprint(mia, hypothesis, at=started, name="Coupons", days=7)
    start_sprint(second.pk, by=mia, at=started)
    client = browse(Role.VIEWER)
    today = read(client, "today")
    assert 'Sprint 1</a>, day 4 of 6, <span class="qn-quiet">also' in today
    for sprint in (1, second.number):
        assert f'id="sprint{sprint}"' in today
    for where in (("sprint", second.number), ("campaign", "coupon"), ("hypothesis", hypothesis.pk)):
        assert "Sprint 2</a>, day 2 of 7" in read(client, *where)
    for where in (("sprint", 1), ("campaign", "founder-video")):
        assert "Sprint 1</a>, day 4 of 6" in read(client, *where)


def test_today__rule_has_fired__keeps_the_moment_to_decide_by_on_one_line(browse: Browse, week: Week) -> None:
    page = browse(Role.MARKETER).get(url("today")).content.decode()
    assert re.search(r"decide by \w+\xa0\d+\xa0\w+,\xa0\d\d:\d\d<", page)


def test_today__moment_to_decide_by_is_over__says_since_when_it_was_due(
    browse: Browse, week: Week, workspace: Workspace
) -> None:
    workspace.grace_hours = 1
    workspace.save(update_fields=["grace_hours"])
    Breach.objects.update(at=F("at") - timedelta(hours=30))
    page = read(browse(Role.MANAGER), "today")
    assert "was due " in page
    assert "decide by " not in page


def test_today__marketer_who_proposed__counts_only_what_she_can_decide(
    browse: Browse, week: Week, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    mia, dana = team[Role.MARKETER], team[Role.MANAGER]
    fill_reserve(workspace, "900.00")
    give_budget(week.unplanned, "500.00")
    line = {"from": "reserve", "to": "brand-search", "amount": "100.00"}
    create_reallocation(lines=[line], by=mia, at=now)
    own = create_reallocation(lines=[line | {"amount": "50.00"}], by=dana, at=now)
    approved = create_reallocation(lines=[line | {"amount": "60.00"}], by=mia, at=now)
    approve_reallocation(approved.pk, plan_digest=approved.plan_digest, by=dana, at=now)
    seen = {role: read_today(workspace, by=team[role], at=now) for role in Role}
    # The breach and the zombie wait for whoever may plan; a plan for a manager who did not propose it.
    assert {role: today.decisions for role, today in seen.items()} == {
        Role.VIEWER: 0,
        Role.MARKETER: 3,
        Role.MANAGER: 4,
        Role.OWNER: 5,
    }
    assert [item.is_mine for item in seen[Role.MANAGER].plans if item.plan == own] == [False]
    assert "It waits for a manager other than you." in read(browse(Role.MARKETER), "today")
    assert "Nothing waits for you." in read(browse(Role.VIEWER), "today")


def test_today__paused_breach_and_a_burning_zombie__puts_the_zombie_first(
    browse: Browse, week: Week, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    assert week.paused.status == "paused"
    assert read_today(workspace, by=team[Role.VIEWER], at=now).groups == ["zombies", "breaches"]
    page = read(browse(Role.VIEWER), "today")
    assert page.index("brand-search") < page.index("sure when it fired")


def test_today__several_flags_of_a_campaign__say_it_once_and_count_it_once(
    browse: Browse, week: Week, workspace: Workspace, team: dict[Role, Actor], now: datetime
) -> None:
    before = read_today(workspace, by=team[Role.MARKETER], at=now)
    for campaign, signal in ((week.unplanned, "blind"), (week.paused, "undead"), (week.paused, "breached")):
        ZombieFlag.objects.create(
            workspace=workspace,
            campaign=campaign,
            signal=signal,
            since=now,
            flagged_at=now,
            money_per_day=None if signal == "blind" else "40.00",
            money_since=None if signal == "blind" else "40.00",
        )
    today = read_today(workspace, by=team[Role.MARKETER], at=now)
    assert [(item.flag.signal, [one.signal for one in item.other_flags]) for item in today.zombies] == [
        ("unplanned", ["blind"])
    ]
    assert [[flag.signal for flag in item.other_flags] for item in today.breaches] == [["undead"]]
    assert today.decisions == before.decisions
    # Paused it is, and the platform goes on all the same.
    spent = today.breaches[0].money_per_day
    assert spent
    assert today.money_per_day == before.money_per_day + spent
    page = read(browse(Role.MARKETER), "today")
    assert page.count('<span class="qn-tag is-burn">') == 3
    assert "it is paused" not in page
    assert f'<span class="qn-count is-calling">{today.decisions}<' in page


def test_strip__a_day_that_has_not_begun_here__does_not_count_as_reported(
    browse: Browse, week: Week, workspace: Workspace, now: datetime
) -> None:
    before = read(browse(Role.VIEWER), "campaigns").partition("Data through")[2][:60]
    tomorrow = workspace.local_day(now) + timedelta(days=1)
    report(week.unplanned, tomorrow, arm="all", source="google", spend="1.00", reported_at=now)
    assert read(browse(Role.VIEWER), "campaigns").partition("Data through")[2][:60] == before


def test_campaign_page__overruled_rule__says_who_why_and_until_when(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime
) -> None:
    until = week.paused.workspace.local_day(now) + timedelta(days=2)
    overrule_breach(
        "founder-video", week.breached.pk, reason="A fair", until=until, by=team[Role.MANAGER], at=now
    )
    html = browse(Role.VIEWER).get("/w/harbour/campaigns/founder-video/").content.decode()
    assert "It rests through" in html
    assert "“A fair”" in html
    assert str(team[Role.MANAGER].user) in html


def test_campaign_page__killed_and_revived__leads_both_ways(
    browse: Browse, week: Week, team: dict[Role, Actor], now: datetime
) -> None:
    make_draft(
        team[Role.MARKETER], None, "second-chance", at=now, revives="office-skits", name="Second chance"
    )
    client = browse(Role.VIEWER)
    old = client.get("/w/harbour/campaigns/office-skits/").content.decode()
    assert 'came back as <a href="/w/harbour/campaigns/second-chance/">' in old
    new = client.get("/w/harbour/campaigns/second-chance/").content.decode()
    assert 'revives <a href="/w/harbour/campaigns/office-skits/">' in new
