"""Finding the campaign, the arm and the source that each report is of, and what keeps reports apart."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from django.utils.translation import gettext as _

from experiments.choices import CampaignStatus
from experiments.models import Arm, Campaign
from experiments.services.observations.rows import Faults, Key, Report, known_list
from experiments.services.values import quoted
from workspaces.models import Source, Workspace
from workspaces.services import ensure_source

ItemT = TypeVar("ItemT")
# SQLite takes so many parameters in one statement, and then some.
CHUNK = 10_000
# Stands for a campaign's own source in a preview, where the post would make it.
NOT_YET_STORED = 0
# A name is likeliest meant for one of the newest campaigns.
MOST_SUGGESTED = 2_000


def chunks(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    """Parts that a database takes in one statement."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def find_campaigns(keys: Iterable[str], *, workspace: Workspace, lock: bool) -> dict[str, Campaign]:
    """The campaigns with these keys; with ``lock`` held until the end of the transaction.

    Locks are taken in the order of ids, so that two batches with the same campaigns wait for each other and
    never in a circle. Who holds them is the only one to compare and write these campaigns' observations.
    """
    # PostgreSQL takes no NUL in a text, not even to say that there is none such.
    wanted = sorted(key for key in keys if "\x00" not in key)
    campaigns = Campaign.objects.of(workspace)
    ids = sorted(
        campaign_id
        for chunk in chunks(wanted)
        for campaign_id in campaigns.filter(key__in=chunk).order_by().values_list("id", flat=True)
    )
    if lock:
        # Their keys are left alone: whoever commits a plan that names them does not wait.
        campaigns = campaigns.select_for_update(no_key=True)
    return {
        campaign.key: campaign
        for chunk in chunks(ids)
        for campaign in campaigns.filter(pk__in=chunk)
        .only("id", "key", "name", "channel", "status")
        .order_by("id")
    }


