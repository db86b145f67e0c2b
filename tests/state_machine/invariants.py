"""The rules that must never break, asked of the database after every step, without the product's own code."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from tests.state_machine.facts import MEASURES, Facts, Reader
from tests.state_machine.life_cycles import Coverage, place_of
from tests.state_machine.model import WATCHING, Team, digest_of
from tests.state_machine.reports import Key

# What is written there stays, in this order.
APPEND_ONLY = ("events", "transfers", "amendments")
# What a watch may be, by what was told of it; otherwise what was told.
MAY_BE = {WATCHING: {"waiting", "judging"}, "overruled": {"overruled", "waiting", "judging"}}


class Invariants:
    """The rules, with what they remember from one step to the next."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self.reader = Reader()
        self.watches: dict[int, str] = {}
        self.written: dict[tuple[int, str], list[Any]] = {}

    def hold(self, teams: Iterable[Team]) -> None:
        crossing = self.reader.crossing()
        assert not crossing, f"Rows of one workspace link to another: {crossing}"
        facts = self.reader.read()
        for team in teams:
            own = facts[team.id]
            self._what_is_written_stays(team, own)
            states_are_those_foreseen_and_told(team, own)
            arms_are_those_foreseen_and_told(team, own)
            hypotheses_have_their_places(team, own)
            the_newest_report_stands(team, own)
            days_are_the_sums_of_their_entities(own)
            criteria_stand(team, own)
            self._watches_are_where_they_can_be(team, own)
            balances_are_those_of_the_books(team, own)
            plans_took_four_eyes(team, own)
            what_moved_was_approved(own)
            events_are_numbered(own)

    def _what_is_written_stays(self, team: Team, facts: Facts) -> None:
        for name in APPEND_ONLY:
            rows, before = facts.tables[name], self.written.get((team.id, name), [])
            assert rows[: len(before)] == before, f"Of {name} something has changed or gone."
            self.written[team.id, name] = rows

    def _watches_are_where_they_can_be(self, team: Team, facts: Facts) -> None:
        """Where the events say; beside that, how far a criterion's guards have come."""
        foreseen = {
            place_of(criterion, arm): state
            for campaign in team.campaigns.values()
            for (criterion, arm), state in campaign.watches.items()
        }
        stored = {place_of(row.criterion, row.arm_key): row for row in facts.watches}
        assert stored.keys() == foreseen.keys()
        for place, row in stored.items():
            told = team.told.get(("criterion", place), WATCHING)
            assert foreseen[place] == told, f"Criterion {place} was foreseen {foreseen[place]}, told {told}."
            assert row.state in MAY_BE.get(told, {told}), f"Criterion {place} is {row.state}, told {told}."
            before = self.watches.get(row.id, "waiting")
            if row.state != before:
                self._see_watch(before, row.state)
            self.watches[row.id] = row.state
        # One open breach each, and none without.
        open_breaches = sorted(row.watch for row in facts.breaches if row.closed_at is None)
        assert open_breaches == sorted(row.id for row in facts.watches if row.state == "breached")

    def _see_watch(self, before: str, after: str) -> None:
        # One step may end what it began: a breach that stops its arm is settled by that.
        if after in {"settled", "overruled"} and before != "breached":
            self.coverage.see("criterion", before, "breached")
            before = "breached"
        self.coverage.see("criterion", before, after)


# 6. Every change of state writes its event, and the events are numbered


def states_are_those_foreseen_and_told(team: Team, facts: Facts) -> None:
    stored = {
        **_states("sprint", ((row.id, row.status) for row in facts.sprints)),
        **_states("hypothesis", ((row.id, row.status) for row in facts.hypotheses)),
        **_states("campaign", ((row.key, row.status) for row in facts.campaigns)),
        **_states("zombie", ((row.id, row.state) for row in facts.flags)),
        **_states("reallocation", ((row.id, row.state) for row in facts.plans)),
    }
    foreseen = {
        **_states("sprint", ((one.id, one.status) for one in team.sprints.values())),
        **_states("hypothesis", ((one.id, one.status) for one in team.hypotheses.values())),
        **_states("campaign", ((one.key, one.status) for one in team.campaigns.values())),
        **_states("zombie", ((one.id, one.state) for one in team.flags.values())),
        **_states("reallocation", ((one.id, one.state) for one in team.plans.values())),
    }
    told = {thing: state for thing, state in team.told.items() if thing[0] not in {"arm", "criterion"}}
    assert stored == foreseen, _difference(stored, "foreseen", foreseen)
    assert stored == told, _difference(stored, "told", told)


