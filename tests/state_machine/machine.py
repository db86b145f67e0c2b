"""Quickno as a whole, driven at random: everything that people, programs and the scheduler can do."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from tests.state_machine.campaigns import RULES
from tests.state_machine.criteria import Criteria
from tests.state_machine.decisions import Decisions
from tests.state_machine.invariants import Invariants
from tests.state_machine.judging import Judging
from tests.state_machine.metrics import DAYS, Metrics
from tests.state_machine.model import Team, Who
from tests.state_machine.reports import Key
from tests.state_machine.second_thoughts import SecondThoughts
from tests.state_machine.workspaces import Workspaces


class Quickno(Decisions, Criteria, Metrics, Judging, SecondThoughts, Workspaces):
    """Two teams in the middle of their work, and a random future."""

    def __init__(self) -> None:
        super().__init__()
        self.never_break = Invariants(self.tally.coverage)

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        # The simplest course is always tried first, and would do the same simple thing again and again.
        assume(data.draw(st.integers(0, 20)) > 0)
        for team in self.teams:
            self._furnish(team)
        self.now += timedelta(days=2)
        for team in self.teams:
            self._report(team)

    def _furnish(self, team: Team) -> None:
        """A running sprint of two campaigns, a campaign without a plan, an idea and some money."""
        mia, dana = Who(team.people["mia"]), Who(team.people["dana"])
        self.bring(team, dana, Decimal(1500))
        sprint = self.add_sprint(team, mia)
        assert sprint is not None
        for rules in (RULES[:1], RULES[1:3]):
            idea = self.add_hypothesis(team, mia, "mia")
            assert idea is not None
            self.add_draft(team, mia, idea=idea, rules=list(rules))
            self.commit_to(team, mia, sprint, idea)
        self.start_it(team, mia, sprint)
        self.bring_file(team, mia, day=team.day(self.now), measures=DAYS[3], known=None)
        self.add_hypothesis(team, mia, "dana")
        self.add_sprint(team, dana, starts_in=1)

    def _report(self, team: Team) -> None:
        """One campaign does well, the other one poorly."""
        good, poor = (campaign for campaign in team.campaigns.values() if campaign.rules)
        today = team.day(self.now)
        for campaign, measures in ((good, DAYS[0]), (poor, DAYS[1])):
            reports = [
                self.report(
                    Key(campaign.key, arm, today - timedelta(days=age), "meta", ""),
                    measures,
                    self.now,
                    campaign,
                )
                for arm in campaign.arms
                for age in (2, 1)
            ]
            self.send(team, Who(team.people["mia"]), reports)

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        getattr(self, data.draw(st.sampled_from(DEEDS)))(data)

    @invariant()
    def nothing_is_broken(self) -> None:
        self.never_break.hold(self.teams)


# By name, each as often as it weighs.
DEEDS = [name for name in dir(Quickno) for _ in range(getattr(getattr(Quickno, name), "weight", 0))]
