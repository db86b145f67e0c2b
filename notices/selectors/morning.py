"""What a morning's digest says: what needs somebody, in order of money, and how the sprints go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.template import Context
from django.urls import reverse

from experiments.templatetags.evidence import zombie_reason
from notices.selectors.items import Item
from sprints.models import Sprint
from sprints.selectors.board import read_boards
from sprints.selectors.standing import Board
from sprints.selectors.today import Today, read_today
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency
from workspaces.permissions import Actor
from workspaces.templatetags.quickno import counted, moment, sentence_case, spelled


@dataclass(frozen=True, slots=True)
class Morning:
    """A digest, as of the moment at which it was read."""

    headline: str
    items: Sequence[Item]
    sprints: Sequence[Item]
    needs_somebody: bool


def read_morning(workspace: Workspace, *, by: Actor, at: datetime) -> Morning:
    """What waits for people, seen by ``by``; the costliest kind first, as on the page Today."""
    today = read_today(workspace, by=by, at=at)
    groups = {
        "breaches": _breaches,
        "plans": _plans,
        "zombies": _zombies,
        "undecided": _undecided,
        "unstarted": _unstarted,
    }
    items = [item for group in today.groups for item in groups[group](today, workspace)]
    running = today.running
    for sprint in running:
        sprint.workspace = workspace
    boards = read_boards(running, with_analyses=False, at=at) if running else []
    return Morning(
        headline=_headline(today, workspace, items),
        items=items,
        sprints=[
            _pacing(sprint, board, workspace, at=at) for sprint, board in zip(running, boards, strict=True)
        ],
        needs_somebody=bool(items),
    )


def _money(amount: object, workspace: Workspace) -> str:
    return in_currency(amount, workspace.currency)  # type: ignore[arg-type]


def _headline(today: Today, workspace: Workspace, items: Sequence[Item]) -> str:
    if not items:
        return "Nothing waits for anybody."
    number = today.decisions or len(items)
    whom = "you" if today.decisions else "others"
    wait = "decision waits" if number == 1 else "decisions wait"
    waits = f"{sentence_case(spelled(number))} {wait} for {whom}."
    if not today.money_per_day:
        return waits
    return (
        f"{waits} Until then, {_money(today.money_per_day, workspace)} a day goes to campaigns without a yes."
    )


def _breaches(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=f"{item.campaign.name} breached its rule.",
            url=reverse("campaign", args=[workspace.slug, item.campaign.key]),
            quote=item.breach.rule,
            facts=[
                f"{_money(item.money_per_day, workspace)} a day goes on."
                if item.goes_on_spending and item.money_per_day is not None
                else "It goes on spending; how much is not known."
                if item.goes_on_spending
                else "It does not spend.",
                f"To be decided by {moment(item.decide_by)}.",
            ],
            is_burning=item.goes_on_spending,
        )
        for item in today.breaches
    ]


def _plans(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=f"A plan to move {_money(item.amount, workspace)} waits"
            f"{' to be applied' if item.is_approved else ' for approval'}.",
            url=reverse("plan", args=[workspace.slug, item.plan.pk]),
            facts=[
                f"Proposed by {item.plan.proposed_by}.",
                *([] if item.is_approved else [f"It ends {moment(item.plan.expires_at)}."]),
            ],
        )
        for item in today.plans
    ]


def _zombies(today: Today, workspace: Workspace) -> list[Item]:
    items = [
        Item(
            title=f"{flag.campaign.name} goes on without a yes: it is {flag.get_signal_display()}.",
            url=reverse("campaign", args=[workspace.slug, flag.campaign.key]),
            facts=[
                zombie_reason(Context({"workspace": workspace}), flag),
                *(
                    [f"{_money(flag.money_per_day, workspace)} a day."]
                    if flag.money_per_day is not None
                    else []
                ),
            ],
            is_burning=True,
        )
        for flag in (item.flag for item in today.zombies)
    ]
    more = today.zombies_calling - len(items)
    if more > 0:
        items.append(
            Item(title=f"And {counted(more, 'zombie')} more.", url=reverse("zombies", args=[workspace.slug]))
        )
    return items


def _undecided(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=f"{one.hypothesis.title} has no decision.",
            url=reverse("sprint_review", args=[workspace.slug, one.sprint.number]),
            facts=[f"{one.sprint} is over."],
        )
        for one in today.undecided
    ]


def _unstarted(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=f"{sprint} has not started.",
            url=reverse("sprint", args=[workspace.slug, sprint.number]),
            facts=["Its first day is here."],
        )
        for sprint in today.unstarted
    ]


def _pacing(sprint: Sprint, board: Board, workspace: Workspace, *, at: datetime) -> Item:
    number = sprint.day_number(workspace.local_day(at))
    spent, budget, planned = (
        _money(amount, workspace) for amount in (board.spend, board.budget, board.planned_by_now)
    )
    return Item(
        title=f"{sprint}{f', day {number} of {sprint.length_days}' if number else ', its days are over'}",
        url=reverse("sprint", args=[workspace.slug, sprint.number]),
        facts=[f"{spent} of {budget} spent, plan by now {planned}."],
    )
