"""What becomes of a campaign by a launch, a stop or an end, whoever brings it about."""

from datetime import date
from decimal import Decimal

from experiments.models import KillCriterion
from tests.state_machine import money
from tests.state_machine.model import WATCHING, Campaign, Rule, Team, digest_of_rules
from tests.state_machine.stage import Stage

# What a price is paid for, and for how many of them.
COUNTED = {"cpa": ("conversions", 1), "cpm": ("impressions", 1000)}


class Launches(Stage):
    def missing(self, team: Team, campaign: Campaign, *, days: int | None = None) -> set[str]:
        """Codes of what a draft lacks for its launch; ``days``: of the sprint that starts with it."""
        codes = set()
        if campaign.hypothesis is None:
            codes.add("hypothesis_missing")
        else:
            idea = team.hypotheses[campaign.hypothesis]
            if not idea.owner:
                codes.add("owner_missing")
            if len(campaign.arms) == 1 and not idea.has_target:
                codes.add("target_missing")
        if not campaign.arms:
            codes.add("arms_missing")
        if campaign.planned is None:
            codes.add("budget_missing")
        if not campaign.rules:
            codes.add("criteria_missing")
        return codes | self.unreachable(campaign.rules, campaign.planned, days=days)

    def unreachable(self, rules: list[Rule], budget: Decimal | None, *, days: int | None) -> set[str]:
        """Codes of rules that wait for more than budget and days bring; two of them may be told as one."""
        codes = []
        for rule in rules:
            if days is not None and rule.guards.get("days", days) > days:
                codes.append("guard_beyond_days")
            if budget is None:
                continue
            if Decimal(str(rule.guards.get("spend", 0))) > budget:
                codes.append("guard_beyond_budget")
            # What a cost above the limit buys is less than what the budget buys at it.
            counted, per = COUNTED.get(rule.metric, ("", 1))
            if counted in rule.guards and rule.guards[counted] * rule.threshold >= budget * per:
                codes.append("guard_out_of_reach")
        return {*codes, "invalid"} if len(codes) > 1 else set(codes)

    def launched(self, team: Team, campaign: Campaign, *, runs_until: date | None) -> None:
        campaign.status = "live"
        self.planned(team, campaign, runs_until=runs_until)

    def planned(self, team: Team, campaign: Campaign, *, runs_until: date | None) -> None:
        """From now on its days count, its rules stand and its budget is paid."""
        campaign.launched_at, campaign.starts_on = self.now, team.day(self.now)
        campaign.runs_until = runs_until
        self.frozen(team, campaign)
        money.pay_launch(team, campaign)

    def frozen(self, team: Team, campaign: Campaign) -> None:
        campaign.digest = digest_of_rules(campaign.rules)
        criteria = KillCriterion.objects.filter(
            workspace=team.id, campaign__key=campaign.key, retired_at=None
        )
        campaign.rule_ids = list(criteria.order_by("position").values_list("id", flat=True))
        for number, rule in zip(campaign.rule_ids, campaign.rules, strict=True):
            running = [key for key, arm in campaign.arms.items() if arm.is_running]
            for arm in running if rule.level == "arm" else [None]:
                campaign.watches[number, arm] = WATCHING

    def scaled(self, campaign: Campaign) -> None:
        campaign.status, campaign.has_scaled, campaign.paused_at = "scaled", True, None

    def paused(self, campaign: Campaign) -> None:
        campaign.status, campaign.paused_at = "paused", self.now

    def ended(self, team: Team, campaign: Campaign, status: str) -> None:
        """Killed or completed: nothing calls any more, but for money that is spent all the same."""
        campaign.status, campaign.ended_at = status, self.now
        campaign.settle()
        for flag in team.flags.values():
            if flag.campaign == campaign.key and flag.signal != "undead":
                flag.state = "resolved"

    def arm_stopped(self, campaign: Campaign, key: str) -> None:
        arm = campaign.arms[key]
        arm.is_running = False
        treatments = [one for one in campaign.arms.values() if one.is_running and not one.is_control]
        if not arm.is_control and treatments:
            campaign.settle(key)
        elif campaign.is_spending:
            self.paused(campaign)
