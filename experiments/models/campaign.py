"""The minimum viable campaign and the arms that it compares."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _

from experiments.choices import (
    ARM_TRANSITIONS,
    CAMPAIGN_TRANSITIONS,
    FINISHED_STATUSES,
    SPENDING_STATUSES,
    STOPPED_STATUSES,
    ArmStatus,
    CampaignStatus,
)
from experiments.exceptions import InvalidTransition
from workspaces.models import TenantModel, TenantQuerySet
from workspaces.models.workspace import KEY_VALIDATOR

# A no within a sprint's shortest length is a quick one.
QUICK_DAYS = 4
LAUNCHED = ~Q(status__in=[CampaignStatus.DRAFT, CampaignStatus.DISCARDED])


class CampaignQuerySet(TenantQuerySet["Campaign"]):
    def drafts(self) -> Self:
        return self.filter(status=CampaignStatus.DRAFT)

    def live(self) -> Self:
        return self.filter(status=CampaignStatus.LIVE)

    def spending(self) -> Self:
        """Meant to spend: live or scaled."""
        return self.filter(status__in=SPENDING_STATUSES)

    def stopped(self) -> Self:
        """Meant not to spend: paused, killed or completed."""
        return self.filter(status__in=STOPPED_STATUSES)

    def finished(self) -> Self:
        return self.filter(status__in=FINISHED_STATUSES)

    def unfinished(self) -> Self:
        """Launched and not over: live, paused or scaled."""
        return self.filter(status__in=SPENDING_STATUSES | {CampaignStatus.PAUSED})

    def launched(self) -> Self:
        """Everything that has ever been live."""
        return self.filter(LAUNCHED)


class Campaign(TenantModel):
    """One campaign on one ad platform, with its plan, its budget and what became of it."""

    NEVER_SHOWN: ClassVar = ("days_version",)

    key = models.CharField(max_length=120, validators=[KEY_VALIDATOR])
    name = models.CharField(max_length=300)
    hypothesis = models.ForeignKey(
        "experiments.Hypothesis", null=True, blank=True, on_delete=models.PROTECT, related_name="campaigns"
    )
    channel = models.CharField(max_length=40, validators=[KEY_VALIDATOR])
    # The platform's own id, where an import knows it: names are not unique there.
    external_id = models.CharField(max_length=120, blank=True)
    components = models.JSONField(default=list, blank=True)
    planned_budget = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    # What the ledger says; a trigger adds each transfer, so it equals their sum. Zero until launch.
    budget = models.DecimalField(max_digits=14, decimal_places=3, default=Decimal(0), editable=False)

    status = models.CharField(max_length=10, choices=CampaignStatus, default=CampaignStatus.DRAFT)
    created_at = models.DateTimeField()
    launched_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    # Since when it runs beyond its test; what a resumed campaign goes back to.
    scaled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Why it is paused or has ended: the rule's text or a person's words.
    stop_reason = models.CharField(max_length=500, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    # The last planned day; None for what runs without a plan.
    runs_until = models.DateField(null=True, blank=True)
    # The last applied plan asks it to spend less: since when, and from what to what a day.
    cut_at = models.DateTimeField(null=True, blank=True)
    cut_from = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    cut_to = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    # A revival is a new campaign that names the killed one.
    revives = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="revivals"
    )

    criteria_digest = models.CharField(max_length=64, blank=True)
    amended = models.BooleanField(default=False)

    # Due work is a column: set with each post, cleared by the judge. The broker only makes it sooner.
    judge_due_at = models.DateTimeField(null=True, blank=True)
    # Another number, drawn by lot, whenever its days are added up anew; None until then.
    days_version = models.BigIntegerField(null=True, blank=True, editable=False)

    objects = models.Manager.from_queryset(CampaignQuerySet)()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "key"], name="campaign_key_is_unique"),
            models.UniqueConstraint(
                fields=["workspace", "channel", "external_id"],
                condition=~Q(external_id=""),
                name="campaign_external_id_is_unique",
            ),
            models.CheckConstraint(condition=Q(budget__gte=0), name="campaign_budget_is_not_overdrawn"),
            models.CheckConstraint(
                condition=Q(planned_budget__isnull=True) | Q(planned_budget__gt=0),
                name="campaign_planned_budget_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(status__in=CampaignStatus.values), name="campaign_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[CampaignStatus.DRAFT, CampaignStatus.DISCARDED])
                | Q(launched_at__isnull=False),
                name="campaign_at_work_was_launched",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[CampaignStatus.KILLED, CampaignStatus.COMPLETED])
                | Q(ended_at__isnull=False),
                name="campaign_finished_has_an_end",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "status"], name="campaign_by_status"),
            models.Index(
                fields=["judge_due_at"],
                condition=Q(judge_due_at__isnull=False),
                name="campaign_due_for_judging",
            ),
        ]
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_spending(self) -> bool:
        return self.status in SPENDING_STATUSES

    @property
    def is_stopped(self) -> bool:
        return self.status in STOPPED_STATUSES

    @property
    def is_paused(self) -> bool:
        return self.status == CampaignStatus.PAUSED

    @property
    def is_scaled(self) -> bool:
        return self.status == CampaignStatus.SCALED

    @property
    def is_unfinished(self) -> bool:
        """Launched and not over."""
        return self.is_spending or self.is_paused

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED_STATUSES

    @property
    def is_draft(self) -> bool:
        return self.status == CampaignStatus.DRAFT

    @property
    def is_unplanned(self) -> bool:
        return self.hypothesis_id is None

    @property
    def stopped_at(self) -> datetime | None:
        """Since when it is meant not to spend, be it paused or ended; ``None`` while it is."""
        return (self.paused_at or self.ended_at) if self.is_stopped else None

    @property
    def funding(self) -> Decimal | None:
        """The budget that counts: the plan's before launch, the ledger's after; ``None`` where none is."""
        return self.planned_budget if self.is_draft else self.budget

    def first_judged_day(self) -> date | None:
        """The launch's day in the workspace's time zone: the first that counts; earlier ones are baseline."""
        return self.workspace.local_day(self.launched_at) if self.launched_at else None

    @property
    def lived_days(self) -> int:
        """Calendar days from the launch to the end, both counted; none of what never ran or runs still."""
        first = self.first_judged_day()
        if first is None or self.ended_at is None:
            return 0
        return (self.workspace.local_day(self.ended_at) - first).days + 1

    @property
    def heard_quickly(self) -> bool:
        """Whether its no came as fast as a sprint can say it; not while none has come."""
        return 0 < self.lived_days <= QUICK_DAYS

    def can_become(self, status: CampaignStatus) -> bool:
        return status in CAMPAIGN_TRANSITIONS[CampaignStatus(self.status)]

    def move_to(self, status: CampaignStatus) -> None:
        if not self.can_become(status):
            current = CampaignStatus(self.status)
            message = _("Campaign {key} is {current}; from there it cannot become {status}.").format(
                key=self.key, current=current.label, status=status.label
            )
            if current == CampaignStatus.KILLED:
                message = f"{message} {_('A killed idea comes back as a new campaign.')}"
            raise InvalidTransition(message)
        self.status = status


class Arm(TenantModel):
    """One of the one to four things that a campaign compares."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="arms")
    key = models.CharField(max_length=60, validators=[KEY_VALIDATOR])
    name = models.CharField(max_length=300)
    is_control = models.BooleanField(default=False)
    planned_share = models.DecimalField(max_digits=7, decimal_places=6)
    position = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=ArmStatus, default=ArmStatus.RUNNING)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stop_reason = models.CharField(max_length=500, blank=True)

    objects = models.Manager.from_queryset(TenantQuerySet["Arm"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "campaign", "key"], name="arm_key_is_unique"),
            models.UniqueConstraint(
                fields=["workspace", "campaign", "position"], name="arm_position_is_unique"
            ),
            models.UniqueConstraint(
                fields=["workspace", "campaign"], condition=Q(is_control=True), name="arm_one_control"
            ),
            models.CheckConstraint(condition=Q(position__range=(1, 4)), name="arm_at_most_four"),
            models.CheckConstraint(
                condition=Q(planned_share__gt=0) & Q(planned_share__lte=1), name="arm_share_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(status=ArmStatus.RUNNING, stopped_at__isnull=True)
                | Q(status=ArmStatus.STOPPED, stopped_at__isnull=False),
                name="arm_stopped_has_a_time",
            ),
        ]
        ordering: ClassVar = [F("campaign").asc(), "position"]

    def __str__(self) -> str:
        return self.name

    def move_to(self, status: ArmStatus) -> None:
        current = ArmStatus(self.status)
        if status not in ARM_TRANSITIONS[current]:
            raise InvalidTransition(
                _("Arm {key} is {current}; it cannot become {status}.").format(
                    key=self.key, current=current.label, status=status.label
                )
            )
        self.status = status
