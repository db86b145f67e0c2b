"""A rule that a team keeps, to begin the next one with."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from experiments.models.criterion import KillCriterion
from workspaces.models import TenantModel, TenantQuerySet


class CriterionTemplate(TenantModel):
    """A rule under a name. It judges nothing; a draft that begins with it has a copy."""

    name = models.CharField(max_length=80)
    # The criterion's fields; its threshold is text, because JSON has no decimals.
    rule = models.JSONField()
    created_by = models.ForeignKey("workspaces.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(TenantQuerySet["CriterionTemplate"])()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="criterion_template_once_per_name"),
            models.CheckConstraint(condition=~Q(name=""), name="criterion_template_has_a_name"),
        ]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def criterion(self) -> KillCriterion:
        """The rule as a criterion that belongs to no campaign and is not stored."""
        fields: dict[str, Any] = {**self.rule, "threshold": Decimal(self.rule["threshold"])}
        return KillCriterion(workspace=self.workspace, **fields)
