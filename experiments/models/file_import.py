"""Export files that people give on a page, and what they said about the names in them."""

from typing import Any, ClassVar, Self
from uuid import uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from experiments.choices import BUSY_STATES, FILE_IMPORT_TRANSITIONS, OPEN_STATES, FileImportState
from experiments.exceptions import InvalidTransition
from workspaces.models import TenantModel, TenantQuerySet


class FileImportQuerySet(TenantQuerySet["FileImport"]):
    def open(self) -> Self:
        """Those whose file is still needed."""
        return self.filter(state__in=OPEN_STATES)


class FileImport(TenantModel):
    """A file on its way in: uploaded, read, shown, confirmed, recorded. The bytes lie on the disk."""

    # The file's name on the disk: nobody guesses it.
    token = models.UUIDField(default=uuid4, editable=False, unique=True)
    file_name = models.CharField(max_length=300)
    size = models.PositiveIntegerField(help_text="Bytes.")
    by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    state = models.CharField(
        max_length=10, choices=FileImportState, default=FileImportState.UPLOADED, db_index=True
    )
    # When something was last done with it; a worker that has long been silent is dead.
    touched_at = models.DateTimeField()
    # Counts the readings: a worker whose number is no longer this one reads in vain.
    reading = models.PositiveIntegerField(default=1)
    is_taken = models.BooleanField(default=False, help_text="Whether a worker has begun with it.")
    rows_done = models.PositiveIntegerField(default=0)
    rows_total = models.PositiveIntegerField(default=0)

    # What a person says that the file does not: ``ImportOptions`` as JSON, and the names that were assigned.
    asked = models.JSONField(default=dict)
    # What the import would do, as the page shows it; what was wrong, where it failed.
    preview = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    error = models.JSONField(default=dict)
    batch = models.ForeignKey(
        "experiments.ObservationBatch", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = models.Manager.from_queryset(FileImportQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=FileImportState.values), name="file_import_state_is_known"
            ),
            # What is in has its batch, and nothing else has one.
            models.CheckConstraint(
                condition=Q(state=FileImportState.DONE) | Q(batch__isnull=True),
                name="file_import_batch_once_done",
            ),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_busy(self) -> bool:
        return self.state in BUSY_STATES

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def questions(self) -> list[dict[str, Any]]:
        """What has to be answered before it can be imported, once it is read."""
        found: list[dict[str, Any]] = self.preview.get("questions", [])
        return found if self.state == FileImportState.READY else []

    @property
    def can_be_imported(self) -> bool:
        return self.state == FileImportState.READY and not self.questions and self.preview["received"] > 0

    def move_to(self, state: FileImportState) -> None:
        current = FileImportState(self.state)
        if state not in FILE_IMPORT_TRANSITIONS[current]:
            raise InvalidTransition(
                _("The file {name} is {current}; from there it cannot become {state}.").format(
                    name=self.file_name, current=current.label, state=state.label
                )
            )
        self.state = state


class ImportMapping(TenantModel):
    """What a platform's name stands for: told once, remembered for every later file of the same source."""

    class Level(models.TextChoices):
        # The campaign itself; then what decides about its arms: all of it, or a part.
        CAMPAIGN = "campaign", "campaign"
        WHOLE = "whole", "whole campaign"
        AD_SET = "ad_set", "ad set"
        AD = "ad", "ad"
        # Which column of the file a field is: the header is in the place of the campaign's name.
        COLUMN = "column", "column"

    # A source's key; "generic" for tables of one's own.
    source = models.CharField(max_length=40)
    # Of everything by which the name is recognised.
    digest = models.CharField(max_length=64)
    # How the platform calls its campaign, and the part of it; an id speaks louder than a name.
    campaign_id_there = models.CharField(max_length=120, blank=True)
    campaign_name = models.CharField(max_length=300, blank=True)
    level = models.CharField(max_length=10, choices=Level, default=Level.CAMPAIGN)
    part_id = models.CharField(max_length=120, blank=True)
    part_name = models.CharField(max_length=300, blank=True)
    # Its campaign here, or its arm; neither where it is left out.
    campaign = models.ForeignKey(
        "experiments.Campaign", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    arm = models.ForeignKey(
        "experiments.Arm", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Forgotten: the next file asks. That the name was known still says how its days are stored.
    asks_again = models.BooleanField(default=False)
    said_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TenantQuerySet["ImportMapping"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "source", "digest"], name="import_mapping_once_per_name"
            ),
            models.CheckConstraint(
                condition=Q(level="campaign", arm__isnull=True)
                | (~Q(level="campaign") & Q(campaign__isnull=True)),
                name="import_mapping_leads_to_its_level",
            ),
        ]
        ordering: ClassVar = ["campaign_name", "campaign_id_there", "id"]

    def __str__(self) -> str:
        return self.part_name or self.part_id or self.campaign_name or self.campaign_id_there

    @property
    def is_left_out(self) -> bool:
        is_name = self.level != self.Level.COLUMN
        return is_name and not self.asks_again and self.campaign_id is None and self.arm_id is None
