"""Numbers that are not in columns of their own: Meta's actions, and HubSpot's deals."""

import csv
import json
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest

from experiments.exceptions import Invalid
from experiments.models import Campaign, Observation
from tests.metrics.conftest import A_DAY, Import, one_arm, stored, table
from workspaces.models import Workspace
from workspaces.services import ensure_source

DAY_BEFORE = A_DAY - timedelta(days=1)
DEALS = "Record ID,Deal Name,Deal Stage,Amount,Deal owner,Close Date"


@pytest.fixture
def hook(workspace: Workspace) -> Campaign:
    return one_arm(workspace, channel="meta")


def actions(**counts: Any) -> str:
    return json.dumps([{"action_type": name, "value": value} for name, value in counts.items()])


def rows(*given: tuple[Any, ...], header: str = "campaign_name,date_start,date_stop,spend,actions") -> bytes:
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(header.split(","))
    writer.writerows(given)
    return file.getvalue().encode()


def of_day(day: date, told: str, *more: str) -> tuple[Any, ...]:
    return ("Hook test", day, day, "12.50", told, *more)


class TestLists:
    def test_actions__a_purchase_under_three_types__counts_once(self, hook: Campaign, take: Import) -> None:
        three = {"purchase": "3", "omni_purchase": "4", "offsite_conversion.fb_pixel_purchase": "3"}
        values = actions(omni_purchase="99.90", purchase="80")
        outcome = take(
            rows(
                of_day(A_DAY, actions(**three, link_click="20", lead=2), values),
                of_day(DAY_BEFORE, actions(purchase="1", link_click="7"), ""),
                header="campaign_name,date_start,date_stop,spend,actions,action_values",
            )
        )
        assert outcome.preset == "meta"
        assert stored(day=A_DAY) == {
            "spend": Decimal("12.5"),
            "clicks": 20,
            "conversions": 4,
            "leads": 2,
            "revenue": Decimal("99.9"),
        }
        # What a list does not name was not done; where there is no list, nothing is known.
        assert stored(day=DAY_BEFORE) == {
            "spend": Decimal("12.5"),
            "clicks": 7,
            "conversions": 0,
            "leads": 0,
        }
        assert "“actions:omni_purchase” (conversions)" in outcome.notes[0]
        assert (
            "Not counted: “action_values:purchase”, “actions:offsite_conversion.fb_pixel" in outcome.notes[0]
        )
        assert "actions:offsite_conversion.fb_pixel_purchase=conversions" in outcome.notes[0]

    def test_actions__another_type_is_said__counts_instead(self, hook: Campaign, take: Import) -> None:
        told = actions(omni_purchase="4", complete_registration="9")
        mapped = {"actions:complete_registration": "conversions"}
        take(rows(of_day(A_DAY, told)), mapped=mapped)
        assert stored()["conversions"] == 9

    def test_actions__parts_of_a_breakdown__add_up_within_a_type(self, hook: Campaign, take: Import) -> None:
        parts = [{"action_type": "lead", "action_device": name, "value": "2"} for name in ("ios", "desktop")]
        take(rows(of_day(A_DAY, json.dumps(parts))))
        assert stored()["leads"] == 4

    @pytest.mark.parametrize(
        "told",
        [
            "[{'action_type': 'lead', 'value': '3'}]",
            '[{"action_type": "lead"}]',
            '[{"action_type": "lead", "value": "many"}]',
            '[{"action_type": "lead", "value": "NaN"}]',
            '[{"action_type": "lead", "value": 1}, {"action_type": "lead", "value": 1}]',
            '[{"action_type": "lead", "value": "1E+999999999"}]',
            '[{"action_type": "lead", "value": "1E+900000"}]',
            '[{"action_type": "lead", "value": "1E-900000"}]',
            '[{"action_type": "lead\\u0000", "value": "1"}]',
            '[{"action_type": "lead\\ud800", "value": "1"}]',
            "[5]",
            "[" * 100_000,
        ],
    )
    def test_actions__a_list_that_cannot_be_read__names_the_line_and_shows_one_that_can(
        self, hook: Campaign, look: Import, told: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            look(rows(of_day(A_DAY, told)))
        assert refusal.value.code == "malformed_actions"
        assert refusal.value.message.startswith("Line 2: “")
        assert '[{"action_type": "lead", "value": "3"}]' in refusal.value.message

    def test_actions__many_types_on_many_lines__are_refused_before_they_are_laid_out(
        self, hook: Campaign, look: Import
    ) -> None:
        every_type = of_day(A_DAY, actions(**{f"type_{number}": "1" for number in range(500)}))
        with pytest.raises(Invalid) as refusal:
            look(rows(every_type, *[of_day(DAY_BEFORE, "[]")] * 10_000))
        assert refusal.value.code == "too_many_actions"
        assert "10001 lines" in refusal.value.message

    def test_actions__a_column_of_that_name_with_numbers__is_a_column_like_others(
        self, campaign: Campaign, look: Import
    ) -> None:
        outcome = look(table("day,clicks,actions", f"{A_DAY},5,7"), campaign="hook-test", arm="b")
        assert (outcome.ignored_columns, outcome.notes) == (["actions"], [])


class TestLinesOfActions:
    HEADER = "ad_id,date,action_type,value"

    def test_actions__a_line_for_each__one_type_counts_and_the_others_are_passed_over(
        self, hook: Campaign, take: Import
    ) -> None:
        types = ("lead", "offsite_conversion.fb_pixel_lead", "onsite_conversion.lead_grouped")
        lines = [f"63,{A_DAY},{name},2.0" for name in types]
        outcome = take(table(self.HEADER, *lines, f"64,{A_DAY},lead,1.0"), campaign="hook-test")
        assert dict(Observation.objects.values_list("entity", "leads")) == {"63": 2, "64": 1}
        assert [(item.line, item.reason) for item in outcome.passed] == [
            (3, "an action that is not counted"),
            (4, "an action that is not counted"),
        ]

    def test_actions__a_line_for_each_with_the_spend_on_all__is_refused(
        self, hook: Campaign, look: Import
    ) -> None:
        lines = [f"63,{A_DAY},{name},2,9.50" for name in ("lead", "link_click")]
        with pytest.raises(Invalid) as refusal:
            look(table(f"{self.HEADER},spend", *lines), campaign="hook-test")
        assert refusal.value.code == "repeated_numbers"
        assert "“spend”" in refusal.value.message


class TestDeals:
    @pytest.fixture(autouse=True)
    def source(self, hook: Campaign, workspace: Workspace) -> None:
        ensure_source(workspace, "hubspot")

    def test_deals__with_a_campaign__are_customers_and_revenue_of_the_day_they_were_won(
        self, take: Import
    ) -> None:
        outcome = take(
            table(
                f"{DEALS},Campaign",
                f"1,Acme,Closed Won (Sales Pipeline),1200.50,Ana,{A_DAY} 14:30,Hook test",
                f"2,Globex,closedwon,99,Ana,{A_DAY} 09:00,Hook test",
                f"3,Initech,Closed Lost,5000,Bo,{A_DAY} 10:00,Hook test",
                f"4,Hooli,Closed Won,,Bo,{DAY_BEFORE} 10:00,Hook test",
                f"5,Umbrella,Closed Won,70,Bo,{A_DAY} 10:00,",
            )
        )
        assert outcome.preset == "hubspot"
        assert stored(day=A_DAY) == {"customers": 2, "revenue": Decimal("1299.5")}
        assert stored(day=DAY_BEFORE) == {"customers": 1}
        assert set(Observation.objects.values_list("source__key", flat=True)) == {"hubspot"}
        assert [(item.line, item.reason) for item in outcome.passed] == [
            (6, "a deal without a campaign"),
            (4, "a deal that is not won"),
        ]

    def test_deals__without_a_campaign__ask_for_it_and_say_what_to_add(
        self, look: Import, take: Import
    ) -> None:
        content = table(DEALS, f"1,Acme,Closed Won,1200,Ana,{A_DAY}")
        [question] = look(content).questions
        assert question.code == "no_campaign"
        assert "as a column “Campaign”" in question.message
        assert take(content, campaign="hook-test").inserted == 1

    def test_deals__stages_of_ones_own__count_by_the_property_that_says_won(self, take: Import) -> None:
        header = "deal_id,deal_pipeline_stage_id,property_dealname,property_amount,property_closedate"
        lines = [f"{deal},x9,Deal,10,{A_DAY},{won}" for deal, won in ((1, "true"), (2, "false"), (3, "true"))]
        take(table(f"{header},property_hs_is_closed_won", *lines), campaign="hook-test")
        assert stored() == {"customers": 2, "revenue": 20}

    def test_deals__none_won__says_what_counts_as_won(self, look: Import) -> None:
        with pytest.raises(Invalid) as refusal:
            look(table(DEALS, f"1,Acme,Signed,1200,Ana,{A_DAY}"))
        assert refusal.value.code == "no_won_deals"
        assert "here are “Signed”" in refusal.value.message
        assert "“Is Closed Won”" in refusal.value.message
