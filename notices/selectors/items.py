"""Events in the words of a letter: what happened, the rule or the reason, and where to go."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import CriterionAction, ZombieSignal
from experiments.models import ZombieFlag
from experiments.templatetags._words import retold_events
from experiments.templatetags._zombies import reason_of
from notices.choices import NoticeKind
from workspaces.models import Event, Workspace
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import day, probability


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to know: a sentence, what proves it, and its page."""

    title: str
    url: str
    # The rule, as everybody reads it.
    quote: str = ""
    facts: Sequence[str] = ()
    is_burning: bool = False


def items_of(events: Iterable[Event], *, workspace: Workspace) -> list[Item]:
    """An item for each event that people are told of, the most pressing kind first."""
    kinds = list(NoticeKind)
    told = [(kind, event) for event in events if (kind := NoticeKind.of(event)) is not None]
    flags = ZombieFlag.objects.of(workspace).in_bulk(
        [int(event.subject_id) for kind, event in told if event.subject_type == "zombie"]
    )
    told.sort(key=lambda item: kinds.index(item[0]))
    rules = retold_events([event for _kind, event in told], workspace=workspace).rules
    items = [_TELLERS[kind](event, workspace, flags) for kind, event in told]
    return [replace(item, quote=rules.get(item.quote, item.quote)) for item in items]


def _name(event: Event) -> str:
    return str(event.data.get("name") or event.data.get("campaign") or event.subject_id)


def _campaign_url(event: Event, workspace: Workspace) -> str:
    return reverse("campaign", args=[workspace.slug, event.data["campaign"]])


def _money(amount: object, workspace: Workspace) -> str:
    return in_currency(Decimal(str(amount)), workspace.currency)


_ACTIONS = {
    CriterionAction.PAUSE: gettext_lazy("Quickno pauses what the rule is about."),
    CriterionAction.ASK: gettext_lazy("It goes on until somebody decides."),
    CriterionAction.TELL: gettext_lazy("It goes on: this rule only tells."),
}


def _evidence(event: Event) -> list[str]:
    evidence: Any = event.data.get("evidence")
    chance = evidence.get("probability") if isinstance(evidence, dict) else None
    through = event.data.get("data_through")
    sure = (
        _("{chance} sure").format(chance=probability(chance))
        if isinstance(chance, float)
        else _("The rule is met")
    )
    if not through:
        return [f"{sure}."]
    return [_("{how_sure}, with numbers through {day}.").format(how_sure=sure, day=day(through))]


def _breach(event: Event, workspace: Workspace, flags: dict[int, ZombieFlag]) -> Item:
    action = str(_ACTIONS.get(event.data.get("action", ""), ""))
    return Item(
        title=_("{name} breached its rule.").format(name=_name(event)),
        url=_campaign_url(event, workspace),
        quote=str(event.data.get("rule") or ""),
        facts=[*_evidence(event), *([action] if action else [])],
        is_burning=True,
    )


def _second_look(event: Event, workspace: Workspace, flags: dict[int, ZombieFlag]) -> Item:
    return Item(
        title=_("Second look: {name} no longer breaches its rule.").format(name=_name(event)),
        url=_campaign_url(event, workspace),
        quote=str(event.data.get("rule") or ""),
        facts=[_("What came in later does not bear the breach out. Somebody has to decide what follows.")],
    )


def _plan(event: Event, workspace: Workspace, flags: dict[int, ZombieFlag]) -> Item:
    return Item(
        title=_("{person} proposes to move {amount}.").format(
            person=event.actor_label, amount=_money(event.data["total"], workspace)
        ),
        url=reverse("plan", args=[workspace.slug, event.subject_id]),
        facts=[_("It waits for the yes of a manager who did not propose it.")],
    )


def _zombie(event: Event, workspace: Workspace, flags: dict[int, ZombieFlag]) -> Item:
    flag = flags.get(int(event.subject_id))
    reason = reason_of(flag, workspace) if flag else ""
    per_day, since = event.data.get("money_per_day"), event.data.get("money_since")
    facts = [reason] if reason else []
    if since:
        flagged = parse_datetime(str(event.data.get("since")))
        facts.append(_("{amount} since {day}.").format(amount=_money(since, workspace), day=day(flagged)))
    if per_day:
        facts.append(_("{amount} a day goes on.").format(amount=_money(per_day, workspace)))
    return Item(
        title=_("{name} goes on without a yes: it is {signal}.").format(
            name=_name(event), signal=_signal(event)
        ),
        url=_campaign_url(event, workspace),
        facts=facts,
        is_burning=True,
    )


def _signal(event: Event) -> str:
    signal = str(event.data.get("signal"))
    return str(ZombieSignal(signal).label) if signal in ZombieSignal.values else signal


def _overdue(event: Event, workspace: Workspace, flags: dict[int, ZombieFlag]) -> Item:
    item = _zombie(event, workspace, flags)
    return Item(
        title=_("{name}: its sprint is over and nobody has decided.").format(name=_name(event)),
        url=item.url,
        facts=item.facts,
        is_burning=True,
    )


_TELLERS: dict[NoticeKind, Callable[[Event, Workspace, dict[int, ZombieFlag]], Item]] = {
    NoticeKind.BREACH: _breach,
    NoticeKind.SECOND_LOOK: _second_look,
    NoticeKind.PLAN_WAITING: _plan,
    NoticeKind.OVERDUE: _overdue,
    NoticeKind.ZOMBIE: _zombie,
}
