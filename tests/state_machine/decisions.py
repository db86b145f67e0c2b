"""The review: scale, evolve, kill, or inconclusive, over or carried to another sprint."""

from typing import Any

from hypothesis import strategies as st

from sprints.services.decisions import decide
from tests.state_machine.model import Hypothesis, Sprint, Team
from tests.state_machine.planning import Planning
from tests.state_machine.stage import deed


class Decisions(Planning):
    @deed(2)
    def decide_hypothesis(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        idea = self.choose_of(data, team, "hypotheses", lambda one: self._is_decidable(team, one))
        if idea is None:
            return
        kind = data.draw(st.sampled_from(["scale", "evolve", "kill", "inconclusive", "inconclusive"]))
        child = {"title": self.name("Child")} if data.draw(st.integers(0, 4)) == 0 else None
        target = self.choose_of(
            data, team, "sprints", lambda one: one.status == "planning" and not one.is_full
        )
        carry = target if data.draw(st.booleans()) and kind == "inconclusive" else None
        values: dict[str, Any] = {
            "decision": kind,
            "moved_the_business": data.draw(st.booleans()),
            "learning": "It was worth a look.",
            **({"child": child} if child else {}),
            **({"carry_to": carry.id} if carry else {}),
        }
        if self.act(
            f"decide: {kind}{' and carry' if carry else ''}",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: decide(idea.id, **values, **by),
            needs="plan",
            rest=("POST", f"hypotheses/{idea.id}/decide/", values),
            faults=self._faults_of(team, idea, kind, has_child=child is not None, carry=carry),
        ):
            self._decided(team, idea, kind, carry)

    def _is_decidable(self, team: Team, idea: Hypothesis) -> bool:
        sprint = team.sprint_of(idea.id)
        return sprint is not None and sprint.status in {"running", "in_review"}

    def _faults_of(
        self, team: Team, idea: Hypothesis, kind: str, *, has_child: bool, carry: Sprint | None
    ) -> set[str]:
        faults = set()
        if has_child and kind != "evolve":
            faults.add("child_without_evolving")
        if idea.id not in team.hypotheses:
            return faults | {"not_found"}
        if not self._is_decidable(team, idea):
            faults.add("invalid_transition")
        campaigns = [one for one in team.campaigns_of(idea.id) if one.is_unfinished]
        if kind == "evolve" and idea.owner and not team.can_own(idea.owner):
            # The child inherits the owner.
            faults.add("owner_cannot_plan")
        if kind == "scale":
            if not campaigns:
                faults.add("nothing_to_scale")
            if any(one.breaches for one in campaigns if one.status != "scaled"):
                faults.add("open_breach")
        return faults | self._carrying_faults(team, carry)

    def _carrying_faults(self, team: Team, carry: Sprint | None) -> set[str]:
        if carry is None:
            return set()
        if carry.id not in team.sprints:
            return {"not_found"}
        if carry.status != "planning":
            return {"sprint_not_in_planning"}
        return {"sprint_full"} if carry.is_full else set()

    def _decided(self, team: Team, idea: Hypothesis, kind: str, carry: Sprint | None) -> None:
        sprint = team.sprint_of(idea.id)
        assert sprint is not None
        if carry is not None:
            sprint.places[idea.id] = "carried"
            carry.places.pop(idea.id, None)
            carry.places[idea.id] = "active"
            self._run_until(team, carry, idea.id)
            return
        for campaign in team.campaigns_of(idea.id):
            if campaign.status == "draft":
                campaign.status = "discarded"
            elif campaign.is_unfinished and kind == "scale":
                if campaign.status != "scaled":
                    self.scaled(campaign)
            elif campaign.is_unfinished:
                self.ended(team, campaign, "killed" if kind == "kill" else "completed")
        sprint.places[idea.id] = "decided"
        idea.status = "decided"
        if kind == "evolve":
            self._remember_hypothesis(team, owner=idea.owner, has_target=idea.has_target)
