"""The activity feed in words: who did what to which thing, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from workspaces.choices import EventKind, Role
from workspaces.models import Event
from workspaces.models.spelling import in_currency, in_figures
from workspaces.templatetags.quickno import channel, counted, day, icon, probability, sentence_case

register = template.Library()


@dataclass(frozen=True, slots=True)
class Retelling:
    """What events quote, in the words of their reader, where those are others.

    ``rules``: by their sentence as it is kept. ``conversions``: what they are called, by campaign.
    ``repeating``: the events whose rule is told beside them already, so that they need not tell it again.
    """

    rules: Mapping[str, str]
    conversions: Mapping[str, str]
    repeating: Collection[int]


@dataclass(frozen=True, slots=True)
class Telling:
    """How a kind is told: ``{what}`` is the thing, linked where it has a page."""

    words: Promise
    icon: str


_K = EventKind
_TELLINGS: dict[str, Telling] = {
    _K.WORKSPACE_CREATED: Telling(_("opened the workspace"), "settings"),
    _K.POLICY_CHANGED: Telling(_("changed the policy"), "settings"),
    _K.SOURCE_CHANGED: Telling(_("changed the source {what}"), "settings"),
    _K.MEMBER_ADDED: Telling(_("added {what}"), "person"),
    _K.MEMBER_JOINED: Telling(_("joined"), "person"),
    _K.MEMBER_READDRESSED: Telling(_("changed their address to {what}"), "person"),
    _K.INVITATION_SENT: Telling(_("invited {what}"), "person"),
    _K.INVITATION_WITHDRAWN: Telling(_("withdrew the invitation of {what}"), "person"),
    _K.MEMBER_CHANGED: Telling(_("changed the role of {what}"), "person"),
    _K.MEMBER_REMOVED: Telling(_("removed {what}"), "person"),
    _K.KEY_CREATED: Telling(_("created the API key {what}"), "key"),
    _K.KEY_REVOKED: Telling(_("revoked the API key {what}"), "key"),
    _K.WEBHOOK_REGISTERED: Telling(_("registered a webhook endpoint"), "key"),
    _K.WEBHOOK_REMOVED: Telling(_("removed a webhook endpoint"), "key"),
    _K.WEBHOOK_TESTED: Telling(_("tested a webhook endpoint"), "key"),
    _K.CHANNEL_ADDED: Telling(_("added the channel {what}"), "key"),
    _K.CHANNEL_CHANGED: Telling(_("changed what the channel {what} hears"), "key"),
    _K.CHANNEL_REMOVED: Telling(_("removed the channel {what}"), "key"),
    _K.CHANNEL_TESTED: Telling(_("tested the channel {what}"), "key"),
    _K.HYPOTHESIS_CREATED: Telling(_("wrote the hypothesis {what}"), "idea"),
    _K.HYPOTHESIS_CHANGED: Telling(_("changed the hypothesis {what}"), "edit"),
    _K.HYPOTHESIS_COMMITTED: Telling(_("committed {what}"), "sprint"),
    _K.HYPOTHESIS_RELEASED: Telling(_("released {what} to the backlog"), "backlog"),
    _K.HYPOTHESIS_DECIDED: Telling(_("decided {what}"), "check"),
    _K.HYPOTHESIS_CARRIED: Telling(_("carried {what} over"), "sprint"),
    _K.HYPOTHESIS_ARCHIVED: Telling(_("archived {what}"), "backlog"),
    _K.SPRINT_CREATED: Telling(_("planned {what}"), "sprint"),
    _K.SPRINT_CHANGED: Telling(_("changed {what}"), "edit"),
    _K.SPRINT_STARTED: Telling(_("started {what}"), "play"),
    _K.SPRINT_REVIEWED: Telling(_("opened the review of {what}"), "waiting"),
    _K.SPRINT_CLOSED: Telling(_("closed {what}"), "check"),
    _K.SPRINT_CANCELLED: Telling(_("cancelled {what}"), "cross"),
    _K.CAMPAIGN_CREATED: Telling(_("drafted the campaign {what}"), "draft"),
    _K.CAMPAIGN_CHANGED: Telling(_("changed the draft of {what}"), "edit"),
    _K.CAMPAIGN_IMPORTED: Telling(_("imported {what}"), "campaigns"),
    _K.CAMPAIGN_LAUNCHED: Telling(_("launched {what}; its criteria are frozen"), "play"),
    _K.CAMPAIGN_PAUSED: Telling(_("paused {what}"), "pause"),
    _K.CAMPAIGN_RESUMED: Telling(_("resumed {what}"), "play"),
    _K.CAMPAIGN_KILLED: Telling(_("killed {what}"), "stop"),
    _K.CAMPAIGN_COMPLETED: Telling(_("completed {what}"), "check"),
    _K.CAMPAIGN_SCALED: Telling(_("scaled {what}"), "scale"),
    _K.CAMPAIGN_DISCARDED: Telling(_("discarded the draft {what}"), "cross"),
    _K.CAMPAIGN_ADOPTED: Telling(_("adopted {what}: it has a plan now"), "check"),
    _K.ARM_STOPPED: Telling(_("stopped an arm of {what}"), "stop"),
    _K.CRITERIA_AMENDED: Telling(_("amended the kill criteria of {what}"), "edit"),
    _K.CRITERION_BREACHED: Telling(_("saw {what} breach its rule"), "breach"),
    _K.CRITERION_OVERTURNED: Telling(_("took a second look: {what} no longer breaches its rule"), "breach"),
    _K.CRITERION_SETTLED: Telling(_("settled the breach of {what}"), "stop"),
    _K.CRITERION_OVERRULED: Telling(_("overruled the breach of {what}"), "breach"),
    _K.TEMPLATE_SAVED: Telling(_("saved the template {what}"), "edit"),
    _K.TEMPLATE_DELETED: Telling(_("deleted the template {what}"), "cross"),
    _K.METRICS_POSTED: Telling(_("posted numbers"), "numbers"),
    _K.METRICS_RESTATED: Telling(_("restated {what}"), "numbers"),
    _K.IMPORT_NAMES_CHANGED: Telling(_("said what names in files of {what} stand for"), "numbers"),
    _K.ZOMBIE_FLAGGED: Telling(_("found that {what} goes on without a yes"), "zombie"),
    _K.ZOMBIE_ACKNOWLEDGED: Telling(_("acknowledged the zombie {what}"), "zombie"),
    _K.ZOMBIE_RESOLVED: Telling(_("resolved the zombie {what}"), "zombie"),
    _K.LEDGER_FUNDED: Telling(_("funded the reserve"), "money"),
    _K.LEDGER_CORRECTED: Telling(_("took money back out of the reserve"), "money"),
    _K.REALLOCATION_PROPOSED: Telling(_("proposed {what}"), "money"),
    _K.REALLOCATION_APPROVED: Telling(_("approved {what}"), "money"),
    _K.REALLOCATION_REJECTED: Telling(_("rejected {what}"), "money"),
    _K.REALLOCATION_WITHDRAWN: Telling(_("withdrew {what}"), "money"),
    _K.REALLOCATION_EXPIRED: Telling(_("let {what} expire"), "money"),
    _K.REALLOCATION_OUTDATED: Telling(_("found {what} outdated"), "money"),
    _K.REALLOCATION_APPLIED: Telling(_("moved the money of {what}"), "money"),
}

# Where a file brought them, it is a person's deed.
_IMPORTED = Telling(_("imported numbers from {what}"), "numbers")

# The page of a subject whose REST id is also its address.
_PAGES = {"campaign": "campaign", "hypothesis": "hypothesis", "reallocation": "plan"}
# What the data of an event may call the thing, the plainest first.
_NAMES = ("name", "title", "campaign_name", "email", "campaign", "file_name")


def _name(event: Event) -> str:
    if event.subject_type == "sprint" and "number" in event.data:
        return gettext("Sprint {number}").format(number=event.data["number"])
    if event.subject_type == "reallocation":
        return gettext("plan {number}").format(number=event.data.get("number") or event.subject_id)
    if event.subject_type == "hypothesis" and event.data.get("title"):
        return str(event.data["title"])
    if event.kind == _K.IMPORT_NAMES_CHANGED:
        return gettext("other tables") if event.subject_id == "generic" else channel(event.subject_id)
    for key in _NAMES:
        value = event.data.get(key)
        if isinstance(value, str) and value:
            return value
    return event.subject_id


def _telling(event: Event) -> Telling | None:
    is_import = event.kind == _K.METRICS_POSTED and event.data.get("file_name")
    return _IMPORTED if is_import else _TELLINGS.get(event.kind)


def _subject(event: Event, slug: str) -> SafeString:
    name = _name(event)
    page = _PAGES.get(event.subject_type)
    identity: Any = event.subject_id
    if page is None and isinstance(event.data.get("campaign"), str):
        page, identity = "campaign", event.data["campaign"]
    if page is None:
        return format_html("<strong>{}</strong>", name)
    return format_html('<a href="{}">{}</a>', reverse(page, args=[slug, identity]), name)


def _details(event: Event, currency: str, retelling: Retelling) -> list[str]:
    """What else a reader needs: the rule, how sure, the amount, the change, the reason."""
    data = event.data
    evidence = data.get("evidence")
    chance = evidence.get("probability") if isinstance(evidence, dict) else None
    amount = data.get("amount") or data.get("total")
    told = {
        "rule": retelling.rules.get(str(data.get("rule")), data.get("rule"))
        if event.pk not in retelling.repeating
        else None,
        "sure": sentence_case(gettext("{chance} sure").format(chance=probability(chance)))
        if isinstance(chance, float)
        else None,
        "decision": _said(data.get("decision") or "").capitalize(),
        "role": gettext("From {before} to {after}").format(
            before=_role(data.get("before")), after=_role(data.get("after"))
        )
        if event.kind == _K.MEMBER_CHANGED
        else None,
        "rows": counted(data["received"], "row") if data.get("received") else None,
        "restated": _restated(event, retelling) if event.kind == _K.METRICS_RESTATED else None,
        "signal": gettext("Signal: {signal}").format(signal=_said(data["signal"]))
        if data.get("signal")
        else None,
        "resolution": gettext("Resolution: {resolution}").format(resolution=_said(data["resolution"]))
        if data.get("resolution")
        else None,
        "amount": in_currency(_decimal(amount), currency) if isinstance(amount, str) else None,
    }
    return [f"{words.removesuffix('.')}." for words in told.values() if words]


def _restated(event: Event, retelling: Retelling) -> str:
    """``Conversions of Tue 10 Nov``."""
    data: dict[str, Any] = event.data
    named = {"conversions": retelling.conversions.get(event.subject_id) or _said("conversions")}
    measures = [named.get(key) or _said(key) for key in data.get("measures") or ["numbers"]]
    days = [day(on) for on in data.get("days") or []]
    when = days[0] if len(days) == 1 else counted(len(days), "day")
    return gettext("{measures} of {when}").format(measures=sentence_case(", ".join(measures)), when=when)


# Words by which programs know a thing, where events carry them: signals, resolutions, decisions, measures.
_SAID = {
    "undead": pgettext_lazy("signal", "undead"),
    "breached": pgettext_lazy("signal", "breached"),
    "overdue": pgettext_lazy("signal", "overdue"),
    "unplanned": pgettext_lazy("signal", "unplanned"),
    "hopeless": pgettext_lazy("signal", "hopeless"),
    "barren": pgettext_lazy("signal", "barren"),
    "blind": pgettext_lazy("signal", "blind"),
    "overspent": pgettext_lazy("signal", "overspent"),
    "killed": pgettext_lazy("resolution", "killed"),
    "kept": pgettext_lazy("resolution", "kept"),
    "cleared": pgettext_lazy("resolution", "cleared"),
    "scale": pgettext_lazy("decision", "scale"),
    "evolve": pgettext_lazy("decision", "evolve"),
    "kill": pgettext_lazy("decision", "kill"),
    "inconclusive": pgettext_lazy("decision", "inconclusive"),
    "numbers": pgettext_lazy("measure", "numbers"),
    "spend": pgettext_lazy("measure", "spend"),
    "impressions": pgettext_lazy("measure", "impressions"),
    "clicks": pgettext_lazy("measure", "clicks"),
    "conversions": pgettext_lazy("measure", "conversions"),
    "reach": pgettext_lazy("measure", "reach"),
    "engagements": pgettext_lazy("measure", "engagements"),
    "video_views": pgettext_lazy("measure", "video views"),
    "sends": pgettext_lazy("measure", "sends"),
    "opens": pgettext_lazy("measure", "opens"),
    "visits": pgettext_lazy("measure", "visits"),
    "leads": pgettext_lazy("measure", "leads"),
    "marketing_qualified_leads": pgettext_lazy("measure", "marketing qualified leads"),
    "sales_accepted_leads": pgettext_lazy("measure", "sales accepted leads"),
    "sales_qualified_leads": pgettext_lazy("measure", "sales qualified leads"),
    "opportunities": pgettext_lazy("measure", "opportunities"),
    "customers": pgettext_lazy("measure", "customers"),
    "revenue": pgettext_lazy("measure", "revenue"),
    "pipeline_value": pgettext_lazy("measure", "pipeline value"),
}


def _said(word: object) -> str:
    return str(_SAID.get(str(word), str(word).replace("_", " ")))


def _role(value: object) -> str:
    return str(Role(value).label) if value in Role.values else str(value)


def _decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@register.simple_tag(takes_context=True)
def event_line(context: Context, event: Event, retelling: Retelling) -> SafeString:
    """``Dana killed Founder video. “Nobody clicked.”``, in the words of its reader."""
    workspace = context["workspace"]
    telling = _telling(event)
    if telling is None:
        return format_html("<strong>{}</strong>: {}", event.actor_label, event.kind)
    words, details = str(telling.words), " ".join(_details(event, workspace.currency, retelling))
    if event.times > 1 and event.kind == _K.METRICS_RESTATED:
        words, details = gettext("restated {what} {times} times since {day}"), ""
        words = words.replace("{times}", in_figures(str(event.times))).replace("{day}", day(event.first_at))
    before, what, after = words.partition("{what}")
    subject = _subject(event, workspace.slug) if what else ""
    reason = str(event.data.get("reason") or event.data.get("learning") or "")
    reason = retelling.rules.get(reason, reason).rstrip(".")
    quoted = gettext("“{reason}.”").format(reason=reason) if reason else ""
    if event.pk in retelling.repeating and not event.data.get("rule"):
        quoted = gettext("Its rule says so.")
    return format_html(
        "<strong>{}</strong> {}{}{}.{}{}",
        event.actor_label,
        before,
        subject,
        after,
        f" {details}" if details else "",
        f" {quoted}" if quoted else "",
    )


@register.filter
def parted(events: Sequence[Event], newest: int | None) -> list[Sequence[Event]]:
    """The newest, and apart from them the rest; all together where one more would be all the rest."""
    if not newest or len(events) <= newest + 1:
        return [events]
    return [events[:newest], events[newest:]]


@register.simple_tag
def event_icon(event: Event) -> SafeString:
    telling = _TELLINGS.get(event.kind)
    return icon(telling.icon if telling else "activity")
