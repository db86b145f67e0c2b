"""Where a plan's money flows: bands from those who give, at the left, to those who get, at the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from experiments.services.values import listed
from experiments.templatetags._drawings import _n, drawing, line, rect, text
from sprints.models.sentences import retold
from sprints.selectors.plan_pages import Account, Flows
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import probability, sentence_case, spelled

# More of them on one side no reader follows; the table says it alone.
MOST_ACCOUNTS = 6
_NODE = 12.0
_THINNEST, _HIGHEST = 1.5, 96
# A band this high has room for its amount.
_ROOM_FOR_MONEY = 17


@dataclass(frozen=True, slots=True)
class _Size:
    width: float
    # Where the inner edges of both sides are.
    left: float
    right: float
    # What all the money together is high, and what an account needs at least at the left and at the right.
    money: float
    slots: tuple[float, float]
    gap: float
    # Above the first account, for its words.
    head: float
    is_narrow: bool


WIDE = _Size(944, 274, 708, 240, (44, 66), 16, 8, is_narrow=False)
NARROW = _Size(318, 24, 294, 220, (12, 12), 52, 40, is_narrow=True)
# In the narrow drawing the words of both sides stand above their own account, so they must not meet.
_STAGGER = 14.0


@dataclass(slots=True)
class _Node:
    account: Account
    y: float
    height: float
    # How much of it the bands have taken so far.
    taken: float = 0.0

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def money_flow(flows: Flows, currency: str, size: _Size = WIDE) -> SafeString:
    """The drawing for a container of that size; nothing where the accounts are too many."""
    if max(len(flows.donors), len(flows.receivers)) > MOST_ACCOUNTS:
        return SafeString("")
    chart = _Chart(flows, currency, size)
    return drawing(
        width=size.width,
        height=chart.height,
        label=told(flows, currency),
        body=[*chart.bands(), *chart.sources(), *chart.targets()],
        css="",
    )


def told(flows: Flows, currency: str) -> str:
    """``Two accounts give $9.00: Replay $6.00, Headlines $3.00. Founder video gets $9.00.``"""

    def amount(account: Account) -> str:
        return in_currency(account.amount, currency)

    if len(flows.donors) == 1:
        given = _("{account} gives {amount}").format(
            account=sentence_case(flows.donors[0].name), amount=amount(flows.donors[0])
        )
    else:
        given = _("{number} accounts give {amount}: {each}").format(
            number=sentence_case(spelled(len(flows.donors))),
            amount=in_currency(flows.total, currency),
            each=", ".join(f"{donor.name} {amount(donor)}" for donor in flows.donors),
        )
    first, *others = flows.receivers
    got = [
        _("{account} gets {amount}").format(account=sentence_case(first.name), amount=amount(first)),
        *(f"{one.name} {amount(one)}" for one in others),
    ]
    return f"{given}. {listed(got)}."


class _Chart:
    def __init__(self, flows: Flows, currency: str, size: _Size) -> None:
        self.flows, self.currency, self.size = flows, currency, size
        # Two accounts need less room than ten.
        high = min(size.money, _HIGHEST * max(len(flows.donors), len(flows.receivers)))
        self.per_unit = high / float(flows.total)
        self.donors = self._column(flows.donors, size.slots[0], size.head)
        self.receivers = self._column(
            flows.receivers, size.slots[1], size.head + (_STAGGER if size.is_narrow else 0)
        )
        ends = [max(node.middle + self._reach(node, slot) for node in side) for side, slot in self._sides()]
        self.height = max(ends) + 8
        if not size.is_narrow:
            # The shorter side stands in the middle of the longer one.
            for (side, _), end in zip(self._sides(), ends, strict=True):
                for node in side:
                    node.y += (max(ends) - end) / 2

    def _sides(self) -> list[tuple[list[_Node], float]]:
        return [(self.donors, self.size.slots[0]), (self.receivers, self.size.slots[1])]

    def _reach(self, node: _Node, slot: float) -> float:
        return max(node.height, slot) / 2

    def _column(self, accounts: Sequence[Account], slot: float, y: float) -> list[_Node]:
        nodes = []
        for account in accounts:
            height = self._thick(account.amount)
            room = max(height, slot)
            nodes.append(_Node(account, y + (room - height) / 2, height))
            y += room + self.size.gap
        return nodes

    def _thick(self, amount: Decimal) -> float:
        return max(float(amount) * self.per_unit, _THINNEST)

    def bands(self) -> list[str]:
        """In the order of the receivers, so that no two bands of one donor cross."""
        body: list[str] = []
        order = [node.account.key for node in self.receivers]
        targets = {node.account.key: node for node in self.receivers}
        for donor in self.donors:
            of_donor = [flow for flow in self.flows.flows if flow.source == donor.account.key]
            for flow in sorted(of_donor, key=lambda flow: order.index(flow.target)):
                target, thick = targets[flow.target], self._thick(flow.amount)
                start, end = donor.y + donor.taken, target.y + target.taken
                donor.taken, target.taken = donor.taken + thick, target.taken + thick
                body.append(self._band(start, end, thick, to_reserve=flow.target is None))
                if not self.size.is_narrow and thick >= _ROOM_FOR_MONEY:
                    said = in_currency(flow.amount, self.currency)
                    body.append(text(said, self.size.left + 14, start + thick / 2 + 5.5, "t-num"))
        return body

    def _band(self, start: float, end: float, thick: float, *, to_reserve: bool) -> str:
        left, right = self.size.left, self.size.right
        middle = _n((left + right) / 2)
        path = (
            f"M{_n(left)} {_n(start)}C{middle} {_n(start)} {middle} {_n(end)} {_n(right)} {_n(end)}"
            f"V{_n(end + thick)}C{middle} {_n(end + thick)} {middle} {_n(start + thick)} "
            f"{_n(left)} {_n(start + thick)}z"
        )
        return line("f-line" if to_reserve else "f-traction-soft", path)

    def sources(self) -> list[str]:
        body = []
        for node in self.donors:
            account, x = node.account, self.size.left - _NODE
            look = "f-ink" if account.key else "f-ink-3"
            body.append(rect(look, x, node.y, _NODE, node.height))
            name, amount = sentence_case(account.name), in_currency(account.amount, self.currency)
            if self.size.is_narrow:
                body.append(text(_short(name, 23), x, node.y - 22, "t-strong"))
                body.append(text(_("gives {amount}").format(amount=amount), x, node.y - 7))
                continue
            body.append(text(_short(name, 30), x - 16, node.middle - 3, "t-strong t-l t-end"))
            note = retold(account.note, currency=self.currency)
            note = _short(f"{amount}: {note}" if self._is_unprinted(account) else note, 42)
            body.append(text(note, x - 16, node.middle + 15, "t-end"))
        return body

    def _is_unprinted(self, account: Account) -> bool:
        """Whether none of its bands has room for an amount, so that its words have to say it."""
        own = [flow for flow in self.flows.flows if flow.source == account.key]
        return all(self._thick(flow.amount) < _ROOM_FOR_MONEY for flow in own)

    def targets(self) -> list[str]:
        body = []
        for node in self.receivers:
            account, x = node.account, self.size.right
            body.append(rect("f-traction" if account.key else "f-ink-3", x, node.y, _NODE, node.height))
            name, amount = sentence_case(account.name), in_currency(account.amount, self.currency)
            if self.size.is_narrow:
                body.append(text(_short(name, 23), x + _NODE, node.y - 22, "t-strong t-end"))
                body.append(text(_("gets {amount}").format(amount=amount), x + _NODE, node.y - 7, "t-end"))
                continue
            note = self._why_it_gets(account)
            top = node.middle - (12 if note else 4)
            body.append(text(f"+{amount}", x + 28, top, "t-big"))
            body.append(text(_short(name, 26), x + 28, top + 21, "t-strong t-l"))
            body += [text(note, x + 28, top + 38)] if note else []
        return body

    def _why_it_gets(self, account: Account) -> str:
        if account.key is None:
            return _("free for what comes next")
        if account.chance is None:
            return ""
        return _("{likely} likely to meet its target").format(likely=probability(account.chance))


def _short(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1].rstrip()}…"
