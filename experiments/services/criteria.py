"""Kill criteria: written with the draft, frozen at launch, amended or overruled only by name and reason."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import (
    ArmStatus,
    Comparator,
    CriterionAction,
    CriterionLevel,
    EvidenceKind,
    GuardKey,
    Metric,
    MetricForm,
    ThresholdUnit,
    WatchState,
)
from experiments.exceptions import InvalidTransition, NotFound, Refused
from experiments.models import Amendment, Arm, Breach, Campaign, CriterionWatch, KillCriterion
from experiments.models.criterion import criteria_digest
from experiments.models.sentences import retold_rule
from experiments.services.lookups import lock_campaign
from experiments.services.soundness import RulePlan, impossible, is_doubtful_share
from experiments.services.values import Values, in_quotes, invalid, listed, quoted
from workspaces.choices import EventKind
from workspaces.models import User, Workspace
from workspaces.models.spelling import in_figures
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event

MOST_CRITERIA = 10
MOST_GUARD_DAYS = 366
LARGEST_COUNT = 10**12
LONGEST_OVERRULE_DAYS = 14
LONGEST_REASON = 1000
DEFAULT_CONFIDENCE = 0.95
CRITERION_FIELDS = (
    "metric",
    "comparator",
    "threshold",
    "threshold_unit",
    "level",
    "guards",
    "evidence",
    "confidence",
    "action",
)
# How sure they are is not theirs to say: they take the number as it stands.
OBSERVED_KINDS = (EvidenceKind.OBSERVED, EvidenceKind.OBSERVED_MARGIN)


def read_criteria(values: Values, name: str, *, workspace: Workspace) -> list[dict[str, Any]]:
    """The rules listed under ``name`` as fields of ``KillCriterion``; complaints go to ``values``."""
    rules = []
    for position, row in enumerate(values.rows(name, most=MOST_CRITERIA), start=1):
        rule = values.nested(f"{name}.{position - 1}", row, known=CRITERION_FIELDS)
        if rule is not None:
            rules.append({"position": position, **read_criterion(rule, workspace=workspace)})
            values.errors += rule.errors
    return rules


def read_criterion(values: Values, *, workspace: Workspace) -> dict[str, Any]:
    metric = values.metric("metric")
    evidence = values.choice("evidence", EvidenceKind, default=EvidenceKind.PROBABLE)
    if evidence == EvidenceKind.ALWAYS_VALID and metric is not None and metric.form == MetricForm.VALUE:
        values.refuse(
            "evidence",
            "evidence_not_for_values",
            _(
                "The {metric} has no always-valid evidence: a few large orders decide it. Use probable."
            ).format(metric=metric.label),
        )
    threshold = _read_threshold(values, metric=metric)
    return {
        "metric": metric.key if metric else "",
        "comparator": values.choice("comparator", Comparator),
        "threshold": threshold,
        "level": values.choice("level", CriterionLevel, default=CriterionLevel.CAMPAIGN),
        "guards": _read_guards(values, workspace=workspace),
        "evidence": evidence,
        "confidence": DEFAULT_CONFIDENCE if evidence in OBSERVED_KINDS else _read_confidence(values),
        "action": values.choice("action", CriterionAction, default=CriterionAction.PAUSE),
    }


def _read_threshold(values: Values, *, metric: Metric | None) -> Decimal | None:
    """The limit on the metric's own scale; of a share it is asked whether percent or a fraction is meant."""
    values.require("threshold")
    if "threshold_unit" not in values:
        threshold = values.metric_value("threshold", metric=metric)
        if threshold is not None and metric is not None and is_doubtful_share(metric, threshold):
            said, percent = f"{threshold.normalize():f}", f"{(threshold * 100).normalize():f}%"
            values.refuse(
                "threshold",
                "fraction_or_percent",
                _(
                    "Is a {metric} of {said}% or of {percent} meant? It is a fraction: {said}% is "
                    "{threshold}. If {percent} is meant, say “threshold_unit”: “{fraction}”."
                ).format(
                    metric=metric.label,
                    said=said,
                    percent=percent,
                    threshold=in_figures(f"{(threshold / 100).normalize():f}"),
                    fraction=ThresholdUnit.FRACTION,
                ),
            )
        return threshold
    unit = values.choice("threshold_unit", ThresholdUnit)
    if metric is not None and not metric.is_share:
        values.refuse(
            "threshold_unit",
            "unit_not_for_metric",
            _("The {metric} is no share: leave its unit out.").format(metric=metric.label),
        )
    if unit != ThresholdUnit.PERCENT:
        return values.metric_value("threshold", metric=metric)
    percent_given = values.amount("threshold", places=4, below=Decimal(100))
    return None if percent_given is None else percent_given / 100


