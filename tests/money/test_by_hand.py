"""Plans that people and programs write themselves: every row that cannot be is named, all at once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from sprints.choices import ReallocationMethod, ReallocationState
from sprints.exceptions import Invalid, TransferRefused
from sprints.models import Reallocation
from sprints.services.reallocations import create_reallocation
from tests.beginnings import Begin
from tests.factories import make_campaign, make_workspace
from tests.money.harbour import Harbour, build_harbour
from workspaces.choices import Scope
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor


@pytest.fixture
def harbour(begin: Begin, workspace: Workspace) -> Harbour:
    return begin(build_harbour, workspace)


def line(source: str, target: str, amount: str) -> dict[str, Any]:
    return {"from": source, "to": target, "amount": Decimal(amount)}


def wrong(error: Invalid | TransferRefused) -> list[tuple[int | None, str | None, str]]:
    return [(one.row, one.field, one.code) for one in error.errors]


class TestWhatCanBe:
    def test_create__lines_that_fit__become_a_plan_in_their_order(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        plan = create_reallocation(
            lines=[
                line("penalty-headlines", "founder-video", "1811.60"),
                line("reserve", "founder-video", "1200.00"),
                line("pricing-calculator", "reserve", "0.01"),
            ],
            by=mia,
            at=now,
        )
        assert (plan.state, plan.method) == (ReallocationState.PROPOSED, ReallocationMethod.HAND)
        assert [(one.position, str(one)) for one in plan.lines.all()] == [
            (0, "1811.600 from penalty-headlines to founder-video"),
            (1, "1200.000 from reserve to founder-video"),
            (2, "0.010 from pricing-calculator to reserve"),
        ]
        assert plan.evidence["reserve"] == {"before": "1200.00", "after": "0.01"}

    def test_create__with_a_key__is_proposed_by_the_person_who_made_it(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        key = Actor.by_key(
            Membership.objects.get(user=mia.user),
            scopes=[Scope.BUDGET_PROPOSE],
            key_name="nightly",
            key_maker=mia.person,
        )
        plan = create_reallocation(lines=[line("reserve", "founder-video", "10.00")], by=key, at=now)
        assert plan.proposed_by == mia.user

    def test_create__to_a_paused_campaign__is_a_persons_choice(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        Campaign.objects.filter(pk=harbour.founder.pk).update(status=CampaignStatus.PAUSED, paused_at=now)
        plan = create_reallocation(lines=[line("reserve", "founder-video", "10.00")], by=mia, at=now)
        assert plan.evidence["campaigns"][0]["daily_budget"] == "0.00"


class TestWhatCannotBe:
    def test_create__without_lines__is_refused(self, mia: Actor, now: datetime) -> None:
        with pytest.raises(Invalid) as refusal:
            create_reallocation(lines=[], by=mia, at=now)
        assert wrong(refusal.value) == [(None, "lines", "required")]

    def test_create__many_wrong_rows__names_each_with_its_field(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            create_reallocation(
                lines=[
                    line("founder-video", "founder-video", "10.00"),
                    line("nobody", "nowhere", "10.005"),
                    line("reserve", "founder-video", "10.00"),
                    line("reserve", "founder-video", "20.00"),
                    line("reserve", "reserve", "0"),
                    line("founder-video", "reserve", "5.00"),
                    {"from": "outside", "to": "founder-video", "amount": "much"},
                    {},
                ],
                by=mia,
                at=now,
            )
        assert wrong(refusal.value) == [
            (0, "to", "same_account"),
            (1, "from", "unknown_campaign"),
            (1, "to", "unknown_campaign"),
            (1, "amount", "too_fine"),
            (3, "to", "duplicate_line"),
            (4, "to", "same_account"),
            (4, "amount", "not_positive"),
            (5, "to", "opposite_line"),
            (6, "from", "unknown_campaign"),
            (6, "amount", "not_a_number"),
            (7, "from", "required"),
            (7, "to", "required"),
            (7, "amount", "required"),
        ]
        assert "7 of 8 lines" in refusal.value.message
        assert not Reallocation.objects.exists()

    def test_create__a_campaign_of_another_workspace__does_not_exist(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        make_campaign(make_workspace("other"), "theirs")
        with pytest.raises(Invalid) as refusal:
            create_reallocation(lines=[line("reserve", "theirs", "1.00")], by=mia, at=now)
        assert wrong(refusal.value) == [(0, "to", "unknown_campaign")]

    @pytest.mark.parametrize("key", ["a\x00b", "x" * 5000, "🦆", "' OR 1=1"])
    def test_create__a_key_that_no_campaign_can_have__is_unknown(
        self, harbour: Harbour, mia: Actor, now: datetime, key: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            create_reallocation(lines=[line(key, "founder-video", "1.00")], by=mia, at=now)
        assert wrong(refusal.value) == [(0, "from", "unknown_campaign")]

    def test_create__more_lines_than_anybody_reads__is_refused(self, mia: Actor, now: datetime) -> None:
        lines = [line("reserve", f"campaign-{number}", "1.00") for number in range(101)]
        with pytest.raises(Invalid) as refusal:
            create_reallocation(lines=lines, by=mia, at=now)
        assert wrong(refusal.value) == [(None, "lines", "too_many")]

    def test_create__more_than_there_is__names_the_row_where_each_account_runs_out(
        self, harbour: Harbour, mia: Actor, now: datetime
    ) -> None:
        # Free: the calculator 3,000 − 2,000 − 200 = 800; the reserve 1,200.
        with pytest.raises(TransferRefused) as refusal:
            create_reallocation(
                lines=[
                    line("pricing-calculator", "founder-video", "500.00"),
                    line("pricing-calculator", "reserve", "300.01"),
                    line("reserve", "founder-video", "1200.01"),
                ],
                by=mia,
                at=now,
            )
        assert wrong(refusal.value) == [(1, "amount", "overdrawn"), (2, "amount", "overdrawn")]
        assert "800.00" in refusal.value.errors[0].message
        assert "800.01 was asked" in refusal.value.errors[0].message

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("killed", "is killed"),
            ("completed", "is completed"),
            ("draft", "is draft"),
            ("discarded", "is discarded"),
        ],
    )
    def test_create__to_a_campaign_that_cannot_spend__is_refused(
        self, harbour: Harbour, workspace: Workspace, mia: Actor, now: datetime, status: str, words: str
    ) -> None:
        make_campaign(workspace, "other", status=CampaignStatus(status))
        with pytest.raises(TransferRefused, match=words) as refusal:
            create_reallocation(lines=[line("reserve", "other", "1.00")], by=mia, at=now)
        assert wrong(refusal.value) == [(0, "to", "cannot_receive")]
