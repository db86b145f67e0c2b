"""A plan as its page shows it: what flows, what proves it, what each account has before and after.

All of it is read from the lines and the evidence that is frozen with them; the database is asked nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from django.utils.translation import gettext_lazy

from experiments.choices import METRICS, Metric
from sprints.choices import ReallocationMethod
from sprints.models import Reallocation, ReallocationLine
from sprints.models.sentences import retold
from sprints.selectors.accounts import NOTHING

RESERVE_NAME = gettext_lazy("the reserve")


@dataclass(frozen=True, slots=True)
class Flow:
    """Money from one account to another, all lines together; ``None`` is the reserve."""

    source: str | None
    target: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """A side of the flow. ``note``: why it gives, or how likely it is to meet its target."""

    key: str | None
    name: str
    amount: Decimal
    note: str = ""
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Flows:
    donors: Sequence[Account]
    receivers: Sequence[Account]
    flows: Sequence[Flow]

    @property
    def total(self) -> Decimal:
        return sum((flow.amount for flow in self.flows), NOTHING)

    @property
    def is_from_reserve(self) -> bool:
        return all(account.key is None for account in self.donors)

    @property
    def is_to_reserve(self) -> bool:
        return all(account.key is None for account in self.receivers)


@dataclass(frozen=True, slots=True)
class Duel:
    """Two campaigns, and how likely the one that receives brings more for its money."""

    receiver: Mapping[str, Any]
    donor: Mapping[str, Any]
    chance: float
    # The metric by which both are judged; ``None`` where it is not one.
    metric: Metric | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How likely a campaign is to meet its target."""

    row: Mapping[str, Any]
    metric: Metric
    chance: float


@dataclass(frozen=True, slots=True)
class Lead:
    """How likely a campaign is to be the best of those that are compared."""

    row: Mapping[str, Any]
    chance: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What a receiver grows by. ``allowed``: what the rule's cap allows; ``None`` where there is no cap."""

    name: str
    before: Decimal
    after: Decimal
    allowed: Decimal | None

    @property
    def change(self) -> Decimal:
        return self.after - self.before

    @property
    def share(self) -> Decimal:
        """Of what is allowed; without a cap, of what it had."""
        return self.change / (self.allowed if self.allowed is not None else self.before)


@dataclass(frozen=True, slots=True)
class Untold:
    """A campaign that no chance speaks for: it has its sentence, and what it gives."""

    row: Mapping[str, Any]

    @property
    def given(self) -> Decimal:
        return max(-Decimal(self.row["change"]), NOTHING)


@dataclass(frozen=True, slots=True)
class Proof:
    """What speaks for a plan."""

    duels: Sequence[Duel]
    leads: Sequence[Lead]
    standings: Sequence[Standing]
    growths: Sequence[Growth]
    untold: Sequence[Untold]


def read_flows(lines: Sequence[ReallocationLine], evidence: Mapping[str, Any]) -> Flows:
    """Who gives and who gets, in the order of the lines and the reserve last."""
    chances = {row["campaign"]: row.get("p_above_target") for row in evidence.get("campaigns", [])}
    amounts: dict[tuple[str | None, str | None], Decimal] = {}
    names: dict[str | None, str] = {None: str(RESERVE_NAME)}
    reasons: dict[str | None, str] = {}
    for line in lines:
        source, target = (
            campaign.key if campaign else None for campaign in (line.source_campaign, line.target_campaign)
        )
        names |= {one.key: one.name for one in (line.source_campaign, line.target_campaign) if one}
        reasons.setdefault(source, line.reason)
        amounts[source, target] = amounts.get((source, target), NOTHING) + line.amount
    flows = [Flow(source, target, amount) for (source, target), amount in amounts.items()]
    donors, receivers = (
        sorted(dict.fromkeys(keys), key=lambda key: key is None)
        for keys in ([flow.source for flow in flows], [flow.target for flow in flows])
    )
    return Flows(
        donors=[
            Account(
                key,
                names[key],
                sum((flow.amount for flow in flows if flow.source == key), NOTHING),
                note=reasons[key],
            )
            for key in donors
        ],
        receivers=[
            Account(
                key,
                names[key],
                sum((flow.amount for flow in flows if flow.target == key), NOTHING),
                chance=chances.get(key) if key else None,
            )
            for key in receivers
        ],
        flows=flows,
    )


def read_proof(plan: Reallocation) -> Proof:
    rows = {row["campaign"]: row for row in plan.evidence.get("campaigns", [])}
    duels = {
        (line["to"], line["from"]): Duel(
            receiver=rows[line["to"]],
            donor=rows[line["from"]],
            chance=line["p_receiver_beats_donor"],
            metric=_one_metric(rows[line["to"]], rows[line["from"]]),
        )
        for line in plan.evidence.get("lines", [])
        if line.get("p_receiver_beats_donor") is not None
    }
    standings = [
        Standing(row, METRICS[row["metric"]], row["p_above_target"])
        for row in rows.values()
        if row.get("p_above_target") is not None and row.get("target") is not None
    ]
    leads = [Lead(row, row["p_best"]) for row in rows.values() if row.get("p_best") is not None]
    told = {standing.row["campaign"] for standing in standings} | {lead.row["campaign"] for lead in leads}
    return Proof(
        duels=list(duels.values()),
        leads=sorted(leads, key=lambda lead: -lead.chance),
        standings=sorted(standings, key=lambda standing: -standing.chance),
        growths=[growth for row in rows.values() if (growth := _growth(plan, row)) is not None],
        untold=[Untold(row) for row in rows.values() if row["campaign"] not in told],
    )


def _one_metric(one: Mapping[str, Any], other: Mapping[str, Any]) -> Metric | None:
    """The metric whose values can stand side by side: the same, and measured on both."""
    is_same = one["metric"] == other["metric"] and one["value"] is not None and other["value"] is not None
    return METRICS.get(one["metric"]) if is_same else None


def _growth(plan: Reallocation, row: Mapping[str, Any]) -> Growth | None:
    before, after = Decimal(row["before"]), Decimal(row["after"])
    if after <= before or before <= 0:
        return None
    allowed = None
    cap = plan.workspace.growth_cap
    # The rule is frozen with the plan and the policy is not: only a cap that the rule still names is said.
    if plan.method != ReallocationMethod.HAND and f"{cap:.0%}" in plan.evidence["rule"]:
        allowed = (before * Decimal(str(cap))).quantize(plan.workspace.money_unit, ROUND_FLOOR)
    return Growth(row["name"], before, after, allowed or None)


def read_gain(evidence: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the plan should win, in money or else in outcomes; ``None`` where nobody can say."""
    gain: Mapping[str, Any] | None = evidence.get("expected_gain") or evidence.get("expected_outcomes")
    return gain


def do_nothing(evidence: Mapping[str, Any]) -> str | None:
    """What goes on if nobody decides, to stand under its title; ``None`` where nothing is lost.

    The sentence in the evidence can stand alone; under a title it need not say again what it is about.
    """
    sentence = evidence.get("do_nothing", {}).get("sentence", "")
    said = retold(sentence, currency=evidence.get("currency", ""))
    return said.partition(": ")[2] or None
