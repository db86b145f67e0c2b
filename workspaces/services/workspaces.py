"""Tenants, their policy and their sources."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import list_currencies
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext

from workspaces.choices import WELL_KNOWN_SOURCES, EventKind, Role, SourceKind
from workspaces.exceptions import FieldError, Invalid, Refused
from workspaces.models import Membership, Source, User, Workspace
from workspaces.permissions import Actor, Permission, require_to_begin_workspace
from workspaces.services.basis import require_unchanged
from workspaces.services.events import record_event
from workspaces.services.members import find_or_create_user

# Room for a number behind it.
_LONGEST_SLUG = 50

POLICY_FIELDS = (
    "name",
    "timezone",
    "grace_hours",
    "blind_after_hours",
    "undead_minimum_spend",
    "barren_target_multiple",
    "plan_expiry_hours",
    "growth_cap",
    "reallocation_rule",
    "apply_on_approval",
    "settled_days_only",
    "uses_learnt_spread",
    "multiple_comparisons",
    "requires_two_steps",
    "conversion_name",
    "conversion_name_plural",
)
SOURCE_FIELDS = ("name", "kind", "timezone", "day_close_hours", "attribution_lag_days", "precedence")


def invalid_from(error: ValidationError) -> Invalid:
    """The model's own complaints, field by field, as one refusal."""
    if hasattr(error, "error_dict"):
        errors = [
            FieldError(code="invalid", message=" ".join(messages), field=field)
            for field, messages in error.message_dict.items()
        ]
    else:
        errors = [FieldError(code="invalid", message=" ".join(error.messages))]
    return Invalid("invalid", "; ".join(item.message for item in errors), errors=errors)


@cache
def known_timezones() -> frozenset[str]:
    """The names of all time zones. They are looked for in hundreds of files, once."""
    return frozenset(available_timezones())


def _check_timezone(name: str) -> str:
    if name not in known_timezones():
        raise Invalid.field(
            "timezone",
            "unknown_timezone",
            gettext("“{name}” is no time zone. Use a name like Europe/Berlin.").format(name=name),
        )
    return ZoneInfo(name).key


def _check_currency(code: str) -> str:
    currency = code.upper()
    if currency not in list_currencies():
        raise Invalid.field(
            "currency",
            "unknown_currency",
            gettext("“{currency}” is no currency. Use an ISO 4217 code like USD or EUR.").format(
                currency=currency
            ),
        )
    return currency


@transaction.atomic
def create_workspace(
    *,
    name: str,
    slug: str,
    timezone: str,
    currency: str,
    owner_email: str,
    owner_password: str | None,
    owner_name: str = "",
    at: datetime,
) -> Workspace:
    """A new tenant with its first owner and the well-known sources; made on the server's console."""
    currency = _check_currency(currency)
    if slug != slugify(slug):
        raise Invalid.field(
            "slug",
            "invalid_slug",
            gettext("Use lower-case letters, digits and hyphens: “{slug}”.").format(slug=slugify(slug)),
        )
    if Workspace.objects.filter(slug=slug).exists():
        raise Refused("slug_taken", gettext("There is a workspace “{slug}” already.").format(slug=slug))
    workspace = Workspace(
        name=name, slug=slug, timezone=_check_timezone(timezone), currency=currency, created_at=at
    )
    _check(workspace)
    workspace.save()
    owner = find_or_create_user(email=owner_email, password=owner_password, name=owner_name, at_console=True)
    return _furnish(workspace, owner, at=at)


@transaction.atomic
def begin_workspace(*, name: str, timezone: str, currency: str, owner: User, at: datetime) -> Workspace:
    """A new tenant of somebody who has signed in; they own it. Its address is made of its name."""
    require_to_begin_workspace(owner, Membership.objects.filter(user=owner).values_list("role", flat=True))
    workspace = Workspace(
        name=name,
        slug=_free_slug(name),
        timezone=_check_timezone(timezone),
        currency=_check_currency(currency),
        created_at=at,
    )
    _check(workspace)
    workspace.save()
    return _furnish(workspace, owner, at=at)


