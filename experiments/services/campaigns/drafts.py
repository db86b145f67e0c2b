"""Drafts: what can never be right is refused at once, what is not there yet may come until the launch."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from experiments.choices import METRICS, CampaignStatus, HypothesisStatus, ThresholdUnit
from experiments.exceptions import FieldError, Refused
from experiments.models import Arm, Campaign, Hypothesis
from experiments.services.criteria import build_criteria, criteria_in_force, read_criteria
from experiments.services.lookups import lock_campaign
from experiments.services.values import Values, listed, quoted
from workspaces.choices import EventKind, SourceKind
from workspaces.models import Source
from workspaces.permissions import Actor, Permission
from workspaces.services import record_event, require_unchanged

MOST_ARMS = 4
MOST_COMPONENTS = 20
LONGEST_COMPONENT = 200
CAMPAIGN_FIELDS = (
    "key",
    "name",
    "hypothesis",
    "channel",
    "budget",
    "arms",
    "components",
    "kill_criteria",
    "revives",
)
ARM_FIELDS = ("key", "name", "is_control", "planned_share")
# They name the other two accounts of the ledger, and the page that makes a new campaign.
RESERVED_KEYS = ("reserve", "outside", "new")
SHARE_UNIT = Decimal("0.000001")


@transaction.atomic
def create_campaign(*, values: Mapping[str, Any], by: Actor, at: datetime) -> Campaign:
    """A draft with its arms and kill criteria.

    ``values`` maps names out of ``CAMPAIGN_FIELDS`` as REST has them; ``hypothesis`` is an id and ``revives``
    the key of a killed campaign. Raises ``Invalid`` with everything that is wrong, and ``Refused``
    (``key_taken``) where another campaign has the key.
    """
    by.require(Permission.PLAN)
    fields, arms, rules = _read(values, by=by)
    campaign = Campaign(workspace=by.workspace, created_at=at, **fields)
    _save_under_its_key(campaign)
    _build_arms(campaign, enumerate(arms, start=1))
    build_criteria(campaign, rules)
    record_event(
        EventKind.CAMPAIGN_CREATED, by=by, at=at, subject=("campaign", campaign.key), data=_as_told(campaign)
    )
    return campaign


@transaction.atomic
def change_campaign(
    key: str, *, values: Mapping[str, Any], basis: str | None = None, by: Actor, at: datetime
) -> Campaign:
    """Change the fields given in ``values`` while the campaign is a draft; a list replaces the old one.

    ``basis``: what it said when the change was written (``basis_of`` what is ``drafted``), if that matters.
    """
    by.require(Permission.PLAN)
    campaign = lock_campaign(key, by=by)
    if not campaign.is_draft:
        raise Refused(
            "not_a_draft",
            _(
                "Campaign {key} is {status}; a plan changes only while it is a draft. A manager can "
                "amend the kill criteria of a launched campaign."
            ).format(key=key, status=campaign.get_status_display()),
        )
    before = drafted(campaign)
    require_unchanged(
        before,
        basis=basis,
        subject=("campaign", campaign.key),
        kinds=(EventKind.CAMPAIGN_CREATED, EventKind.CAMPAIGN_CHANGED),
        by=by,
    )
    agreed = {"kill_criteria": [_insisted(rule) for rule in before["kill_criteria"]]}
    fields, arms, rules = _read({**before, **agreed, **values}, by=by)
    for field, value in fields.items():
        setattr(campaign, field, value)
    _save_under_its_key(campaign)
    if "arms" in values:
        _change_arms(campaign, arms)
    if "kill_criteria" in values:
        campaign.kill_criteria.all().delete()
        build_criteria(campaign, rules)
    after = drafted(campaign)
    changed = [field for field in CAMPAIGN_FIELDS if after[field] != before[field]]
    if changed:
        record_event(
            EventKind.CAMPAIGN_CHANGED,
            by=by,
            at=at,
            subject=("campaign", campaign.key),
            data={
                **_as_told(campaign),
                "before": {field: before[field] for field in changed},
                "after": {field: after[field] for field in changed},
            },
        )
    return campaign


@transaction.atomic
def import_campaign(
    *,
    key: str,
    name: str,
    channel: str,
    external_id: str,
    running_since: date | None = None,
    by: Actor,
    at: datetime,
) -> Campaign:
    """A campaign that runs already, taken as what it is: live, one arm, no hypothesis and no criteria.

    ``running_since``: the first day that is known of it, whose money counts, too; today where none is.
    """
    by.require(Permission.POST_METRICS)
    given = {"key": key, "name": name, "channel": channel, "external_id": external_id}
    values = Values(given, known=given)
    fields = {
        "key": values.key("key", longest=120, reserved=RESERVED_KEYS),
        "name": values.text("name", longest=300),
        "channel": _read_channel(values, by=by),
        "external_id": values.text("external_id", longest=120, required=False),
    }
    values.raise_errors()
    today = by.workspace.local_day(at)
    first = min(running_since or today, today)
    campaign = Campaign(
        workspace=by.workspace,
        status=CampaignStatus.LIVE,
        created_at=at,
        launched_at=at if first == today else datetime.combine(first, time(), tzinfo=by.workspace.tz),
        starts_on=first,
        **fields,
    )
    _save_under_its_key(campaign)
    only = {"key": "all", "name": "All", "is_control": False, "planned_share": Decimal(1)}
    _build_arms(campaign, [(1, only)])
    record_event(
        EventKind.CAMPAIGN_IMPORTED,
        by=by,
        at=at,
        subject=("campaign", campaign.key),
        data={**_as_told(campaign), "external_id": campaign.external_id},
    )
    return campaign


def _save_under_its_key(campaign: Campaign) -> None:
    """Save, or say that another campaign has the key: the database decides, however close the race."""
    try:
        with transaction.atomic():
            campaign.save()
    except IntegrityError:
        others = Campaign.objects.of(campaign.workspace).exclude(pk=campaign.pk)
        if others.filter(key=campaign.key).exists():
            message = _("There is a campaign {campaign} already. Choose another key.").format(
                campaign=campaign.key
            )
            raise Refused("key_taken", message, errors=[FieldError("key_taken", message, "key")]) from None
        if others.filter(channel=campaign.channel, external_id=campaign.external_id).exists():
            message = _("The campaign {external_id} of {channel} is known here already.").format(
                external_id=campaign.external_id, channel=campaign.channel
            )
            raise Refused(
                "external_id_taken", message, errors=[FieldError("external_id_taken", message, "external_id")]
            ) from None
        raise


def _read(
    given: Mapping[str, Any], *, by: Actor
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The fields of the campaign, of its arms and of its criteria, or everything that is wrong."""
    values = Values(given, known=CAMPAIGN_FIELDS)
    fields = {
        "key": values.key("key", longest=120, reserved=RESERVED_KEYS),
        "name": values.text("name", longest=300),
        "hypothesis": read_hypothesis(values, by=by),
        "channel": _read_channel(values, by=by),
        "planned_budget": values.money("budget", workspace=by.workspace),
        "components": values.texts("components", most=MOST_COMPONENTS, longest=LONGEST_COMPONENT),
        "revives": _read_revived(values, by=by),
    }
    arms = _read_arms(values)
    rules = read_criteria(values, "kill_criteria", workspace=by.workspace)
    values.raise_errors()
    return fields, arms, rules