def _read_confidence(values: Values) -> float:
    confidence = values.fraction("confidence", low=0.5, open_low=True, high=1, open_high=True)
    return DEFAULT_CONFIDENCE if confidence is None else confidence


def _read_guards(values: Values, *, workspace: Workspace) -> dict[str, Any]:
    """What must have happened first: money as a decimal string, counts and days as numbers."""
    given = values.given.get("guards")
    if given is None or given == {}:
        values.refuse(
            "guards",
            "guard_missing",
            _(
                "A kill criterion needs a guard, so that it does not judge the first few clicks. Say "
                "how much must have happened first: {names}."
            ).format(names=listed(GuardKey.values, last="or")),
        )
        return {}
    if not isinstance(given, Mapping):
        values.refuse(
            "guards",
            "not_an_object",
            _("The guards are amounts by name, not {given}.").format(given=quoted(given)),
        )
        return {}
    guards = Values(given, known=GuardKey.values, path=f"{values.path}guards.")
    read: dict[str, Any] = {}
    for key in GuardKey:
        if key not in given or not guards.require(key):
            continue
        if key == GuardKey.SPEND:
            amount = guards.money(key, workspace=workspace)
            read[key.value] = None if amount is None else str(amount)
        elif key == GuardKey.CONVERSIONS:
            # Platforms credit fractions of a conversion.
            count = guards.amount(key, places=4)
            read[key.value] = None if count is None else _plain(count)
        else:
            most = MOST_GUARD_DAYS if key == GuardKey.DAYS else LARGEST_COUNT
            read[key.value] = guards.whole(key, low=1, high=most)
    values.errors += guards.errors
    return read


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def build_criteria(
    campaign: Campaign, rules: Sequence[Mapping[str, Any]], *, frozen_at: datetime | None = None
) -> list[KillCriterion]:
    """Write the rules that ``read_criteria`` gave as the campaign's criteria."""
    return KillCriterion.objects.bulk_create(
        [
            KillCriterion(workspace=campaign.workspace, campaign=campaign, frozen_at=frozen_at, **rule)
            for rule in rules
        ]
    )


def criteria_in_force(campaign: Campaign) -> list[KillCriterion]:
    criteria = list(campaign.kill_criteria.in_force().order_by("position"))
    for criterion in criteria:
        criterion.workspace, criterion.campaign = campaign.workspace, campaign
    return criteria


def freeze_criteria(campaign: Campaign, *, at: datetime) -> None:
    """From now on the rules stand: the database refuses a change, the digest proves it, the watches begin.

    Sets the digest on ``campaign``; the caller saves it.
    """
    campaign.kill_criteria.in_force().filter(frozen_at__isnull=True).update(frozen_at=at)
    criteria = criteria_in_force(campaign)
    campaign.criteria_digest = criteria_digest(criteria)
    running = list(campaign.arms.filter(status=ArmStatus.RUNNING))
    CriterionWatch.objects.bulk_create(
        CriterionWatch(workspace=campaign.workspace, criterion=criterion, arm=arm)
        for criterion in criteria
        for arm in (running if criterion.level == CriterionLevel.ARM else [None])
    )


