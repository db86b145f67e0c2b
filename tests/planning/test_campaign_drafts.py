"""What a draft may lack, and what it can never be."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import CampaignStatus, EvidenceKind
from experiments.exceptions import Invalid, NotFound, Refused
from experiments.models import Arm, Campaign
from experiments.services.campaigns import (
    change_campaign,
    create_campaign,
    discard_campaign,
    kill_campaign,
    missing_for_launch,
)
from experiments.services.hypotheses import archive_hypothesis
from tests.factories import (
    campaign_values,
    criterion_values,
    make_actor,
    make_campaign,
    make_draft,
    make_hypothesis,
    make_workspace,
    report,
)
from tests.planning.refusals import codes
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.permissions import Actor

pytestmark = pytest.mark.django_db

CONTROL = {"key": "a", "name": "Studio", "is_control": True, "planned_share": 0.5}
TREATMENT = {"key": "b", "name": "Founder", "is_control": False, "planned_share": 0.5}


def refused_fields(by: Actor, at: datetime, **changes: Any) -> dict[str | None, str]:
    """The code by field with which a campaign is refused that is right but for these values."""
    with pytest.raises(Invalid) as refusal:
        create_campaign(values=campaign_values(**changes), by=by, at=at)
    assert not Campaign.objects.exists()
    return codes(refusal.value)


def refused_criterion(by: Actor, at: datetime, **changes: Any) -> dict[str | None, str]:
    return refused_fields(by, at, kill_criteria=[criterion_values(**changes)])


def test_campaign__all_fields_given__is_a_draft_with_its_arms_and_criteria(
    marketer: Actor, at: datetime
) -> None:
    hypothesis = make_hypothesis(marketer.workspace)
    campaign = create_campaign(
        values=campaign_values(hypothesis=hypothesis.pk, budget=Decimal("2500.00")), by=marketer, at=at
    )
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.DRAFT
    assert campaign.hypothesis == hypothesis
    assert campaign.planned_budget == Decimal(2500)
    assert campaign.budget == 0
    assert campaign.components == ["landing page", "two ads"]
    assert campaign.criteria_digest == ""
    assert list(campaign.arms.values_list("key", "is_control", "planned_share", "position")) == [
        ("a", True, Decimal("0.5"), 1),
        ("b", False, Decimal("0.5"), 2),
    ]
    criterion = campaign.kill_criteria.get()
    assert criterion.threshold == Decimal("0.005")
    assert criterion.guards == {"spend": "2000.00"}
    assert (criterion.level, criterion.evidence, criterion.confidence, criterion.action) == (
        "campaign",
        "probable",
        0.95,
        "pause",
    )
    assert criterion.frozen_at is None
    assert Event.objects.filter(kind=EventKind.CAMPAIGN_CREATED, subject_id="founder-video").exists()


def test_campaign__only_named__is_a_draft_and_says_all_that_it_lacks(marketer: Actor, at: datetime) -> None:
    campaign = create_campaign(values={"key": "bare", "name": "Bare", "channel": "meta"}, by=marketer, at=at)
    assert {item.field: item.code for item in missing_for_launch(campaign)} == {
        "hypothesis": "hypothesis_missing",
        "arms": "arms_missing",
        "budget": "budget_missing",
        "kill_criteria": "criteria_missing",
    }


def test_campaign__nothing_given__names_every_required_field(marketer: Actor, at: datetime) -> None:
    with pytest.raises(Invalid) as refusal:
        create_campaign(values={}, by=marketer, at=at)
    assert codes(refusal.value) == {"key": "required", "name": "required", "channel": "required"}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("key", "Founder", "malformed_key"),
        ("key", "founder video", "malformed_key"),
        ("key", "-founder", "malformed_key"),
        ("key", "gründer", "malformed_key"),
        ("key", "a" * 121, "too_long"),
        ("key", "reserve", "reserved_key"),
        ("key", "outside", "reserved_key"),
        ("key", "new", "reserved_key"),
        ("name", "x" * 301, "too_long"),
        ("name", "\x00", "nul_character"),
        ("channel", "Meta Ads", "malformed_key"),
        ("budget", Decimal(0), "not_positive"),
        ("budget", Decimal(-2500), "not_positive"),
        ("budget", Decimal("0.001"), "too_precise"),
        ("budget", Decimal("1e11"), "out_of_range"),
        ("budget", "a lot", "not_a_number"),
        ("hypothesis", 10**40, "unknown_hypothesis"),
        ("hypothesis", "first", "unknown_hypothesis"),
        ("components", "two ads", "not_a_list"),
        ("components", ["ad"] * 21, "too_many"),
        ("revives", "nothing", "unknown_campaign"),
        ("arms", [CONTROL] * 5, "too_many"),
        ("arms", "ab", "not_a_list"),
        ("kill_criteria", [criterion_values()] * 11, "too_many"),
        ("status", "live", "unknown_field"),
    ],
)
def test_campaign__one_field_wrong__is_refused_by_name(
    field: str, value: object, code: str, marketer: Actor, at: datetime
) -> None:
    assert refused_fields(marketer, at, **{field: value}) == {field: code}


@pytest.mark.parametrize(
    ("arms", "refused"),
    [
        ([CONTROL, {**TREATMENT, "is_control": True}], {"arms": "two_controls"}),
        ([CONTROL, {**TREATMENT, "key": "a"}], {"arms": "arm_key_twice"}),
        ([CONTROL, {**TREATMENT, "key": "B"}], {"arms.1.key": "malformed_key"}),
        ([{**CONTROL, "planned_share": 0}], {"arms.0.planned_share": "out_of_range"}),
        ([{**CONTROL, "planned_share": 1.01}], {"arms.0.planned_share": "out_of_range"}),
        ([{**CONTROL, "planned_share": "half"}], {"arms.0.planned_share": "out_of_range"}),
        ([{**CONTROL, "planned_share": None}], {"arms.0.planned_share": "required"}),
        ([{**CONTROL, "is_control": "yes"}], {"arms.0.is_control": "not_a_flag"}),
        ([{**CONTROL, "colour": "red"}], {"arms.0.colour": "unknown_field"}),
        (["a"], {"arms.0": "not_an_object"}),
        ([{}], {f"arms.0.{field}": "required" for field in ("key", "name", "planned_share")}),
    ],
)
def test_campaign__arms_that_can_never_be_right__are_refused_by_place(
    arms: list[Any], refused: dict[str, str], marketer: Actor, at: datetime
) -> None:
    assert refused_fields(marketer, at, arms=arms) == refused


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"guards": {}}, {"guards": "guard_missing"}),
        ({"guards": None}, {"guards": "guard_missing"}),
        ({"guards": "2000"}, {"guards": "not_an_object"}),
        ({"guards": {"hope": 1}}, {"guards.hope": "unknown_field"}),
        ({"guards": {"spend": "0"}}, {"guards.spend": "not_positive"}),
        ({"guards": {"spend": "0.001"}}, {"guards.spend": "too_precise"}),
        ({"guards": {"clicks": -1}}, {"guards.clicks": "out_of_range"}),
        ({"guards": {"impressions": 10.5}}, {"guards.impressions": "out_of_range"}),
        ({"guards": {"days": 1.5}}, {"guards.days": "out_of_range"}),
        ({"guards": {"days": 0}}, {"guards.days": "out_of_range"}),
        ({"guards": {"days": None}}, {"guards.days": "required"}),
        ({"guards": {"conversions": "NaN"}}, {"guards.conversions": "not_a_number"}),
        ({"metric": "likes"}, {"metric": "unknown_metric"}),
        ({"metric": None}, {"metric": "required"}),
        ({"comparator": "under"}, {"comparator": "unknown_choice"}),
        ({"comparator": None}, {"comparator": "required"}),
        ({"level": "world"}, {"level": "unknown_choice"}),
        ({"evidence": "gut"}, {"evidence": "unknown_choice"}),
        ({"action": "cry"}, {"action": "unknown_choice"}),
        ({"threshold": None}, {"threshold": "required"}),
        ({"threshold": Decimal(0)}, {"threshold": "not_positive"}),
        ({"threshold": Decimal("0.0000005")}, {"threshold": "too_precise"}),
        ({"threshold": float("inf")}, {"threshold": "not_a_number"}),
        ({"threshold": Decimal("0.5e10"), "metric": "cpa"}, {"threshold": "out_of_range"}),
        ({"threshold": Decimal("0.5").scaleb(1)}, {"threshold": "not_a_fraction"}),
        ({"confidence": 0.5}, {"confidence": "out_of_range"}),
        ({"confidence": 1}, {"confidence": "out_of_range"}),
        ({"confidence": 95}, {"confidence": "out_of_range"}),
        (
            {"metric": "roas", "evidence": "always_valid", "threshold": 2},
            {"evidence": "evidence_not_for_values"},
        ),
        ({"cooldown": 1}, {"cooldown": "unknown_field"}),
    ],
)
def test_criterion__that_can_never_be_right__is_refused_by_place(
    changes: dict[str, Any], refused: dict[str, str], marketer: Actor, at: datetime
) -> None:
    assert refused_criterion(marketer, at, **changes) == {
        f"kill_criteria.0.{field}": code for field, code in refused.items()
    }


def test_criterion__percent_where_a_fraction_is_meant__is_refused_with_the_hint(
    marketer: Actor, at: datetime
) -> None:
    values = campaign_values(kill_criteria=[criterion_values(threshold=Decimal("1.5"))])
    with pytest.raises(Invalid, match=r"1\.5% is 0\.015"):
        create_campaign(values=values, by=marketer, at=at)


def test_criterion__cost_above_one__is_no_fraction_and_taken(marketer: Actor, at: datetime) -> None:
    rule = criterion_values(metric="cpa", comparator="above", threshold=Decimal("45.125"))
    campaign = create_campaign(values=campaign_values(kill_criteria=[rule]), by=marketer, at=at)
    assert campaign.kill_criteria.get().threshold == Decimal("45.125")


@pytest.mark.parametrize("evidence", [EvidenceKind.OBSERVED, EvidenceKind.OBSERVED_MARGIN])
def test_criterion__that_takes_the_number_as_it_stands__has_no_confidence_of_its_own(
    evidence: EvidenceKind, marketer: Actor, at: datetime
) -> None:
    rules = [criterion_values(evidence=evidence, confidence=confidence) for confidence in (0.8, 7)]
    campaign = create_campaign(values=campaign_values(kill_criteria=rules), by=marketer, at=at)
    first, second = campaign.kill_criteria.all()
    assert first.canonical == second.canonical


def test_criterion__guards_of_every_kind__keep_money_exact_and_counts_whole(
    marketer: Actor, at: datetime
) -> None:
    guards = {"spend": 2000, "impressions": "10000", "clicks": 50.0, "conversions": 2.5, "days": 2}
    rule = criterion_values(guards=guards)
    campaign = create_campaign(values=campaign_values(kill_criteria=[rule]), by=marketer, at=at)
    assert campaign.kill_criteria.get().guards == {
        "spend": "2000.00",
        "impressions": 10000,
        "clicks": 50,
        "conversions": 2.5,
        "days": 2,
    }


def test_campaign__in_a_currency_without_cents__takes_whole_amounts_only(at: datetime) -> None:
    by = make_actor(make_workspace("tokyo", currency="JPY"))
    rule = criterion_values(guards={"spend": "20000.50"})
    with pytest.raises(Invalid, match="JPY") as refusal:
        create_campaign(
            values=campaign_values(budget=Decimal("250000.5"), kill_criteria=[rule]), by=by, at=at
        )
    assert codes(refusal.value) == {
        "budget": "too_precise",
        "kill_criteria.0.guards.spend": "too_precise",
    }
    rule = criterion_values(guards={"spend": "20000"})
    campaign = create_campaign(
        values=campaign_values(budget=Decimal("250000.00"), kill_criteria=[rule]), by=by, at=at
    )
    assert campaign.planned_budget == Decimal(250000)


def test_campaign__in_a_currency_of_thousandths__takes_them(at: datetime) -> None:
    by = make_actor(make_workspace("bahrain", currency="BHD"))
    campaign = create_campaign(
        values=campaign_values(budget=Decimal("2500.125"), kill_criteria=[]), by=by, at=at
    )
    campaign.refresh_from_db()
    assert campaign.planned_budget == Decimal("2500.125")


def test_campaign__key_in_use__is_refused_and_free_in_another_workspace(
    marketer: Actor, stranger: Actor, at: datetime
) -> None:
    create_campaign(values=campaign_values(), by=marketer, at=at)
    with pytest.raises(Refused) as refusal:
        create_campaign(values=campaign_values(), by=marketer, at=at)
    assert codes(refusal.value) == {"key": "key_taken"}
    create_campaign(values=campaign_values(), by=stranger, at=at)


def test_campaign__key_of_a_discarded_one__stays_taken(marketer: Actor, at: datetime) -> None:
    create_campaign(values=campaign_values(), by=marketer, at=at)
    discard_campaign("founder-video", by=marketer, at=at)
    with pytest.raises(Refused) as refusal:
        create_campaign(values=campaign_values(), by=marketer, at=at)
    assert refusal.value.code == "key_taken"


def test_campaign__changed_while_a_draft__replaces_only_what_is_given(marketer: Actor, at: datetime) -> None:
    create_campaign(values=campaign_values(), by=marketer, at=at)
    campaign = change_campaign("founder-video", values={"name": "Founder, filmed"}, by=marketer, at=at)
    assert (campaign.name, campaign.planned_budget) == ("Founder, filmed", Decimal(2500))
    assert Arm.objects.count() == 2
    change_campaign(
        "founder-video",
        values={
            "arms": [{**CONTROL, "is_control": False, "planned_share": 1}],
            "kill_criteria": [criterion_values(threshold=Decimal("0.004"))],
            "budget": None,
        },
        by=marketer,
        at=at,
    )
    campaign.refresh_from_db()
    assert campaign.planned_budget is None
    assert [arm.key for arm in campaign.arms.all()] == ["a"]
    assert campaign.kill_criteria.get().threshold == Decimal("0.004")
    first, second = Event.objects.filter(kind=EventKind.CAMPAIGN_CHANGED).order_by("id")
    assert first.data["before"] == {"name": "Founder video"}
    assert set(second.data["after"]) == {"arms", "kill_criteria", "budget"}
    assert (second.data["before"]["budget"], second.data["after"]["budget"]) == ("2500.00", None)


def test_campaign__changed_to_what_it_is__tells_nobody(marketer: Actor, at: datetime) -> None:
    create_campaign(values=campaign_values(), by=marketer, at=at)
    change_campaign("founder-video", values=campaign_values(), by=marketer, at=at)
    assert not Event.objects.filter(kind=EventKind.CAMPAIGN_CHANGED).exists()


def test_campaign__renamed_to_a_key_in_use__is_refused(marketer: Actor, at: datetime) -> None:
    create_campaign(values=campaign_values(), by=marketer, at=at)
    create_campaign(values=campaign_values(key="other"), by=marketer, at=at)
    with pytest.raises(Refused) as refusal:
        change_campaign("other", values={"key": "founder-video"}, by=marketer, at=at)
    assert refusal.value.code == "key_taken"


@pytest.mark.parametrize("status", [status for status in CampaignStatus if status != CampaignStatus.DRAFT])
def test_campaign__no_draft_any_more__changes_no_more(
    status: CampaignStatus, marketer: Actor, at: datetime
) -> None:
    make_campaign(marketer.workspace, status=status)
    with pytest.raises(Refused) as refusal:
        change_campaign("hook-test", values={"name": "Another"}, by=marketer, at=at)
    assert refusal.value.code == "not_a_draft"


def test_campaign__for_a_hypothesis_that_is_over__is_refused(marketer: Actor, at: datetime) -> None:
    hypothesis = make_hypothesis(marketer.workspace)
    archive_hypothesis(hypothesis.pk, by=marketer, at=at)
    assert refused_fields(marketer, at, hypothesis=hypothesis.pk) == {"hypothesis": "hypothesis_over"}


def test_campaign__for_a_hypothesis_of_another_workspace__is_refused(
    marketer: Actor, stranger: Actor, at: datetime
) -> None:
    theirs = make_hypothesis(stranger.workspace)
    assert refused_fields(marketer, at, hypothesis=theirs.pk) == {"hypothesis": "unknown_hypothesis"}


def test_campaign__revives_a_killed_one_only(marketer: Actor, at: datetime) -> None:
    killed = make_campaign(marketer.workspace, "first-try")
    with pytest.raises(Invalid) as refusal:
        create_campaign(values=campaign_values(revives="first-try"), by=marketer, at=at)
    assert codes(refusal.value) == {"revives": "not_killed"}
    kill_campaign("first-try", reason="Too dear", by=marketer, at=at)
    campaign = create_campaign(values=campaign_values(revives="first-try"), by=marketer, at=at)
    assert campaign.revives == killed


def test_campaign__of_another_workspace__is_not_found(marketer: Actor, stranger: Actor, at: datetime) -> None:
    make_draft(stranger, None, "theirs", at=at)
    for key in ("theirs", "nul\x00"):
        with pytest.raises(NotFound):
            change_campaign(key, values={"name": "Ours"}, by=marketer, at=at)


# What a launch needs


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({}, {}),
        ({"budget": None}, {"budget": "budget_missing"}),
        ({"budget": Decimal("1999.99")}, {"kill_criteria.0.guards.spend": "guard_beyond_budget"}),
        ({"budget": Decimal(2000)}, {}),
        ({"kill_criteria": []}, {"kill_criteria": "criteria_missing"}),
        ({"arms": [TREATMENT, {**TREATMENT, "key": "c"}]}, {"arms": "control_missing"}),
        ({"arms": [CONTROL, {**TREATMENT, "planned_share": 0.4}]}, {"arms": "shares_not_whole"}),
        (
            {
                "arms": [
                    {"key": key, "name": key, "is_control": key == "a", "planned_share": 1 / 3}
                    for key in "abc"
                ]
            },
            {},
        ),
        ({"arms": [{**TREATMENT, "planned_share": 1}]}, {}),
    ],
)
def test_campaign__before_its_launch__names_what_is_missing(
    changes: dict[str, Any], missing: dict[str, str], marketer: Actor, at: datetime
) -> None:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user)
    campaign = make_draft(marketer, hypothesis, at=at, **changes)
    assert {item.field: item.code for item in missing_for_launch(campaign)} == missing


def test_campaign__with_a_single_arm__needs_a_target(marketer: Actor, at: datetime) -> None:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user, target=None)
    campaign = make_draft(marketer, hypothesis, at=at, arms=[{**TREATMENT, "planned_share": 1}])
    assert [item.code for item in missing_for_launch(campaign)] == ["target_missing"]


def test_campaign__whose_hypothesis_has_no_owner__needs_one(marketer: Actor, at: datetime) -> None:
    campaign = make_draft(marketer, make_hypothesis(marketer.workspace), at=at)
    assert [item.code for item in missing_for_launch(campaign)] == ["owner_missing"]


def test_campaign__guard_beyond_the_budget__names_both_amounts(marketer: Actor, at: datetime) -> None:
    hypothesis = make_hypothesis(marketer.workspace, owner=marketer.user)
    campaign = make_draft(marketer, hypothesis, at=at, budget=Decimal(1500))
    (item,) = missing_for_launch(campaign)
    assert "$2,000.00" in item.message
    assert "$1,500.00" in item.message


def test_draft__on_a_crm_as_its_platform__is_told_the_platforms(marketer: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match="hubspot is a source of kind CRM") as refusal:
        create_campaign(values=campaign_values(channel="hubspot"), by=marketer, at=at)
    assert codes(refusal.value) == {"channel": "not_a_platform"}
    assert "meta" in refusal.value.message


class TestArmsWithNumbers:
    @pytest.fixture
    def draft(self, marketer: Actor, at: datetime) -> Campaign:
        campaign = create_campaign(values=campaign_values(arms=[CONTROL, TREATMENT]), by=marketer, at=at)
        report(campaign, at.date(), arm="b", clicks=3)
        return campaign

    def change(
        self, draft: Campaign, by: Actor, at: datetime, *arms: dict[str, Any]
    ) -> list[tuple[Any, ...]]:
        change_campaign(draft.key, values={"arms": list(arms)}, by=by, at=at)
        return list(draft.arms.order_by("position").values_list("key", "name", "is_control"))

    def test_change__the_same_arms_again__keeps_what_was_reported(
        self, draft: Campaign, marketer: Actor, at: datetime
    ) -> None:
        reported = draft.arms.get(key="b").pk
        assert [key for key, *_ in self.change(draft, marketer, at, CONTROL, TREATMENT)] == ["a", "b"]
        assert draft.arms.get(key="b").pk == reported

    def test_change__beside_them__names_controls_and_other_arms_change(
        self, draft: Campaign, marketer: Actor, at: datetime
    ) -> None:
        other = {**CONTROL, "key": "c", "is_control": False}
        assert self.change(draft, marketer, at, other, {**TREATMENT, "name": "Mia", "is_control": True}) == [
            ("c", "Studio", False),
            ("b", "Mia", True),
        ]

    @pytest.mark.parametrize("arms", [[CONTROL], [TREATMENT, CONTROL]])
    def test_change__it_would_go_or_move__is_refused_and_nothing_is_lost(
        self, draft: Campaign, marketer: Actor, at: datetime, arms: list[dict[str, Any]]
    ) -> None:
        with pytest.raises(Refused, match="“b” has numbers already") as refusal:
            self.change(draft, marketer, at, *arms)
        assert codes(refusal.value) == {"arms": "arm_has_numbers"}
        assert list(draft.arms.values_list("key", flat=True)) == ["a", "b"]