def read_hypothesis(values: Values, *, by: Actor, lock: bool = False) -> Hypothesis | None:
    """The hypothesis to test; with ``lock`` it is held, so that nobody decides it meanwhile."""
    given = values.given.get("hypothesis")
    if given is None:
        return None
    hypotheses = Hypothesis.objects.of(by.workspace).select_related("owner")
    if lock:
        hypotheses = hypotheses.select_for_update(of=("self",), no_key=True)
    hypothesis = (
        hypotheses.filter(pk=given).first()
        if isinstance(given, int) and not isinstance(given, bool)
        else None
    )
    if hypothesis is None:
        values.refuse(
            "hypothesis",
            "unknown_hypothesis",
            _("There is no hypothesis {given} here.").format(given=quoted(given)),
        )
    elif hypothesis.status not in {HypothesisStatus.BACKLOG, HypothesisStatus.COMMITTED}:
        values.refuse(
            "hypothesis",
            "hypothesis_over",
            _("“{hypothesis}” is {status}. Write a new hypothesis to test it again.").format(
                hypothesis=hypothesis.title, status=hypothesis.get_status_display()
            ),
        )
    return hypothesis


def _read_channel(values: Values, *, by: Actor) -> str:
    """The ad platform that a campaign runs on; a new one brings a source of its own."""
    channel = values.key("channel", longest=40)
    source = Source.objects.of(by.workspace).filter(key=channel).first()
    if source is not None and source.kind != SourceKind.PLATFORM:
        platforms = Source.objects.of(by.workspace).filter(kind=SourceKind.PLATFORM)
        known = listed(list(platforms.values_list("key", flat=True)), last="or")
        values.refuse(
            "channel",
            "not_a_platform",
            _(
                "A campaign runs on an ad platform, like {known}; {channel} is a source of kind {kind}."
            ).format(known=known, channel=channel, kind=source.get_kind_display()),
        )
    return channel


