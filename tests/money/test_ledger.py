"""Money moves by one row or not at all, and never what is spent or may be spent already."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from experiments.choices import CampaignStatus
from experiments.models import Campaign
from sprints.choices import TransferKind
from sprints.exceptions import Invalid, Refused, TransferRefused
from sprints.models import Transfer
from sprints.selectors.accounts import account_of, balances
from sprints.services.ledger import OUTSIDE, RESERVE, Account, fund_launch, fund_reserve, transfer
from tests.factories import fill_reserve, give_budget, make_campaign, make_workspace, report
from workspaces.models import Event, Workspace
from workspaces.permissions import Actor

MONDAY = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)  # 09:00 in Chicago


def running(workspace: Workspace, key: str = "hook-test", *, budget: str = "2500.00") -> Campaign:
    """Live since Monday with that budget, planned to run to Friday."""
    campaign = make_campaign(workspace, key, launched_at=MONDAY, runs_until=date(2026, 11, 20))
    return give_budget(campaign, budget, at=MONDAY)


def spend(campaign: Campaign, amounts: dict[int, str]) -> None:
    """By day of November 2026."""
    for day, amount in amounts.items():
        report(campaign, date(2026, 11, day), spend=Decimal(amount))


class TestFundReserve:
    def test_fund_reserve__by_a_manager__adds_the_amount_and_tells_of_it(
        self, workspace: Workspace, dana: Actor, now: datetime
    ) -> None:
        fund_reserve(amount=Decimal("1200.50"), reason="Budget of November", by=dana, at=now)
        workspace.refresh_from_db()
        assert workspace.reserve == Decimal("1200.50")
        event = Event.objects.get(kind="ledger.funded")
        assert event.data == {
            "amount": "1200.50",
            "currency": "USD",
            "reserve": "1200.50",
            "reason": "Budget of November",
        }
        assert event.actor == dana.user

    def test_fund_reserve__without_a_reason__is_refused(self, dana: Actor, now: datetime) -> None:
        with pytest.raises(Invalid) as refusal:
            fund_reserve(amount=Decimal(100), reason="  ", by=dana, at=now)
        assert [(error.field, error.code) for error in refusal.value.errors] == [("reason", "required")]

    @pytest.mark.parametrize(
        ("currency", "amount", "code"),
        [
            ("USD", "0", "not_positive"),
            ("USD", "-5.00", "not_positive"),
            ("USD", "NaN", "not_finite"),
            ("USD", "Infinity", "not_finite"),
            ("USD", "10.005", "too_fine"),
            ("USD", "1e12", "too_large"),
            ("JPY", "10.5", "too_fine"),
            ("BHD", "10.0005", "too_fine"),
        ],
    )
    def test_fund_reserve__an_amount_that_is_none__names_the_field(
        self, now: datetime, db: None, currency: str, amount: str, code: str
    ) -> None:
        owner = make_workspace("elsewhere", currency=currency).memberships.get()
        with pytest.raises(Invalid) as refusal:
            fund_reserve(amount=Decimal(amount), reason="More", by=Actor.of_member(owner), at=now)
        assert [(error.field, error.code) for error in refusal.value.errors] == [("amount", code)]
        assert not Transfer.objects.exists()

    @pytest.mark.parametrize(("currency", "amount"), [("JPY", "1500"), ("USD", "0.01"), ("BHD", "0.001")])
    def test_fund_reserve__the_smallest_unit_of_a_currency__is_kept_exactly(
        self, now: datetime, db: None, currency: str, amount: str
    ) -> None:
        workspace = make_workspace("elsewhere", currency=currency)
        owner = Actor.of_member(workspace.memberships.get())
        fund_reserve(amount=Decimal(amount), reason="More", by=owner, at=now)
        assert balances(workspace, at=now).reserve == Decimal(amount)

    def test_fund_reserve__beyond_what_an_account_can_hold__is_refused_and_later_money_is_not(
        self, workspace: Workspace, dana: Actor, now: datetime
    ) -> None:
        fund_reserve(amount=Decimal("99999999999.99"), reason="All", by=dana, at=now)
        with pytest.raises(TransferRefused, match="The reserve would hold") as refusal:
            fund_reserve(amount=Decimal("0.01"), reason="A cent", by=dana, at=now)
        assert (refusal.value.code, refusal.value.status) == ("too_large", 409)
        workspace.refresh_from_db()
        assert workspace.reserve == Decimal("99999999999.99")
        campaign = running(workspace, budget="0.01")
        with pytest.raises(TransferRefused, match="Hook test would hold"):
            give_budget(campaign, "99999999999.99")
        assert Transfer.objects.count() == 2


class TestFundLaunch:
    @pytest.mark.parametrize(
        ("reserve", "expected"),
        [
            ("0", [("outside", "2500.00")]),
            ("900.25", [("reserve", "900.25"), ("outside", "1599.75")]),
            ("2500.00", [("reserve", "2500.00")]),
            ("4000.00", [("reserve", "2500.00")]),
        ],
    )
    def test_fund_launch__takes_the_reserve_first_and_the_rest_from_outside(
        self, workspace: Workspace, mia: Actor, now: datetime, reserve: str, expected: list[tuple[str, str]]
    ) -> None:
        if Decimal(reserve):
            fill_reserve(workspace, reserve)
        campaign = make_campaign(workspace, planned_budget=Decimal("2500.00"))
        funding = fund_launch(campaign, by=mia, at=now)
        assert [(one.source_key, one.amount) for one in funding] == [
            (source, Decimal(amount)) for source, amount in expected
        ]
        assert {one.kind for one in funding} == {TransferKind.LAUNCH}
        workspace.refresh_from_db()
        assert campaign.budget == Decimal("2500.00")
        assert workspace.reserve == max(Decimal(0), Decimal(reserve) - Decimal("2500.00"))

    def test_fund_launch__twice__is_refused(self, workspace: Workspace, mia: Actor, now: datetime) -> None:
        campaign = make_campaign(workspace, planned_budget=Decimal("2500.00"))
        fund_launch(campaign, by=mia, at=now)
        with pytest.raises(Refused, match="before"):
            fund_launch(campaign, by=mia, at=now)
        campaign.refresh_from_db()
        assert campaign.budget == Decimal("2500.00")

    def test_fund_launch__without_a_budget__is_refused(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        with pytest.raises(Refused) as refusal:
            fund_launch(make_campaign(workspace), by=mia, at=now)
        assert refusal.value.code == "no_budget"


class TestHoldback:
    """Expected amounts are worked out by hand in the comments."""

    def test_holdback__today_half_reported__keeps_the_rest_of_a_usual_day(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "330.00", 18: "270.00", 19: "120.00"})
        account = account_of(campaign, at=now)
        # Whole days: 16, 17, 18, on average 300. Today has 120 of it, so 180 may still come.
        assert account.pace == Decimal(300)
        assert (account.spent, account.holdback) == (Decimal("1020.00"), Decimal("180.00"))
        assert account.available == Decimal("1300.00")

    def test_holdback__two_days_without_a_report__keeps_two_usual_days(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "200.00"})
        account = account_of(campaign, at=now)
        # On average 250; the 18th and the 19th are open.
        assert (account.unreported_days, account.holdback) == (2, Decimal("500.00"))
        assert account.available == Decimal("1500.00")

    def test_holdback__pace_of_more_than_three_days__is_that_of_the_last_three(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = make_campaign(workspace, launched_at=MONDAY - timedelta(days=3))
        give_budget(campaign, "5000.00")
        spend(campaign, {13: "900.00", 14: "900.00", 15: "100.00", 16: "100.00", 17: "100.00", 18: "100.00"})
        assert account_of(campaign, at=now).pace == Decimal(100)

    def test_holdback__nothing_reported_yet__keeps_the_planned_pace(
        self, workspace: Workspace, now: datetime
    ) -> None:
        # 2,500 over the five days from the 16th to the 20th is 500 a day; four days have begun.
        account = account_of(running(workspace), at=now)
        assert (account.pace, account.holdback) == (Decimal(500), Decimal(2000))

    def test_holdback__nothing_reported_and_nothing_planned__keeps_everything(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = give_budget(make_campaign(workspace, launched_at=MONDAY), "2500.00")
        account = account_of(campaign, at=now)
        assert account.pace is None
        assert account.available == 0

    def test_holdback__killed_and_reported_to_its_last_day__keeps_nothing(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "300.00", 18: "95.50"})
        campaign.status, campaign.ended_at = CampaignStatus.KILLED, datetime(2026, 11, 18, 15, tzinfo=UTC)
        account = account_of(campaign, at=now)
        assert (account.holdback, account.available) == (Decimal(0), Decimal("1804.50"))

    def test_holdback__killed_with_its_last_day_unreported__keeps_that_day(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "300.00"})
        campaign.status, campaign.ended_at = CampaignStatus.KILLED, datetime(2026, 11, 18, 15, tzinfo=UTC)
        account = account_of(campaign, at=now)
        assert (account.unreported_days, account.holdback) == (1, Decimal(300))

    def test_holdback__killed_after_a_pause__keeps_what_the_pause_kept(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "300.00"})
        campaign.status, campaign.paused_at = CampaignStatus.PAUSED, datetime(2026, 11, 17, 18, tzinfo=UTC)
        assert account_of(campaign, at=now).holdback == 0
        campaign.status, campaign.ended_at = CampaignStatus.KILLED, now
        assert account_of(campaign, at=now).holdback == 0

    def test_holdback__paused_on_a_day_without_a_report_before_one_that_is_whole__keeps_nothing(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 18: "0.00"})
        campaign.status, campaign.paused_at = CampaignStatus.PAUSED, datetime(2026, 11, 17, 18, tzinfo=UTC)
        assert account_of(campaign, at=now).holdback == 0

    def test_holdback__killed_and_spending_on__keeps_the_days_to_today(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "300.00"})
        campaign.status, campaign.ended_at = CampaignStatus.KILLED, datetime(2026, 11, 16, 20, tzinfo=UTC)
        account = account_of(campaign, at=now)
        assert (account.unreported_days, account.holdback) == (2, Decimal(600))

    def test_holdback__a_fraction_of_the_unit__is_rounded_up_and_the_rest_down(
        self, now: datetime, db: None
    ) -> None:
        campaign = running(
            make_workspace("kyoto", currency="JPY", timezone="America/Chicago"), budget="10000"
        )
        spend(campaign, {16: "1000", 17: "1001", 18: "1000.25"})
        account = account_of(campaign, at=now)
        # The pace is 1,000.4166…; 10,000 − 3,001.25 − 1,001 = 5,997.75.
        assert (account.holdback, account.available) == (Decimal(1001), Decimal(5997))

    def test_available__spent_beyond_the_budget__is_nothing_and_no_error(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace, budget="500.00")
        spend(campaign, {16: "300.00", 17: "300.00", 18: "300.00"})
        account = account_of(campaign, at=now)
        assert (account.remaining, account.available) == (Decimal(-400), Decimal(0))

    def test_spent__days_before_the_launch__are_not_the_ledgers(
        self, workspace: Workspace, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {14: "700.00", 16: "300.00"})
        assert account_of(campaign, at=now).spent == Decimal("300.00")


class TestTransfer:
    def test_transfer__more_than_available__names_the_campaign_and_both_amounts(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "330.00", 18: "270.00", 19: "120.00"})
        with pytest.raises(TransferRefused) as refusal:
            transfer(
                source=Account.of(campaign),
                target=RESERVE,
                amount=Decimal("1300.01"),
                kind=TransferKind.RELEASE,
                by=mia,
                at=now,
            )
        assert refusal.value.code == "overdrawn"
        named = (campaign.name, "$1,300.00", "$1,300.01", "$180.00")
        assert all(part in refusal.value.message for part in named)
        campaign.refresh_from_db()
        assert campaign.budget == Decimal("2500.00")

    def test_transfer__all_that_is_available__leaves_spend_and_holdback(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        campaign = running(workspace)
        spend(campaign, {16: "300.00", 17: "330.00", 18: "270.00", 19: "120.00"})
        transfer(
            source=Account.of(campaign),
            target=RESERVE,
            amount=Decimal("1300.00"),
            kind=TransferKind.RELEASE,
            by=mia,
            at=now,
        )
        assert campaign.budget == Decimal("1200.00")
        assert mia.workspace.reserve == Decimal("1300.00")
        assert account_of(campaign, at=now).available == 0

    def test_transfer__more_than_the_reserve__is_refused(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        fill_reserve(workspace, "10.00")
        with pytest.raises(
            TransferRefused, match=r"The reserve can give at most \$10\.00; \$10\.01 was asked"
        ):
            transfer(
                source=RESERVE,
                target=Account.of(running(workspace)),
                amount=Decimal("10.01"),
                kind=TransferKind.REALLOCATION,
                by=mia,
                at=now,
            )


class TestBalances:
    def test_balances__of_campaigns_in_every_state__are_what_each_has_for_itself(
        self, workspace: Workspace, now: datetime
    ) -> None:
        spend(running(workspace, "spends"), {16: "300.00", 17: "330.00", 18: "270.00", 19: "120.00"})
        spend(running(workspace, "overdrawn", budget="500.00"), {16: "300.00", 17: "300.00", 18: "300.00"})
        spend(running(workspace, "has-a-baseline"), {14: "700.00", 16: "33.33", 18: "0.01"})
        running(workspace, "silent")
        give_budget(make_campaign(workspace, "unplanned", launched_at=MONDAY), "2500.00")
        make_campaign(workspace, "unfunded", launched_at=MONDAY)
        stopped = {
            "paused": {"status": CampaignStatus.PAUSED, "paused_at": MONDAY + timedelta(days=1)},
            "killed": {"status": CampaignStatus.KILLED, "ended_at": MONDAY + timedelta(days=2)},
        }
        for key, columns in stopped.items():
            campaign = running(workspace, key)
            spend(campaign, {16: "300.00", 17: "300.00"})
            Campaign.objects.filter(pk=campaign.pk).update(**columns)
        found = balances(workspace, at=now).campaigns
        assert [account.key for account in found] == [
            "killed",
            "paused",
            "unfunded",
            "unplanned",
            "silent",
            "has-a-baseline",
            "overdrawn",
            "spends",
        ]
        assert list(found) == [account_of(Campaign.objects.get(key=one.key), at=now) for one in found]

    def test_balances__of_many_campaigns__ask_no_more_than_of_one(
        self, workspace: Workspace, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for key in ("first", "second", "third"):
            spend(running(workspace, key), {16: "300.00", 17: "330.00"})
        with django_assert_num_queries(5):
            balances(workspace, at=now)

    def test_balances__after_some_movements__are_those_of_the_rows_and_of_the_columns(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        fill_reserve(workspace, "1000.00")
        first, second = running(workspace, "first"), running(workspace, "second", budget="0.30")
        spend(first, {16: "300.00", 17: "330.00", 18: "270.00", 19: "120.00"})
        for source, target, amount in (
            (first, second, "0.10"),
            (second, None, "0.20"),
            (None, second, "0.01"),
        ):
            spend(second, {16: "0", 17: "0", 18: "0", 19: "0"})
            transfer(
                source=Account.of(source),
                target=Account.of(target),
                amount=Decimal(amount),
                kind=TransferKind.CORRECTION,
                by=mia,
                at=now,
            )
        found = balances(workspace, at=now)
        assert found.as_dict() == {
            "currency": "USD",
            "outside": "-3500.30",
            "reserve": "1000.19",
            "campaigns": [
                {
                    "campaign": "second",
                    "budget": "0.21",
                    "spent": "0.00",
                    "holdback": "0.00",
                    "available": "0.21",
                },
                {
                    "campaign": "first",
                    "budget": "2499.90",
                    "spent": "1020.00",
                    "holdback": "180.00",
                    "available": "1299.90",
                },
            ],
        }
        workspace.refresh_from_db()
        assert found.reserve == workspace.reserve
        assert {account.key: account.budget for account in found.campaigns} == dict(
            Campaign.objects.values_list("key", "budget")
        )

    def test_balances__two_workspaces__know_nothing_of_each_other(
        self, workspace: Workspace, now: datetime
    ) -> None:
        fill_reserve(workspace, "100.00")
        other = fill_reserve(make_workspace("other"), "7.00")
        give_budget(make_campaign(other), "50.00")
        assert balances(workspace, at=now).outside == Decimal(-100)
        assert balances(other, at=now).outside == Decimal(-57)

    def test_transfer__from_outside__needs_no_reach(
        self, workspace: Workspace, mia: Actor, now: datetime
    ) -> None:
        transfer(
            source=OUTSIDE,
            target=RESERVE,
            amount=Decimal("1000000.00"),
            kind=TransferKind.FUNDING,
            by=mia,
            at=now,
        )
        assert balances(workspace, at=now).outside == Decimal(-1000000)
