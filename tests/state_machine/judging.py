"""The judge, who pauses what a rule stops and calls zombies; and what people answer."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from experiments.models import Campaign as CampaignRow
from experiments.services.judging import JudgingResult, judge_campaigns, sweep
from experiments.services.zombies import acknowledge_zombie, resolve_zombie
from tests.state_machine.launches import Launches
from tests.state_machine.model import Flag, Team
from tests.state_machine.stage import deed


class Judging(Launches):
    @deed(4)
    def judge(self, data: st.DataObject) -> None:
        """After a post, as the worker does it: what is due in one workspace."""
        team = self.draw_team(data)
        due = [key for key, campaign in team.campaigns.items() if campaign.is_due]
        ids = list(CampaignRow.objects.filter(workspace=team.id, key__in=due).values_list("id", flat=True))
        self._judged(self.work("judge what is due", lambda at: judge_campaigns(ids, at=at)), [team])
        self._judge_again(ids)

    @deed(3)
    def sweep_all(self, data: st.DataObject) -> None:
        self._judged(self.work("sweep", lambda at: sweep(at=at).judging), self.teams)

    def _judge_again(self, ids: list[int]) -> None:
        """Judging twice changes nothing."""
        self.work("judge again", lambda at: judge_campaigns(ids, at=at))
        assert not self.heard, [event.kind for _, event in self.heard]

    def _judged(self, result: JudgingResult, teams: list[Team]) -> None:
        assert result.failed == result.tampered == ()
        for team in teams:
            for campaign in team.campaigns.values():
                campaign.is_due = False
        assert {event.kind for _, event in self.heard} <= {
            "criterion.breached",
            "criterion.overturned",
            "criterion.settled",
            "campaign.paused",
            "arm.stopped",
            "zombie.flagged",
            "zombie.resolved",
        }
        assert all(event.actor_id is None for _, event in self.heard)
        for team, event in self.heard_of("criterion.breached"):
            campaign = team.campaigns[event.subject_id]
            assert campaign.status != "killed"
            campaign.watches[event.data["criterion"], event.data["arm"]] = "breached"
        # A breach of an arm stops it, and one of the campaign pauses it: once, and nothing else.
        for team, event in self.heard_of("arm.stopped"):
            self.arm_stopped(team.campaigns[event.subject_id], event.data["arm"])
        for team, event in self.heard_of("campaign.paused"):
            campaign = team.campaigns[event.subject_id]
            assert campaign.breaches
            self.paused(campaign)
        for team, event in self.heard_of("zombie.flagged"):
            number = int(event.subject_id)
            flag = team.flags.setdefault(number, Flag(number, event.data["campaign"], event.data["signal"]))
            assert (flag.state == "acknowledged") == event.data["reopened"]
            flag.state = "open"
        for team, event in self.heard_of("zombie.resolved"):
            assert event.data["resolution"] == "cleared"
            team.flags[int(event.subject_id)].state = "resolved"

    # What people say

    @deed(2)
    def acknowledge(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        flag = self.choose_of(data, team, "flags", lambda one: one.state == "open")
        if flag is None:
            return
        if self.act(
            "acknowledge a zombie",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: acknowledge_zombie(flag.id, **by),
            needs="plan",
            rest=("POST", f"zombies/{flag.id}/acknowledge/", None),
            faults=self._flag_faults(team, flag, {"open"}),
        ):
            flag.state = "acknowledged"

    def _flag_faults(self, team: Team, flag: Flag, states: set[str]) -> set[str]:
        if flag.id not in team.flags:
            return {"not_found"}
        return set() if flag.state in states else {"invalid_transition"}

    @deed()
    def resolve(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        flag = self.choose_of(data, team, "flags", lambda one: one.state != "resolved")
        if flag is None:
            return
        kind = data.draw(st.sampled_from(["kept", "killed", "kept"]))
        days = data.draw(st.sampled_from([1, 5, 30, 31]))
        until = team.day(self.now) + timedelta(days=days) if kind == "kept" else None
        values: dict[str, Any] = {
            "resolution": kind,
            "reason": "We know.",
            **({"until": until} if until else {}),
        }
        faults = self._flag_faults(team, flag, {"open", "acknowledged"})
        if kind == "kept" and days > 30:
            faults.add("out_of_range")
        if self.act(
            f"resolve a zombie as {kind}",
            team,
            self.choose_who(data, team, "plan", by_key=True),
            lambda **by: resolve_zombie(flag.id, **values, **by),
            needs="plan",
            rest=("POST", f"zombies/{flag.id}/resolve/", values),
            faults=faults,
        ):
            campaign = team.campaigns[flag.campaign]
            if kind == "killed" and campaign.is_unfinished:
                self.ended(team, campaign, "killed")
            flag.state = "resolved"