def _states(kind: str, rows: Iterable[tuple[Any, str]]) -> dict[tuple[str, str], str]:
    return {(kind, str(subject)): state for subject, state in rows}


def _difference(stored: dict[Any, str], how: str, other: dict[Any, str]) -> str:
    return "; ".join(
        f"{kind} {subject} is {stored.get((kind, subject))}, {how} {other.get((kind, subject))}"
        for kind, subject in sorted(stored.keys() | other.keys())
        if stored.get((kind, subject)) != other.get((kind, subject))
    )


def arms_are_those_foreseen_and_told(team: Team, facts: Facts) -> None:
    stopped = {f"{row.campaign_key}/{row.key}" for row in facts.arms if row.status == "stopped"}
    assert stopped == {subject for what, subject in team.told if what == "arm"}
    assert stopped == {
        f"{campaign.key}/{key}"
        for campaign in team.campaigns.values()
        for key, arm in campaign.arms.items()
        if not arm.is_running
    }


def hypotheses_have_their_places(team: Team, facts: Facts) -> None:
    # Of a place that was given back and taken anew the last word counts.
    stored = {(row.sprint, row.hypothesis): row.state for row in facts.commitments}
    assert stored == {
        (sprint.id, hypothesis): state
        for sprint in team.sprints.values()
        for hypothesis, state in sprint.places.items()
    }
    assert {row.id: row.decide_by for row in facts.hypotheses} == {
        one.id: one.decide_by for one in team.hypotheses.values()
    }
    decided = [(row.hypothesis, row.sprint) for row in facts.decisions]
    assert len(decided) == len(set(decided))


def events_are_numbered(facts: Facts) -> None:
    """In the order in which they were written, from one on, each once and none left out."""
    numbers = [row.sequence for row in facts.events]
    assert numbers == list(range(1, len(numbers) + 1))
    assert facts.workspace.last_event_sequence == len(numbers)


# 2 and 7. One observation per key, the newest report stands, and what is due is a column


def the_newest_report_stands(team: Team, facts: Facts) -> None:
    stored = {Key(*row[1:6]): row for row in facts.observations}
    assert len(stored) == len(facts.observations)
    assert stored.keys() == team.reports.told.keys()
    for key, row in stored.items():
        told = team.reports.told[key]
        values = {name: value for name in MEASURES if (value := getattr(row, name)) is not None}
        assert values == told.values(), f"{key} says {values}, told at last were {told.values()}."
        assert row.reported_at == told.reported_at, key
    restated = [(row.observation, row.batch) for row in facts.restatements]
    assert len(restated) == len(set(restated))
    due = {row.key for row in facts.campaigns if row.judge_due_at is not None}
    assert due == {one.key for one in team.campaigns.values() if one.is_due}


def days_are_the_sums_of_their_entities(facts: Facts) -> None:
    by_day: dict[Any, list[Any]] = {}
    for row in facts.observations:
        by_day.setdefault(row[1:5], []).append(row)
    assert len(facts.day_totals) == len(by_day)
    for total in facts.day_totals:
        rows = by_day[total[1:5]]
        assert total.reported_at == max(row.reported_at for row in rows), total
        for name in MEASURES:
            said = [value for row in rows if (value := getattr(row, name)) is not None]
            assert getattr(total, name) == (sum(said) if said else None), (name, total)


# 3. A launched campaign's criteria never change without an amendment


def criteria_stand(team: Team, facts: Facts) -> None:
    rows = {row.key: row for row in facts.campaigns}
    in_force: dict[str, list[Any]] = {}
    for row in sorted(facts.criteria, key=lambda row: row.position):
        if row.retired_at is None:
            in_force.setdefault(row.campaign_key, []).append(row)
    chains: dict[str, list[tuple[str, str]]] = {}
    for row in facts.amendments:
        chains.setdefault(row.campaign_key, []).append((row.digest_before, row.digest_after))
    for campaign in team.campaigns.values():
        row, own = rows[campaign.key], in_force.get(campaign.key, [])
        assert (row.criteria_digest, row.amended) == (campaign.digest, bool(campaign.amendments))
        assert [_as_rule(one) for one in own] == [rule.canonical() for rule in campaign.rules]
        _digest_is_proved(campaign.digest, own, chains.get(campaign.key, []))
        assert chains.get(campaign.key, []) == campaign.amendments


