"""Export files in the shapes of the ad platforms: what is read, passed over, asked and refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from experiments.exceptions import Invalid
from experiments.models import Campaign, Observation
from tests.metrics.conftest import Import, content, one_arm, stored, table
from workspaces.models import Workspace

FIRST, SECOND = date(2026, 2, 1), date(2026, 2, 2)


class TestMeta:
    def test_import__a_daily_file_by_ad_set__finds_campaigns_and_arms_by_name(
        self, take: Import, arms: Campaign
    ) -> None:
        outcome = take("meta_daily.csv")

        assert (outcome.preset, outcome.inserted) == ("meta", 3)
        assert stored(arm__key="studio", day="2026-02-06") == {
            "impressions": 9400,
            "reach": 3100,
            "clicks": 120,
            "conversions": 12,
            "leads": 12,
            "spend": Decimal("101.25"),
        }
        assert stored(arm__key="founder")["spend"] == Decimal("109.50")
        # A blank result is no value, not zero.
        assert "conversions" not in stored(day="2026-02-07")

    @pytest.mark.parametrize(
        ("header", "kind", "counted"),
        [
            ("Result indicator", "actions:onsite_conversion.lead_grouped", {"conversions": 7, "leads": 7}),
            ("Result type", "Leads (form)", {"conversions": 7, "leads": 7}),
            ("Result indicator", "actions:offsite_conversion.fb_pixel_purchase", {"conversions": 7}),
            ("Result indicator", "", {"conversions": 7}),
            ("Result indicator", "actions:link_click", {}),
            ("Result type", "ThruPlays", {}),
            ("Result indicator", "reach", {}),
        ],
    )
    def test_import__results_of_a_kind__count_as_what_they_are(
        self, take: Import, workspace: Workspace, header: str, kind: str, counted: dict[str, int]
    ) -> None:
        one_arm(workspace)
        file = table(
            f"Campaign name,Day,Results,{header},Impressions,Amount spent (USD)",
            f"Hook test,{FIRST},7,{kind},940,12.50",
        )
        notes = take(file).notes
        found = stored(day=FIRST)
        assert {name: found[name] for name in found.keys() & {"conversions", "leads"}} == counted
        assert [kind in note for note in notes] == ([] if counted else [True])

    def test_import__clicks_that_somebody_calls_conversions__count_as_such(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace)
        file = table(
            "Campaign name,Day,Results,Result indicator,Amount spent (USD)",
            f"Hook test,{FIRST},7,actions:link_click,12.50",
        )
        assert take(file, mapped={"Results": "conversions"}).notes == []
        assert stored(day=FIRST)["conversions"] == 7

    def test_import__leads_beside_results_that_are_leads__are_what_their_own_column_says(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace)
        file = table(
            "Campaign name,Day,Results,Result indicator,Leads,Amount spent (USD)",
            f"Hook test,{FIRST},7,actions:lead,5,12.50",
        )
        take(file)
        assert (stored(day=FIRST)["conversions"], stored(day=FIRST)["leads"]) == (7, 5)

    def test_import__a_daily_file__passes_its_totals_row_over_and_says_so(
        self, look: Import, arms: Campaign
    ) -> None:
        outcome = look("meta_daily.csv")
        assert [(item.line, item.reason) for item in outcome.passed] == [(2, "a totals row: it has no name")]
        assert outcome.columns["Amount spent (USD)"] == "spend"
        assert "Ad set budget" in outcome.ignored_columns

    def test_import__a_file_of_one_campaign__does_not_take_the_totals_row_for_a_day_either(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace)
        assert take("meta_daily.csv", campaign="hook-test").inserted == 3

    def test_import__a_campaign_of_one_arm__keeps_its_ad_sets_as_entities(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace)
        take("meta_daily.csv")
        assert set(Observation.objects.values_list("entity", flat=True)) == {"Studio", "Founder\n(phone)"}

    def test_import__a_russian_file__reads_its_columns_days_and_decimal_comma(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace)
        take("meta_russian.csv")
        assert stored(day="2026-02-13") == {
            "impressions": 9400,
            "reach": 3100,
            "clicks": 120,
            "leads": 12,
            "spend": Decimal("1101.25"),
        }

    def test_import__a_budget_that_may_be_the_spend__is_asked_about(
        self, look: Import, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace)
        file = table("Дата;Кампания;Показы;Клики;Бюджет", "13.02.2026;Hook test;940;12;101,25")
        assert [question.code for question in look(file).questions] == ["doubtful_column"]
        take(file, mapped={"Бюджет": "spend"})
        assert stored()["spend"] == Decimal("101.25")

    def test_import__a_span_in_one_row__is_refused_with_the_setting_that_gives_days(
        self, take: Import
    ) -> None:
        with pytest.raises(Invalid, match="By time → Day") as refusal:
            take(
                table(
                    '"Reporting starts","Reporting ends","Campaign name",Impressions,"Amount spent (USD)"',
                    "2025-11-15,2026-01-31,,770113,15978.28",
                    '2025-11-15,2026-01-31,"Giving guide",149670,5000',
                )
            )
        assert refusal.value.code == "no_days"

    def test_import__a_span_of_one_day__is_that_day(self, take: Import, workspace: Workspace) -> None:
        one_arm(workspace)
        take(
            table(
                "date_start,date_stop,campaign_name,impressions,spend",
                "2026-02-01,2026-02-01,Hook test,5,1.00",
            )
        )
        assert Observation.objects.get().day == FIRST


class TestGoogle:
    def test_import__utf_16_with_a_preamble_and_totals__reads_the_days(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, "brand", name="Brand", channel="google")
        file = content("google_daily.tsv").decode().encode("utf-16")

        outcome = take(file)

        assert (outcome.preset, outcome.inserted) == ("google", 2)
        assert stored(day=FIRST) == {
            "impressions": 25881,
            "clicks": 402,
            "conversions": Decimal("4838.80"),
            "spend": Decimal("1204.50"),
            "revenue": 9000,
        }
        assert "conversions" not in stored(day=SECOND)
        assert [item.line for item in outcome.passed] == [1, 2, 6, 7]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
    def test_import__in_any_encoding__says_the_same(
        self, take: Import, workspace: Workspace, encoding: str
    ) -> None:
        one_arm(workspace, "brand", name="Brand", channel="google")
        assert take(content("google_daily.tsv").decode().encode(encoding)).inserted == 2

    def test_import__a_connectors_rows__are_millionths_and_parts_of_a_day(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, channel="google", external_id="4711")
        outcome = take("google_connector.csv")

        # 36.15 + 24.57 and 10.65 by hand; a broken id is no reason to lose what was spent.
        spent = dict(Observation.objects.values_list("day", "spend"))
        assert spent == {FIRST: Decimal("60.72"), SECOND: Decimal("10.65")}
        assert stored(day=FIRST)["conversions"] == Decimal("1.75")
        assert outcome.passed == []

    def test_import__a_campaign_of_another_platform__is_not_meant(
        self, look: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, "brand", name="Brand", channel="meta")
        assert [question.code for question in look("google_daily.tsv").questions] == ["unknown_campaign"]


class TestOtherPlatforms:
    def test_import__tiktoks_hours__sum_to_days_without_the_reach(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, channel="tiktok", external_id="31")
        outcome = take("tiktok_hourly.csv")

        assert outcome.preset == "tiktok"
        assert stored(day=FIRST) == {
            "impressions": 150,
            "clicks": 14,
            "conversions": 3,
            "spend": Decimal("26.80"),
        }
        assert stored(day=SECOND)["reach"] == 30
        assert any("Reach was left out" in note for note in outcome.notes)

    def test_import__tiktoks_own_export__names_its_day_once(self, take: Import, campaign: Campaign) -> None:
        header = "By Day,Campaign name,Ad group name,Cost,Impressions,Clicks (destination),Reach"
        outcome = take(table(header, "2026-02-01,Spring,Warm,5,10,2,9"), campaign="hook-test", arm="b")
        assert (outcome.preset, outcome.columns["By Day"]) == ("tiktok", "day")
        assert stored() == {"spend": 5, "impressions": 10, "clicks": 2, "reach": 9}

    def test_import__linkedins_preamble_and_american_days__are_read(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, channel="linkedin", external_id="501")
        outcome = take("linkedin_daily.csv")
        assert (outcome.preset, outcome.inserted) == ("linkedin", 2)
        assert stored(day="2026-02-14") == {
            "impressions": 143,
            "clicks": 2,
            "leads": 1,
            "spend": Decimal("50.31"),
        }

    def test_import__microsofts_preamble_and_footer__are_passed_over(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, channel="microsoft")
        outcome = take("microsoft_daily.csv")
        assert (outcome.preset, outcome.inserted) == ("microsoft", 2)
        assert (outcome.passed[-1].line, outcome.passed[-1].reason) == (9, "a footer")


class TestAnyTable:
    def test_import__columns_in_another_order__says_the_same(self, take: Import, campaign: Campaign) -> None:
        take(table("Clicks,Date,Cost", "5,2026-02-01,1.50"), campaign="hook-test", arm="b")
        assert stored() == {"clicks": 5, "spend": Decimal("1.50")}

    def test_import__comments_and_a_footer__are_passed_over(self, take: Import, campaign: Campaign) -> None:
        outcome = take(
            table(
                "# Start date: 20260201",
                "Day,Clicks,Spend",
                "2026-02-01,5,1.50",
                "# Last updated: yesterday",
                "Grand total,5,1.50",
            ),
            campaign="hook-test",
            arm="b",
        )
        assert [(item.line, item.reason) for item in outcome.passed] == [
            (1, "above the header"),
            (4, "a comment"),
            (5, "a totals row"),
        ]

    def test_import__two_columns_for_one_measure__are_asked_about(
        self, look: Import, take: Import, campaign: Campaign
    ) -> None:
        file = table("Day,Cost,Spend", "2026-02-01,1.50,1.20")
        question = look(file, campaign="hook-test", arm="b").questions[0]
        assert (question.code, question.field) == ("ambiguous_column", "spend")
        take(file, campaign="hook-test", arm="b", mapped={"Spend": "spend"})
        assert stored() == {"spend": Decimal("1.20")}

    def test_import__an_open_question__is_not_answered_by_guessing(
        self, take: Import, campaign: Campaign
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            take(table("Day,Clicks", "2/6/2026,5"), campaign="hook-test", arm="b")
        assert refusal.value.code == "day_order"
        assert not Observation.objects.exists()

    def test_import__a_question_answered__is_imported(self, take: Import, campaign: Campaign) -> None:
        take(table("Day,Clicks", "2/6/2026,5"), campaign="hook-test", arm="b", day_order="mdy")
        assert Observation.objects.get().day == date(2026, 2, 6)

    @pytest.mark.parametrize(
        ("file", "code", "words"),
        [
            (b"", "empty_file", "empty"),
            (b"\xff\xfe\x00\xd8", "unknown_encoding", "UTF-8"),
            (b"a\xe9,b\n", "unknown_encoding", "byte 1"),
            (table("Name,Colour", "a,b"), "no_header", "Impressions"),
            (table("Day,Clicks", "2026-02-01,5", '2026-02-02,"6'), "truncated", "Line 3"),
            (table("Day,Clicks,Spend", "2026-02-01,5"), "truncated", "Line 2 has 2 cells"),
            (b"Day,Clicks,Spend\n2026-02-01,5,1\n2026-02-02,", "truncated", "Line 3"),
            (table("Day,Clicks", "2026-02-01,5,7"), "wrong_number_of_cells", "Line 2 has 3 cells"),
            (table("Day,Clicks", "2026-02-01,5", "soon,5"), "invalid_day", "Line 3"),
            (table("Day,Clicks", "2026-02-01,5", "2026-02-02,77.77%"), "not_a_number", "Line 3"),
            (table("Day,Clicks", "2026-02-01,-5"), "negative", "Line 2"),
            (table("Day,Clicks", "2026-02-01,5.5"), "not_whole", "Line 2"),
            (table("Day,Clicks", "2099-02-01,5"), "day_in_future", "Line 2"),
            (table("Day,Clicks,Spend (EUR)", "2026-02-01,5,1"), "currency_mismatch", "EUR"),
            (table("Day,Clicks,Spend,Currency", "2026-02-01,5,1,EUR"), "currency_mismatch", "Line 2"),
            (table("Day,Clicks,Spend", "2026-02-01,5,€1"), "currency_mismatch", "line 2"),
            (table("Day,Clicks", "2026-02-01,5", "2026-02-01,6"), "duplicate_key", "Lines 2 and 3"),
        ],
    )
    def test_import__a_file_that_cannot_be_right__is_refused_saying_where(
        self, take: Import, campaign: Campaign, file: bytes, code: str, words: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            take(file, campaign="hook-test", arm="b")
        assert refusal.value.code == code
        assert words in refusal.value.message
        assert not Observation.objects.exists()

    @pytest.mark.parametrize(
        ("options", "code"),
        [
            ({"preset": "myspace"}, "unknown_preset"),
            ({"campaign": "unknown"}, "unknown_campaign"),
            ({"campaign": "\x00"}, "unknown_campaign"),
            ({"campaign": "hook-test", "arm": "c"}, "unknown_arm"),
            ({"arm": "a"}, "required"),
            ({"mapped": {"Clicks": "clickz"}}, "unknown_field"),
            ({"mapped": {"Clickz": "clicks"}}, "unknown_column"),
            ({"campaign": "hook-test", "arm": "b", "source": "myspace"}, "unknown_source"),
            ({"campaign": "hook-test", "arm": "b", "reported_at": "then"}, "invalid_time"),
        ],
    )
    def test_import__an_answer_that_cannot_be_right__is_refused(
        self, take: Import, campaign: Campaign, options: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            take(table("Day,Clicks", "2026-02-01,5"), **options)
        assert refusal.value.code == code

    def test_import__a_row_that_ends_in_a_separator__has_blanks_and_says_so(
        self, take: Import, campaign: Campaign
    ) -> None:
        outcome = take(
            table("Day;Spend;Clicks;Reach", "2026-02-01;1835;", "2026-02-02;1840;5;4"),
            campaign="hook-test",
            arm="b",
        )
        assert stored(day=FIRST) == {"spend": 1835}
        assert outcome.notes == ["Line 2 ends after 3 of 4 cells; the rest counts as not given."]

    def test_import__without_a_last_line_end__is_read_and_says_what_may_be_cut(
        self, take: Import, campaign: Campaign
    ) -> None:
        whole = table("Day,Clicks,Spend", "2026-02-01,5,12.34")
        assert take(whole, campaign="hook-test", arm="b").notes == []
        cut = whole.rstrip()[:-3]
        outcome = take(cut, campaign="hook-test", arm="b")
        assert stored(day=FIRST) == {"clicks": 5, "spend": 12}
        assert "“12” may be the beginning of a longer number" in outcome.notes[0]
