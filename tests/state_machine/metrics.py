"""Numbers: posted new, restated, late, out of order, twice, with bad rows, and imported from files."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from experiments.services.exports.importing import import_export
from experiments.services.exports.outcome import ImportOptions
from experiments.services.observations import BatchResult, Row, record_observations
from tests.state_machine.model import Arm, Campaign, Team, Who
from tests.state_machine.reports import Key, Outcome, Report, Value
from tests.state_machine.stage import Stage, deed

HOURS_LATE = (0, 0, 0, 1, 30, 80)
# Usual days: a good one, a poor one, a barren one, one without most of the measures, one that is taken back.
DAYS: tuple[dict[str, Value], ...] = (
    {"impressions": 4000, "clicks": 120, "conversions": Decimal(6), "spend": Decimal(90)},
    {"impressions": 5000, "clicks": 30, "conversions": Decimal(1), "spend": Decimal(110)},
    {"impressions": 3000, "clicks": 20, "conversions": Decimal(0), "spend": Decimal(75)},
    {"impressions": 2500, "clicks": 70, "conversions": Decimal("2.5"), "spend": Decimal("60.25")},
    {"spend": Decimal(400)},
    {"spend": Decimal(0), "clicks": 0},
    {"conversions": Decimal(3)},
    {"spend": None, "conversions": None},
    {"impressions": None, "clicks": None},
    {},
)
# What is wrong with a row, most often nothing.
FAULTS = ("",) * 24 + (
    "negative",
    "currency_mismatch",
    "unknown_source",
    "unknown_arm",
    "unknown_campaign",
    "day_in_future",
    "reported_in_future",
)


class Metrics(Stage):
    @deed(5)
    def post(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        if not team.campaigns:
            return
        reports = [self._draw_report(data, team) for _ in range(data.draw(st.integers(1, 4)))]
        if data.draw(st.integers(0, 11)) == 0:
            reports.append(reports[0])
        who = self.choose_who(data, team, "post", by_key=True)
        self.send(team, who, reports, skip=data.draw(st.booleans()))

    def _draw_report(self, data: st.DataObject, team: Team) -> Report:
        campaign = self.choose(data, list(team.campaigns.values()), lambda one: one.is_launched)
        assert campaign is not None
        arm = data.draw(st.sampled_from(sorted(campaign.arms)))
        day = team.day(self.now) - timedelta(days=data.draw(st.sampled_from([0, 1, 1, 2, 3, 6])))
        fault = data.draw(st.sampled_from(FAULTS))
        key = Key(
            campaign.key,
            arm,
            day,
            data.draw(st.sampled_from(["meta", "meta", "meta", "crm", "analytics"])),
            data.draw(st.sampled_from(["", "", "", "", "ad-1", "ad-2"])),
        )
        reported_at = self.now - timedelta(hours=data.draw(st.sampled_from(HOURS_LATE)))
        return self.report(key, data.draw(st.sampled_from(DAYS)), reported_at, campaign, fault)

    def report(
        self,
        key: Key,
        measures: dict[str, Value],
        reported_at: datetime,
        campaign: Campaign,
        fault: str = "",
    ) -> Report:
        if campaign.status == "discarded":
            fault = "campaign_discarded" if fault in {"", "unknown_arm", "unknown_source"} else fault
        if fault == "negative":
            measures = {**measures, "clicks": -1}
        elif fault == "unknown_source":
            key = key._replace(source="billboards")
        elif fault == "unknown_arm":
            key = key._replace(arm="z")
        elif fault == "unknown_campaign":
            key = key._replace(campaign="nobody-knows")
        elif fault == "day_in_future":
            key = key._replace(
                day=self.now.astimezone(timezone(timedelta(hours=14))).date() + timedelta(days=1)
            )
        elif fault == "reported_in_future":
            reported_at = self.now + timedelta(days=1, minutes=1)
        if campaign.status == "discarded" and fault in {"negative", "currency_mismatch"}:
            fault = "campaign_discarded"
            measures = {name: value for name, value in measures.items() if value != -1}
        return Report(key, reported_at, measures, fault)

    def send(self, team: Team, who: Who, reports: Sequence[Report], *, skip: bool = False) -> None:
        """Post the reports; what becomes of each is known beforehand."""
        on_error: Literal["fail", "skip"] = "skip" if skip else "fail"
        codes = set().union(*team.reports.faults_of(reports).values())
        faults = set() if skip else codes
        done = self.act(
            "post metrics, skipping bad rows" if skip else "post metrics",
            team,
            who,
            lambda **by: record_observations([_row(one) for one in reports], on_error=on_error, **by),
            needs="post",
            rest=("POST", f"metrics/?on_error={on_error}", [_json(one) for one in reports]),
            faults=faults,
            may={"invalid_rows"} if faults else set(),
        )
        if done:
            self._taken(team, reports)

    def _taken(self, team: Team, reports: Sequence[Report]) -> None:
        outcome = team.reports.take(reports, today=team.day(self.now))
        said = self.created if isinstance(self.created, dict) else _counts(self.created)
        assert {name: said[name] for name in ("inserted", "updated", "unchanged", "rejected")} == {
            "inserted": outcome.inserted,
            "updated": outcome.updated,
            "unchanged": outcome.unchanged,
            "rejected": len(outcome.faults),
        }
        assert len(self.heard_of("metrics.posted")) == 1
        restated = {event.subject_id: event.data["days"] for _, event in self.heard_of("metrics.restated")}
        assert restated == {
            campaign: sorted(str(day) for day in days) for campaign, days in outcome.restated.items()
        }
        self._due(team, outcome)

    def _due(self, team: Team, outcome: Outcome) -> None:
        for key in outcome.campaigns:
            if team.campaigns[key].is_launched:
                team.campaigns[key].is_due = True

    @deed(2)
    def import_file(self, data: st.DataObject) -> None:
        """An export of one campaign, which may be unknown so far: then it runs without a plan."""
        team = self.draw_team(data)
        known = self.choose(data, [one for one in team.campaigns.values() if one.is_launched])
        is_new = known is None or data.draw(st.integers(0, 4)) == 0
        day = team.day(self.now) - timedelta(days=data.draw(st.integers(0, 5)))
        measures = data.draw(st.sampled_from(DAYS[:4]))
        who = self.choose_who(data, team, "post")
        self.bring_file(team, who, day=day, measures=measures, known=None if is_new else known)

    def bring_file(
        self, team: Team, who: Who, *, day: Any, measures: dict[str, Value], known: Campaign | None
    ) -> Campaign | None:
        name = known.key if known else self.name("found")
        arm = next(iter(known.arms)) if known else "all"
        file = io.StringIO()
        table = csv.writer(file)
        table.writerow(["Campaign", "Day", *(column.capitalize() for column in measures)])
        table.writerow([name, day, *measures.values()])
        options = ImportOptions(
            campaign=name if known else "",
            arm=arm if known else "",
            source="meta",
            create_unplanned=known is None,
        )
        key = Key(name, arm, day, "meta", "")
        report = Report(key, self.now, measures)
        faults = set() if known is None else set().union(*team.reports.faults_of([report]).values())
        if not self.act(
            "import a file" if known else "import an unknown campaign",
            team,
            who,
            lambda **by: import_export(file.getvalue().encode(), file_name="a.csv", options=options, **by),
            needs="post",
            faults=faults,
        ):
            return None
        if known is None:
            known = self._found_running(team, name, first=day)
        self.created = self.created.result
        self._taken(team, [report])
        return known

    def _found_running(self, team: Team, key: str, *, first: Any) -> Campaign:
        today = team.day(self.now)
        since = self.now if first >= today else _midnight(team, first)
        made = Campaign(key, {"all": Arm(is_control=False)}, status="live", launched_at=since)
        made.starts_on = min(first, today)
        team.campaigns[key] = made
        return made


def _midnight(team: Team, day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(team.timezone)).astimezone(UTC)


def _row(report: Report) -> Row:
    key = report.key
    return Row(
        campaign=key.campaign,
        arm=key.arm,
        day=key.day,
        source=key.source,
        entity=key.entity,
        reported_at=report.reported_at,
        currency="XAU" if report.fault == "currency_mismatch" else "",
        measures=report.measures,
    )


def _json(report: Report) -> dict[str, Any]:
    said = {
        **report.key._asdict(),
        "day": report.key.day.isoformat(),
        "reported_at": report.reported_at.isoformat(),
        **{
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in report.measures.items()
        },
    }
    return said | ({"currency": "XAU"} if report.fault == "currency_mismatch" else {})


def _counts(result: BatchResult) -> dict[str, int]:
    return {name: getattr(result, name) for name in ("inserted", "updated", "unchanged", "rejected")}
