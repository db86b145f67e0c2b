"""The tenant with its policy, its members and the sources its numbers come from."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.base import ModelState
from django.utils.translation import gettext_lazy as _

from workspaces.choices import MultipleComparisons, ReallocationRule, Role, SourceKind
from workspaces.models.rows import RowsQuerySet
from workspaces.models.words import WORD_LENGTH, check_word

KEY_VALIDATOR = RegexValidator(
    r"^[a-z0-9][a-z0-9_-]*$",
    _("Use lower-case letters, digits, hyphens and underscores, beginning with a letter or digit."),
)


class Workspace(models.Model):
    """One team: its currency, its clock and the policy that its campaigns are held to."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    timezone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    created_at = models.DateTimeField()

    # Policy
    grace_hours = models.PositiveSmallIntegerField(
        default=24, help_text=_("A breach that nobody acted on for so long makes a zombie.")
    )
    blind_after_hours = models.PositiveSmallIntegerField(
        default=48, help_text=_("A live campaign without numbers for so long is blind.")
    )
    undead_minimum_spend = models.DecimalField(
        max_digits=14,
        decimal_places=3,
        default=Decimal(0),
        help_text=_("Spend after a stop up to this amount is let pass."),
    )
    barren_target_multiple = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(3),
        validators=[MinValueValidator(1)],
        help_text=_("So many times the target cost with nothing to show for it is barren."),
    )
    plan_expiry_hours = models.PositiveSmallIntegerField(
        default=72,
        validators=[MinValueValidator(1)],
        help_text=_("A reallocation plan not approved in this time ends."),
    )
    growth_cap = models.FloatField(
        default=0.5,
        validators=[MinValueValidator(0), MaxValueValidator(10)],
        help_text=_("No campaign grows by more than this share in one plan."),
    )
    apply_on_approval = models.BooleanField(
        default=False, help_text=_("Approved plans move the money at once instead of waiting for a person.")
    )

    settled_days_only = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_(
            "Results and rules about what comes late then wait for settled days. Otherwise a day counts by "
            "the share of it that is usually visible at its age."
        ),
    )
    uses_learnt_spread = models.BooleanField(
        default=True,
        db_default=True,
        help_text=_(
            "From 20 ended campaigns on, how much days and arms usually differ is taken from them. Otherwise "
            "from Quickno's defaults."
        ),
    )

    multiple_comparisons = models.CharField(
        max_length=20,
        choices=MultipleComparisons,
        default=MultipleComparisons.HOLM,
        db_default=MultipleComparisons.HOLM,
        help_text=_(
            "Adjusts the p-values of all treatments that a sprint compares. Holm bounds the chance of even "
            "one false alarm, Benjamini–Hochberg the share of false ones among the alarms."
        ),
    )

    requires_two_steps = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_(
            "Members then see this workspace only with a second step set up, or signed in through the "
            "company's provider. API keys go on as before."
        ),
    )

    reallocation_rule = models.CharField(
        max_length=10,
        choices=ReallocationRule,
        default=ReallocationRule.SHIFT,
        db_default=ReallocationRule.SHIFT,
        help_text=_(
            "Shift judges each campaign by its own target, and moves nothing where that is unsure. Following "
            "the best needs no target: it compares the campaigns of one outcome with each other, and moves a "
            "little even where they are close. Both keep to the limit of growth."
        ),
    )

    # What pages call a conversion where its hypothesis says nothing else; empty: a conversion.
    conversion_name = models.CharField(
        max_length=WORD_LENGTH,
        blank=True,
        default="",
        db_default="",
        validators=[check_word],
        help_text=_("What one is called here, like trial, lead or order. A hypothesis may say otherwise."),
    )
    conversion_name_plural = models.CharField(
        max_length=WORD_LENGTH,
        blank=True,
        default="",
        db_default="",
        validators=[check_word],
        help_text=_("Several of them, like trials, leads or orders."),
    )

    # It changes with everything that happens, and no page says it.
    NEVER_SHOWN: ClassVar = ("last_event_sequence",)

    # Kept by the database: a trigger adds each transfer. See sprints.Transfer.
    reserve = models.DecimalField(max_digits=14, decimal_places=3, default=Decimal(0), editable=False)
    last_event_sequence = models.PositiveBigIntegerField(default=0, editable=False)

    objects = models.Manager.from_queryset(RowsQuerySet["Workspace"])()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(reserve__gte=0), name="workspace_reserve_is_not_overdrawn"),
            models.CheckConstraint(
                condition=Q(conversion_name="", conversion_name_plural="")
                | ~(Q(conversion_name="") | Q(conversion_name_plural="")),
                name="workspace_names_conversions_whole",
                violation_error_message=_("Say both what one conversion is called and what several are."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def currency_exponent(self) -> int:
        """Decimal places of the currency: 2 for USD, 0 for JPY, 3 for BHD (ISO 4217)."""
        return int(get_currency_precision(self.currency))

    @property
    def money_unit(self) -> Decimal:
        """The smallest amount that the ledger can move."""
        return Decimal(1).scaleb(-self.currency_exponent)

    def local_day(self, at: datetime) -> date:
        """The workspace's calendar day at that moment."""
        return at.astimezone(self.tz).date()


ModelT = TypeVar("ModelT", bound=models.Model)


class TenantQuerySet(RowsQuerySet[ModelT]):
    def of(self, workspace: Workspace | int) -> Self:
        """Rows of this workspace only; the first thing any query of a tenant's rows says."""
        return self.filter(workspace=workspace)


class TenantModel(models.Model):
    """A row that belongs to one workspace. ``workspace`` leads every unique key of the subclasses."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    # What knows its types is of the next Django, which gives one argument more.
    @classmethod
    def from_db(  # type: ignore[override]
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        """A row that was read: its columns at once, where Django sets one attribute after another.

        A column that was not asked for is missing, and read when somebody asks.
        """
        row = cls.__new__(cls)
        row.__dict__ = dict(zip(field_names, values, strict=True))
        state = row._state = ModelState()  # noqa: SLF001 - it is being made
        state.adding, state.db = False, db
        return row


class Membership(TenantModel):
    """A person's role in a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    joined_at = models.DateTimeField()
    # What this person has on the first page until the first campaign has numbers.
    sees_first_steps = models.BooleanField(default=True, db_default=True)

    objects = models.Manager.from_queryset(TenantQuerySet["Membership"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once_per_person"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Source(TenantModel):
    """Where numbers come from, and when one of its days is closed and settled."""

    key = models.CharField(max_length=40, validators=[KEY_VALIDATOR])
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=SourceKind, default=SourceKind.PLATFORM)
    timezone = models.CharField(
        max_length=64, blank=True, help_text=_("The ad account's time zone. Blank: the workspace's.")
    )
    day_close_hours = models.PositiveSmallIntegerField(
        default=6,
        validators=[MaxValueValidator(72)],
        help_text=_("Hours after midnight until a day's exposure counts as complete."),
    )
    attribution_lag_days = models.PositiveSmallIntegerField(
        default=3,
        validators=[MaxValueValidator(90)],
        help_text=_("Days until nothing late is added to a day any more."),
    )
    precedence = models.PositiveSmallIntegerField(
        default=20, help_text=_("Where two sources report one measure, the lowest number speaks.")
    )

    objects = models.Manager.from_queryset(TenantQuerySet["Source"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "key"], name="source_key_is_unique"),
            models.CheckConstraint(condition=Q(kind__in=SourceKind.values), name="source_kind_is_known"),
        ]
        ordering: ClassVar = [F("precedence").asc(), "key"]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.timezone or self.workspace.timezone)

    def closes_at(self, day: date) -> datetime:
        """When ``day`` counts as complete: some hours after its midnight in the source's time zone."""
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=self.tz)
        # Through UTC, because hours added to a local time would be off on the night the clocks change.
        return midnight.astimezone(UTC) + timedelta(hours=self.day_close_hours)

    def closed_through(self, at: datetime) -> date:
        """The last day that is closed at ``at``."""
        shifted = at.astimezone(UTC) - timedelta(hours=self.day_close_hours)
        return shifted.astimezone(self.tz).date() - timedelta(days=1)

    def settled_through(self, at: datetime) -> date:
        """The last day whose conversions are settled at ``at``."""
        return self.closed_through(at) - timedelta(days=self.attribution_lag_days)