@transaction.atomic
def amend_criteria(
    key: str, *, criteria: Sequence[Mapping[str, Any]], reason: str, by: Actor, at: datetime
) -> Amendment:
    """Replace the rules of a launched campaign, for ever visible with who, why, before and after.

    ``criteria`` is the whole new set, as ``create_campaign`` takes it. Refused while a breach is open
    (``open_breach``): nobody amends a breach away.
    """
    by.require(Permission.AMEND)
    # The permission takes a role, and only people have one.
    person = cast("User", by.user)
    campaign = lock_campaign(key, by=by)
    rules, reason = _read_amendment(criteria, reason, workspace=by.workspace)
    if not campaign.is_unfinished:
        raise InvalidTransition(
            _(
                "Campaign {key} is {status}; only the criteria of a launched campaign that is not "
                "over can be amended."
            ).format(key=key, status=campaign.get_status_display())
        )
    before = criteria_in_force(campaign)
    if not before:
        raise Refused(
            "no_criteria",
            _("Campaign {key} has no kill criteria to amend. Adopt it with some.").format(key=key),
        )
    refuse_open_breach(campaign, deed="amended")
    if campaign.amendments.filter(at=at).exists():
        raise Refused(
            "amended_just_now",
            _("The criteria of campaign {key} were amended at this very moment.").format(key=key),
        )
    digest_before = campaign.criteria_digest
    campaign.kill_criteria.in_force().update(retired_at=at)
    after = build_criteria(campaign, rules, frozen_at=at)
    errors = impossible(after, RulePlan.of(campaign, budget=campaign.budget), name="criteria")
    if errors:
        raise invalid(errors)
    freeze_criteria(campaign, at=at)
    if campaign.criteria_digest == digest_before:
        raise Refused(
            "nothing_changed", _("These are the criteria that campaign {key} has already.").format(key=key)
        )
    # First the amendment: without it the database keeps the digest as it is.
    amendment = Amendment.objects.create(
        workspace=by.workspace,
        campaign=campaign,
        at=at,
        by=person,
        reason=reason,
        before=[criterion.canonical for criterion in before],
        after=[criterion.canonical for criterion in after],
        digest_before=digest_before,
        digest_after=campaign.criteria_digest,
    )
    campaign.amended = True
    campaign.judge_due_at = at
    campaign.save(update_fields=["amended", "criteria_digest", "judge_due_at"])
    record_event(
        EventKind.CRITERIA_AMENDED,
        by=by,
        at=at,
        subject=("campaign", key),
        data={
            "campaign": key,
            "name": campaign.name,
            "reason": reason,
            "before": [criterion.rule_text for criterion in before],
            "after": [criterion.rule_text for criterion in after],
            "digest_before": digest_before,
            "digest_after": campaign.criteria_digest,
        },
    )
    return amendment


def _read_amendment(
    criteria: Sequence[Mapping[str, Any]], reason: str, *, workspace: Workspace
) -> tuple[list[dict[str, Any]], str]:
    values = Values({"criteria": criteria, "reason": reason}, known=("criteria", "reason"))
    rules = read_criteria(values, "criteria", workspace=workspace)
    if not rules and not values.errors:
        values.refuse(
            "criteria", "criteria_missing", _("A launched campaign keeps at least one kill criterion.")
        )
    reason = values.text("reason", longest=LONGEST_REASON)
    values.raise_errors()
    return rules, reason


@transaction.atomic
def overrule_breach(
    campaign_key: str, criterion_id: int, *, reason: str, until: date, by: Actor, at: datetime
) -> list[Breach]:
    """Let a breached criterion rest through the day ``until``, at most 14 days from today.

    Closes its open breaches (one for each arm where it is judged by arm). Resumes nothing by itself.
    """
    by.require(Permission.OVERRULE)
    campaign = lock_campaign(campaign_key, by=by)
    criterion = campaign.kill_criteria.filter(pk=criterion_id).first()
    if criterion is None:
        raise NotFound(
            _("Campaign {key} has no kill criterion {criterion_id}.").format(
                key=campaign_key, criterion_id=criterion_id
            )
        )
    reason, until = _read_overrule(reason, until, today=by.workspace.local_day(at))
    breaches = _lock_open_breaches(campaign, criterion=criterion)
    if not breaches:
        raise Refused(
            "no_open_breach",
            _("This criterion of campaign {key} has no open breach.").format(key=campaign_key),
        )
    for breach in breaches:
        breach.watch.move_to(WatchState.OVERRULED)
        breach.watch.overruled_until = until
        breach.watch.save(update_fields=["state", "overruled_until"])
        _close(breach, closed_as=WatchState.OVERRULED, reason=reason, by=by, at=at)
        _tell(EventKind.CRITERION_OVERRULED, breach, by=by, at=at, until=until)
    return breaches


