"""Writing hypotheses and campaigns: what was typed stays, what is wrong is said beside it."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from experiments.models import Campaign, Hypothesis
from tests.pages.conftest import Browse, Week
from workspaces.choices import Role

HYPOTHESIS = {
    "title": "Founder video beats studio",
    "change": "a founder on a phone",
    "audience": "cold audiences",
    "expected_effect": "lower the cost per lead",
    "because": "sales calls praise candour",
    "kind": "creative_angle",
    "buyer_stage": "awareness",
    "driver": "trust",
    "primary_metric": "cpa",
    "target": "18.00",
    "mde_relative": "20%",
}
CAMPAIGN = {
    "name": "Founder video two",
    "key": "",
    "hypothesis": "",
    "channel": "meta",
    "budget": "2.5k",
    "components": "landing page\r\n\r\ntwo ads",
    "control": "0",
    "arm-0-name": "Studio",
    "arm-0-key": "",
    "arm-0-planned_share": "50%",
    "arm-1-name": "Founder",
    "arm-1-key": "founder",
    "arm-1-planned_share": "50",
    "criterion-0-action": "pause",
    "criterion-0-level": "campaign",
    "criterion-0-metric": "ctr",
    "criterion-0-comparator": "below",
    "criterion-0-threshold": "0.5%",
    "criterion-0-guard_0": "1,500",
    "criterion-0-guard_0_of": "spend",
    "criterion-0-guard_1": "2",
    "criterion-0-guard_1_of": "days",
    "criterion-0-confidence": "0.95",
    "criterion-0-evidence": "probable",
}


def new(name: str) -> str:
    return reverse(name, args=["harbour"])


def test_hypothesis_form__all_said__is_in_the_backlog(browse: Browse) -> None:
    response = browse(Role.MARKETER).post(new("hypothesis_new"), HYPOTHESIS)
    hypothesis = Hypothesis.objects.get()
    assert response["Location"] == reverse("hypothesis", args=["harbour", hypothesis.pk])
    assert hypothesis.target == Decimal(18)
    assert hypothesis.mde_relative == 0.2
    assert hypothesis.predicted_success is None


def test_hypothesis_form__rate_without_its_sign__asks_and_keeps_what_was_typed(browse: Browse) -> None:
    sent = {**HYPOTHESIS, "primary_metric": "ctr", "outcome_metric": "cpa", "target": "0.5"}
    response = browse(Role.MARKETER).post(new("hypothesis_new"), sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Is that 0.5% or 50%?" in page
    assert 'value="0.5"' in page
    assert "a founder on a phone</textarea>" in page
    assert not Hypothesis.objects.exists()


def test_hypothesis_form__outcome__is_not_called_optional(browse: Browse) -> None:
    page = browse(Role.MARKETER).get(new("hypothesis_new")).content.decode()
    said = re.findall(
        r'<label class="qn-label" for="id_(\w+)">[^<]*<span class="qn-optional">(.*?)</span>', page
    )
    assert dict(said)["outcome_metric"] == "depends on the metric"
    assert dict(said)["target"] == "optional"


@pytest.mark.parametrize(
    ("sent", "opens"),
    [
        ({}, []),
        ({"ease": "7"}, ["How good a bet it is"]),
        ({"predicted_success": "0.5"}, ["How good a bet it is"]),
        ({"stands_at": "24"}, ["Say what it stands at, and the money and prices"]),
    ],
)
def test_hypothesis_form__refused__its_folds_stand_open_where_something_is_in_them(
    browse: Browse, sent: dict[str, str], opens: list[str]
) -> None:
    page = (
        browse(Role.MARKETER)
        .post(new("hypothesis_new"), {**HYPOTHESIS, "title": "", **sent})
        .content.decode()
    )
    folds = re.findall(r"<details[^>]* open>\s*<summary>(?:<strong>)?(.*?)<", page)
    assert folds == opens


def test_hypothesis_form__sizing_asked_for_what_nobody_knows__opens_its_fields(browse: Browse) -> None:
    page = browse(Role.MARKETER).post(new("hypothesis_new"), {**HYPOTHESIS, "size": "1"}).content.decode()
    assert re.findall(r"<details[^>]* open>\s*<summary>(.*?)<", page) == [
        "Say what it stands at, and the money and prices"
    ]
    assert 'id="id_stands_at_error"' in page


def test_hypothesis_form__sizing_asked_for_by_htmx__says_which_fold_it_waits_for(browse: Browse) -> None:
    mia, url = browse(Role.MARKETER), new("hypothesis_new")
    asked, htmx = {**HYPOTHESIS, "size": "1"}, {"HX-Request": "true"}
    assert 'data-opens="sizing-figures"' in mia.post(url, asked, headers=htmx).content.decode()
    assert 'id="sizing-figures"' in mia.get(url).content.decode()
    early = mia.post(url, {**asked, "primary_metric": ""}, headers=htmx).content.decode()
    assert "data-opens" not in early


def test_hypothesis_form__vanity_metric_alone__names_the_field_of_the_rule(browse: Browse) -> None:
    sent = {**HYPOTHESIS, "primary_metric": "ctr", "target": "0.5%"}
    response = browse(Role.MARKETER).post(new("hypothesis_new"), sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert 'id="id_outcome_metric_error"' in page
    assert "Name the outcome metric" in page
    assert 'value="0.5%"' in page


def test_hypothesis_form__edit__shows_it_as_a_person_would_type_it(browse: Browse, week: Week) -> None:
    url = reverse("hypothesis_edit", args=["harbour", week.backlog.pk])
    page = browse(Role.MARKETER).get(url).content.decode()
    assert 'value="40"' in page
    assert 'value="20%"' in page
    answer = browse(Role.MARKETER).post(url, {**HYPOTHESIS, "title": "Quotes by e-mail"})
    assert answer.status_code == 302
    week.backlog.refresh_from_db()
    assert week.backlog.title == "Quotes by e-mail"


def test_hypothesis_form__committed__is_refused_with_the_reason(browse: Browse, week: Week) -> None:
    assert week.paused.hypothesis is not None
    url = reverse("hypothesis_edit", args=["harbour", week.paused.hypothesis.pk])
    response = browse(Role.MARKETER).post(url, HYPOTHESIS)
    assert response.status_code == 409
    assert "stays as it was agreed" in response.content.decode()


def test_campaign_form__all_said__becomes_a_draft_with_its_rule(browse: Browse) -> None:
    response = browse(Role.MARKETER).post(new("campaign_new"), CAMPAIGN)
    campaign = Campaign.objects.get()
    assert response["Location"] == reverse("campaign", args=["harbour", "founder-video-two"])
    assert campaign.planned_budget == Decimal(2500)
    assert campaign.components == ["landing page", "two ads"]
    arms = campaign.arms.values_list("key", "is_control", "planned_share")
    assert list(arms) == [("a", True, Decimal("0.5")), ("founder", False, Decimal("0.5"))]
    criterion = campaign.kill_criteria.get()
    assert criterion.threshold == Decimal("0.005")
    assert criterion.guards == {"spend": "1500.00", "days": 2}


def test_campaign_form__rows_that_may_stay_empty__are_not_insisted_on_by_the_browser(browse: Browse) -> None:
    page = browse(Role.MARKETER).get(new("campaign_new")).content.decode()
    insisted = [
        tag for tag in re.findall(r"<(?:input|select)[^>]*>", page) if re.search(r"\brequired\b", tag)
    ]
    assert [name for tag in insisted for name in re.findall(r' name="(.*?)"', tag)] == ["name", "channel"]
    assert all(f'name="{row}"' in page for row in ("arm-1-name", "criterion-0-threshold"))


def test_campaign_form__first_campaign__asks_for_its_channel_and_the_next_one_begins_with_that(
    browse: Browse,
) -> None:
    client = browse(Role.MARKETER)

    def chosen() -> tuple[str, list[str]]:
        page = client.get(new("campaign_new")).content.decode()
        (options,) = re.findall(r'<select name="channel".*?</select>', page, re.DOTALL)
        return re.findall(r'<option value="(.*?)"', options)[0], re.findall(
            r'value="(\w+)" selected', options
        )

    assert chosen() == ("", [])
    assert client.post(new("campaign_new"), {**CAMPAIGN, "channel": ""}).status_code == 422
    assert not Campaign.objects.exists()
    client.post(new("campaign_new"), CAMPAIGN)
    first, preset = chosen()
    assert first
    assert preset == [CAMPAIGN["channel"]]


def test_campaign_form__one_more_criterion__saves_nothing_and_keeps_everything(browse: Browse) -> None:
    response = browse(Role.MARKETER).post(new("campaign_new"), {**CAMPAIGN, "more": "criterion"})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'name="criterion-1-threshold"' in page
    assert 'value="0.5%"' in page
    assert 'value="2.5k"' in page
    assert "Not saved" not in page
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("criterion-0-threshold", "0.5", "Is that 0.5% or 50%?"),
        ("criterion-0-guard_0", "1.500", "can be read in two ways"),
        ("criterion-0-guard_0", "", "nothing is judged before it is reached"),
        ("criterion-0-guard_1_of", "spend", "There is a guard of spend already."),
        ("arm-1-planned_share", "0.5", "Is that 0.5% or 50%?"),
        ("budget", "2.500", "Write 2500 for thousands, or 2.5 for decimals."),
        ("channel", "carrier-pigeon", "Select a valid choice"),
        ("name", "", "Fill this in."),
    ],
)
def test_campaign_form__something_unclear__asks_and_keeps_what_was_typed(
    browse: Browse, field: str, text: str, complaint: str
) -> None:
    response = browse(Role.MARKETER).post(new("campaign_new"), {**CAMPAIGN, field: text})
    page = response.content.decode()
    assert response.status_code == 422
    assert complaint in page
    assert 'value="Founder"' in page
    assert not Campaign.objects.exists()


def test_campaign_form__key_of_another__stands_beside_the_key(browse: Browse, week: Week) -> None:
    response = browse(Role.MARKETER).post(new("campaign_new"), {**CAMPAIGN, "key": "founder-video"})
    page = response.content.decode()
    assert response.status_code == 409
    assert 'id="id_key_error"' in page
    assert "Choose another key" in page


def test_campaign_form__twin_arms__are_named(browse: Browse) -> None:
    response = browse(Role.MARKETER).post(new("campaign_new"), {**CAMPAIGN, "arm-1-key": "a"})
    assert response.status_code == 422
    assert "Each arm has a key of its own" in response.content.decode()


def test_campaign_form__share_of_one_arm_left_empty__is_all_of_it_alone_and_is_asked_beside_another(
    browse: Browse,
) -> None:
    several = browse(Role.MARKETER).post(new("campaign_new"), {**CAMPAIGN, "arm-1-planned_share": ""})
    assert several.status_code == 422
    alone = {"arm-0-planned_share": "", "arm-1-name": "", "arm-1-key": "", "arm-1-planned_share": ""}
    assert browse(Role.MARKETER).post(new("campaign_new"), {**CAMPAIGN, **alone}).status_code == 302
    arm = Campaign.objects.get().arms.get()
    assert (arm.name, arm.planned_share) == ("Studio", Decimal(1))


@pytest.mark.parametrize("sent", [{}, {"more": "arm"}, {"arm-9-name": "x"}, {"control": "none"}])
def test_campaign_form__half_a_form__is_no_server_error(browse: Browse, sent: dict[str, str]) -> None:
    assert browse(Role.MARKETER).post(new("campaign_new"), sent).status_code in {200, 422}


@pytest.mark.parametrize("revived", ["no key", "\x00", "<b>", "{0}"])
def test_campaign_form__revives_what_has_no_key__is_a_form_without_it(browse: Browse, revived: str) -> None:
    client = browse(Role.MARKETER)
    page = client.get(new("campaign_new"), {"revives": revived})
    assert page.status_code == 200
    assert "revives <a" not in page.content.decode()
    assert client.post(new("campaign_new"), {**CAMPAIGN, "revives": revived}).status_code == 422
    assert not Campaign.objects.exists()


def test_campaign_form__edit_of_a_draft__replaces_its_plan(browse: Browse, week: Week) -> None:
    url = reverse("campaign_edit", args=["harbour", "inbox-quote"])
    page = browse(Role.MARKETER).get(url).content.decode()
    assert 'value="0.5%"' in page
    assert 'value="$2,000"' in page
    sent = {**CAMPAIGN, "key": "inbox-quote", "hypothesis": str(week.backlog.pk)}
    assert browse(Role.MARKETER).post(url, sent).status_code == 302
    week.draft.refresh_from_db()
    assert week.draft.planned_budget == Decimal(2500)
    assert week.draft.kill_criteria.get().guards == {"spend": "1500.00", "days": 2}


def test_campaign_form__edit_of_a_launched_campaign__does_not_exist(browse: Browse, week: Week) -> None:
    url = reverse("campaign_edit", args=["harbour", "founder-video"])
    assert browse(Role.MARKETER).get(url).status_code == 404


def test_hypothesis_form__several_fields_wrong__names_them_all_at_once_and_leads_to_each(
    browse: Browse, week: Week
) -> None:
    sent = HYPOTHESIS | {"primary_metric": "ctr", "target": "a lot", "change": ""}
    page = browse(Role.MARKETER).post(new("hypothesis_new"), sent).content.decode()
    assert "Name the outcome metric that it is meant to move." in page
    told = page.partition("What is wrong stands beside ")[2].partition("</span>")[0]
    for field in ("change", "target", "outcome_metric"):
        assert f'href="#id_{field}"' in told
        assert f'id="id_{field}"' in page


SIZED = {"stands_at": "$24", "money_per_day": "400", "price_of_exposure": "", "order_value": "", "size": "1"}


def test_hypothesis_form__can_a_sprint_see_it__answers_saves_nothing_and_keeps_everything(
    browse: Browse,
) -> None:
    typed = HYPOTHESIS | SIZED | {"guardrail_metrics": ["ctr", "cvr"], "title": "", "impact": "many"}
    response = browse(Role.MARKETER).post(new("hypothesis_new"), typed)
    assert response.status_code == 200
    page = response.content.decode()
    assert re.search(r"At \$400 a day this needs \d+ days and \$[\d,]+ to see 20% cheaper; a 7-day", page)
    assert "Not saved" not in page
    assert "Fill this in" not in page
    assert not Hypothesis.objects.exists()
    kept = response.context["form"]
    assert all(kept[name].value() == value for name, value in typed.items() if name in kept.fields)
    assert 'value="$24"' in page


def test_hypothesis_form__sized_by_nonsense__says_what_would_be_right(browse: Browse) -> None:
    typed = HYPOTHESIS | SIZED | {"primary_metric": "", "mde_relative": "0.2", "stands_at": "1,2,3"}
    response = browse(Role.MARKETER).post(new("hypothesis_new"), typed)
    assert response.status_code == 422
    page = response.content.decode()
    assert "Judged by: Choose first what it is judged by." in page
    assert "Smallest effect worth having: Is that 0.2% or 20%? Write the % sign." in page
    both = browse(Role.MARKETER).post(new("hypothesis_new"), HYPOTHESIS | SIZED | {"stands_at": "1,2,3"})
    assert both.context["sizing_form"].errors["stands_at"] == [
        "“1,2,3” is not an amount: its groups of digits do not fit. Write it like 1,500.50."
    ]


def test_hypothesis_form__sized_rate__takes_the_price_of_a_thousand(browse: Browse) -> None:
    typed = HYPOTHESIS | SIZED | {"primary_metric": "ctr", "stands_at": "1%"}
    missing = browse(Role.MARKETER).post(new("hypothesis_new"), typed)
    assert missing.context["sizing_form"].errors["price_of_exposure"] == [
        "For the CTR, say what 1,000 impressions cost."
    ]
    told = browse(Role.MARKETER).post(new("hypothesis_new"), typed | {"price_of_exposure": "10"})
    assert "At $400 a day this needs 5 days and $2,000 to see +20%" in told.content.decode()


def test_hypothesis_form__refused_with_figures_to_plan_by__keeps_those_too(browse: Browse) -> None:
    typed = HYPOTHESIS | {"title": "", "stands_at": "$24", "money_per_day": "400"}
    response = browse(Role.MARKETER).post(new("hypothesis_new"), typed)
    assert response.context["sizing_form"]["stands_at"].value() == "$24"
    assert 'value="$24"' in response.content.decode()


ON_GOOGLE = {**HYPOTHESIS, "size": "1", "channel": "google", "stands_at": "", "money_per_day": "400"}


def test_sizing__for_htmx__is_the_answer_alone_with_what_it_assumes(browse: Browse) -> None:
    sent = ON_GOOGLE | {"primary_metric": "cpl"}
    answer = browse(Role.MARKETER).post(new("hypothesis_new"), sent, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<form" not in html
    assert "At $400 a day" in html
    assert "It stands at today: <strong>$66.69</strong>, not yours: WordStream" in html
    assert not Hypothesis.objects.exists()


def test_sizing__for_htmx_of_what_is_not_known__names_the_field(browse: Browse) -> None:
    answer = browse(Role.MARKETER).post(new("hypothesis_new"), ON_GOOGLE, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "It stands at today: No campaign here tells it yet, so type it." in html
    assert "stands_at" not in html
    assert "qn-errors" in html


def test_sizing__for_htmx_before_anything_of_it_was_typed__hints_and_complains_of_nothing(
    browse: Browse,
) -> None:
    untouched = ON_GOOGLE | {"money_per_day": "", "channel": ""}
    answer = browse(Role.MARKETER).post(new("hypothesis_new"), untouched, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "No campaign here tells it yet, so type it, or choose a channel whose averages stand in." in html
    assert "qn-errors" not in html


@pytest.mark.parametrize("language", ["en", "de"])
def test_hypothesis_form__long_last_blank__keeps_its_full_stop(browse: Browse, language: str) -> None:
    page = browse(Role.MARKETER).get(
        reverse("hypothesis_new", args=["harbour"]), headers={"accept-language": language}
    )
    glued = re.findall(r'<span class="qn-glue">(.*?)</span>', page.content.decode(), re.DOTALL)
    assert any('id="id_because"' in part and part.endswith("</textarea>.") for part in glued)
