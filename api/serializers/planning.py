"""Sprints and hypotheses as clients send and read them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.serializers.fields import Amount, Day, Flag, Id, Input, Number, Text, Whole, Word, metric_number
from experiments.choices import (
    METRIC_CHOICES,
    OUTCOME_METRIC_CHOICES,
    BuyerStage,
    Driver,
    HypothesisKind,
    HypothesisStatus,
)
from experiments.models import Hypothesis
from sprints.choices import CommitmentState, DecisionKind, SprintStatus
from sprints.models import Decision, Sprint
from workspaces.models.words import WORD_LENGTH


class SprintInput(Input):
    name = Text(max_length=200)
    goal = Text(max_length=1000, required=False, allow_blank=True)
    starts_on = Day()
    ends_on = Day(help_text="4 to 7 days, the first and the last included.")


class SprintSerializer(serializers.ModelSerializer[Sprint]):
    hypotheses = serializers.SerializerMethodField()

    class Meta:
        model = Sprint
        fields = ("id", "number", "name", "goal", "starts_on", "ends_on", "status", "hypotheses")
        read_only_fields = fields
        extra_kwargs: dict[str, Any] = {}

    status = serializers.ChoiceField(SprintStatus.choices, read_only=True)

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_hypotheses(self, sprint: Sprint) -> list[int]:
        # Sorted here, because asking in another order would be a query for each sprint.
        kept = [item for item in sprint.commitments.all() if item.state != CommitmentState.RELEASED]
        return [item.hypothesis_id for item in sorted(kept, key=lambda item: item.position)]


class HypothesisRef(Input):
    hypothesis = Id()


class HypothesisInput(Input):
    title = Text(max_length=300)
    change = Text(max_length=500)
    audience = Text(max_length=500)
    expected_effect = Text(max_length=500)
    because = Text(max_length=1000)
    kind = Word(HypothesisKind.choices)
    buyer_stage = Word(BuyerStage.choices)
    driver = Word(Driver.choices)
    persona = Text(max_length=300, required=False, allow_blank=True)
    objection = Text(max_length=500, required=False, allow_blank=True)
    owner = Text(max_length=254, required=False, allow_null=True, help_text="The e-mail address of a member.")
    primary_metric = Word(METRIC_CHOICES)
    outcome_metric = Word(
        OUTCOME_METRIC_CHOICES,
        required=False,
        allow_blank=True,
        help_text="Required where the primary metric is a vanity or proxy metric.",
    )
    target = Amount(required=False, allow_null=True)
    mde_relative = Number(
        required=False, help_text="The smallest effect worth having, a fraction: 0.2 for 20 %."
    )
    guardrail_metrics = serializers.ListField(child=Word(METRIC_CHOICES), required=False, max_length=10)
    conversion_name = Text(
        max_length=WORD_LENGTH,
        required=False,
        allow_blank=True,
        help_text="What pages call one conversion, like trial, beside its plural. Blank: as the workspace.",
    )
    conversion_name_plural = Text(max_length=WORD_LENGTH, required=False, allow_blank=True)
    impact = Whole(required=False, allow_null=True, between=(1, 10))
    confidence = Whole(required=False, allow_null=True, between=(1, 10))
    ease = Whole(required=False, allow_null=True, between=(1, 10))
    predicted_success = Number(required=False, allow_null=True, help_text="0 to 1")
    parent = Id(required=False, allow_null=True)  # type: ignore[assignment]


class SizingInput(Input):
    """A metric, the smallest effect worth having in it, and the money that looks for it."""

    primary_metric = Word(METRIC_CHOICES)
    mde_relative = serializers.FloatField(help_text="The smallest effect worth having, a fraction.")
    stands_at = Amount(help_text="The metric's value today.")
    money_per_day = Amount(help_text="Of both arms together.")
    price_of_exposure = Amount(
        required=False,
        allow_null=True,
        help_text="Money for one of what a rate is counted against: an impression for CTR (CPM ÷ 1000), a "
        "click for the conversion rate. Required for rates.",
    )
    order_value = Amount(
        required=False, allow_null=True, help_text="The average order. Required for a return on spend."
    )


class SprintReachSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    money = Amount()
    lift_relative = serializers.FloatField(
        allow_null=True, help_text="How much better it has to be to be seen; null where nothing would be."
    )
    can_see = serializers.CharField(help_text="The same in words.")
    is_enough = serializers.BooleanField()


class SizingSerializer(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    days_needed = serializers.IntegerField(allow_null=True, help_text="null beyond a century.")
    money_needed = Amount(allow_null=True)
    sprints = SprintReachSerializer(many=True, help_text="Of 4 to 7 days.")
    notes = serializers.ListField(child=serializers.CharField(), help_text="What the figures assume.")


class ChildInput(HypothesisInput):
    """What the child has other than its parent."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class DecideInput(Input):
    decision = Word(DecisionKind.choices)
    moved_the_business = Flag()
    learning = Text(max_length=5000)
    child = ChildInput(required=False, allow_null=True)
    carry_to = Id(required=False, allow_null=True, help_text="The sprint in which it goes on.")


