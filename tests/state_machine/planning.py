"""Hypotheses and sprints: written, committed, started, reviewed, decided."""

from datetime import timedelta

from hypothesis import strategies as st

from experiments.services.hypotheses import archive_hypothesis, create_hypothesis
from sprints.services.planning import (
    cancel_sprint,
    change_sprint,
    close_sprint,
    commit_hypothesis,
    create_sprint,
    open_review,
    release_hypothesis,
    start_sprint,
)
from tests.factories import hypothesis_values
from tests.state_machine import money
from tests.state_machine.launches import Launches
from tests.state_machine.model import Campaign, Hypothesis, Sprint, Team, Who
from tests.state_machine.stage import deed


class Planning(Launches):
    @deed(2)
    def write_hypothesis(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        who = self.choose_who(data, team, "plan", by_key=True)
        owner = data.draw(st.sampled_from(["mia", "dana", "rolf", "mia", "olga", "vera", "nobody", ""]))
        metric = data.draw(st.sampled_from(["cpa", "roas", "ctr"]))
        self.add_hypothesis(team, who, owner, metric=metric, has_target=data.draw(st.booleans()))

    def add_hypothesis(
        self, team: Team, who: Who, owner: str, *, metric: str = "cpa", has_target: bool = True
    ) -> Hypothesis | None:
        faults = set()
        if owner and not team.can_own(owner):
            faults.add("owner_cannot_plan" if owner in team.people else "unknown_member")
        target = "0.02" if metric == "ctr" else "40"
        values = hypothesis_values(
            title=self.name("Idea"),
            owner=team.people[owner].email
            if owner in team.people
            else f"{owner}@example.com"
            if owner
            else None,
            primary_metric=metric,
            target=target if has_target else None,
            # A proxy names the outcome that it is to move.
            **({"outcome_metric": "cpa"} if metric == "ctr" else {}),
        )
        if not self.act(
            "write a hypothesis",
            team,
            who,
            lambda **by: create_hypothesis(values=values, **by),
            needs="plan",
            rest=("POST", "hypotheses/", values),
            faults=faults,
        ):
            return None
        return self._remember_hypothesis(team, owner=owner, has_target=has_target)

    def _remember_hypothesis(self, team: Team, *, owner: str, has_target: bool) -> Hypothesis:
        (subject,) = self.things_heard(team, "hypothesis.created")
        made = Hypothesis(int(subject), owner=owner, has_target=has_target)
        team.hypotheses[made.id] = made
        return made

    @deed()
    def archive(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        found = self.choose_of(data, team, "hypotheses", lambda one: one.status == "backlog")
        if found is None or (found.status == "backlog" and data.draw(st.booleans())):
            return
        who = self.choose_who(data, team, "plan", by_key=True)
        faults = set()
        if found.id not in team.hypotheses:
            faults.add("not_found")
        elif found.status != "backlog":
            faults.add("invalid_transition")
        elif any(one.is_unfinished for one in team.campaigns_of(found.id)):
            faults.add("campaigns_unfinished")
        if self.act(
            "archive a hypothesis",
            team,
            who,
            lambda **by: archive_hypothesis(found.id, **by),
            needs="plan",
            rest=("POST", f"hypotheses/{found.id}/archive/", None),
            faults=faults,
        ):
            found.status = "archived"
            for campaign in team.campaigns_of(found.id):
                if campaign.status == "draft":
                    campaign.status = "discarded"

    # Sprints

    @deed(2)
    def plan_sprint(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        who = self.choose_who(data, team, "plan", by_key=True)
        starts_in = data.draw(st.sampled_from([0, 0, 1, 2, -2]))
        days = data.draw(st.sampled_from([5, 4, 7, 5, 3, 8]))
        self.add_sprint(team, who, starts_in=starts_in, days=days)

    def add_sprint(self, team: Team, who: Who, *, starts_in: int = 0, days: int = 5) -> Sprint | None:
        first = team.day(self.now) + timedelta(days=starts_in)
        last = first + timedelta(days=days - 1)
        values = {"name": self.name("Sprint"), "goal": "", "starts_on": first, "ends_on": last}
        if not self.act(
            "plan a sprint",
            team,
            who,
            lambda **by: create_sprint(values=values, **by),
            needs="plan",
            rest=("POST", "sprints/", values),
            faults=set() if 4 <= days <= 7 else {"sprint_length"},
        ):
            return None
        (subject,) = self.things_heard(team, "sprint.created")
        made = Sprint(int(subject), first, last)
        team.sprints[made.id] = made
        return made

    @deed()
    def change_days(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(data, team, "sprints", lambda one: one.status == "planning")
        if sprint is None:
            return
        who = self.choose_who(data, team, "plan", by_key=True)
        first = team.day(self.now)
        last = first + timedelta(days=data.draw(st.integers(3, 6)))
        values = {"starts_on": first, "ends_on": last}
        faults = self._sprint_faults(team, sprint, "planning", "already_started")
        if self.act(
            "change a sprint's days",
            team,
            who,
            lambda **by: change_sprint(sprint.id, values=values, **by),
            needs="plan",
            rest=("PATCH", f"sprints/{sprint.id}/", values),
            faults=faults,
        ):
            sprint.starts_on, sprint.ends_on = first, last
            for hypothesis in sprint.active:
                if team.hypotheses[hypothesis].decide_by is not None:
                    self._run_until(team, sprint, hypothesis)

    def _sprint_faults(
        self, team: Team, sprint: Sprint, status: str, code: str = "invalid_transition"
    ) -> set[str]:
        if sprint.id not in team.sprints:
            return {"not_found"}
        return set() if sprint.status == status else {code}

    def _run_until(self, team: Team, sprint: Sprint, hypothesis: int) -> None:
        team.hypotheses[hypothesis].decide_by = sprint.ends_on
        for campaign in team.campaigns_of(hypothesis):
            if campaign.is_unfinished:
                campaign.runs_until = sprint.ends_on

    @deed(3)
    def commit(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(data, team, "sprints", lambda one: one.status == "planning")
        idea = self.choose_of(
            data, team, "hypotheses", lambda one: one.status == "backlog" and team.can_own(one.owner)
        )
        if sprint is not None and idea is not None:
            self.commit_to(team, self.choose_who(data, team, "plan", by_key=True), sprint, idea)

    def commit_to(self, team: Team, who: Who, sprint: Sprint, idea: Hypothesis) -> None:
        faults = self._sprint_faults(team, sprint, "planning")
        if idea.id not in team.hypotheses:
            faults.add("not_found")
        elif idea.status != "backlog":
            faults.add("invalid_transition")
        if not team.can_own(idea.owner):
            faults.add("owner_gone" if idea.owner else "owner_missing")
        if sprint.is_full:
            faults.add("sprint_full")
        if self.act(
            "commit a hypothesis",
            team,
            who,
            lambda **by: commit_hypothesis(sprint.id, hypothesis_id=idea.id, **by),
            needs="plan",
            rest=("POST", f"sprints/{sprint.id}/commit/", {"hypothesis": idea.id}),
            faults=faults,
        ):
            idea.status = "committed"
            # A place that was given back is taken anew, at the end.
            sprint.places.pop(idea.id, None)
            sprint.places[idea.id] = "active"

    @deed(2)
    def release(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(data, team, "sprints", lambda one: one.status == "planning" and one.active)
        idea = self.choose_of(
            data, team, "hypotheses", lambda one: sprint is not None and one.id in sprint.active
        )
        if sprint is None or idea is None or data.draw(st.booleans()):
            return
        faults = self._sprint_faults(team, sprint, "planning")
        if idea.id not in team.hypotheses:
            faults.add("not_found")
        elif idea.id not in sprint.active:
            faults.add("not_committed")
        elif self._is_held(team, idea):
            faults.add("campaigns_unfinished")
        if self.act(
            "release a hypothesis",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: release_hypothesis(sprint.id, hypothesis_id=idea.id, **by),
            needs="plan",
            rest=("POST", f"sprints/{sprint.id}/release/", {"hypothesis": idea.id}),
            faults=faults,
        ):
            self._let_go(sprint, idea)

    def _is_held(self, team: Team, idea: Hypothesis) -> bool:
        """Carried over with campaigns that are not over."""
        return idea.decide_by is not None and any(one.is_unfinished for one in team.campaigns_of(idea.id))

    def _let_go(self, sprint: Sprint, idea: Hypothesis) -> None:
        sprint.places[idea.id] = "released"
        idea.status, idea.decide_by = "backlog", None

    @deed(3)
    def start(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(
            data, team, "sprints", lambda one: one.status == "planning" and not self._unready(team, one)
        )
        if sprint is not None:
            self.start_it(team, self.choose_who(data, team, "plan", by_key=True), sprint)

    def start_it(self, team: Team, who: Who, sprint: Sprint) -> None:
        faults = self._sprint_faults(team, sprint, "planning")
        if sprint.id in team.sprints:
            today = team.day(self.now)
            if sprint.ends_on < today:
                faults.add("sprint_over")
            if sprint.starts_on > today + timedelta(days=1):
                faults.add("too_early")
            if self._unready(team, sprint):
                faults.add("not_ready")
        if self.act(
            "start a sprint",
            team,
            who,
            lambda **by: start_sprint(sprint.id, **by),
            needs="plan",
            rest=("POST", f"sprints/{sprint.id}/start/", None),
            faults=faults,
        ):
            sprint.status = "running"
            for hypothesis in sprint.active:
                self._run_until(team, sprint, hypothesis)
            drafts = self._drafts(team, sprint)
            for draft in drafts:
                self.launched(team, draft, runs_until=sprint.ends_on)
            if drafts:
                money.outdate_misfits(team, at=self.now)

    def _drafts(self, team: Team, sprint: Sprint) -> list[Campaign]:
        return [
            one
            for one in team.campaigns.values()
            if one.hypothesis in sprint.active and one.status == "draft"
        ]

    def _unready(self, team: Team, sprint: Sprint) -> bool:
        """Whether anything is missing for its start."""
        if not sprint.active:
            return True
        for hypothesis in sprint.active:
            if not any(one.status == "draft" or one.is_unfinished for one in team.campaigns_of(hypothesis)):
                return True
        days = sprint.days_left(team.day(self.now))
        return any(self.missing(team, draft, days=days) for draft in self._drafts(team, sprint))

    @deed(2)
    def review(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(data, team, "sprints", lambda one: one.status == "running")
        if sprint is None or data.draw(st.booleans()):
            return
        if self.act(
            "open a review",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: open_review(sprint.id, **by),
            needs="plan",
            rest=("POST", f"sprints/{sprint.id}/review/", None),
            faults=self._sprint_faults(team, sprint, "running"),
        ):
            sprint.status = "in_review"

    @deed(2)
    def close(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(
            data, team, "sprints", lambda one: one.status == "in_review" and not one.active
        )
        if sprint is None:
            return
        faults = self._sprint_faults(team, sprint, "in_review")
        if sprint.id in team.sprints and sprint.active:
            faults.add("undecided")
        if self.act(
            "close a sprint",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: close_sprint(sprint.id, **by),
            needs="plan",
            rest=("POST", f"sprints/{sprint.id}/close/", None),
            faults=faults,
        ):
            sprint.status = "closed"

    @deed()
    def cancel(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        sprint = self.choose_of(data, team, "sprints", lambda one: one.status == "planning")
        if sprint is None or data.draw(st.integers(0, 2)):
            return
        faults = self._sprint_faults(team, sprint, "planning")
        ideas = [team.hypotheses[one] for one in sprint.active if one in team.hypotheses]
        if any(self._is_held(team, idea) for idea in ideas):
            faults.add("campaigns_unfinished")
        if self.act(
            "cancel a sprint",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: cancel_sprint(sprint.id, **by),
            needs="plan",
            rest=("POST", f"sprints/{sprint.id}/cancel/", None),
            faults=faults,
        ):
            sprint.status = "cancelled"
            for idea in ideas:
                self._let_go(sprint, idea)
