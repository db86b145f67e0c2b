"""Rules that cannot do their work: what can never fire is refused, what is hardly meant is said in time.

One place for the pages and for REST. What a rule alone shows is refused while it is read, what only its plan
shows (budget, days, arms, target) by the launch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from experiments.choices import (
    Comparator,
    CriterionAction,
    CriterionLevel,
    GuardKey,
    Metric,
    MetricForm,
)
from experiments.exceptions import FieldError
from experiments.models import Campaign, KillCriterion
from experiments.models.sentences import metric_limit, sentence, unmarked
from experiments.models.team_words import USUAL_WORDS, TeamWords, words_of
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency, in_figures

# From here on a share is more likely a percentage without its sign than the fraction that was asked for.
# Views and opens are not listed: half of all is usual there, half a percent is not.
DOUBTFUL_SHARES: Final = {
    "ctr": Decimal("0.1"),
    "cvr": Decimal("0.5"),
    "engagement_rate": Decimal("0.3"),
}
# A return of so much for one unit of money is more likely a percentage.
DOUBTFUL_RETURN: Final = 50
# A guard that takes this much of the budget leaves little to save.
MOST_OF_THE_BUDGET: Final = Decimal("0.9")
LONGEST_SPRINT: Final = 7
# What the big ad platforms do not count themselves; a CRM's takes no part in what a day's money is in.
_AD_PLATFORMS = ("meta", "google", "linkedin", "tiktok", "microsoft")
_COUNTED_ELSEWHERE = (
    "sends",
    "opens",
    "marketing_qualified_leads",
    "sales_qualified_leads",
    "opportunities",
    "customers",
)


@dataclass(frozen=True, slots=True)
class RulePlan:
    """What the rules meet: ``None`` is not known yet. ``days``: of the sprint, or until the last day."""

    workspace: Workspace
    budget: Decimal | None = None
    days: int | None = None
    channel: str = ""
    arms: int = 1
    # The metric's own limit that the hypothesis aims at, by key of the metric.
    target_of: str = ""
    target: Decimal | None = None
    words: TeamWords = USUAL_WORDS

    @classmethod
    def of(cls, campaign: Campaign, *, days: int | None = None, budget: Decimal | None = None) -> "RulePlan":
        hypothesis = campaign.hypothesis
        if days is None and campaign.runs_until is not None and campaign.starts_on is not None:
            days = max(0, (campaign.runs_until - campaign.starts_on).days + 1)
        return cls(
            workspace=campaign.workspace,
            budget=campaign.planned_budget if budget is None else budget,
            days=days,
            channel=campaign.channel,
            arms=len(campaign.arms.all()),
            target_of=hypothesis.primary_metric if hypothesis else "",
            target=hypothesis.target if hypothesis else None,
            words=words_of(hypothesis, campaign.workspace),
        )


def is_doubtful_share(metric: Metric, threshold: Decimal) -> bool:
    """Whether such a fraction was probably meant as a percentage."""
    least = DOUBTFUL_SHARES.get(metric.key)
    return least is not None and threshold >= least


def impossible(
    criteria: Sequence[KillCriterion], plan: RulePlan, *, name: str = "kill_criteria"
) -> list[FieldError]:
    """What keeps the rules under ``name`` from ever speaking within their plan."""
    return [
        FieldError(error.code, error.message, f"{name}.{row}.{error.field}")
        for row, criterion in enumerate(criteria)
        for error in _never(criterion, plan)
    ]


def unlikely(
    criteria: Sequence[KillCriterion], plan: RulePlan, *, name: str = "kill_criteria"
) -> list[FieldError]:
    """What is possible and hardly meant, rule by rule, each with what would be right."""
    found = [
        FieldError(item.code, item.message, f"{name}.{row}.{item.field}")
        for row, criterion in enumerate(criteria)
        if not any(_never(criterion, plan))
        for item in _doubts(criterion, plan)
    ]
    silent = [criterion for criterion in criteria if GuardKey.CONVERSIONS in criterion.guards]
    if criteria and len(silent) == len(criteria):
        found.append(
            FieldError(
                "silent_without_conversions",
                _(
                    "Every rule waits for {conversions}, so that a campaign without any is never stopped. "
                    "Add one that waits for spend."
                ).format(conversions=plan.words.guard(GuardKey.CONVERSIONS)),
                name,
            )
        )
    return found


def _never(criterion: KillCriterion, plan: RulePlan) -> Iterator[FieldError]:
    if not criterion.guards:
        yield FieldError(
            "guard_missing",
            _("The criterion “{rule}” needs a guard.").format(
                rule=unmarked(sentence(criterion, plan.workspace.currency, words=plan.words))
            ),
            "guards",
        )
    guard, currency = criterion.money_guard, plan.workspace.currency
    if guard is not None and plan.budget is not None and guard > plan.budget:
        yield FieldError(
            "guard_beyond_budget",
            _(
                "A criterion waits for {guard} spent, but the budget is {budget}: it could never "
                "speak. Lower the guard."
            ).format(guard=in_currency(guard, currency), budget=in_currency(plan.budget, currency)),
            f"guards.{GuardKey.SPEND}",
        )
    days = criterion.guards.get(GuardKey.DAYS)
    if days is not None and plan.days is not None and days > plan.days:
        yield FieldError(
            "guard_beyond_days",
            _(
                "A criterion waits for {days} days, but the campaign runs {planned}: it could never "
                "speak. Lower the guard."
            ).format(days=days, planned=plan.days),
            f"guards.{GuardKey.DAYS}",
        )
    yield from _bought_by_the_budget(criterion, plan)


def _bought_by_the_budget(criterion: KillCriterion, plan: RulePlan) -> Iterator[FieldError]:
    """A cost fires above its limit, where the budget buys less than at it: the guard has to be less still."""
    metric = criterion.metric_definition
    need = criterion.guards.get(metric.events)
    is_ceiling = metric.form == MetricForm.COST and criterion.comparator == Comparator.ABOVE
    if not is_ceiling or need is None or plan.budget is None:
        return
    bought = plan.budget / criterion.threshold * metric.per
    if Decimal(str(need)) < bought:
        return
    currency, label = plan.workspace.currency, plan.words.events(metric)
    yield FieldError(
        "guard_out_of_reach",
        _(
            "A criterion waits for {need} {measure}. At the limit of {threshold} the budget of "
            "{budget} buys {bought}, and a campaign that the rule is meant to stop gets fewer: "
            "it could never speak. Lower the guard."
        ).format(
            need=in_figures(f"{Decimal(str(need)).normalize():,f}"),
            measure=label,
            threshold=in_currency(criterion.threshold, currency),
            budget=in_currency(plan.budget, currency),
            bought=in_figures(f"{bought:,.0f}"),
        ),
        f"guards.{metric.events}",
    )


def _doubts(criterion: KillCriterion, plan: RulePlan) -> Iterator[FieldError]:
    yield from _doubts_about_the_limit(criterion, plan)
    yield from _doubts_about_the_guards(criterion, plan)
    metric = criterion.metric_definition
    unknown = [
        measure
        for measure in (metric.numerator, metric.denominator, metric.events)
        if measure in _COUNTED_ELSEWHERE
    ]
    if unknown and plan.channel in _AD_PLATFORMS:
        what = plan.words.measure(unknown[0])
        yield FieldError(
            "not_counted_by_channel",
            (
                _(
                    "{channel} counts no {what} by itself. A {metric} takes those that the platform reports; "
                    "a CRM's take no part."
                )
                if metric.exposure == GuardKey.SPEND
                else _(
                    "{channel} counts no {what} by itself. Without another source of them nothing is judged."
                )
            ).format(channel=plan.channel.capitalize(), what=what, metric=plan.words.metric(metric)),
            "metric",
        )


def _doubts_about_the_limit(criterion: KillCriterion, plan: RulePlan) -> Iterator[FieldError]:
    metric, limit = criterion.metric_definition, criterion.threshold
    said = metric_limit(metric, limit, plan.workspace.currency)
    if is_doubtful_share(metric, limit):
        yield FieldError(
            "doubtful_share",
            _(
                "Hardly any campaign has a {metric} of {said}: the rule would stop nearly all. If "
                "{limit}% is meant, write {fraction} or the % sign."
            ).format(
                metric=plan.words.metric(metric),
                said=said,
                limit=in_figures(f"{limit.normalize():f}"),
                fraction=in_figures(f"{(limit / 100).normalize():f}"),
            ),
            "threshold",
        )
    if metric.form == MetricForm.VALUE and metric.exposure == GuardKey.SPEND and limit >= DOUBTFUL_RETURN:
        yield FieldError(
            "doubtful_return",
            _(
                "A {metric} of {said} means {said} earned for each 1 spent. If {said}% is meant, "
                "write {limit}."
            ).format(
                metric=plan.words.metric(metric),
                said=said,
                limit=in_figures(f"{(limit / 100).normalize():f}"),
            ),
            "threshold",
        )
    worse = metric.worse
    if criterion.comparator != worse:
        if criterion.action != CriterionAction.TELL:
            yield FieldError(
                "stops_the_good",
                _(
                    "A {metric} {comparator} {said} is good: this rule would stop what works. Write "
                    "“{worse}”, or let it only tell."
                ).format(
                    metric=plan.words.metric(metric),
                    comparator=Comparator(criterion.comparator).label,
                    said=said,
                    worse=worse.label,
                ),
                "comparator",
            )
        return
    if plan.target is not None and plan.target_of == metric.key:
        target = metric_limit(metric, plan.target, plan.workspace.currency)
        is_stricter = limit < plan.target if worse == Comparator.ABOVE else limit > plan.target
        if is_stricter and criterion.action != CriterionAction.TELL:
            yield FieldError(
                "stricter_than_target",
                _(
                    "It stops at {said}, and the hypothesis's target is {target}: a campaign that "
                    "reaches its target could be stopped."
                ).format(said=said, target=target),
                "threshold",
            )


def _doubts_about_the_guards(criterion: KillCriterion, plan: RulePlan) -> Iterator[FieldError]:
    guard, currency = criterion.money_guard, plan.workspace.currency
    if guard is not None and plan.budget is not None:
        by_arm = criterion.level == CriterionLevel.ARM and plan.arms > 1
        share = plan.budget / plan.arms if by_arm else plan.budget
        if guard >= share * MOST_OF_THE_BUDGET:
            yield FieldError(
                "guard_takes_the_budget",
                (
                    _(
                        "It waits for {guard} spent, and an arm's even part of the budget is {share}: when "
                        "it speaks, nearly nothing is left to save."
                    )
                    if by_arm
                    else _(
                        "It waits for {guard} spent, and the budget is {share}: when it speaks, nearly "
                        "nothing is left to save."
                    )
                ).format(guard=in_currency(guard, currency), share=in_currency(share, currency)),
                f"guards.{GuardKey.SPEND}",
            )
    metric = criterion.metric_definition
    events = criterion.guards.get(metric.events)
    if events is not None and metric.form == MetricForm.COST:
        yield FieldError(
            "waits_for_events",
            (
                pgettext(
                    "the team's own word",
                    "It waits for {events} {measure}, and the costlier {one} is, the later they "
                    "come. A guard of spend comes on time.",
                )
                if plan.words.is_named(metric.events)
                else _(
                    "It waits for {events} {measure}, and the costlier {one} is, the later they "
                    "come. A guard of spend comes on time."
                )
            ).format(
                events=in_figures(f"{Decimal(str(events)).normalize():,f}"),
                measure=plan.words.events(metric),
                one=plan.words.one_of(metric.events),
            ),
            f"guards.{metric.events}",
        )
    days = criterion.guards.get(GuardKey.DAYS)
    if days is None:
        return
    if plan.days is not None and days == plan.days:
        yield FieldError(
            "guard_at_the_end",
            _(
                "It waits for all {days} days, and a day counts when it is over: it speaks after the "
                "last one."
            ).format(days=days),
            f"guards.{GuardKey.DAYS}",
        )
    elif plan.days is None and days > LONGEST_SPRINT:
        yield FieldError(
            "guard_beyond_any_sprint",
            _("It waits for {days} days, and no sprint is longer than {most}.").format(
                days=days, most=LONGEST_SPRINT
            ),
            f"guards.{GuardKey.DAYS}",
        )
