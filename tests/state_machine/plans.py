"""Money: brought in, proposed by rule and by hand, approved by other eyes in whole or in part, undone."""

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from hypothesis import strategies as st

from sprints.models import Reallocation
from sprints.services.corrections import correct_reserve
from sprints.services.ledger import fund_reserve
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    expire_reallocations,
    outdate_reallocations,
    propose_reallocation,
    reject_reallocation,
    withdraw_reallocation,
)
from tests.state_machine import money
from tests.state_machine.model import Line, Plan, Team, Who
from tests.state_machine.people import RANKS, why_not
from tests.state_machine.stage import Stage, deed

# Of what there is.
SHARES = (Decimal("0.5"), Decimal("0.2"), Decimal("0.1"), Decimal(1), Decimal("1.5"))


class Plans(Stage):
    @deed(2)
    def fund(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        amount = data.draw(st.sampled_from([Decimal(500), Decimal(2000), Decimal("0.001"), Decimal(-5)]))
        self.bring(team, self.choose_who(data, team, "fund", by_key=True), amount)

    def bring(self, team: Team, who: Who, amount: Decimal) -> None:
        faults = {"not_positive"} if amount < 0 else {"too_fine"} if amount % team.unit else set()
        values: dict[str, Any] = {"amount": amount, "reason": "The quarter's budget"}
        if self.act(
            "fund the reserve",
            team,
            who,
            lambda **by: fund_reserve(**values, **by),
            needs="fund",
            rest=("POST", "ledger/fund/", values),
            faults=faults,
        ):
            money.move(team, money.OUTSIDE, money.RESERVE, amount)

    @deed()
    def correct(self, data: st.DataObject) -> None:
        """Take some of the reserve back out, all of it, or a unit more than there is."""
        team = self.draw_team(data)
        amount = data.draw(st.sampled_from([team.unit, team.reserve, team.reserve + team.unit]))
        who = self.choose_who(data, team, "fund", by_key=True)
        faults = {"not_positive"} if amount <= 0 else {"overdrawn"} if amount > team.reserve else set()
        values: dict[str, Any] = {"amount": amount, "reason": "Typed twice"}
        if self.act(
            "take money out of the reserve",
            team,
            who,
            lambda **by: correct_reserve(**values, **by),
            needs="fund",
            rest=("POST", "ledger/correct/", values),
            faults=faults,
        ):
            money.move(team, money.RESERVE, money.OUTSIDE, amount)
            money.outdate_misfits(team, at=self.now)

    @deed(2)
    def propose(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(data, team, "sprints", lambda one: one.status == "running")
        if sprint is None:
            return
        who = self.choose_who(data, team, "propose", by_key=True)
        if self.act(
            "propose a plan",
            team,
            who,
            lambda **by: propose_reallocation(sprint_id=sprint.id, **by),
            needs="propose",
            rest=("POST", "reallocations/propose/", {"sprint": sprint.id}),
            faults=set() if sprint.id in team.sprints else {"not_found"},
            may={"nothing_to_move", "already_proposed"},
        ):
            self._proposed(team, who)

    def _proposed(self, team: Team, who: Who, lines: list[Line] | None = None) -> Plan:
        (subject,) = self.things_heard(team, "reallocation.proposed")
        row = Reallocation.objects.prefetch_related("lines").get(pk=subject)
        stored: list[Line] = [(one.source_key, one.target_key, one.amount) for one in row.lines.all()]
        if lines is not None:
            assert stored == lines
        assert not money.misfits(team, stored, at=self.now), "A plan was proposed that does not fit."
        plan = Plan(
            row.pk,
            stored,
            who.person.user_id,
            who.key.maker if who.key else None,
            row.expires_at,
            row.plan_digest,
        )
        assert (row.expires_at - self.now).total_seconds() == team.policy["plan_expiry_hours"] * 3600
        team.plans[plan.id] = plan
        return plan

    @deed(5)
    def compose(self, data: st.DataObject) -> None:
        """By hand: what there is, less or more than that, to anybody."""
        team = self.draw_team(data)
        lines = [self._draw_line(data, team) for _ in range(data.draw(st.sampled_from([1, 1, 1, 2, 3])))]
        self.compose_of(team, self.choose_who(data, team, "propose", by_key=True), lines)

    def _draw_line(self, data: st.DataObject, team: Team) -> Line:
        source = self._draw_account(data, team, lambda one: self._free(team, one) > 0)
        target = self._draw_account(data, team, lambda one: one != source and self._takes(team, one))
        amount = self._free(team, source) * data.draw(st.sampled_from(SHARES))
        return source, target, amount.quantize(team.unit, ROUND_FLOOR) or team.unit

    def _free(self, team: Team, account: str) -> Decimal:
        if account == money.RESERVE:
            return team.reserve
        return money.available(team, team.campaigns[account], at=self.now)

    def _takes(self, team: Team, account: str) -> bool:
        return account == money.RESERVE or team.campaigns[account].is_unfinished

    def _draw_account(self, data: st.DataObject, team: Team, fits: Callable[[str], bool]) -> str:
        account = self.choose(data, [money.RESERVE, *team.campaigns], fits)
        assert account is not None
        return account

    def compose_of(self, team: Team, who: Who, lines: list[Line]) -> Plan | None:
        faults: set[str] = set()
        pairs = [(source, target) for source, target, _ in lines]
        if any(source == target for source, target in pairs):
            faults.add("invalid_lines")
        if len(set(pairs)) < len(pairs) or any((b, a) in pairs for a, b in pairs if a != b):
            faults.add("invalid_lines")
        faults |= money.misfits(team, lines, at=self.now)
        values = [{"from": source, "to": target, "amount": str(amount)} for source, target, amount in lines]
        done = self.act(
            "compose a plan",
            team,
            who,
            lambda **by: create_reallocation(lines=values, **by),
            needs="propose",
            rest=("POST", "reallocations/", {"lines": values}),
            faults=faults,
        )
        return self._proposed(team, who, lines) if done else None

    # What becomes of it

    @deed(5)
    def approve(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        plan = self.choose_of(data, team, "plans", lambda one: one.state == "proposed")
        if plan is None:
            return
        self.approve_it(
            team, self._draw_other(data, team, plan), plan, is_right=data.draw(st.integers(0, 7)) > 0
        )

    def approve_it(self, team: Team, who: Who, plan: Plan, *, is_right: bool = True) -> None:
        """``is_right``: whether it is the digest that was shown."""
        digest = plan.digest if is_right else "0" * 64
        faults = self._plan_faults(team, plan, "proposed")
        own = {plan.proposer, plan.key_maker}
        if who.person.user_id in own and "not_found" not in faults:
            faults.add("own_proposal")
        if not is_right:
            faults.add("digest_mismatch")
        # Too late is not refused by a rule only: the plan ends by it.
        ends = set()
        if not faults and not why_not(who, "approve"):
            ends = self._ends(team, plan)
        if self.act(
            "approve a plan",
            team,
            who,
            lambda **by: approve_reallocation(plan.id, plan_digest=digest, **by),
            needs="approve",
            rest=("POST", f"reallocations/{plan.id}/approve/", {"plan_digest": digest}),
            faults=faults | ends,
            may={"outdated"} if not faults and not ends else set(),
        ):
            plan.state, plan.approver = "approved", who.person.user_id
            if team.policy["apply_on_approval"]:
                self._moved(team, plan)
        elif self.refusal in {"expired", "outdated"}:
            plan.state = self.refusal

    def _draw_other(self, data: st.DataObject, team: Team, plan: Plan) -> Who:
        """Most often somebody who may approve it; or whose plan it is."""
        own = {plan.proposer, plan.key_maker}
        is_own = data.draw(st.integers(0, 2)) == 0
        keys = [Who(person, key) for person in team.people.values() for key in person.keys]
        who = self.choose(
            data,
            [*map(Who, team.people.values()), *keys],
            lambda one: not why_not(one, "approve") and (one.person.user_id in own) == is_own,
        )
        assert who is not None
        return who

    def _plan_faults(self, team: Team, plan: Plan, state: str) -> set[str]:
        if plan.id not in team.plans:
            return {"not_found"}
        return set() if plan.state == state else {"invalid_transition"}

    def _ends(self, team: Team, plan: Plan) -> set[str]:
        """What a plan comes to that nobody may approve any more."""
        if self.now >= plan.expires_at:
            return {"expired"}
        return {"outdated"} if money.misfits(team, plan.lines, at=self.now) else set()

    def _moved(self, team: Team, plan: Plan) -> None:
        for source, target, amount in plan.lines:
            if source != money.RESERVE:
                free = money.available(team, team.campaigns[source], at=self.now)
                assert amount <= free, f"{amount} was taken from {source}, which had {free} to give."
            money.move(team, source, target, amount)
        plan.state = "applied"
        money.outdate_misfits(team, at=self.now)

    @deed(4)
    def apply(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        plan = self.choose_of(data, team, "plans", lambda one: one.state == "approved")
        if plan is None:
            return
        self.apply_it(team, self.choose_who(data, team, "apply", by_key=True), plan)

    def apply_it(self, team: Team, who: Who, plan: Plan) -> None:
        faults = self._plan_faults(team, plan, "approved")
        if not faults and not why_not(who, "apply") and money.misfits(team, plan.lines, at=self.now):
            faults.add("outdated")
        if self.act(
            "apply a plan",
            team,
            who,
            lambda **by: apply_reallocation(plan.id, **by),
            needs="apply",
            rest=("POST", f"reallocations/{plan.id}/apply/", None),
            faults=faults,
        ):
            self._moved(team, plan)
        elif self.refusal == "outdated":
            plan.state = "outdated"

    @deed()
    def reject(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        plan = self.choose_of(data, team, "plans", lambda one: one.state == "proposed")
        if plan is None or data.draw(st.booleans()):
            return
        who = self._draw_other(data, team, plan)
        faults = self._plan_faults(team, plan, "proposed")
        if who.person.user_id in {plan.proposer, plan.key_maker} and "not_found" not in faults:
            faults.add("own_proposal")
        values: dict[str, Any] = {"reason": "Not this week."}
        if self.act(
            "reject a plan",
            team,
            who,
            lambda **by: reject_reallocation(plan.id, **values, **by),
            needs="approve",
            rest=("POST", f"reallocations/{plan.id}/reject/", values),
            faults=faults,
        ):
            plan.state = "rejected"

    @deed(2)
    def withdraw(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        plan = self.choose_of(data, team, "plans", lambda one: one.state == "proposed")
        if plan is None or data.draw(st.booleans()):
            return
        who = self.choose_who(data, team, "propose", by_key=True)
        faults = self._plan_faults(team, plan, "proposed") | self._why_not_theirs(who, plan)
        if self.act(
            "withdraw a plan",
            team,
            who,
            lambda **by: withdraw_reallocation(plan.id, **by),
            needs="propose",
            rest=("POST", f"reallocations/{plan.id}/withdraw/", None),
            faults=faults,
        ):
            plan.state = "withdrawn"

    def _why_not_theirs(self, who: Who, plan: Plan) -> set[str]:
        """Whoever stands behind a plan takes it back, or who might reject it: no key may."""
        if who.person.user_id in {plan.proposer, plan.key_maker}:
            return set()
        is_manager = RANKS.index(who.person.role) >= RANKS.index("manager")
        return set() if is_manager and who.key is None else {"not_yours"}

    # What the clock does

    @deed(2)
    def expire(self, data: st.DataObject) -> None:
        due = {
            plan.id
            for team in self.teams
            for plan in team.plans.values()
            if plan.state == "proposed" and plan.expires_at <= self.now
        }
        self.work("expire plans", lambda at: expire_reallocations(at=at))
        self._closed("expired", at_least=due, at_most=due)

    @deed(2)
    def outdate(self, data: st.DataObject) -> None:
        """What no longer fits ends for certain; so may a proposal for a chance that crossed a limit."""
        open_plans = [(team, plan) for team in self.teams for plan in team.plans.values() if plan.is_open]
        misfits = {plan.id for team, plan in open_plans if money.misfits(team, plan.lines, at=self.now)}
        may = {plan.id for _, plan in open_plans if plan.state == "proposed"}
        self.work("outdate plans", lambda at: outdate_reallocations(at=at))
        self._closed("outdated", at_least=misfits, at_most=misfits | may)

    def _closed(self, state: str, *, at_least: set[int], at_most: set[int]) -> None:
        heard = self.heard_of(f"reallocation.{state}")
        closed = {int(event.subject_id) for _, event in heard}
        assert at_least <= closed <= at_most
        assert len(heard) == len(self.heard)
        for team, event in heard:
            team.plans[int(event.subject_id)].state = state
