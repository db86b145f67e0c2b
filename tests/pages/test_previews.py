"""What a rule would do, asked on the form that writes it: by a plain button, and by htmx as one types."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from experiments.choices import METRICS, MetricForm
from experiments.forms.preview import PRICED_BY
from experiments.models import Campaign
from experiments.templatetags._risks import of_hundred, stops
from tests.pages.browsing import PATIENCE_MS, Look, objections, opened, served
from tests.pages.conftest import Browse, Week
from tests.pages.test_every_page import Page, check
from tests.pages.test_planning_forms import CAMPAIGN
from workspaces.choices import Role

NEW = "/w/harbour/campaigns/new/"
REST = "/api/v1/kill-criteria/preview/"
PLAN = {
    "plan-spend_per_day": "1k",
    "plan-days": "7",
    "plan-impressions": "20.00",
    "plan-clicks": "",
    "plan-sends": "",
    "plan-order_value": "",
}
ASKED = {**CAMPAIGN, **PLAN, "preview": "rules"}
PLAIN: dict[str, str] = {}
HTMX = {"HX-Request": "true"}
RULE: dict[str, Any] = {
    "metric": "ctr",
    "comparator": "below",
    "threshold": "0.005",
    "guards": {"spend": "1500", "days": 2},
    "confidence": "0.95",
}


@pytest.fixture
def mia(browse: Browse) -> Client:
    return browse(Role.MARKETER)


def figures(client: Client, **changes: Any) -> Any:
    asked = {"criterion": RULE, "spend_per_day": "1000", "days": 7, "price_of_exposure": "0.02", **changes}
    answer = client.post(REST, asked, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def ask(
    client: Client, changes: dict[str, str] | None = None, *, headers: dict[str, str] = PLAIN, url: str = NEW
) -> str:
    answer = client.post(url, ASKED | (changes or {}), headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("headers", [PLAIN, HTMX])
def test_preview__of_a_rule__says_the_figures_of_the_rest_interface(
    mia: Client, headers: dict[str, str]
) -> None:
    told, page = figures(mia), ask(mia, headers=headers)
    good, _, bad, worst = told["truths"]
    assert told["false_kill_risk"] == good["probability_stop"]
    for truth in (good, bad, worst):
        assert f"{of_hundred(truth['probability_stop'])}</" in page
    assert f"after ${float(bad['expected_spend']):,.0f} on average" in page
    assert "at $1,000.00 a day for 7 days" in page
    assert f"by day 7: 10% higher {of_hundred(good['probability_stop'])}, at the limit" in page


@pytest.mark.parametrize("headers", [PLAIN, HTMX])
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"criterion-0-metric": "roas", "criterion-0-threshold": "2", "plan-order_value": "50"},
            ["probable", "observed", "observed_margin"],
        ),
        (
            {"criterion-0-evidence": "observed", "criterion-0-confidence": "0.9995"},
            ["observed", "observed_margin"],
        ),
    ],
)
def test_preview__kind_of_evidence_that_the_rule_cannot_have__is_tried_without_it(
    mia: Client, changes: dict[str, str], told: list[str], headers: dict[str, str]
) -> None:
    page = ask(mia, changes, headers=headers)
    assert "after $" in page
    assert re.findall(r'risk-criterion-0-(\w+)">\s*<span class="qn-num">', page) == told


def test_preview__by_the_plain_button__is_the_page_with_everything_that_was_typed(mia: Client) -> None:
    html = ask(mia)
    check(Page(html))
    for typed in ('value="Founder video two"', 'value="2.5k"', 'value="0.5%"', 'value="1k"', 'value="20.00"'):
        assert typed in html
    assert "Not saved" not in html
    assert not Campaign.objects.exists()


def test_preview__for_htmx__is_parts_for_places_that_the_page_has(mia: Client) -> None:
    page, part = Page(ask(mia)), ask(mia, headers=HTMX)
    places = re.findall(r'hx-swap-oob="innerHTML:#([\w-]+)"', part)
    assert "would-criterion-0" in places
    assert set(places) <= set(page.ids)
    assert "<html" not in part
    assert part.lstrip().startswith("<p>Criterion 1 stops")


def test_preview__spend_left_empty__is_the_budget_divided_by_the_days(mia: Client) -> None:
    sent = {"plan-spend_per_day": "", "plan-days": "5"}
    assert "at $500.00 a day for 5 days" in ask(mia, sent)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"plan-impressions": "", "channel": "linkedin"}, "The CTR cannot be tried without it."),
        ({"plan-impressions": "a lot"}, "Write the number alone."),
        ({"plan-days": ""}, "Say how many days it runs"),
        ({"plan-days": "61"}, "Give a number from 1 to 60."),
        ({"plan-spend_per_day": "", "budget": ""}, "Say what it will spend a day, or what its budget is."),
        ({"plan-spend_per_day": "", "budget": "2.500"}, "Say what it will spend a day"),
        ({"plan-spend_per_day": "99999999999", "plan-impressions": "0.01"}, "more than 1,000,000,000,000 ev"),
        ({"criterion-0-threshold": "0.5"}, "Limit: Is that 0.5% or 50%?"),
        ({"criterion-0-guard_0": ""}, "Guard amount: Give the guard"),
        ({"criterion-0-threshold": "", "criterion-0-guard_0": ""}, "Fill in the limit and the guard first."),
        (
            {"criterion-0-metric": "cvr", "plan-clicks": "", "channel": "linkedin"},
            "The conversion rate cannot be tried without it.",
        ),
        ({"criterion-0-metric": "roas", "criterion-0-threshold": "2"}, "cannot be tried without it."),
        ({"criterion-0-metric": "aov", "criterion-0-threshold": "60"}, "has no preview"),
    ],
)
@pytest.mark.parametrize("headers", [PLAIN, HTMX])
def test_preview__of_what_is_unclear__says_what_would_be_right(
    mia: Client, changes: dict[str, str], complaint: str, headers: dict[str, str]
) -> None:
    page = ask(mia, changes, headers=headers)
    assert complaint in page
    assert "of 100</small>" not in page


def test_preview__price_left_empty__is_what_the_last_campaigns_paid_and_says_so(
    mia: Client, week: Week
) -> None:
    page = ask(mia, {"plan-impressions": ""})
    # $1,100.00 for 400,000 impressions.
    assumed = "Assumed, because nothing was typed: Price of 1,000 impressions <strong>$2.75</strong>"
    assert f"{assumed}, your last 2 campaigns on Meta Ads." in page
    typed = ask(mia, {"plan-impressions": "2.75"})
    assert "Assumed" not in typed
    chances = re.compile(r"([\d.]+) <small>of 100</small>")
    assert chances.findall(page) == chances.findall(typed) != []


def test_preview__price_nobody_here_has_paid__is_the_published_average(mia: Client) -> None:
    page = ask(mia, {"plan-impressions": "", "channel": "google"}, headers=HTMX)
    assert "<strong>$299.17</strong>, not yours: WordStream" in page


def test_preview__on_the_adoption__takes_the_price_of_the_campaigns_own_channel(
    mia: Client, week: Week
) -> None:
    page = ask(mia, {"plan-impressions": ""}, url=reverse("campaign_adopt", args=["harbour", "brand-search"]))
    assert "<strong>$299.17</strong>, not yours: WordStream" in page


def test_preview__several_rules_by_one_price__all_say_what_is_assumed(mia: Client) -> None:
    second = {name.replace("criterion-0", "criterion-1"): text for name, text in CAMPAIGN.items()}
    page = ask(mia, {**second, "plan-impressions": ""})
    assert page.count("Assumed, because nothing was typed") == 2


def test_preview__a_price_that_no_rule_needs__is_not_complained_about(mia: Client) -> None:
    page = ask(mia, {"plan-clicks": "a lot"})
    assert "of 100</small>" in page


def test_preview__of_a_cost__needs_no_price_and_says_costlier(mia: Client) -> None:
    sent = {
        "criterion-0-metric": "cpa",
        "criterion-0-comparator": "above",
        "criterion-0-threshold": "18",
        "plan-impressions": "",
    }
    page = ask(mia, sent)
    assert "truly $21.60, 20% costlier than the limit" in page
    assert "and the late conversions usual here" in page


def test_preview__of_a_rule_that_only_tells__does_not_say_that_it_stops(mia: Client) -> None:
    page = ask(mia, {"criterion-0-action": "tell"}, headers=HTMX)
    assert "told about by mistake" in page
    assert "stopped by mistake" not in page


def test_preview__on_the_amendment__assumes_the_budget_until_the_last_day(browse: Browse, week: Week) -> None:
    client, url = browse(Role.MANAGER), reverse("campaign_amend", args=["harbour", "founder-video"])
    page = client.get(url).content.decode()
    first, last = week.paused.first_judged_day(), week.paused.runs_until
    assert first
    assert last
    days = (last - first).days + 1
    daily = (week.paused.budget / days).quantize(Decimal("0.01")).normalize()
    assert f'value="{daily:f}"' in page
    assert f'name="plan-days" value="{days}"' in page
    assert "of 100</small>" in ask(client, {"reason": ""}, url=url)
    assert not week.paused.amendments.exists()


def test_preview__on_the_adoption__keeps_the_budget_as_it_was_typed(mia: Client, week: Week) -> None:
    url = reverse("campaign_adopt", args=["harbour", "brand-search"])
    page = ask(mia, {"plan-spend_per_day": ""}, url=url)
    assert "at $357.14 a day for 7 days" in page
    assert 'value="2.5k"' in page


def test_preview__as_one_types__comes_without_a_button_and_leaves_the_field_alone(
    shared_db: None, chromium: str, browse: Browse, week: Week
) -> None:
    path = reverse("campaign_edit", args=["harbour", week.draft.key])
    look = Look(390, "dark")
    with served() as address, opened(chromium, address, look, as_whom=browse(Role.MARKETER)) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(error.message))
        page.goto(path)
        page.fill("#id_plan-impressions", "20")
        page.fill("#id_plan-spend_per_day", "1000")
        page.wait_for_selector("#would-criterion-0 .qn-num", timeout=PATIENCE_MS)
        assert page.evaluate("document.activeElement.id") == "id_plan-spend_per_day"
        assert page.inner_text("#would-said").startswith("Criterion 1 stops")
        assert objections(page) == []
        page.select_option("[name=criterion-0-metric]", "open_rate")
        page.wait_for_selector("#would-plan-sends .qn-errors", timeout=PATIENCE_MS)
        assert not page.is_visible("#id_plan-impressions")
        assert said == []


def test_stylesheet__every_rate__shows_the_field_of_its_price_and_what_is_said_of_rates() -> None:
    css = (settings.BASE_DIR / "static" / "quickno" / "app.css").read_text()
    for metric in METRICS.values():
        if metric.form == MetricForm.RATE:
            assert metric.exposure in PRICED_BY
            rules = [line for line in css.splitlines() if f'[value="{metric.key}"]' in line]
            assert [line for line in rules if f".qn-if-{metric.exposure}" in line], metric.key
            assert [line for line in rules if ".qn-if-share" in line], metric.key


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.0, "fewer than 0.1"),
        (0.025, "2.5"),
        (0.08, "8"),
        (0.826, "83"),
        (0.996, "99.6"),
        (1.0, "more than 99.9"),
    ],
)
def test_of_hundred__is_never_none_and_never_all(chance: float, words: str) -> None:
    assert of_hundred(chance) == words


@pytest.mark.parametrize("days", [1, 2, 60])
def test_drawing__lines_that_end_alike__keeps_their_numbers_apart(days: int) -> None:
    alike = [{"stopped_by_day": [0.0] * days, "probability_stop": 0.0} for _ in range(4)]
    label = "Of 100 campaigns, stopped by day {days}: {told}."
    svg = stops(alike, ["one", "two", "three", "four"], label=label)
    heights = [float(y) for y in re.findall(r'class="t-num is-s" x="[\d.]+" y="([\d.]+)"', svg)]
    assert len(heights) == len(set(heights)) == 4
    assert f"Of 100 campaigns, stopped by day {days}: one fewer than 0.1, two" in svg
