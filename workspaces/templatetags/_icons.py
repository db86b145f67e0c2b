"""The drawings on a 16 by 16 grid, and the look of each state: never a colour without a shape and a word."""

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

ICONS: dict[str, str] = {
    # The rail
    "today": (
        '<path d="M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4'
        'M11.2 4.8l1.4-1.4"/><circle cx="8" cy="8" r="2.5"/>'
    ),
    "sprint": '<path d="M2.5 2.5v11M6.2 2.5v7M9.8 2.5v9M13.5 2.5v5"/>',
    "backlog": '<path d="M2.5 3.5h11M2.5 8h11M2.5 12.5h7"/>',
    "campaigns": '<path d="M2 10.5l3.5-4 3 2.5L14 3M14 3h-3.5M14 3v3.5M2 14h12"/>',
    "zombie": '<path d="M3 14V7a5 5 0 0 1 10 0v7"/><path d="M1.5 14h13M6 6.8h4L6 10.8h4"/>',
    "money": '<path d="M2 5h10.5M9.8 2.2L12.5 5 9.8 7.8M14 11H3.5M6.2 8.2L3.5 11l2.7 2.8"/>',
    "learnings": (
        '<path d="M8 4.5C6.5 3 4.5 2.8 2 3v9.5c2.5-.2 4.5 0 6 1.5'
        ' 1.5-1.5 3.5-1.7 6-1.5V3c-2.5-.2-4.5 0-6 1.5zM8 4.5V14"/>'
    ),
    "activity": '<path d="M1.5 8h3l2-5 3 10 2-5h3"/>',
    "more": '<path d="M3 8h.01M8 8h.01M13 8h.01" stroke-width="2.6"/>',
    "settings": (
        '<path d="M2 4.5h7M12.5 4.5H14M2 11.5h1.5M7 11.5h7"/><circle cx="10.7" cy="4.5" r="1.8"/>'
        '<circle cx="5.2" cy="11.5" r="1.8"/>'
    ),
    # States
    "live": '<circle class="is-solid" cx="8" cy="8" r="6"/>',
    "pause": '<path d="M5.5 3v10M10.5 3v10" stroke-width="2.6"/>',
    "stop": '<rect class="is-solid" x="2" y="2" width="12" height="12"/>',
    "scale": '<path class="is-solid" d="M8 2l6.5 12h-13z"/>',
    "check": '<path d="M3 8.5l3.2 3.2L13 4.5" stroke-width="2"/>',
    "draft": '<circle cx="8" cy="8" r="5.5" stroke-dasharray="2.5 2.5"/>',
    "judging": '<circle cx="8" cy="8" r="6"/><path class="is-solid" d="M8 2a6 6 0 0 1 0 12z"/>',
    "waiting": '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
    "breach": (
        '<path d="M1 6.5h14" stroke-dasharray="2.5 2"/>'
        '<path d="M2 13.5l4-3.5 3 1 5-9M14 2h-3.5M14 2v3.5" stroke-width="1.8"/>'
    ),
    # What happened, and what can be done
    "play": '<path class="is-solid" d="M4 2l10 6-10 6z"/>',
    "numbers": '<path d="M3 13V9M8 13V3M13 13V6" stroke-width="2"/>',
    "edit": '<path d="M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3z"/>',
    "lock": '<rect x="3" y="7" width="10" height="7" rx="1"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/>',
    "add": '<path d="M8 3v10M3 8h10"/>',
    "cross": '<path d="M4 4l8 8M12 4l-8 8"/>',
    "person": '<circle cx="8" cy="5.2" r="2.7"/><path d="M2.5 14a5.5 5.5 0 0 1 11 0"/>',
    "key": '<circle cx="5" cy="11" r="2.8"/><path d="M7 9l6.5-6.5M10.5 5.5l2 2"/>',
    "idea": '<path d="M6 12.5h4M6.5 14.5h3M5.6 10.5a4.5 4.5 0 1 1 4.8 0"/>',
}

# kind: (the theme's class, the drawing, the usual word)
STATES: dict[str, tuple[str, str, Promise]] = {
    # campaigns, arms
    "draft": ("draft", "draft", pgettext_lazy("state", "draft")),
    "live": ("live", "live", pgettext_lazy("state", "live")),
    "running": ("live", "live", pgettext_lazy("state", "running")),
    "paused": ("paused", "pause", pgettext_lazy("state", "paused")),
    "scaled": ("scaled", "scale", pgettext_lazy("state", "scaled")),
    "killed": ("killed", "stop", pgettext_lazy("state", "killed")),
    "stopped": ("killed", "stop", pgettext_lazy("state", "stopped")),
    "completed": ("completed", "check", pgettext_lazy("state", "completed")),
    "discarded": ("draft", "draft", pgettext_lazy("state", "discarded")),
    # kill criteria
    "waiting": ("waiting", "waiting", pgettext_lazy("state", "waiting for its guard")),
    "judging": ("judging", "judging", pgettext_lazy("state", "judging each day")),
    "breached": ("breached", "breach", pgettext_lazy("state", "breached")),
    "settled": ("killed", "stop", pgettext_lazy("state", "settled: the campaign was stopped")),
    "overruled": ("waiting", "waiting", pgettext_lazy("state", "overruled")),
    # hypotheses
    "backlog": ("draft", "draft", pgettext_lazy("state", "in the backlog")),
    "committed": ("judging", "judging", pgettext_lazy("state", "committed")),
    "scale": ("scaled", "scale", pgettext_lazy("state", "scale")),
    "evolve": ("completed", "idea", pgettext_lazy("state", "evolve")),
    "kill": ("killed", "stop", pgettext_lazy("state", "kill")),
    "inconclusive": ("waiting", "waiting", pgettext_lazy("state", "inconclusive")),
    "decided": ("completed", "check", pgettext_lazy("state", "decided")),
    "archived": ("draft", "draft", pgettext_lazy("state", "archived")),
    "ready": ("completed", "check", pgettext_lazy("state", "ready")),
    # sprints
    "planning": ("draft", "draft", pgettext_lazy("state", "planning")),
    "in_review": ("judging", "judging", pgettext_lazy("state", "in review")),
    "closed": ("completed", "check", pgettext_lazy("state", "closed")),
    "cancelled": ("draft", "draft", pgettext_lazy("state", "cancelled")),
    # zombies
    "open": ("zombie", "zombie", pgettext_lazy("state", "open")),
    "acknowledged": ("waiting", "waiting", pgettext_lazy("state", "acknowledged")),
    "resolved": ("completed", "check", pgettext_lazy("state", "resolved")),
    # plans
    "proposed": ("waiting", "waiting", pgettext_lazy("state", "waiting for approval")),
    "approved": ("scaled", "check", pgettext_lazy("state", "approved")),
    "applied": ("completed", "check", pgettext_lazy("state", "applied")),
    "rejected": ("killed", "stop", pgettext_lazy("state", "rejected")),
    "withdrawn": ("draft", "draft", pgettext_lazy("state", "withdrawn")),
    "expired": ("draft", "draft", pgettext_lazy("state", "expired")),
    "outdated": ("draft", "draft", pgettext_lazy("state", "outdated")),
}