class HypothesisSerializer(serializers.ModelSerializer[Hypothesis]):
    kind = serializers.ChoiceField(HypothesisKind.choices, read_only=True)
    buyer_stage = serializers.ChoiceField(BuyerStage.choices, read_only=True)
    driver = serializers.ChoiceField(Driver.choices, read_only=True)
    status = serializers.ChoiceField(HypothesisStatus.choices, read_only=True)
    primary_metric = serializers.ChoiceField(METRIC_CHOICES, read_only=True)
    outcome_metric = serializers.ChoiceField(OUTCOME_METRIC_CHOICES, allow_blank=True, read_only=True)
    owner = serializers.SerializerMethodField()
    target = serializers.SerializerMethodField()
    sprint = serializers.SerializerMethodField()
    campaigns = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField()
    moved_the_business = serializers.SerializerMethodField()
    learning = serializers.SerializerMethodField()
    guardrail_metrics = serializers.ListField(child=serializers.ChoiceField(METRIC_CHOICES), read_only=True)

    class Meta:
        model = Hypothesis
        fields = (
            "id",
            "title",
            "change",
            "audience",
            "expected_effect",
            "because",
            "kind",
            "buyer_stage",
            "driver",
            "persona",
            "objection",
            "owner",
            "primary_metric",
            "outcome_metric",
            "target",
            "mde_relative",
            "guardrail_metrics",
            "conversion_name",
            "conversion_name_plural",
            "impact",
            "confidence",
            "ease",
            "predicted_success",
            "status",
            "sprint",
            "parent",
            "campaigns",
            "decision",
            "moved_the_business",
            "learning",
        )
        read_only_fields = fields

    def get_owner(self, hypothesis: Hypothesis) -> str | None:
        return hypothesis.owner.email if hypothesis.owner else None

    @extend_schema_field({"type": ["string", "null"], "format": "decimal"})
    def get_target(self, hypothesis: Hypothesis) -> str | None:
        return metric_number(
            hypothesis.primary_metric, hypothesis.target, workspace=self.context["workspace"]
        )

    def get_sprint(self, hypothesis: Hypothesis) -> int | None:
        """The sprint that it is in, or was decided in."""
        kept = [item for item in hypothesis.commitments.all() if item.state != CommitmentState.RELEASED]
        return max(kept, key=lambda item: item.pk).sprint_id if kept else None

    def get_campaigns(self, hypothesis: Hypothesis) -> list[str]:
        return [item.key for item in sorted(hypothesis.campaigns.all(), key=lambda item: item.pk)]

    @extend_schema_field(serializers.ChoiceField(DecisionKind.choices, allow_null=True))
    def get_decision(self, hypothesis: Hypothesis) -> str | None:
        decision = _latest_decision(hypothesis)
        return decision.decision if decision else None

    def get_moved_the_business(self, hypothesis: Hypothesis) -> bool | None:
        decision = _latest_decision(hypothesis)
        return decision.moved_the_business if decision else None

    def get_learning(self, hypothesis: Hypothesis) -> str | None:
        decision = _latest_decision(hypothesis)
        return decision.learning if decision else None


def _latest_decision(hypothesis: Hypothesis) -> Decision | None:
    return max(hypothesis.decisions.all(), key=lambda item: item.pk, default=None)
