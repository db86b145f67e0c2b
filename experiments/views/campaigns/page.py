"""The page of one campaign, and its days and arms as files."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponseBase

from experiments.choices import Metric
from experiments.models import Campaign
from experiments.selectors.arm_rows import ArmRow, arm_rows
from experiments.selectors.campaign_numbers import DayView
from experiments.selectors.campaign_pages import STORY, campaign_events, criteria_views
from experiments.selectors.looks import look_rows
from experiments.selectors.next_look import next_look
from experiments.selectors.page_numbers import PageNumbers, page_numbers
from experiments.services.campaigns import doubts_about_rules, missing_for_launch
from experiments.views.campaigns.base import OneCampaignView
from workspaces.views.downloads import CsvView

RECENT_EVENTS = 12


class SprintAhead(Protocol):
    """What the page asks of the sprint that launches a draft."""

    number: int
    status: str

    def days_left(self, today: date) -> int: ...


class CampaignView(OneCampaignView):
    """Where it stands, why, and what can be done about it."""

    template_name = "experiments/campaign.html"

    told = STORY

    def get(self, request: HttpRequest) -> HttpResponseBase:
        campaign = self.campaign
        sprint = self.sprint_of_draft(campaign)
        days = sprint.days_left(self.workspace.local_day(self.at)) if sprint else None
        beside = self.companions(campaign)
        found = page_numbers(campaign, beside, at=self.at)
        criteria = criteria_views(campaign, ahead=found.ahead)
        numbers = found.numbers
        main = next((view for view in criteria if view.criterion.metric == numbers.metric.key), None)
        first = main or next(iter(criteria), None)
        context = {
            "campaign": campaign,
            "sprint": sprint,
            "criteria": criteria,
            "lead": first,
            "lead_watch": first.strongest if first else None,
            "limit": main.criterion.threshold if main else None,
            "open_breaches": [breach for view in criteria for breach in view.breaches],
            "numbers": numbers,
            "baseline_days": found.baseline_days,
            "unspent": campaign.budget - numbers.spend if numbers.spend is not None else campaign.budget,
            "missing": missing_for_launch(campaign, days=days) if campaign.is_draft else [],
            "doubts": doubts_about_rules(campaign, days=days) if campaign.is_draft else [],
            "revivals": campaign.revivals.all() if campaign.is_finished else [],
            "amendments": campaign.amendments.all() if campaign.amended else [],
            "events": campaign_events(campaign)[:RECENT_EVENTS],
            # An event may quote a rule as it was before it was amended.
            "at_hand": [] if campaign.amended else [campaign],
            "next_look": next_look(campaign, first, reported_at=found.reported_at, at=self.at)
            if first
            else None,
            **self._analysis(campaign, found),
        }
        return self.render(context)

    def _analysis(self, campaign: Campaign, found: PageNumbers) -> dict[str, Any]:
        if found.analysis is None:
            return {"rows": []}
        arms = list(campaign.arms.all())
        analysis = found.analysis.as_dict()
        by_arm = found.numbers.by_arm
        events = {key: arm.events for key, arm in by_arm.items()}
        rows = arm_rows(arms, analysis, found.numbers.metric, events=events, so_far=by_arm)
        return {
            "analysis": analysis,
            "rows": rows,
            "has_control": any(row.is_control for row in rows),
            "looks": look_rows(found.analysis.looks, arms),
        }

    def companions(self, campaign: Campaign) -> Sequence[Campaign]:
        """The campaigns that are looked at together with this one; a sprint knows of some."""
        return ()

    def sprint_of_draft(self, campaign: Campaign) -> SprintAhead | None:
        """The sprint that launches a draft, for whoever knows of sprints."""
        return None


class DaysCsvView(OneCampaignView, CsvView):
    """The days of a campaign: its metric, what it is made of, and what was spent."""

    HEADER = ("campaign", "day", "metric", "value", "events", "spent", "currency", "settled")

    def name(self) -> str:
        return f"{self.campaign.key}-days"

    def items(self) -> Iterable[tuple[DayView, Metric]]:
        numbers = page_numbers(self.campaign, (), at=self.at).numbers
        return [(item, numbers.metric) for item in numbers.days]

    def row(self, item: tuple[DayView, Metric]) -> list[object]:
        day, metric = item
        return [
            self.campaign.key,
            day.on,
            metric.key,
            day.value,
            day.events,
            self.amount(day.spend),
            self.workspace.currency,
            "yes" if day.is_settled else "no",
        ]


class ArmsCsvView(CsvView, CampaignView):
    """The arms of a campaign, each beside the control, as the page computes them."""

    HEADER = (
        "campaign",
        "arm",
        "name",
        "control",
        "state",
        "planned_share",
        "metric",
        "events",
        "value",
        "lift_relative",
        "credible_low",
        "credible_high",
        "chance_to_beat_control",
        "p_value_adjusted",
    )
    FIGURES = HEADER[9:]

    def name(self) -> str:
        return f"{self.campaign.key}-arms"

    def items(self) -> Iterable[tuple[ArmRow, Metric]]:
        campaign = self.campaign
        found = page_numbers(campaign, self.companions(campaign), at=self.at)
        return [(row, found.numbers.metric) for row in self._analysis(campaign, found)["rows"]]

    def row(self, item: tuple[ArmRow, Metric]) -> list[object]:
        row, metric = item
        comparison = row.comparison or {}
        return [
            self.campaign.key,
            row.arm.key,
            row.arm.name,
            "yes" if row.is_control else "no",
            row.arm.status,
            row.arm.planned_share,
            metric.key,
            row.events,
            row.result.get("value"),
            *(comparison.get(figure) for figure in self.FIGURES),
        ]
