"""Second thoughts about a plan: only a part of it is proposed, or what it has moved is to go back."""

from decimal import ROUND_FLOOR, Decimal

from hypothesis import strategies as st

from sprints.services.reallocations import replace_reallocation, undo_reallocation
from tests.state_machine import money
from tests.state_machine.model import Line, Plan, Team, Who
from tests.state_machine.plans import Plans
from tests.state_machine.stage import deed

MOST_LINES = 3


class SecondThoughts(Plans):
    @deed(3)
    def replace(self, data: st.DataObject) -> None:
        """Approve no more than a part: some lines of it are proposed anew."""
        team = self.draw_team(data)
        plan = self.choose_of(data, team, "plans", lambda one: one.state == "proposed" and len(one.lines) > 1)
        if plan is None or (plan.state != "proposed" and data.draw(st.booleans())):
            plan = self._compose_fitting(data, team)
        if plan is None:
            return
        rows = [data.draw(st.integers(0, len(plan.lines) - 1))]
        if data.draw(st.integers(0, 7)) == 0:
            rows = data.draw(st.sampled_from([[], [-1], [0, len(plan.lines)], [*range(len(plan.lines))]]))
        people = [Who(person) for person in team.people.values()]
        theirs = [one for one in people if not self._why_not_theirs(one, plan)]
        who = self.choose(data, theirs) if data.draw(st.booleans()) else None
        who = who or self.choose_who(data, team, "propose", by_key=True)
        faults = self._plan_faults(team, plan, "proposed") | self._why_not_theirs(who, plan)
        kept = sorted(set(rows))
        lines: list[Line] = []
        if not kept:
            faults.add("required")
        elif kept[0] < 0 or kept[-1] >= len(plan.lines):
            faults.add("unknown_line")
        elif len(kept) == len(plan.lines):
            faults.add("all_lines")
        else:
            lines = [plan.lines[row] for row in kept]
        if "not_found" not in faults:
            faults |= money.misfits(team, lines, at=self.now)
        if self.act(
            "replace a plan",
            team,
            who,
            lambda **by: replace_reallocation(plan.id, rows=rows, **by),
            needs="propose",
            rest=("POST", f"reallocations/{plan.id}/replace/", {"lines": rows}),
            faults=faults,
        ):
            plan.state = "withdrawn"
            assert self.things_heard(team, "reallocation.withdrawn") == [str(plan.id)]
            self._proposed(team, who, lines)

    @deed(2)
    def undo(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        plan = self.choose_of(data, team, "plans", lambda one: one.state == "applied")
        if plan is None or (plan.state != "applied" and data.draw(st.booleans())):
            plan = self._carry_through(data, team)
        if plan is None:
            return
        faults, lines = set(), []
        if plan.id not in team.plans:
            faults.add("not_found")
        else:
            lines = self._opposite(team, plan)
            if plan.state != "applied":
                faults.add("not_applied")
            if any(
                one.undoes == plan.id and one.state in {"proposed", "approved", "applied"}
                for one in team.plans.values()
            ):
                faults.add("already_undone")
            if not lines:
                faults.add("nothing_to_undo")
            faults |= money.misfits(team, lines, at=self.now) - {"overdrawn"}
        who = self.choose_who(data, team, "propose", by_key=True)
        if self.act(
            "undo a plan",
            team,
            who,
            lambda **by: undo_reallocation(plan.id, **by),
            needs="propose",
            rest=("POST", f"reallocations/{plan.id}/undo/", None),
            faults=faults,
        ):
            self._proposed(team, who, lines).undoes = plan.id

    def _opposite(self, team: Team, plan: Plan) -> list[Line]:
        """Back to where it came from, of what has ended to the reserve; as far as it is there still."""
        sums: dict[tuple[str, str], Decimal] = {}
        for source, target, amount in plan.lines:
            has_ended = source != money.RESERVE and team.campaigns[source].status in {"killed", "completed"}
            back = money.RESERVE if has_ended else source
            if target != back:
                sums[target, back] = sums.get((target, back), Decimal(0)) + amount
        left = {account: self._free(team, account) for account, _ in sums}
        lines: list[Line] = []
        for (source, target), amount in sums.items():
            there = min(amount, left[source])
            left[source] -= there
            if there:
                lines.append((source, target, there))
        return lines

    # Random courses seldom come so far that there is something to think again about.

    def _compose_fitting(self, data: st.DataObject, team: Team) -> Plan | None:
        """A plan of several lines that fits: half of what others have, to one that takes it."""
        target = self._draw_account(data, team, lambda one: self._takes(team, one))
        accounts = [one for one in (money.RESERVE, *team.campaigns) if one != target]
        free = {one: self._free(team, one) for one in accounts}
        lines = [
            (one, target, (free[one] / 2).quantize(team.unit, ROUND_FLOOR))
            for one in accounts
            if free[one] >= 2 * team.unit
        ]
        if not lines:
            return None
        who = self.choose_who(data, team, "propose", by_key=True)
        return self.compose_of(team, who, lines[:MOST_LINES])

    def _carry_through(self, data: st.DataObject, team: Team) -> Plan | None:
        """Such a plan, approved and applied if everybody may."""
        plan = self._compose_fitting(data, team)
        if plan is not None:
            self.approve_it(team, self._draw_other(data, team, plan), plan)
        if plan is not None and plan.state == "approved":
            self.apply_it(team, self.choose_who(data, team, "apply", by_key=True), plan)
        return plan
