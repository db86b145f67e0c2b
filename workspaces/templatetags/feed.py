"""The activity feed in words: who did what to which thing, and why."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import counted, day, icon, probability, sentence_case

register = template.Library()


@dataclass(frozen=True, slots=True)
class Telling:
    """How a kind is told: ``{what}`` is the thing, linked where it has a page."""

    words: str
    icon: str


_K = EventKind
_TELLINGS: dict[str, Telling] = {
    _K.WORKSPACE_CREATED: Telling("opened the workspace", "settings"),
    _K.POLICY_CHANGED: Telling("changed the policy", "settings"),
    _K.SOURCE_CHANGED: Telling("changed the source {what}", "settings"),
    _K.MEMBER_ADDED: Telling("added {what}", "person"),
    _K.MEMBER_JOINED: Telling("joined", "person"),
    _K.MEMBER_READDRESSED: Telling("changed their address to {what}", "person"),
    _K.INVITATION_SENT: Telling("invited {what}", "person"),
    _K.INVITATION_WITHDRAWN: Telling("withdrew the invitation of {what}", "person"),
    _K.MEMBER_CHANGED: Telling("changed the role of {what}", "person"),
    _K.MEMBER_REMOVED: Telling("removed {what}", "person"),
    _K.KEY_CREATED: Telling("created the API key {what}", "key"),
    _K.KEY_REVOKED: Telling("revoked the API key {what}", "key"),
    _K.WEBHOOK_REGISTERED: Telling("registered a webhook endpoint", "key"),
    _K.WEBHOOK_REMOVED: Telling("removed a webhook endpoint", "key"),
    _K.WEBHOOK_TESTED: Telling("tested a webhook endpoint", "key"),
    _K.CHANNEL_ADDED: Telling("added the channel {what}", "key"),
    _K.CHANNEL_CHANGED: Telling("changed what the channel {what} hears", "key"),
    _K.CHANNEL_REMOVED: Telling("removed the channel {what}", "key"),
    _K.CHANNEL_TESTED: Telling("tested the channel {what}", "key"),
    _K.HYPOTHESIS_CREATED: Telling("wrote the hypothesis {what}", "idea"),
    _K.HYPOTHESIS_CHANGED: Telling("changed the hypothesis {what}", "edit"),
    _K.HYPOTHESIS_COMMITTED: Telling("committed {what}", "sprint"),
    _K.HYPOTHESIS_RELEASED: Telling("released {what} to the backlog", "backlog"),
    _K.HYPOTHESIS_DECIDED: Telling("decided {what}", "check"),
    _K.HYPOTHESIS_CARRIED: Telling("carried {what} over", "sprint"),
    _K.HYPOTHESIS_ARCHIVED: Telling("archived {what}", "backlog"),
    _K.SPRINT_CREATED: Telling("planned {what}", "sprint"),
    _K.SPRINT_CHANGED: Telling("changed {what}", "edit"),
    _K.SPRINT_STARTED: Telling("started {what}", "play"),
    _K.SPRINT_REVIEWED: Telling("opened the review of {what}", "waiting"),
    _K.SPRINT_CLOSED: Telling("closed {what}", "check"),
    _K.SPRINT_CANCELLED: Telling("cancelled {what}", "cross"),
    _K.CAMPAIGN_CREATED: Telling("drafted the campaign {what}", "draft"),
    _K.CAMPAIGN_CHANGED: Telling("changed the draft of {what}", "edit"),
    _K.CAMPAIGN_IMPORTED: Telling("imported {what}", "campaigns"),
    _K.CAMPAIGN_LAUNCHED: Telling("launched {what}; its criteria are frozen", "play"),
    _K.CAMPAIGN_PAUSED: Telling("paused {what}", "pause"),
    _K.CAMPAIGN_RESUMED: Telling("resumed {what}", "play"),
    _K.CAMPAIGN_KILLED: Telling("killed {what}", "stop"),
    _K.CAMPAIGN_COMPLETED: Telling("completed {what}", "check"),
    _K.CAMPAIGN_SCALED: Telling("scaled {what}", "scale"),
    _K.CAMPAIGN_DISCARDED: Telling("discarded the draft {what}", "cross"),
    _K.CAMPAIGN_ADOPTED: Telling("adopted {what}: it has a plan now", "check"),
    _K.ARM_STOPPED: Telling("stopped an arm of {what}", "stop"),
    _K.CRITERIA_AMENDED: Telling("amended the kill criteria of {what}", "edit"),
    _K.CRITERION_BREACHED: Telling("saw {what} breach its rule", "breach"),
    _K.CRITERION_OVERTURNED: Telling("took a second look: {what} no longer breaches its rule", "breach"),
    _K.CRITERION_SETTLED: Telling("settled the breach of {what}", "stop"),
    _K.CRITERION_OVERRULED: Telling("overruled the breach of {what}", "breach"),
    _K.TEMPLATE_SAVED: Telling("saved the template {what}", "edit"),
    _K.TEMPLATE_DELETED: Telling("deleted the template {what}", "cross"),
    _K.METRICS_POSTED: Telling("posted numbers", "numbers"),
    _K.METRICS_RESTATED: Telling("restated {what}", "numbers"),
    _K.ZOMBIE_FLAGGED: Telling("found that {what} goes on without a yes", "zombie"),
    _K.ZOMBIE_ACKNOWLEDGED: Telling("acknowledged the zombie {what}", "zombie"),
    _K.ZOMBIE_RESOLVED: Telling("resolved the zombie {what}", "zombie"),
    _K.LEDGER_FUNDED: Telling("funded the reserve", "money"),
    _K.REALLOCATION_PROPOSED: Telling("proposed {what}", "money"),
    _K.REALLOCATION_APPROVED: Telling("approved {what}", "money"),
    _K.REALLOCATION_REJECTED: Telling("rejected {what}", "money"),
    _K.REALLOCATION_WITHDRAWN: Telling("withdrew {what}", "money"),
    _K.REALLOCATION_EXPIRED: Telling("let {what} expire", "money"),
    _K.REALLOCATION_OUTDATED: Telling("found {what} outdated", "money"),
    _K.REALLOCATION_APPLIED: Telling("moved the money of {what}", "money"),
}

# The page of a subject whose REST id is also its address.
_PAGES = {"campaign": "campaign", "hypothesis": "hypothesis", "reallocation": "plan"}
# What the data of an event may call the thing, the plainest first.
_NAMES = ("name", "title", "campaign_name", "email", "campaign")


def _name(event: Event) -> str:
    if event.subject_type == "sprint" and "number" in event.data:
        return f"Sprint {event.data['number']}"
    if event.subject_type == "reallocation":
        return f"plan {event.subject_id}"
    if event.subject_type == "hypothesis" and event.data.get("title"):
        return str(event.data["title"])
    for key in _NAMES:
        value = event.data.get(key)
        if isinstance(value, str) and value:
            return value
    return event.subject_id


def _subject(event: Event, slug: str) -> SafeString:
    name = _name(event)
    page = _PAGES.get(event.subject_type)
    identity: Any = event.subject_id
    if page is None and isinstance(event.data.get("campaign"), str):
        page, identity = "campaign", event.data["campaign"]
    if page is None:
        return format_html("<strong>{}</strong>", name)
    return format_html('<a href="{}">{}</a>', reverse(page, args=[slug, identity]), name)


def _details(event: Event, currency: str) -> list[str]:
    """What else a reader needs: the rule, how sure, the amount, the change, the reason."""
    data = event.data
    evidence = data.get("evidence")
    chance = evidence.get("probability") if isinstance(evidence, dict) else None
    amount = data.get("amount") or data.get("total")
    told = {
        "rule": data.get("rule"),
        "sure": f"{probability(chance)} sure" if isinstance(chance, float) else None,
        "decision": str(data.get("decision") or "").capitalize(),
        "role": f"From {data.get('before')} to {data.get('after')}"
        if event.kind == _K.MEMBER_CHANGED
        else None,
        "rows": counted(data["received"], "row") if data.get("received") else None,
        "restated": _restated(data) if event.kind == _K.METRICS_RESTATED else None,
        "signal": f"Signal: {data['signal']}" if data.get("signal") else None,
        "resolution": f"Resolution: {data['resolution']}" if data.get("resolution") else None,
        "amount": in_currency(_decimal(amount), currency) if isinstance(amount, str) else None,
    }
    return [f"{words.removesuffix('.')}." for words in told.values() if words]


def _restated(data: dict[str, Any]) -> str:
    """``Conversions of Tue 10 Nov``."""
    measures = [str(key).replace("_", " ") for key in data.get("measures") or ["numbers"]]
    days = [day(on) for on in data.get("days") or []]
    when = days[0] if len(days) == 1 else f"{len(days)} days"
    return f"{sentence_case(', '.join(measures))} of {when}"


def _decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@register.simple_tag(takes_context=True)
def event_line(context: Context, event: Event) -> SafeString:
    """``Dana killed Founder video. “Nobody clicked.”``"""
    workspace = context["workspace"]
    telling = _TELLINGS.get(event.kind)
    if telling is None:
        return format_html("<strong>{}</strong>: {}", event.actor_label, event.kind)
    before, what, after = telling.words.partition("{what}")
    subject = _subject(event, workspace.slug) if what else ""
    details = " ".join(_details(event, workspace.currency))
    reason = str(event.data.get("reason") or event.data.get("learning") or "").rstrip(".")
    return format_html(
        "<strong>{}</strong> {}{}{}.{}{}",
        event.actor_label,
        before,
        subject,
        after,
        f" {details}" if details else "",
        f" “{reason}.”" if reason else "",
    )


@register.simple_tag
def event_icon(event: Event) -> SafeString:
    telling = _TELLINGS.get(event.kind)
    return icon(telling.icon if telling else "activity")
