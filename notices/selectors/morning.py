"""What a morning's digest says: what needs somebody, in order of money, and how the sprints go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.templatetags._words import rule_in_words
from experiments.templatetags._zombies import reason_of
from notices.selectors.items import Item
from sprints.selectors.standing import Board
from sprints.selectors.today import read_today
from sprints.selectors.waiting import Today
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
    return Morning(
        headline=_headline(today, workspace, items),
        items=items,
        sprints=[_pacing(board, workspace, at=at) for board in today.boards],
        needs_somebody=bool(items),
    )


def _money(amount: object, workspace: Workspace) -> str:
    return in_currency(amount, workspace.currency)  # type: ignore[arg-type]


def _headline(today: Today, workspace: Workspace, items: Sequence[Item]) -> str:
    if not items:
        return _("Nothing waits for anybody.")
    number = today.decisions or len(items)
    waits = (
        ngettext("{number} decision waits for you.", "{number} decisions wait for you.", number)
        if today.decisions
        else ngettext("{number} decision waits for others.", "{number} decisions wait for others.", number)
    ).format(number=sentence_case(spelled(number)))
    if not today.money_per_day:
        return waits
    goes_on = _("Until then, {amount} a day goes to campaigns without a yes.").format(
        amount=_money(today.money_per_day, workspace)
    )
    return f"{waits} {goes_on}"


def _breaches(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=_("{name} breached its rule.").format(name=item.campaign.name),
            url=reverse("campaign", args=[workspace.slug, item.campaign.key]),
            quote=rule_in_words(item.campaign, item.breach.rule),
            facts=[
                _("{amount} a day goes on.").format(amount=_money(item.money_per_day, workspace))
                if item.goes_on_spending and item.money_per_day is not None
                else _("It goes on spending; how much is not known.")
                if item.goes_on_spending
                else _("It does not spend."),
                _("To be decided by {moment}.").format(moment=moment(item.decide_by)),
            ],
            is_burning=item.goes_on_spending,
        )
        for item in today.breaches
    ]


def _plans(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=(
                _("A plan to move {amount} waits to be applied.")
                if item.is_approved
                else _("A plan to move {amount} waits for approval.")
            ).format(amount=_money(item.amount, workspace)),
            url=reverse("plan", args=[workspace.slug, item.plan.pk]),
            facts=[
                _("Proposed by {person}.").format(person=item.plan.proposed_by),
                *(
                    []
                    if item.is_approved
                    else [_("It ends {moment}.").format(moment=moment(item.plan.expires_at))]
                ),
            ],
        )
        for item in today.plans
    ]


def _zombies(today: Today, workspace: Workspace) -> list[Item]:
    items = [
        Item(
            title=_("{name} goes on without a yes: it is {signal}.").format(
                name=flag.campaign.name, signal=flag.get_signal_display()
            ),
            url=reverse("campaign", args=[workspace.slug, flag.campaign.key]),
            facts=[
                reason_of(flag, workspace),
                *(
                    [_("{amount} a day.").format(amount=_money(flag.money_per_day, workspace))]
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
            Item(
                title=_("And {zombies} more.").format(zombies=counted(more, "zombie")),
                url=reverse("zombies", args=[workspace.slug]),
            )
        )
    return items


def _undecided(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=_("{hypothesis} has no decision.").format(hypothesis=one.hypothesis.title),
            url=reverse("sprint_review", args=[workspace.slug, one.sprint.number]),
            facts=[_("{sprint} is over.").format(sprint=one.sprint)],
        )
        for one in today.undecided
    ]


def _unstarted(today: Today, workspace: Workspace) -> list[Item]:
    return [
        Item(
            title=_("{sprint} has not started.").format(sprint=sprint),
            url=reverse("sprint", args=[workspace.slug, sprint.number]),
            facts=[_("Its first day is here.")],
        )
        for sprint in today.unstarted
    ]


def _pacing(board: Board, workspace: Workspace, *, at: datetime) -> Item:
    sprint = board.sprint
    number = sprint.day_number(workspace.local_day(at))
    spent, budget, planned = (
        _money(amount, workspace) for amount in (board.spend, board.budget, board.planned_by_now)
    )
    return Item(
        title=_("{sprint}, day {number} of {days}").format(
            sprint=sprint, number=number, days=sprint.length_days
        )
        if number
        else _("{sprint}, its days are over").format(sprint=sprint),
        url=reverse("sprint", args=[workspace.slug, sprint.number]),
        facts=[
            _("{spent} of {budget} spent, plan by now {planned}.").format(
                spent=spent, budget=budget, planned=planned
            )
        ],
    )