def _read_revived(values: Values, *, by: Actor) -> Campaign | None:
    key = values.text("revives", longest=120, required=False)
    if not key:
        return None
    killed = Campaign.objects.of(by.workspace).filter(key=key).first()
    if killed is None:
        values.refuse(
            "revives", "unknown_campaign", _("There is no campaign “{key}” here.").format(key=quoted(key))
        )
    elif killed.status != CampaignStatus.KILLED:
        values.refuse(
            "revives",
            "not_killed",
            _("Campaign {key} is {status}; only a killed campaign is revived.").format(
                key=key, status=killed.get_status_display()
            ),
        )
    return killed


def _read_arms(values: Values) -> list[dict[str, Any]]:
    arms: list[dict[str, Any]] = []
    for position, row in enumerate(values.rows("arms", most=MOST_ARMS)):
        arm = values.nested(f"arms.{position}", row, known=ARM_FIELDS)
        if arm is None:
            continue
        arm.require("planned_share")
        share = arm.fraction("planned_share", low=0, open_low=True, high=1)
        arms.append(
            {
                "key": arm.key("key", longest=60),
                "name": arm.text("name", longest=300),
                "is_control": arm.flag("is_control"),
                # A share is a ratio: of a third, six places are enough.
                "planned_share": None if share is None else max(_share(share), SHARE_UNIT),
            }
        )
        values.errors += arm.errors
    _refuse_twins(values, arms)
    return arms


def _share(share: float) -> Decimal:
    return Decimal(str(share)).quantize(SHARE_UNIT)


def _refuse_twins(values: Values, arms: list[dict[str, Any]]) -> None:
    keys = [arm["key"] for arm in arms if arm["key"]]
    twins = sorted({key for key in keys if keys.count(key) > 1})
    if twins:
        values.refuse(
            "arms",
            "arm_key_twice",
            _("Each arm has a key of its own; {names} is there twice.").format(names=listed(twins)),
        )
    controls = [arm["key"] for arm in arms if arm["is_control"]]
    if len(controls) > 1:
        values.refuse(
            "arms",
            "two_controls",
            _("One arm is the control, not {count}: {names}.").format(
                count=len(controls), names=listed(controls)
            ),
        )


def _build_arms(campaign: Campaign, arms: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Each in its place, from 1 on."""
    Arm.objects.bulk_create(
        Arm(workspace=campaign.workspace, campaign=campaign, position=position, **arm)
        for position, arm in arms
    )


def _change_arms(campaign: Campaign, arms: list[dict[str, Any]]) -> None:
    """Other arms instead of those that a draft has. What was reported of an arm stays, and so does the arm.

    Raises ``Refused`` where one of which there are numbers would go or change its place.
    """
    places = {arm["key"]: position for position, arm in enumerate(arms, start=1)}
    reported = {}
    for arm in campaign.arms.all():
        try:
            arm.delete()
        except ProtectedError:
            reported[arm.key] = arm
            if places.get(arm.key) != arm.position:
                message = _(
                    "Arm “{arm}” has numbers already, so it stays in its place, {position} of the arms. "
                    "Its name, its share and whether it is the control can change."
                ).format(arm=arm.key, position=arm.position)
                error = FieldError("arm_has_numbers", message, "arms")
                raise Refused("arm_has_numbers", message, errors=[error]) from None
    # One control at a time.
    campaign.arms.update(is_control=False)
    _build_arms(campaign, [(places[arm["key"]], arm) for arm in arms if arm["key"] not in reported])
    for given in arms:
        if stays := reported.get(given["key"]):
            for field, value in given.items():
                setattr(stays, field, value)
            stays.save()


def drafted(campaign: Campaign) -> dict[str, Any]:
    """What the draft says, by the names and in the shapes that ``create_campaign`` takes."""
    budget, places = campaign.planned_budget, campaign.workspace.currency_exponent
    return {
        "key": campaign.key,
        "name": campaign.name,
        "hypothesis": campaign.hypothesis_id,
        "channel": campaign.channel,
        "budget": None if budget is None else round(budget, places),
        "arms": [{field: getattr(arm, field) for field in ARM_FIELDS} for arm in campaign.arms.all()],
        "components": campaign.components,
        "kill_criteria": [criterion.canonical for criterion in criteria_in_force(campaign)],
        "revives": campaign.revives.key if campaign.revives else None,
    }


def _insisted(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule that stands already: whether its share is a fraction has been asked."""
    return {**rule, "threshold_unit": ThresholdUnit.FRACTION} if METRICS[rule["metric"]].is_share else rule


def _as_told(campaign: Campaign) -> dict[str, Any]:
    return {"campaign": campaign.key, "name": campaign.name, "channel": campaign.channel}
