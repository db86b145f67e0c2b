"""A sprint's board: what it has cost and saved, while it runs and for ever after."""

from datetime import datetime, timedelta
from decimal import Decimal

from experiments.models import Campaign, Hypothesis
from sprints.selectors.board import read_board
from sprints.selectors.standing import Board
from sprints.services.decisions import decide
from sprints.services.planning import close_sprint, open_review
from tests.factories import give_budget, make_running_sprint, report
from workspaces.permissions import Actor


def figures(board: Board) -> tuple[Decimal, Decimal, Decimal]:
    return board.spend, board.budget, board.saved


def test_board__of_a_closed_sprint__stays_what_it_was_at_its_end(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, "founder-video", "office-skits", at=at)
    scaled, killed = Campaign.objects.order_by("key")
    for campaign in (scaled, killed):
        report(campaign, sprint.starts_on, spend=Decimal("100.00"))
    after = at + timedelta(days=5)
    for key, decision in (("founder-video", "scale"), ("office-skits", "kill")):
        hypothesis = Hypothesis.objects.get(campaigns__key=key)
        decide(
            hypothesis.pk,
            decision=decision,
            moved_the_business=True,
            learning="Candour sells.",
            by=marketer,
            at=after,
        )
    open_review(sprint.pk, by=marketer, at=after)
    sprint = close_sprint(sprint.pk, by=marketer, at=after)
    at_the_end = figures(read_board(sprint, at=after))
    assert at_the_end == (Decimal(200), Decimal(5000), Decimal(2400))

    much_later = after + timedelta(days=10)
    report(scaled, sprint.ends_on + timedelta(days=3), spend=Decimal("900.00"))
    give_budget(scaled, "3000.00", at=much_later)
    assert figures(read_board(sprint, at=much_later)) == at_the_end


def test_board__crm_beside_a_platform__takes_no_part_in_the_cost(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, "founder-video", at=at)
    campaign = Campaign.objects.get()
    report(campaign, sprint.starts_on, spend=Decimal("100.00"), conversions=10)
    # Dated by when they happened, so their money was spent on another day.
    report(campaign, sprint.starts_on, source="crm", conversions=4)
    [running] = read_board(sprint, at=at).campaigns
    assert (running.metric.key, running.value, running.days[0].value) == ("cpa", 10, 10)
    assert (running.events, running.conversions) == ({"a": Decimal(10)}, Decimal(4))
