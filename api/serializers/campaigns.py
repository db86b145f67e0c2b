"""Campaigns, their arms and kill criteria as clients send and read them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from api.serializers.fields import (
    Amount,
    Choice,
    Day,
    Flag,
    Guards,
    Id,
    Input,
    Number,
    Query,
    Text,
    Whole,
    Word,
    metric_number,
)
from experiments.choices import (
    METRIC_CHOICES,
    ArmStatus,
    CampaignStatus,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    ThresholdUnit,
)
from experiments.models import Arm, Campaign, CriterionTemplate, KillCriterion
from experiments.services.campaigns import doubts_about_rules, silent_rules
from experiments.stats.false_kill import MOST_DAYS


class ArmInput(Input):
    key = Text(max_length=60)
    name = Text(max_length=300)
    is_control = Flag(required=False)
    planned_share = Number(required=False, help_text="A fraction of the spend.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            name,
            {"metric": metric, "comparator": comparator, "threshold": threshold, "guards": guards},
            request_only=True,
            description=description,
        )
        for name, metric, comparator, threshold, guards, description in (
            ("CTR below 0.5 % after 300", "ctr", "below", "0.005", {"spend": "300.00"}, ""),
            ("Cost above 40 after 3 times that", "cpa", "above", "40.00", {"spend": "120.00", "days": 2}, ""),
            (
                "No conversion after 3 times the target cost",
                "cpa",
                "above",
                "40.00",
                {"spend": "120.00"},
                "With no conversion by then it is about 98 % sure, and fires; with one, about 90 %.",
            ),
            ("Return below 2.5 after 10 conversions", "roas", "below", "2.5", {"conversions": 10}, ""),
            (
                "Cost per sales-qualified lead above 300",
                "cost_per_sales_qualified_lead",
                "above",
                "300.00",
                {"spend": "900.00"},
                "Only leads that the ad platform reports take part; a CRM dates them to another day.",
            ),
        )
    ]
)
class CriterionInput(Input):
    metric = Word(METRIC_CHOICES)
    comparator = Word(Comparator.choices)
    threshold = Amount()
    threshold_unit = Word(
        ThresholdUnit.choices,
        required=False,
        help_text="Of a rate, where its threshold could be either: a CTR of 0.5 is refused "
        "(`fraction_or_percent`) until this says `fraction` (half of all) or `percent` (0.005).",
    )
    level = Word(CriterionLevel.choices, required=False)
    # Without any, the service says which there are.
    guards = Guards(required=False)
    evidence = Word(EvidenceKind.choices, required=False)
    confidence = Number(required=False)
    action = Word(CriterionAction.choices, required=False)


class CampaignInput(Input):
    key = Text(max_length=120)
    name = Text(max_length=300)
    hypothesis = Id(required=False, allow_null=True)
    channel = Text(max_length=40)
    budget = Amount(required=False, allow_null=True)
    arms = ArmInput(many=True, required=False)
    components = serializers.ListField(child=Text(max_length=300), required=False, max_length=100)
    kill_criteria = CriterionInput(many=True, required=False)
    revives = Text(
        max_length=120, required=False, allow_null=True, help_text="The key of the killed campaign."
    )


class AdoptInput(Input):
    hypothesis = Id(required=False, allow_null=True)
    kill_criteria = CriterionInput(many=True)
    budget = Amount()
    runs_until = Day(required=False, allow_null=True, help_text="Its last planned day.")


class AmendInput(Input):
    criteria = CriterionInput(many=True)
    reason = Text(max_length=1000)


class ReasonInput(Input):
    reason = Text(max_length=500)


class OptionalReasonInput(Input):
    reason = Text(max_length=500, required=False, allow_blank=True, default="")


class OverruleInput(Input):
    reason = Text(max_length=1000)
    until = Day(help_text="The last day on which the criterion is silent.")


class AnalysisQuery(Query):
    metric = Choice(METRIC_CHOICES, required=False, help_text="By default the hypothesis's primary metric.")
    as_of = Day(required=False, help_text="Days up to this one, with today's values.")


class ArmSerializer(serializers.ModelSerializer[Arm]):
    planned_share = serializers.FloatField(read_only=True)
    status = serializers.ChoiceField(ArmStatus.choices, read_only=True)

    class Meta:
        model = Arm
        fields = ("key", "name", "is_control", "planned_share", "status")
        read_only_fields = fields


class KillCriterionSerializer(serializers.ModelSerializer[KillCriterion]):
    metric = serializers.ChoiceField(METRIC_CHOICES, read_only=True)
    comparator = serializers.ChoiceField(Comparator.choices, read_only=True)
    threshold = serializers.SerializerMethodField()
    level = serializers.ChoiceField(CriterionLevel.choices, read_only=True)
    guards = Guards(read_only=True)
    evidence = serializers.ChoiceField(EvidenceKind.choices, read_only=True)
    action = serializers.ChoiceField(CriterionAction.choices, read_only=True)

    class Meta:
        model = KillCriterion
        fields = (
            "id",
            "metric",
            "comparator",
            "threshold",
            "level",
            "guards",
            "evidence",
            "confidence",
            "action",
        )
        read_only_fields = fields

    @extend_schema_field({"type": "string", "format": "decimal"})
    def get_threshold(self, criterion: KillCriterion) -> str | None:
        return metric_number(criterion.metric, criterion.threshold, workspace=self.context["workspace"])


class WarningSerializer(serializers.Serializer[Any]):
    """What a launch allows and hardly anybody means."""

    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField()


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    budget = Amount(source="funding", read_only=True, allow_null=True)
    arms = ArmSerializer(many=True, read_only=True)
    components = serializers.ListField(child=serializers.CharField(), read_only=True)
    kill_criteria = serializers.SerializerMethodField()
    revives = serializers.SerializerMethodField()
    status = serializers.ChoiceField(CampaignStatus.choices, read_only=True)
    spend = serializers.SerializerMethodField()
    primary_metric = serializers.SerializerMethodField()
    warnings = serializers.SerializerMethodField(
        help_text="What is worth a second thought: before the kill criteria of a draft freeze, and in the "
        "answer to an amendment or adoption that wrote new ones."
    )

    class Meta:
        model = Campaign
        fields = (
            "key",
            "name",
            "hypothesis",
            "channel",
            "budget",
            "arms",
            "components",
            "kill_criteria",
            "revives",
            "status",
            "launched_at",
            "stop_reason",
            "criteria_digest",
            "amended",
            "spend",
            "primary_metric",
            "warnings",
        )
        read_only_fields = fields

    @extend_schema_field(KillCriterionSerializer(many=True))
    def get_kill_criteria(self, campaign: Campaign) -> Any:
        in_force = [item for item in campaign.kill_criteria.all() if item.retired_at is None]
        return KillCriterionSerializer(in_force, many=True, context=self.context).data

    def get_revives(self, campaign: Campaign) -> str | None:
        return campaign.revives.key if campaign.revives else None

    @extend_schema_field({"type": "string", "format": "decimal"})
    def get_spend(self, campaign: Campaign) -> str:
        field = Amount()
        field.bind("spend", self)
        return field.to_representation(self.context["spend"].get(campaign.pk, 0))

    @extend_schema_field(WarningSerializer(many=True))
    def get_warnings(self, campaign: Campaign) -> Any:
        if not campaign.is_draft and campaign.key != self.context.get("new_rules_of"):
            return []
        days = self.context["days"].get(campaign.pk)
        found = [*silent_rules(campaign, days=days), *doubts_about_rules(campaign, days=days)]
        return WarningSerializer(found, many=True).data

    @extend_schema_field(serializers.ChoiceField(METRIC_CHOICES, allow_null=True))
    def get_primary_metric(self, campaign: Campaign) -> str | None:
        return campaign.hypothesis.primary_metric if campaign.hypothesis else None


class CriterionStatusSerializer(serializers.Serializer[Any]):
    """Where one kill criterion stands, at the level of the campaign or of one arm."""

    id = serializers.IntegerField()
    level = serializers.ChoiceField(CriterionLevel.choices)
    arm = serializers.CharField(allow_null=True)
    sentence = serializers.CharField()
    metric = serializers.ChoiceField(METRIC_CHOICES)
    comparator = serializers.ChoiceField(Comparator.choices)
    threshold = serializers.CharField()
    confidence = serializers.FloatField()
    action = serializers.ChoiceField(CriterionAction.choices)
    state = serializers.CharField(
        help_text="waiting (for its guards), judging, breached, settled (stopped as it asked) or overruled."
    )
    guard_progress = serializers.DictField()
    value = serializers.FloatField(allow_null=True)
    evidence = serializers.DictField()
    data_through = serializers.DateField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True)
    second_look = serializers.BooleanField(
        help_text="Whether what was reported since no longer bears the breach out."
    )
    overruled_until = serializers.DateField(allow_null=True)
    history = serializers.ListField(child=serializers.DictField())


class TemplateInput(Input):
    name = Text(max_length=80)
    criterion = CriterionInput()


class TemplateSerializer(serializers.ModelSerializer[CriterionTemplate]):
    sentence = serializers.CharField(source="criterion.rule_text", read_only=True)
    criterion = serializers.SerializerMethodField()

    class Meta:
        model = CriterionTemplate
        fields = ("id", "name", "sentence", "criterion", "created_at")
        read_only_fields = fields

    @extend_schema_field(KillCriterionSerializer)
    def get_criterion(self, template: CriterionTemplate) -> Any:
        shown = dict(KillCriterionSerializer(template.criterion, context=self.context).data)
        # It belongs to no campaign, so it has no id of its own.
        del shown["id"]
        return shown


class PreviewInput(Input):
    """A criterion, an assumed truth and the plan that it would meet."""

    criterion = CriterionInput()
    truth = Amount(
        required=False,
        allow_null=True,
        help_text="The metric's value that is assumed to be true; by default 40 % worse than the threshold.",
    )
    spend_per_day = Amount()
    days = Whole(between=(1, MOST_DAYS))
    price_of_exposure = Amount(
        required=False,
        allow_null=True,
        help_text="Money for one of what a rate is counted against: an impression for CTR (CPM ÷ 1000), a "
        "click for the conversion rate. Required for rates.",
    )
    order_value = Amount(
        required=False, allow_null=True, help_text="The average order. Required for a return on spend."
    )


class RiskSerializer(serializers.Serializer[Any]):
    truth = serializers.CharField(help_text="The metric's value.")
    worse_by = serializers.FloatField(help_text="A fraction of the threshold; below 0 is better.")
    probability_stop = serializers.FloatField()
    monte_carlo_error = serializers.FloatField()
    expected_spend = serializers.CharField()
    stopped_by_day = serializers.ListField(child=serializers.FloatField())


class PreviewSerializer(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    false_kill_risk = serializers.FloatField()
    chance_to_catch_loser = serializers.FloatField()
    expected_spend = serializers.CharField(help_text="Until it stops, if the truth is the assumed one.")
    truths = RiskSerializer(many=True)
