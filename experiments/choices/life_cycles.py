"""States, and for each the states that may follow. What is not in a table does not happen."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class HypothesisStatus(TextChoices):
    BACKLOG = "backlog", _("backlog")
    COMMITTED = "committed", _("committed")
    DECIDED = "decided", _("decided")
    ARCHIVED = "archived", _("archived")


HYPOTHESIS_TRANSITIONS: dict[HypothesisStatus, frozenset[HypothesisStatus]] = {
    HypothesisStatus.BACKLOG: frozenset({HypothesisStatus.COMMITTED, HypothesisStatus.ARCHIVED}),
    HypothesisStatus.COMMITTED: frozenset({HypothesisStatus.BACKLOG, HypothesisStatus.DECIDED}),
    HypothesisStatus.DECIDED: frozenset(),
    HypothesisStatus.ARCHIVED: frozenset(),
}


class CampaignStatus(TextChoices):
    DRAFT = "draft", _("draft")
    LIVE = "live", _("live")
    PAUSED = "paused", _("paused")
    SCALED = "scaled", _("scaled")
    KILLED = "killed", _("killed")
    COMPLETED = "completed", _("completed")
    DISCARDED = "discarded", _("discarded")


CAMPAIGN_TRANSITIONS: dict[CampaignStatus, frozenset[CampaignStatus]] = {
    CampaignStatus.DRAFT: frozenset({CampaignStatus.LIVE, CampaignStatus.DISCARDED}),
    CampaignStatus.LIVE: frozenset(
        {CampaignStatus.PAUSED, CampaignStatus.KILLED, CampaignStatus.COMPLETED, CampaignStatus.SCALED}
    ),
    CampaignStatus.PAUSED: frozenset(
        {CampaignStatus.LIVE, CampaignStatus.KILLED, CampaignStatus.COMPLETED, CampaignStatus.SCALED}
    ),
    CampaignStatus.SCALED: frozenset(
        {CampaignStatus.PAUSED, CampaignStatus.KILLED, CampaignStatus.COMPLETED}
    ),
    CampaignStatus.KILLED: frozenset(),
    CampaignStatus.COMPLETED: frozenset(),
    CampaignStatus.DISCARDED: frozenset(),
}

# A campaign in one of these is meant to spend.
SPENDING_STATUSES = frozenset({CampaignStatus.LIVE, CampaignStatus.SCALED})
# Spend reported for later days makes these undead.
STOPPED_STATUSES = frozenset({CampaignStatus.PAUSED, CampaignStatus.KILLED, CampaignStatus.COMPLETED})
# Nothing follows, and what is unspent is free to go elsewhere.
FINISHED_STATUSES = frozenset({CampaignStatus.KILLED, CampaignStatus.COMPLETED})


class ArmStatus(TextChoices):
    RUNNING = "running", _("running")
    STOPPED = "stopped", _("stopped")


ARM_TRANSITIONS: dict[ArmStatus, frozenset[ArmStatus]] = {
    ArmStatus.RUNNING: frozenset({ArmStatus.STOPPED}),
    ArmStatus.STOPPED: frozenset(),
}


class WatchState(TextChoices):
    """How far a kill criterion has come at its level: the campaign, or one arm."""

    WAITING = "waiting", _("waiting for its guards")
    JUDGING = "judging", _("judging")
    BREACHED = "breached", _("breached")
    SETTLED = "settled", pgettext_lazy("kill criterion", "settled")
    OVERRULED = "overruled", _("overruled")


WATCH_TRANSITIONS: dict[WatchState, frozenset[WatchState]] = {
    WatchState.WAITING: frozenset({WatchState.JUDGING, WatchState.BREACHED}),
    # Back to waiting where a restatement takes the guard's amount away again.
    WatchState.JUDGING: frozenset({WatchState.WAITING, WatchState.BREACHED}),
    WatchState.BREACHED: frozenset({WatchState.SETTLED, WatchState.OVERRULED}),
    WatchState.SETTLED: frozenset(),
    # When the day until which it was overruled has passed, judging begins anew.
    WatchState.OVERRULED: frozenset({WatchState.WAITING, WatchState.JUDGING, WatchState.BREACHED}),
}


class ZombieState(TextChoices):
    OPEN = "open", _("open")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    RESOLVED = "resolved", _("resolved")


ZOMBIE_TRANSITIONS: dict[ZombieState, frozenset[ZombieState]] = {
    ZombieState.OPEN: frozenset({ZombieState.ACKNOWLEDGED, ZombieState.RESOLVED}),
    # Back to open where the money goes on for another grace period.
    ZombieState.ACKNOWLEDGED: frozenset({ZombieState.OPEN, ZombieState.RESOLVED}),
    ZombieState.RESOLVED: frozenset(),
}


class FileImportState(TextChoices):
    """What has become of an export file that somebody gave on a page."""

    UPLOADED = "uploaded", _("waiting to be read")
    READING = "reading", _("being read")
    READY = "ready", _("waiting for a person")
    IMPORTING = "importing", _("being imported")
    DONE = "done", _("imported")
    CANCELLED = "cancelled", pgettext_lazy("state of a file", "cancelled")
    FAILED = "failed", _("refused")


FILE_IMPORT_TRANSITIONS: dict[FileImportState, frozenset[FileImportState]] = {
    FileImportState.UPLOADED: frozenset(
        {FileImportState.READING, FileImportState.CANCELLED, FileImportState.FAILED}
    ),
    # Back to waiting where somebody answers otherwise meanwhile, or where the worker died.
    FileImportState.READING: frozenset(
        {
            FileImportState.UPLOADED,
            FileImportState.READY,
            FileImportState.CANCELLED,
            FileImportState.FAILED,
        }
    ),
    FileImportState.READY: frozenset(
        {FileImportState.UPLOADED, FileImportState.IMPORTING, FileImportState.CANCELLED}
    ),
    FileImportState.IMPORTING: frozenset(
        {FileImportState.DONE, FileImportState.CANCELLED, FileImportState.FAILED}
    ),
    FileImportState.DONE: frozenset(),
    FileImportState.CANCELLED: frozenset(),
    # What was refused may be right with another answer.
    FileImportState.FAILED: frozenset({FileImportState.UPLOADED, FileImportState.CANCELLED}),
}

# Something is being done with the file, or is about to be.
BUSY_STATES = frozenset({FileImportState.UPLOADED, FileImportState.READING, FileImportState.IMPORTING})
# The file itself is still needed.
OPEN_STATES = BUSY_STATES | {FileImportState.READY, FileImportState.FAILED}


class ZombieResolution(TextChoices):
    KILLED = "killed", _("killed")
    KEPT = "kept", _("kept")
    CLEARED = "cleared", _("its cause is gone")
