"""Whatever is funded, launched, moved and reported: the sums are those of a ledger on paper."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.models import Campaign
from sprints.choices import TransferKind
from sprints.exceptions import TransferRefused
from sprints.selectors.accounts import account_of, balances
from sprints.services.corrections import correct_reserve
from sprints.services.ledger import Account, fund_launch, fund_reserve, transfer
from tests.factories import make_actor, make_campaign, make_workspace, report
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.permissions import Actor

NOW = datetime(2026, 11, 19, 16, 12, tzinfo=UTC)
LAUNCH = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
CAMPAIGNS = 3
RESERVE, OUTSIDE = "reserve", "outside"

slugs = (f"paper-{number}" for number in count())
units = st.integers(min_value=1, max_value=400_000)
places = st.sampled_from([RESERVE, *range(CAMPAIGNS)])
steps = st.one_of(
    st.tuples(st.just("fund"), units),
    st.tuples(st.just("correct"), units),
    st.tuples(st.just("launch"), st.integers(0, CAMPAIGNS - 1), units),
    st.tuples(st.just("move"), places, places, units),
    st.tuples(st.just("report"), st.integers(0, CAMPAIGNS - 1), st.integers(16, 19), units),
)


@dataclass
class Paper:
    """The same team's books, kept by hand."""

    workspace: Workspace
    manager: Actor
    campaigns: list[Campaign]
    balance: dict[str | int, Decimal] = field(
        default_factory=lambda: {OUTSIDE: Decimal(0), RESERVE: Decimal(0)}
    )

    def book(self, source: str | int, target: str | int, amount: Decimal) -> None:
        self.balance[source] = self.balance.get(source, Decimal(0)) - amount
        self.balance[target] = self.balance.get(target, Decimal(0)) + amount

    def campaign(self, place: str | int) -> Campaign | None:
        return Campaign.objects.get(pk=self.campaigns[place].pk) if isinstance(place, int) else None

    def do(self, step: Sequence[object]) -> None:
        match step:
            case ("fund", int(number)):
                amount = number * self.workspace.money_unit
                fund_reserve(amount=amount, reason="More", by=self.manager, at=NOW)
                self.book(OUTSIDE, RESERVE, amount)
            case ("correct", int(number)):
                self.correct(number * self.workspace.money_unit)
            case ("launch", int(place), int(number)) if place not in self.balance:
                amount = number * self.workspace.money_unit
                Campaign.objects.filter(pk=self.campaigns[place].pk).update(planned_budget=amount)
                campaign = self.campaign(place)
                assert campaign is not None
                fund_launch(campaign, by=self.manager, at=NOW)
                from_reserve = min(amount, self.balance[RESERVE])
                self.book(RESERVE, place, from_reserve)
                self.book(OUTSIDE, place, amount - from_reserve)
            case ("move", (int() | str()) as source, (int() | str()) as target, int(number)) if (
                source != target
            ):
                self.move(source, target, number * self.workspace.money_unit)
            case ("report", int(place), int(day), int(number)):
                report(
                    self.campaigns[place], date(2026, 11, day), spend=number * self.workspace.money_unit / 4
                )

    def correct(self, amount: Decimal) -> None:
        reaches = self.balance[RESERVE] >= amount
        try:
            correct_reserve(amount=amount, reason="Mistyped", by=self.manager, at=NOW)
        except TransferRefused:
            assert not reaches
            return
        assert reaches
        self.book(RESERVE, OUTSIDE, amount)

    def move(self, source: str | int, target: str | int, amount: Decimal) -> None:
        giver = self.campaign(source)
        before = account_of(giver, at=NOW) if giver else None
        kept = before.spent + before.holdback if before else Decimal(0)
        reaches = self.balance.get(source, Decimal(0)) - kept >= amount
        try:
            transfer(
                source=Account.of(giver),
                target=Account.of(self.campaign(target)),
                amount=amount,
                kind=TransferKind.CORRECTION,
                by=self.manager,
                at=NOW,
            )
        except TransferRefused:
            assert not reaches
            return
        assert reaches
        self.book(source, target, amount)

    def check(self) -> None:
        found = balances(self.workspace, at=NOW)
        self.workspace.refresh_from_db()
        budgets = {account.key: account.budget for account in found.campaigns}
        assert found.outside == self.balance[OUTSIDE]
        assert found.reserve == self.balance[RESERVE] == self.workspace.reserve
        assert budgets == {
            campaign.key: self.balance.get(place, Decimal(0)) for place, campaign in enumerate(self.campaigns)
        }
        assert budgets == dict(Campaign.objects.of(self.workspace).values_list("key", "budget"))
        assert found.outside + found.reserve + sum(budgets.values()) == 0


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(currency=st.sampled_from(["JPY", "USD", "BHD"]), todo=st.lists(steps, max_size=12))
def test_ledger__any_course_of_events__agrees_with_the_books_kept_by_hand(
    currency: str, todo: list[tuple[object, ...]]
) -> None:
    workspace = make_workspace(next(slugs), currency=currency)
    paper = Paper(
        workspace=workspace,
        manager=make_actor(workspace, Role.MANAGER),
        campaigns=[
            make_campaign(workspace, f"campaign-{number}", launched_at=LAUNCH, runs_until=date(2026, 11, 20))
            for number in range(CAMPAIGNS)
        ],
    )
    for step in todo:
        paper.do(step)
        paper.check()
