"""Campaigns: drafted, launched, stopped, ended, and their kill criteria amended and overruled."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from experiments.services.campaigns import (
    change_campaign,
    complete_campaign,
    create_campaign,
    discard_campaign,
    kill_campaign,
    pause_campaign,
    resume_campaign,
    scale_campaign,
    stop_arm,
)
from sprints.services.launching import launch_campaign
from tests.state_machine import money
from tests.state_machine.launches import Launches
from tests.state_machine.model import Arm, Campaign, Rule, Team, Who
from tests.state_machine.stage import deed

# Quick to breach, slow to breach, by arm, and such that only tell.
RULES = (
    Rule("ctr", "below", Decimal("0.02"), {"clicks": 10}, evidence="observed"),
    Rule("cpa", "above", Decimal(30), {"days": 1}, evidence="observed", level="arm"),
    Rule("cpa", "above", Decimal(20), {"spend": "100"}),
    Rule("ctr", "below", Decimal("0.01"), {"impressions": 500, "days": 2}, level="arm"),
    Rule("cpm", "above", Decimal(60), {"impressions": 100}, evidence="observed_margin", action="tell"),
    Rule("cpa", "above", Decimal(25), {"conversions": 2}, evidence="always_valid", action="ask"),
)
BUDGETS = ("1000", "250", "2400", "99", None)
SHARES = {1: (1,), 2: (0.5, 0.5), 3: (0.5, 0.25, 0.25)}

rules_of_a_draft = st.lists(st.sampled_from(RULES), max_size=3, unique=True)


class Campaigns(Launches):
    @deed(3)
    def draft(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        idea = self.choose_of(data, team, "hypotheses", lambda one: one.status in {"backlog", "committed"})
        taken = self.choose(data, list(team.campaigns)) if data.draw(st.integers(0, 9)) == 0 else None
        killed = self.choose(data, list(team.campaigns.values()), lambda one: one.status == "killed")
        revives = killed if killed and data.draw(st.integers(0, 5)) == 0 else None
        self.add_draft(
            team,
            self.choose_who(data, team, "plan", by_key=True),
            idea=idea if data.draw(st.integers(0, 9)) else None,
            rules=data.draw(rules_of_a_draft),
            budget=data.draw(st.sampled_from(BUDGETS)),
            arms=data.draw(st.sampled_from([2, 1, 3])),
            key=taken,
            revives=revives,
        )

    def add_draft(
        self,
        team: Team,
        who: Who,
        *,
        idea: Any,
        rules: list[Rule],
        budget: str | None = "1000",
        arms: int = 2,
        key: str | None = None,
        revives: Campaign | None = None,
    ) -> Campaign | None:
        shares = SHARES[arms]
        values: dict[str, Any] = {
            "key": key or self.name("test"),
            "name": "A test",
            "channel": "meta",
            "hypothesis": idea.id if idea else None,
            "budget": budget,
            "arms": [
                {
                    "key": letter,
                    "name": letter,
                    "is_control": letter == "a" and arms > 1,
                    "planned_share": share,
                }
                for letter, share in zip("abc", shares, strict=False)
            ],
            "kill_criteria": [one.values() for one in rules],
            "revives": revives.key if revives else None,
        }
        faults = {"key_taken"} if key else set()
        faults |= self.idea_faults(team, idea)
        if revives is not None and revives.status != "killed":
            faults.add("not_killed")
        if not self.act(
            "draft a campaign",
            team,
            who,
            lambda **by: create_campaign(values=values, **by),
            needs="plan",
            rest=("POST", "campaigns/", values),
            faults=faults,
        ):
            return None
        made = Campaign(
            key=values["key"],
            arms={arm["key"]: Arm(arm["is_control"]) for arm in values["arms"]},
            hypothesis=idea.id if idea else None,
            planned=Decimal(budget) if budget else None,
            rules=rules,
        )
        team.campaigns[made.key] = made
        return made

    def idea_faults(self, team: Team, idea: Any) -> set[str]:
        if idea is None:
            return set()
        if idea.id not in team.hypotheses:
            return {"unknown_hypothesis"}
        return set() if idea.status in {"backlog", "committed"} else {"hypothesis_over"}

    @deed()
    def change_draft(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        found = self.choose_of(data, team, "campaigns", lambda one: one.status == "draft")
        if found is None:
            return
        new = data.draw(rules_of_a_draft)
        budget = data.draw(st.sampled_from(BUDGETS))
        values = {"kill_criteria": [one.values() for one in new], "budget": budget}
        faults = self.faults_of(team, found, {"draft"}, code="not_a_draft")
        if self.act(
            "change a draft",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: change_campaign(found.key, values=values, **by),
            needs="plan",
            rest=("PATCH", f"campaigns/{found.key}/", values),
            faults=faults,
        ):
            found.rules, found.planned = new, Decimal(budget) if budget else None

    def faults_of(
        self, team: Team, campaign: Campaign, statuses: set[str], *, code: str = "invalid_transition"
    ) -> set[str]:
        # Another workspace may have a campaign of the same key, which is another campaign.
        if team.campaigns.get(campaign.key) is not campaign:
            return {"not_found"}
        return set() if campaign.status in statuses else {code}

    # Its steps

    @deed(2)
    def launch(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        found = self.choose_of(data, team, "campaigns", lambda one: self._can_launch(team, one))
        if found is None:
            return
        faults = self.faults_of(team, found, {"draft"})
        sprint = None
        if not faults:
            sprint = team.sprint_of(found.hypothesis) if found.hypothesis else None
            if self.missing(team, found, days=sprint.days_left(team.day(self.now)) if sprint else None):
                faults.add("not_ready")
            if found.hypothesis and sprint is None:
                faults.add("not_committed")
            elif sprint is not None and sprint.status != "running":
                faults.add("sprint_not_running")
            elif sprint is not None and sprint.ends_on < team.day(self.now):
                faults.add("sprint_over")
        if (
            self.act(
                "launch a campaign",
                team,
                self.choose_who(data, team, "plan", by_key=True),
                lambda **by: launch_campaign(found.key, **by),
                needs="plan",
                rest=("POST", f"campaigns/{found.key}/launch/", None),
                faults=faults,
            )
            and sprint is not None
        ):
            self.launched(team, found, runs_until=sprint.ends_on)
            money.outdate_misfits(team, at=self.now)

    def _can_launch(self, team: Team, campaign: Campaign) -> bool:
        sprint = team.sprint_of(campaign.hypothesis) if campaign.hypothesis else None
        return (
            campaign.status == "draft"
            and sprint is not None
            and sprint.status == "running"
            and not self.missing(team, campaign, days=sprint.days_left(team.day(self.now)))
        )

    def _step(
        self,
        data: st.DataObject,
        name: str,
        service: Callable[..., Any],
        statuses: set[str],
        *,
        values: dict[str, Any] | None = None,
        may_be_breached: bool = True,
    ) -> tuple[Team, Campaign] | None:
        """Do one of a campaign's steps; return the campaign if it was done."""
        team = self.draw_team(data)
        found = self.choose_of(
            data,
            team,
            "campaigns",
            lambda one: one.status in statuses and (may_be_breached or not one.breaches),
        )
        if found is None:
            return None
        faults = self.faults_of(team, found, statuses)
        if not may_be_breached and found.breaches:
            faults.add("open_breach")
        if values and values["reason"] == "":
            faults.add("required")
        done = self.act(
            f"{name} a campaign",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: service(found.key, **(values or {}), **by),
            needs="plan",
            rest=("POST", f"campaigns/{found.key}/{name}/", values),
            faults=faults,
        )
        return (team, found) if done else None

    @deed()
    def pause(self, data: st.DataObject) -> None:
        if done := self._step(
            data, "pause", pause_campaign, {"live", "scaled"}, values={"reason": "Too dear"}
        ):
            self.paused(done[1])

    @deed(2)
    def resume(self, data: st.DataObject) -> None:
        if done := self._step(data, "resume", resume_campaign, {"paused"}, may_be_breached=False):
            campaign = done[1]
            campaign.status = "scaled" if campaign.has_scaled else "live"
            campaign.paused_at = None

    @deed()
    def kill(self, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            reason = data.draw(st.sampled_from(["It does not work.", "It does not work.", ""]))
            if done := self._step(
                data, "kill", kill_campaign, {"live", "paused", "scaled"}, values={"reason": reason}
            ):
                self.ended(*done, "killed")

    @deed()
    def complete(self, data: st.DataObject) -> None:
        if data.draw(st.booleans()) and (
            done := self._step(data, "complete", complete_campaign, {"live", "paused", "scaled"})
        ):
            self.ended(*done, "completed")

    @deed()
    def scale(self, data: st.DataObject) -> None:
        if done := self._step(data, "scale", scale_campaign, {"live", "paused"}, may_be_breached=False):
            self.scaled(done[1])

    @deed(2)
    def discard(self, data: st.DataObject) -> None:
        if data.draw(st.booleans()) and (done := self._step(data, "discard", discard_campaign, {"draft"})):
            done[1].status = "discarded"

    @deed()
    def stop_one_arm(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        found = self.choose_of(data, team, "campaigns", lambda one: one.is_unfinished and len(one.arms) > 1)
        if found is None:
            return
        key = data.draw(st.sampled_from(["c", "b", "a"]))
        faults = self.faults_of(team, found, {"live", "paused", "scaled"})
        if key not in found.arms:
            faults.add("not_found")
        elif not found.arms[key].is_running:
            faults.add("invalid_transition")
        if self.act(
            "stop an arm",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: stop_arm(found.key, key, reason="It loses.", **by),
            needs="plan",
            rest=("POST", f"campaigns/{found.key}/arms/{key}/stop/", {"reason": "It loses."}),
            faults=faults,
        ):
            self.arm_stopped(found, key)