def _digest_is_proved(digest: str, rules: Sequence[Any], chain: Sequence[tuple[str, str]]) -> None:
    """The rules are those of the digest, and each change since the launch has its amendment."""
    if not digest:
        assert not chain
        return
    assert digest_of([_as_rule(rule) for rule in rules]) == digest
    assert all(rule.frozen_at is not None for rule in rules)
    assert all(after == following for (_, after), (following, _) in pairwise(chain))
    assert not chain or chain[-1][1] == digest


def _as_rule(row: Any) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("metric", "comparator", "level", "evidence", "action")},
        "threshold": _plain(row.threshold),
        "guards": {key: _plain(value) for key, value in row.guards.items()},
        "confidence": _plain(row.confidence),
    }


def _plain(number: Any) -> str:
    text = str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


# 4. A budget is the sum of its transfers, and nothing is overdrawn


def balances_are_those_of_the_books(team: Team, facts: Facts) -> None:
    sums: Counter[str] = Counter()
    for row in facts.transfers:
        assert row.amount > 0
        sums[row.source_campaign_key or row.source_kind] -= row.amount
        sums[row.target_campaign_key or row.target_kind] += row.amount
    books = {one.key: one.budget for one in team.campaigns.values()}
    columns = {row.key: row.budget for row in facts.campaigns}
    assert len(facts.transfers) == team.transfers
    assert columns == books
    assert {key: sums[key] for key in books} == books
    assert facts.workspace.reserve == sums["reserve"] == team.reserve
    assert sums["outside"] == team.outside
    assert sum(sums.values()) == 0
    assert min([team.reserve, *columns.values()]) >= 0, "An account is overdrawn."


# 5. Four eyes, once, and only what was shown


def plans_took_four_eyes(team: Team, facts: Facts) -> None:
    approvals = Counter(row.subject_id for row in facts.events if row.kind == "reallocation.approved")
    places = len(str(team.unit).partition(".")[2])
    for plan in facts.plans:
        known, lines = team.plans[plan.id], _lines_of(plan, facts)
        assert [(_from(line), _to(line), line.amount) for line in lines] == known.lines
        shown = [
            {
                "from": _from(line),
                "to": _to(line),
                "amount": f"{line.amount:.{places}f}",
                "reason": line.reason,
            }
            for line in lines
        ]
        digest = digest_of({"lines": shown, "evidence": plan.evidence})
        assert plan.plan_digest == known.digest == digest
        proposers = {plan.proposed_by, plan.proposed_key_maker} - {None}
        assert proposers == {known.proposer, known.key_maker} - {None}
        assert plan.approved_by == known.approver
        assert plan.approved_by not in proposers, f"Plan {plan.id} was approved by who proposed it."
        assert approvals[str(plan.id)] == (plan.approved_by is not None)


def what_moved_was_approved(facts: Facts) -> None:
    """Each line of an applied plan has moved once, and nothing else that a plan could have moved."""
    moved = sorted(
        (row.line, row.source_campaign_key or "reserve", row.target_campaign_key or "reserve", row.amount)
        for row in facts.transfers
        if row.line is not None
    )
    approved = sorted(
        (line.id, _from(line), _to(line), line.amount)
        for plan in facts.plans
        if plan.state == "applied"
        for line in _lines_of(plan, facts)
    )
    assert moved == approved, "What was moved is not what was approved."
    assert all(row.line is not None for row in facts.transfers if row.kind in {"reallocation", "release"})


def _lines_of(plan: Any, facts: Facts) -> list[Any]:
    return [line for line in facts.lines if line.reallocation == plan.id]


def _from(line: Any) -> str:
    return line.source_campaign_key or "reserve"


def _to(line: Any) -> str:
    return line.target_campaign_key or "reserve"