class Placer:
    """Gives each report its key, or says why it has none."""

    def __init__(
        self, campaigns: dict[str, Campaign], *, workspace: Workspace, faults: Faults, may_write: bool
    ) -> None:
        self.campaigns = campaigns
        self.may_write = may_write
        self.workspace = workspace
        self.faults = faults
        self._arms: dict[int, dict[str, int]] = defaultdict(dict)
        ids = sorted(campaign.pk for campaign in campaigns.values())
        for chunk in chunks(ids):
            arms = Arm.objects.of(workspace).filter(campaign__in=chunk).order_by("campaign_id", "position")
            for campaign_id, key, arm_id in arms.values_list("campaign_id", "key", "id"):
                self._arms[campaign_id][key] = arm_id
        self._keys: list[str] | None = None
        self._sources = dict(Source.objects.of(workspace).order_by("key").values_list("key", "id"))

    def place(self, reports: Iterable[Report]) -> dict[Key, Report]:
        """Reports by key. Two with one key, or of mixed grain, are both refused: either may be right."""
        reports = list(reports)
        self._make_sources(reports)
        placed: dict[Key, Report] = {}
        twins: dict[Key, list[Report]] = {}
        for report in reports:
            key = self._key(report)
            if key is None:
                continue
            first = placed.setdefault(key, report)
            if first is not report:
                twins.setdefault(key, [first]).append(report)
        for rows in twins.values():
            self._refuse_twins(rows)
        self._refuse_mixed_grain(placed)
        return {key: report for key, report in placed.items() if report.row not in self.faults}

    def _key(self, report: Report) -> Key | None:
        campaign = self.campaigns.get(report.campaign)
        if campaign is None:
            if report.campaign:
                hint = self.faults.nearest(report.campaign, self._all_keys())
                self._refuse(
                    report,
                    "campaign",
                    "unknown_campaign",
                    _("There is no campaign “{campaign}” here.{hint}").format(
                        campaign=quoted(report.campaign), hint=hint
                    ),
                )
            return None
        if campaign.status == CampaignStatus.DISCARDED:
            self._refuse(
                report,
                "campaign",
                "campaign_discarded",
                _("Campaign {campaign} was discarded before it ran and takes no numbers.").format(
                    campaign=campaign.key
                ),
            )
            return None
        arms = self._arms[campaign.pk]
        arm_id = arms.get(report.arm)
        if arm_id is None and report.arm:
            self._refuse(
                report,
                "arm",
                "unknown_arm",
                _("Campaign {campaign} has no arm “{arm}”, but {names}.").format(
                    campaign=campaign.key, arm=quoted(report.arm), names=known_list(list(arms))
                ),
            )
        source_id = self._source(report, campaign)
        if arm_id is None or source_id is None:
            return None
        return Key(arm_id, report.day, source_id, report.entity)

    def _make_sources(self, reports: Iterable[Report]) -> None:
        """Campaigns bring their channels as sources, with the first report.

        In the order of their keys: two batches that bring the same ones must not wait in a circle.
        """
        unknown = {campaign.channel for campaign in self.campaigns.values()} - self._sources.keys()
        if not unknown:
            return
        named = {
            campaign.channel
            for report in reports
            if (campaign := self.campaigns.get(report.campaign)) and report.source in {"", campaign.channel}
        }
        for key in sorted(unknown & named):
            self._sources[key] = ensure_source(self.workspace, key).pk if self.may_write else NOT_YET_STORED

    def _source(self, report: Report, campaign: Campaign) -> int | None:
        source = report.source or campaign.channel
        source_id = self._sources.get(source)
        if source_id is None:
            self._refuse(
                report,
                "source",
                "unknown_source",
                _(
                    "There is no source “{source}” here. Known: {names}. An owner adds sources in the "
                    "settings."
                ).format(source=quoted(source), names=known_list(list(self._sources))),
            )
        return source_id

    def _all_keys(self) -> list[str]:
        """Every campaign's key, for suggestions; read once, and only when a name was wrong."""
        if self._keys is None:
            campaigns = Campaign.objects.of(self.workspace).order_by("-id")
            self._keys = list(campaigns.values_list("key", flat=True)[:MOST_SUGGESTED])
        return self._keys

    def _refuse(self, report: Report, field: str, code: str, message: str) -> None:
        self.faults.add(report.row, code, message, field)

    def _refuse_twins(self, rows: list[Report]) -> None:
        numbers = known_list([str(report.row) for report in rows])
        for report in rows:
            self._refuse(
                report,
                "day",
                "duplicate_key",
                _("Rows {numbers} are all for {what}. Send one row with the day's totals.").format(
                    numbers=numbers, what=_described(report)
                ),
            )

    def _refuse_mixed_grain(self, placed: dict[Key, Report]) -> None:
        whole: dict[tuple[object, ...], Report] = {}
        parts: dict[tuple[object, ...], list[Report]] = defaultdict(list)
        for key, report in placed.items():
            if key.entity:
                parts[key[:3]].append(report)
            else:
                whole[key[:3]] = report
        for day in whole.keys() & parts.keys():
            for report in (whole[day], *parts[day]):
                self._refuse(report, "entity", "mixed_grain", mixed_grain(report, _("this request")))

    def refuse_other_grain(self, placed: dict[Key, Report], stored: Iterable[Key]) -> dict[Key, Report]:
        """Without the reports that cut an arm's day in another way than what is stored of it."""
        grains = {key[:3]: bool(key.entity) for key in stored}
        for key, report in placed.items():
            if grains.get(key[:3], bool(key.entity)) != bool(key.entity):
                self._refuse(report, "entity", "mixed_grain", mixed_grain(report, _("an earlier report")))
        return {key: report for key, report in placed.items() if report.row not in self.faults}


def mixed_grain(report: Report, other: str) -> str:
    if report.entity:
        message = _(
            "For {what} this row has an entity and {other} has none. An arm's day is the sum over its "
            "entities, so both would count it twice: send all entities, or one row without."
        )
    else:
        message = _(
            "For {what} this row has no entity and {other} has one. An arm's day is the sum over its "
            "entities, so both would count it twice: send all entities, or one row without."
        )
    return message.format(what=_described(report, entity=False), other=other)


def _described(report: Report, *, entity: bool = True) -> str:
    facts = [
        _("campaign {key}").format(key=report.campaign),
        _("arm {key}").format(key=report.arm),
        str(report.day),
    ]
    if report.source:
        facts.append(_("source {key}").format(key=report.source))
    if entity and report.entity:
        facts.append(_("entity {id}").format(id=report.entity))
    return ", ".join(facts)
