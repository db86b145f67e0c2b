"""Kill criteria after the launch: given by an adoption, amended, overruled."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from experiments.services.criteria import amend_criteria, overrule_breach
from sprints.services.launching import adopt_campaign
from tests.state_machine import money
from tests.state_machine.campaigns import RULES, Campaigns, rules_of_a_draft
from tests.state_machine.model import digest_of_rules
from tests.state_machine.stage import deed


class Criteria(Campaigns):
    @deed()
    def adopt(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        found = self.choose_of(data, team, "campaigns", lambda one: one.is_unfinished and not one.digest)
        if found is None:
            return
        idea = self.choose_of(data, team, "hypotheses", lambda one: one.status in {"backlog", "committed"})
        idea = idea if data.draw(st.booleans()) else None
        new = data.draw(st.lists(st.sampled_from(RULES), min_size=1, max_size=2, unique=True))
        budget = data.draw(st.sampled_from(["300", "1000", "50"]))
        values: dict[str, Any] = {
            "kill_criteria": [one.values() for one in new],
            "budget": budget,
            **({"hypothesis": idea.id} if idea else {}),
        }
        faults = self.faults_of(team, found, {"live", "paused", "scaled"}) | self.idea_faults(team, idea)
        if found.digest and not faults & {"not_found"}:
            faults.add("already_planned")
        last_day = idea.decide_by if idea else None
        days = (last_day - team.day(self.now)).days + 1 if last_day else None
        faults |= self.unreachable(new, Decimal(budget), days=days)
        if idea is not None and idea.id in team.hypotheses:
            faults |= {"owner_missing"} if not idea.owner else set()
            faults |= {"target_missing"} if len(found.arms) == 1 and not idea.has_target else set()
        if self.act(
            "adopt a campaign",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: adopt_campaign(found.key, values=values, **by),
            needs="plan",
            rest=("POST", f"campaigns/{found.key}/adopt/", values),
            faults=faults,
        ):
            found.hypothesis, found.planned = idea.id if idea else None, Decimal(budget)
            found.rules, found.is_due = new, True
            self.planned(team, found, runs_until=last_day)
            money.outdate_misfits(team, at=self.now)

    @deed(2)
    def amend(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        found = self.choose_of(
            data, team, "campaigns", lambda one: one.is_unfinished and one.digest and not one.breaches
        )
        if found is None:
            return
        new = data.draw(rules_of_a_draft)
        values: dict[str, Any] = {
            "criteria": [one.values() for one in new],
            "reason": "The price has changed.",
        }
        faults = self.faults_of(team, found, {"live", "paused", "scaled"})
        if not new:
            faults.add("criteria_missing")
        if "not_found" not in faults:
            if not found.digest:
                faults.add("no_criteria")
            if found.breaches:
                faults.add("open_breach")
            if found.amended_at == self.now:
                faults.add("amended_just_now")
            if digest_of_rules(new) == found.digest:
                faults.add("nothing_changed")
            faults |= self.unreachable(new, found.budget, days=found.days)
        if self.act(
            "amend kill criteria",
            team,
            self.choose_who(data, team, "amend", by_key=True),
            lambda **by: amend_criteria(found.key, **values, **by),
            needs="amend",
            rest=("POST", f"campaigns/{found.key}/amend_criteria/", values),
            faults=faults,
        ):
            before, found.rules, found.amended_at, found.is_due = found.digest, new, self.now, True
            self.frozen(team, found)
            found.amendments.append((before, found.digest))

    @deed(2)
    def overrule(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        found = self.choose_of(data, team, "campaigns", lambda one: one.breaches)
        if found is None or not found.rule_ids:
            return
        breached = {criterion for criterion, _ in found.breaches}
        criterion = self.choose(data, found.rule_ids, lambda one: one in breached)
        assert criterion is not None
        until = team.day(self.now) + timedelta(days=data.draw(st.sampled_from([1, 3, 14, 0, 15])))
        values: dict[str, Any] = {"reason": "A holiday distorts it.", "until": until}
        faults = self.faults_of(team, found, set(found.status.split()))
        if not team.day(self.now) < until <= team.day(self.now) + timedelta(days=14):
            faults.add("out_of_range")
        if criterion not in breached and "not_found" not in faults:
            faults.add("no_open_breach")
        if self.act(
            "overrule a breach",
            team,
            self.choose_who(data, team, "overrule", by_key=True),
            lambda **by: overrule_breach(found.key, criterion, **values, **by),
            needs="overrule",
            rest=("POST", f"campaigns/{found.key}/criteria/{criterion}/overrule/", values),
            faults=faults,
        ):
            for watch in found.breaches:
                if watch[0] == criterion:
                    found.watches[watch] = "overruled"