def _free_slug(name: str) -> str:
    """``acme``, or ``acme-2`` where there is one; a name without Latin letters says nothing here."""
    wanted = slugify(name)[:_LONGEST_SLUG].strip("-") or "workspace"
    taken = set(Workspace.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    candidates = (f"{wanted}-{number}" if number > 1 else wanted for number in count(1))
    return next(slug for slug in candidates if slug not in taken)


def _check(workspace: Workspace) -> None:
    try:
        workspace.full_clean()
    except ValidationError as error:
        raise invalid_from(error) from None


def _furnish(workspace: Workspace, owner: User, *, at: datetime) -> Workspace:
    """What a tenant cannot do without: an owner and the well-known sources."""
    membership = Membership.objects.create(workspace=workspace, user=owner, role=Role.OWNER, joined_at=at)
    Source.objects.bulk_create(_source(workspace, key) for key in WELL_KNOWN_SOURCES)
    record_event(
        EventKind.WORKSPACE_CREATED,
        by=Actor.of_member(membership),
        at=at,
        subject=("workspace", workspace.slug),
        data={
            "name": workspace.name,
            "currency": workspace.currency,
            "timezone": workspace.timezone,
            "owner": owner.email,
        },
    )
    return workspace


def ensure_source(workspace: Workspace, key: str) -> Source:
    """The source with that key; a new one is an ad platform unless its name is well known."""
    new = _source(workspace, key)
    defaults = {name: getattr(new, name) for name in ("name", "kind", "attribution_lag_days", "precedence")}
    source, _ = Source.objects.get_or_create(workspace=workspace, key=key, defaults=defaults)
    return source


def _source(workspace: Workspace, key: str) -> Source:
    name, kind = WELL_KNOWN_SOURCES.get(
        key, (key.replace("_", " ").replace("-", " ").capitalize(), SourceKind.PLATFORM)
    )
    return Source(
        workspace=workspace,
        key=key,
        name=name[:80],
        kind=kind,
        attribution_lag_days=kind.attribution_lag_days,
        precedence=kind.precedence,
    )


@transaction.atomic
def change_policy(
    *, changes: Mapping[str, Any], basis: str | None = None, by: Actor, at: datetime
) -> Workspace:
    """Change what campaigns are held to. ``changes`` maps names out of ``POLICY_FIELDS`` to new values.

    ``basis``: what was held when the change was written (``basis_of`` the ``policy_of`` it), if that matters.
    """
    by.require(Permission.CHANGE_POLICY)
    workspace = Workspace.objects.select_for_update().get(pk=by.workspace.pk)
    require_unchanged(
        policy_of(workspace),
        basis=basis,
        subject=("workspace", workspace.slug),
        kinds=(EventKind.POLICY_CHANGED,),
        by=by,
    )
    before = {}
    for field, value in changes.items():
        if field not in POLICY_FIELDS:
            raise Invalid.field(
                field, "unknown_field", gettext("“{field}” is not part of the policy.").format(field=field)
            )
        before[field] = getattr(workspace, field)
        setattr(workspace, field, value)
    _check_timezone(workspace.timezone)
    try:
        workspace.full_clean()
    except ValidationError as error:
        raise invalid_from(error) from None
    changed = {field: value for field, value in before.items() if getattr(workspace, field) != value}
    if changed:
        workspace.save(update_fields=list(changed))
        record_event(
            EventKind.POLICY_CHANGED,
            by=by,
            at=at,
            subject=("workspace", workspace.slug),
            data={"before": changed, "after": {field: getattr(workspace, field) for field in changed}},
        )
    return workspace


def policy_of(workspace: Workspace) -> dict[str, Any]:
    return {field: getattr(workspace, field) for field in POLICY_FIELDS}


@transaction.atomic
def save_source(
    key: str, *, values: Mapping[str, Any], basis: str | None = None, by: Actor, at: datetime
) -> Source:
    """Add a source or change one. ``values`` maps names out of ``SOURCE_FIELDS`` to new values.

    ``basis``: what it was set to when the change was written (``basis_of`` its ``settings_of``), if that
    matters.
    """
    by.require(Permission.CHANGE_POLICY)
    known = Source.objects.of(by.workspace).select_for_update().filter(key=key).first()
    source = known or Source(workspace=by.workspace, key=key)
    before = {} if known is None else settings_of(source)
    require_unchanged(before, basis=basis, subject=("source", key), kinds=(EventKind.SOURCE_CHANGED,), by=by)
    for field, value in values.items():
        if field not in SOURCE_FIELDS:
            raise Invalid.field(
                field, "unknown_field", gettext("“{field}” is no setting of a source.").format(field=field)
            )
        setattr(source, field, value)
    if source.timezone:
        _check_timezone(source.timezone)
    try:
        source.full_clean()
    except ValidationError as error:
        raise invalid_from(error) from None
    source.save()
    after = settings_of(source)
    if after != before:
        record_event(
            EventKind.SOURCE_CHANGED,
            by=by,
            at=at,
            subject=("source", key),
            data={"before": before, "after": after},
        )
    return source


def settings_of(source: Source) -> dict[str, Any]:
    return {field: getattr(source, field) for field in SOURCE_FIELDS}