def _read_overrule(reason: str, until: date, *, today: date) -> tuple[str, date]:
    values = Values({"reason": reason, "until": until}, known=("reason", "until"))
    reason = values.text("reason", longest=LONGEST_REASON)
    last = today + timedelta(days=LONGEST_OVERRULE_DAYS)
    day = values.day("until")
    if day is not None and not today < day <= last:
        values.refuse(
            "until",
            "out_of_range",
            _("A criterion rests until a day from {today} to {last}; {day} was given.").format(
                today=today + timedelta(days=1), last=last, day=day
            ),
        )
    values.raise_errors()
    return reason, until


def open_breaches(campaign: Campaign) -> list[Breach]:
    return list(campaign.breaches.open().order_by("pk"))


_WHILE_BREACHED = {
    "amended": gettext_lazy("Campaign {key} cannot be amended while a kill criterion is breached: {rules}."),
    "resumed": gettext_lazy("Campaign {key} cannot be resumed while a kill criterion is breached: {rules}."),
    "scaled": gettext_lazy("Campaign {key} cannot be scaled while a kill criterion is breached: {rules}."),
}


def refuse_open_breach(campaign: Campaign, *, deed: str) -> None:
    """Raise ``Refused`` (``open_breach``) where a rule has fired and nobody has overruled it."""
    breaches = open_breaches(campaign)
    if breaches:
        rules = listed([in_quotes(retold_rule(campaign, breach.rule)) for breach in breaches])
        refusal = _WHILE_BREACHED[deed].format(key=campaign.key, rules=rules)
        way_out = _("A manager can overrule it, with a reason and until a day.")
        raise Refused("open_breach", f"{refusal} {way_out}")


def settle_breaches(
    campaign: Campaign, *, arm: Arm | None = None, reason: str, by: Actor, at: datetime
) -> list[Breach]:
    """Close the open breaches (of one arm, or all): what the rules asked for has been done."""
    breaches = _lock_open_breaches(campaign, arm=arm)
    for breach in breaches:
        breach.watch.move_to(WatchState.SETTLED)
        breach.watch.save(update_fields=["state"])
        _close(breach, closed_as=WatchState.SETTLED, reason=reason, by=by, at=at)
        _tell(EventKind.CRITERION_SETTLED, breach, by=by, at=at)
    return breaches


def _lock_open_breaches(
    campaign: Campaign, *, criterion: KillCriterion | None = None, arm: Arm | None = None
) -> list[Breach]:
    """The open breaches with their watches, whose rows are held; the caller holds the campaign's."""
    breaches = campaign.breaches.open()
    if criterion is not None:
        breaches = breaches.filter(watch__criterion=criterion)
    if arm is not None:
        breaches = breaches.filter(watch__arm=arm)
    found = list(
        breaches.select_related("watch")
        .select_for_update(of=("self", "watch"), no_key=True)
        .order_by("watch")
    )
    for breach in found:
        breach.campaign = campaign
    return found


def _close(breach: Breach, *, closed_as: WatchState, reason: str, by: Actor, at: datetime) -> None:
    breach.closed_at, breach.closed_as, breach.closed_by, breach.reason = at, closed_as, by.user, reason
    breach.save(update_fields=["closed_at", "closed_as", "closed_by", "reason"])


def _tell(kind: EventKind, breach: Breach, *, by: Actor, at: datetime, until: date | None = None) -> None:
    record_event(
        kind,
        by=by,
        at=at,
        subject=("campaign", breach.campaign.key),
        data={
            "campaign": breach.campaign.key,
            "name": breach.campaign.name,
            "criterion": breach.watch.criterion_id,
            "arm": breach.watch.arm.key if breach.watch.arm else None,
            "rule": breach.rule,
            "reason": breach.reason,
            **({"until": until} if until else {}),
        },
    )
