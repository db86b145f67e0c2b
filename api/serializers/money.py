"""Reallocations and the ledger as clients send and read them."""

from typing import Any

from rest_framework import serializers

from api.serializers.fields import Amount, Choice, Day, Id, Input, Text, Whole
from experiments.choices import ZombieResolution, ZombieSignal, ZombieState
from experiments.models import ZombieFlag
from sprints.choices import Following, ReallocationMethod, ReallocationState, TransferKind
from sprints.models import Reallocation, ReallocationLine, Transfer
from sprints.services.reallocations.lines import MAX_LINES


class LineInput(Input):
    amount = Amount()
    reason = Text(max_length=500, required=False, allow_blank=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # “from” cannot be the name of an attribute.
        account = "The key of a campaign, or “reserve”."
        return {
            "from": Text(max_length=120, help_text=account),
            "to": Text(max_length=120, help_text=account),
            **super().get_fields(),
        }


class ReallocationInput(Input):
    lines = LineInput(many=True)


class ProposeInput(Input):
    sprint = Id()


class ApproveInput(Input):
    plan_digest = Text(max_length=64, help_text="The digest of exactly the plan that was read.")


class ReplaceInput(Input):
    lines = serializers.ListField(
        child=Whole(between=(0, MAX_LINES)),
        max_length=MAX_LINES,
        help_text="The lines to keep, counted from 0.",
    )


class SpendSinceSerializer(serializers.Serializer[Any]):
    """What a day of one campaign was to cost after a plan was applied, and what it has cost."""

    campaign = serializers.CharField()
    pace_before = Amount(allow_null=True)
    daily_budget = Amount(allow_null=True)
    spend_per_day = Amount(allow_null=True, help_text="The mean of the last whole days since, at most three.")
    days = serializers.IntegerField(help_text="How many whole days that is.")
    state = serializers.ChoiceField(Following.choices)


class LineSerializer(serializers.ModelSerializer[ReallocationLine]):
    amount = Amount(read_only=True)

    class Meta:
        model = ReallocationLine
        fields = ("amount", "reason")
        read_only_fields = fields

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": serializers.CharField(source="source_key", read_only=True),
            "to": serializers.CharField(source="target_key", read_only=True),
            **super().get_fields(),
        }


class ReallocationSerializer(serializers.ModelSerializer[Reallocation]):
    state = serializers.ChoiceField(ReallocationState.choices, read_only=True)
    method = serializers.ChoiceField(ReallocationMethod.choices, read_only=True)
    lines = LineSerializer(many=True, read_only=True)
    evidence = serializers.DictField(read_only=True)
    proposed_by = serializers.EmailField(source="proposed_by.email", read_only=True)
    approved_by = serializers.SerializerMethodField()

    class Meta:
        model = Reallocation
        fields = (
            "id",
            "number",
            "sprint",
            "method",
            "state",
            "plan_digest",
            "lines",
            "evidence",
            "proposed_by",
            "proposed_at",
            "expires_at",
            "approved_by",
            "approved_at",
            "applied_at",
            "closed_at",
            "closed_reason",
        )
        read_only_fields = fields

    def get_approved_by(self, reallocation: Reallocation) -> str | None:
        return reallocation.approved_by.email if reallocation.approved_by else None


class FundInput(Input):
    amount = Amount()
    reason = Text(max_length=500)


class CorrectInput(Input):
    amount = Amount(help_text="At most what the reserve holds.")
    reason = Text(max_length=500, help_text="What was wrong, or where the money has gone.")


class TransferSerializer(serializers.ModelSerializer[Transfer]):
    kind = serializers.ChoiceField(TransferKind.choices, read_only=True)
    amount = Amount(read_only=True)
    by = serializers.CharField(source="by_label", read_only=True)
    reallocation = serializers.SerializerMethodField()

    class Meta:
        model = Transfer
        fields = ("id", "kind", "amount", "at", "by", "reason", "reallocation")
        read_only_fields = fields

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": serializers.CharField(source="source_key", read_only=True),
            "to": serializers.CharField(source="target_key", read_only=True),
            **super().get_fields(),
        }

    def get_reallocation(self, transfer: Transfer) -> int | None:
        return transfer.line.reallocation_id if transfer.line else None


class AccountSerializer(serializers.Serializer[Any]):
    campaign = serializers.CharField()
    budget = Amount()
    spent = Amount()
    holdback = Amount()
    available = Amount()


class BalancesSerializer(serializers.Serializer[Any]):
    """Where the money is. ``outside`` is what has come in, with a minus."""

    currency = serializers.CharField()
    outside = Amount()
    reserve = Amount()
    campaigns = AccountSerializer(many=True)


class ResolveInput(Input):
    resolution = Choice(
        [(item.value, item.label) for item in (ZombieResolution.KILLED, ZombieResolution.KEPT)]
    )
    reason = Text(max_length=1000)
    until = Day(required=False, allow_null=True, help_text="For “kept”: until which day.")


class ZombieSerializer(serializers.ModelSerializer[ZombieFlag]):
    campaign = serializers.CharField(source="campaign.key", read_only=True)
    signal = serializers.ChoiceField(ZombieSignal.choices, read_only=True)
    state = serializers.ChoiceField(ZombieState.choices, read_only=True)
    resolution = serializers.ChoiceField(ZombieResolution.choices, allow_blank=True, read_only=True)
    money_since = Amount(read_only=True)
    money_per_day = Amount(read_only=True)
    evidence = serializers.DictField(read_only=True)

    class Meta:
        model = ZombieFlag
        fields = (
            "id",
            "campaign",
            "signal",
            "since",
            "money_since",
            "money_per_day",
            "state",
            "evidence",
            "resolution",
            "reason",
            "kept_until",
        )
        read_only_fields = fields
