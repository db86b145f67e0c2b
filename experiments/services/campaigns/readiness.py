"""What a draft still lacks. A draft may be incomplete; a launch may not."""

from decimal import Decimal

from django.utils.translation import gettext as _

from experiments.exceptions import FieldError
from experiments.models import Campaign
from experiments.services.criteria import criteria_in_force
from experiments.services.soundness import RulePlan, impossible, unlikely
from workspaces.models.spelling import in_figures

# The platforms' own rounding of equal shares: three times 0.333333.
SHARE_TOLERANCE = Decimal("0.000001")


def missing_for_launch(campaign: Campaign, *, days: int | None = None) -> list[FieldError]:
    """Everything that keeps the campaign from its launch, each with what would be right; empty when ready.

    ``days``: of the sprint that it is to run in, where that is known.
    """
    errors = [*_missing_hypothesis(campaign), *_missing_arms(campaign)]
    if campaign.planned_budget is None:
        errors.append(FieldError("budget_missing", _("It has no budget."), "budget"))
    criteria = criteria_in_force(campaign)
    if not criteria:
        errors.append(
            FieldError(
                "criteria_missing",
                _("It has no kill criterion: say before the first spend when it is to stop."),
                "kill_criteria",
            )
        )
    return errors + impossible(criteria, RulePlan.of(campaign, days=days))


def silent_rules(campaign: Campaign, *, days: int | None = None) -> list[FieldError]:
    """The rules that budget or days never let speak: a draft's launch will be refused."""
    return impossible(criteria_in_force(campaign), RulePlan.of(campaign, days=days, budget=campaign.funding))


def doubts_about_rules(campaign: Campaign, *, days: int | None = None) -> list[FieldError]:
    """What a launch allows and hardly anybody means, to be read while it can still be changed.

    Of a launched campaign: what an amendment of its rules allows.
    """
    return unlikely(criteria_in_force(campaign), RulePlan.of(campaign, days=days, budget=campaign.funding))


def _missing_hypothesis(campaign: Campaign) -> list[FieldError]:
    if campaign.hypothesis is None:
        return [FieldError("hypothesis_missing", _("It has no hypothesis to test."), "hypothesis")]
    if campaign.hypothesis.owner is None:
        return [
            FieldError(
                "owner_missing",
                _("Its hypothesis “{hypothesis}” has no owner to answer for it.").format(
                    hypothesis=campaign.hypothesis.title
                ),
                "owner",
            )
        ]
    return []


def _missing_arms(campaign: Campaign) -> list[FieldError]:
    arms = list(campaign.arms.all())
    if not arms:
        return [FieldError("arms_missing", _("It has no arm: add one to four."), "arms")]
    errors = []
    if len(arms) > 1 and not any(arm.is_control for arm in arms):
        errors.append(
            FieldError("control_missing", _("Of several arms one is the control; mark it."), "arms")
        )
    total = sum((arm.planned_share for arm in arms), Decimal(0))
    if abs(total - 1) > SHARE_TOLERANCE:
        errors.append(
            FieldError(
                "shares_not_whole",
                _("The planned shares of its arms add up to {total}; together they are 1.").format(
                    total=in_figures(f"{total.normalize():f}")
                ),
                "arms",
            )
        )
    if len(arms) == 1 and campaign.hypothesis is not None and campaign.hypothesis.target is None:
        errors.append(
            FieldError(
                "target_missing",
                _(
                    "With a single arm there is nothing to compare with: give its hypothesis a target, "
                    "or the campaign a control."
                ),
                "target",
            )
        )
    return errors
