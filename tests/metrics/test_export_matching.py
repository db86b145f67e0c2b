"""Whose numbers a file's lines are, and what becomes of a file that comes again."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from experiments.choices import CampaignStatus
from experiments.models import Campaign, Observation
from experiments.selectors.measurements import spend_totals
from tests.factories import make_campaign
from tests.metrics.conftest import Import, one_arm, stored, table
from workspaces.models import Workspace

FIRST = date(2026, 2, 1)


class TestCampaigns:
    FILE = table("Campaign name,Campaign ID,Day,Link clicks", "Hook test,11,2026-02-01,5")

    def test_import__an_unknown_campaign__is_a_question(self, look: Import) -> None:
        question = look(self.FILE).questions[0]
        assert question.code == "unknown_campaign"
        assert "“Hook test” (11)" in question.message

    def test_import__unknown_campaigns_to_be_taken_in__are_created_unplanned(
        self, look: Import, take: Import, workspace: Workspace
    ) -> None:
        assert look(self.FILE, create_unplanned=True).unplanned == ["hook-test"]

        outcome = take(self.FILE, create_unplanned=True)

        campaign = Campaign.objects.of(workspace).get()
        assert (campaign.key, campaign.name, campaign.channel, campaign.external_id) == (
            "hook-test",
            "Hook test",
            "meta",
            "11",
        )
        assert campaign.is_unplanned
        assert (outcome.unplanned, outcome.inserted) == (["hook-test"], 1)
        # From now on it is known by its id, whatever it is called.
        again = take(self.FILE.replace(b"Hook test", b"Renamed"))
        assert (again.inserted, again.unchanged) == (0, 1)

    def test_import__unknown_campaigns_to_be_taken_in__count_from_the_first_day_of_the_file(
        self, take: Import, workspace: Workspace
    ) -> None:
        lines = "Campaign name,Campaign ID,Day,Amount spent (USD)"
        take(
            table(lines, "Hook test,11,2026-02-03,120.00", "Hook test,11,2026-02-01,100.00"),
            create_unplanned=True,
        )
        campaign = Campaign.objects.of(workspace).get()
        assert campaign.first_judged_day() == campaign.starts_on == FIRST
        assert spend_totals([campaign.pk]) == {campaign.pk: Decimal(220)}

    def test_import__a_new_campaign_whose_key_is_taken__gets_another(
        self, take: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, external_id="12")
        assert take(self.FILE, create_unplanned=True).unplanned == ["hook-test-2"]

    def test_import__unknown_campaigns_of_an_unknown_platform__are_asked_about(self, look: Import) -> None:
        file = table("Campaign,Day,Clicks", "Hook test,2026-02-01,5")
        assert [item.code for item in look(file, create_unplanned=True).questions] == ["unknown_channel"]
        assert look(file, create_unplanned=True, source="meta").unplanned == ["hook-test"]

    def test_import__a_name_that_two_campaigns_have__is_asked_about(
        self, look: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace, "first")
        one_arm(workspace, "second")
        codes = [item.code for item in look(self.FILE, create_unplanned=True).questions]
        assert codes == ["same_name"]

    def test_import__two_ids_with_the_name_of_one_campaign__are_never_merged(
        self, look: Import, workspace: Workspace
    ) -> None:
        one_arm(workspace)
        file = self.FILE + b"Hook test,12,2026-02-01,6\n"
        assert [item.code for item in look(file).questions] == ["same_name"]

    def test_import__a_file_that_does_not_tell_arms_apart__is_asked_about(
        self, look: Import, arms: Campaign
    ) -> None:
        question = look(self.FILE).questions[0]
        assert question.code == "unknown_arm"
        assert "studio or founder" in question.message

    def test_import__an_ad_set_that_is_no_arm__is_asked_about(self, look: Import, arms: Campaign) -> None:
        file = table("Campaign name,Ad set name,Day,Link clicks", "Hook test,Retargeting,2026-02-01,5")
        question = look(file).questions[0]
        assert question.code == "unknown_arm"
        assert "“Retargeting”" in question.message

    def test_import__a_discarded_campaign__is_not_found(self, look: Import, workspace: Workspace) -> None:
        make_campaign(workspace, "hook-test", name="Hook test", status=CampaignStatus.DISCARDED)
        assert [item.code for item in look(self.FILE).questions] == ["unknown_campaign"]


class TestAgain:
    FILE = table("Day,Spend,Clicks", "2026-02-01,1.00,5", "2026-02-02,2.00,6")
    OF_B = {"campaign": "hook-test", "arm": "b"}

    def test_import__the_file_again__changes_nothing(
        self, take: Import, campaign: Campaign, at: datetime
    ) -> None:
        take(self.FILE, **self.OF_B)
        again = take(self.FILE, later=at + timedelta(days=1), **self.OF_B)
        assert (again.inserted, again.updated, again.unchanged) == (0, 0, 2)

    def test_preview__a_restated_day__says_before_and_after(
        self, take: Import, look: Import, campaign: Campaign
    ) -> None:
        take(self.FILE, **self.OF_B)
        outcome = look(self.FILE.replace(b"2.00,6", b"2.50,6"), **self.OF_B)
        assert (outcome.updated, outcome.unchanged) == (1, 1)
        assert outcome.changes == ["Line 3: 2026-02-02, spend 2 → 2.5"]

    def test_import__a_day_of_an_earlier_file_that_this_one_lacks__is_listed_and_kept(
        self, take: Import, campaign: Campaign
    ) -> None:
        file = self.FILE + b"2026-02-03,3.00,7\n"
        take(file, **self.OF_B)
        outcome = take(file.replace(b"2026-02-02,2.00,6\n", b""), **self.OF_B)
        assert outcome.missing == ["hook-test, arm b, 2026-02-02"]
        assert Observation.objects.count() == 3

    def test_import__a_file_of_earlier__overwrites_nothing(
        self, take: Import, campaign: Campaign, at: datetime
    ) -> None:
        take(self.FILE, **self.OF_B)
        older = take(
            self.FILE.replace(b",5", b",4"), reported_at=(at - timedelta(days=1)).isoformat(), **self.OF_B
        )
        assert older.unchanged == 2
        assert stored(day=FIRST)["clicks"] == 5
