"""The vocabulary of a workspace: who may do what, where numbers come from, what can happen."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(TextChoices):
    """What a member may do, each including what the ones before it may."""

    VIEWER = "viewer", pgettext_lazy("role", "viewer")
    MARKETER = "marketer", pgettext_lazy("role", "marketer")
    MANAGER = "manager", pgettext_lazy("role", "manager")
    OWNER = "owner", pgettext_lazy("role", "owner")

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def includes(self, other: "Role") -> bool:
        return self.rank >= other.rank


class Scope(TextChoices):
    """What an API key may do on behalf of the person it acts for."""

    READ = "read", _("read everything")
    METRICS_WRITE = "metrics:write", _("post metrics and import files")
    PLAN_WRITE = "plan:write", _("plan, launch, decide")
    BUDGET_PROPOSE = "budget:propose", _("propose and apply reallocations")


class MultipleComparisons(TextChoices):
    """How p-values are adjusted where a sprint compares several treatments."""

    HOLM = "holm", _("Holm: hardly a single false alarm in a sprint")
    BENJAMINI_HOCHBERG = "benjamini_hochberg", _("Benjamini–Hochberg: few false ones among the alarms")


class ReallocationRule(TextChoices):
    """By which rule a reallocation is computed."""

    SHIFT = "shift", _("Shift: half of what probably misses its target goes to what probably meets it")
    THOMPSON = "thompson", _("Follow the best: money follows each campaign's chance of being the best")


class SourceKind(TextChoices):
    """Where a number was counted."""

    PLATFORM = "platform", _("ad platform")
    CRM = "crm", _("CRM")
    ANALYTICS = "analytics", _("web analytics")

    @property
    def precedence(self) -> int:
        """The default place in the queue when two sources report one measure; the lowest speaks."""
        return {SourceKind.CRM: 10, SourceKind.PLATFORM: 20, SourceKind.ANALYTICS: 30}[self]

    @property
    def dates_back(self) -> bool:
        """Whether an event counts for the day of the click, and not for the day on which it happened."""
        return self == SourceKind.PLATFORM

    @property
    def attribution_lag_days(self) -> int:
        """Days after which a day's conversions no longer move, unless the workspace says otherwise.

        Ad platforms date a conversion back to the click, so a day keeps growing. A CRM and an analytics tool
        date an event by when it happened: their days are whole once they are closed.
        """
        return 3 if self.dates_back else 0


# What a workspace starts with, so that the first post needs no set-up.
WELL_KNOWN_SOURCES: dict[str, tuple[str, SourceKind]] = {
    "meta": ("Meta Ads", SourceKind.PLATFORM),
    "google": ("Google Ads", SourceKind.PLATFORM),
    "linkedin": ("LinkedIn Ads", SourceKind.PLATFORM),
    "tiktok": ("TikTok Ads", SourceKind.PLATFORM),
    "microsoft": ("Microsoft Advertising", SourceKind.PLATFORM),
    "email": ("E-mail", SourceKind.PLATFORM),
    "crm": ("CRM", SourceKind.CRM),
    "hubspot": ("HubSpot", SourceKind.CRM),
    "salesforce": ("Salesforce", SourceKind.CRM),
    "analytics": ("Web analytics", SourceKind.ANALYTICS),
    "ga4": ("Google Analytics 4", SourceKind.ANALYTICS),
}


class EventKind(TextChoices):
    """Every change of state that the feed, the webhooks and the audit tell of: ``thing.verb_in_past``."""

    WORKSPACE_CREATED = "workspace.created", _("Workspace created")
    POLICY_CHANGED = "policy.changed", _("Policy changed")
    SOURCE_CHANGED = "source.changed", _("Source changed")
    MEMBER_ADDED = "member.added", _("Member added")
    MEMBER_JOINED = "member.joined", _("Member joined")
    MEMBER_CHANGED = "member.changed", _("Member's role changed")
    MEMBER_READDRESSED = "member.readdressed", _("Member's address changed")
    MEMBER_REMOVED = "member.removed", _("Member removed")
    INVITATION_SENT = "invitation.sent", _("Invitation sent")
    INVITATION_WITHDRAWN = "invitation.withdrawn", _("Invitation withdrawn")
    KEY_CREATED = "api_key.created", _("API key created")
    KEY_REVOKED = "api_key.revoked", _("API key revoked")
    WEBHOOK_REGISTERED = "webhook_endpoint.registered", _("Webhook endpoint registered")
    WEBHOOK_REMOVED = "webhook_endpoint.removed", _("Webhook endpoint removed")
    WEBHOOK_TESTED = "webhook_endpoint.tested", _("Webhook endpoint tested")
    CHANNEL_ADDED = "channel.added", _("Channel added")
    CHANNEL_CHANGED = "channel.changed", _("Channel changed")
    CHANNEL_REMOVED = "channel.removed", _("Channel removed")
    CHANNEL_TESTED = "channel.tested", _("Channel tested")
    HYPOTHESIS_CREATED = "hypothesis.created", _("Hypothesis written")
    HYPOTHESIS_CHANGED = "hypothesis.changed", _("Hypothesis changed")
    HYPOTHESIS_COMMITTED = "hypothesis.committed", _("Hypothesis committed")
    HYPOTHESIS_RELEASED = "hypothesis.released", _("Hypothesis released")
    HYPOTHESIS_DECIDED = "hypothesis.decided", _("Hypothesis decided")
    HYPOTHESIS_CARRIED = "hypothesis.carried", _("Hypothesis carried over")
    HYPOTHESIS_ARCHIVED = "hypothesis.archived", _("Hypothesis archived")
    SPRINT_CREATED = "sprint.created", _("Sprint planned")
    SPRINT_CHANGED = "sprint.changed", _("Sprint changed")
    SPRINT_STARTED = "sprint.started", _("Sprint started")
    SPRINT_REVIEWED = "sprint.review_opened", _("Review opened")
    SPRINT_CLOSED = "sprint.closed", _("Sprint closed")
    SPRINT_CANCELLED = "sprint.cancelled", _("Sprint cancelled")
    CAMPAIGN_CREATED = "campaign.created", _("Campaign created")
    CAMPAIGN_CHANGED = "campaign.changed", _("Campaign changed")
    CAMPAIGN_IMPORTED = "campaign.imported", _("Campaign imported")
    CAMPAIGN_LAUNCHED = "campaign.launched", _("Campaign launched")
    CAMPAIGN_PAUSED = "campaign.paused", _("Campaign paused")
    CAMPAIGN_RESUMED = "campaign.resumed", _("Campaign resumed")
    CAMPAIGN_KILLED = "campaign.killed", _("Campaign killed")
    CAMPAIGN_COMPLETED = "campaign.completed", _("Campaign completed")
    CAMPAIGN_SCALED = "campaign.scaled", _("Campaign scaled")
    CAMPAIGN_DISCARDED = "campaign.discarded", _("Campaign discarded")
    CAMPAIGN_ADOPTED = "campaign.adopted", _("Campaign adopted")
    ARM_STOPPED = "arm.stopped", _("Arm stopped")
    CRITERIA_AMENDED = "criteria.amended", _("Kill criteria amended")
    CRITERION_BREACHED = "criterion.breached", _("Kill criterion breached")
    CRITERION_OVERTURNED = "criterion.overturned", _("Second look at a breach")
    CRITERION_SETTLED = "criterion.settled", _("Breach settled")
    CRITERION_OVERRULED = "criterion.overruled", _("Breach overruled")
    TEMPLATE_SAVED = "criterion_template.saved", _("Template of a rule saved")
    TEMPLATE_DELETED = "criterion_template.deleted", _("Template of a rule deleted")
    METRICS_POSTED = "metrics.posted", _("Metrics posted")
    METRICS_RESTATED = "metrics.restated", _("Metrics restated")
    IMPORT_NAMES_CHANGED = "import.names_changed", _("Names in files assigned")
    ZOMBIE_FLAGGED = "zombie.flagged", _("Zombie flagged")
    ZOMBIE_ACKNOWLEDGED = "zombie.acknowledged", _("Zombie acknowledged")
    ZOMBIE_RESOLVED = "zombie.resolved", _("Zombie resolved")
    LEDGER_FUNDED = "ledger.funded", _("Reserve funded")
    LEDGER_CORRECTED = "ledger.corrected", _("Reserve corrected")
    REALLOCATION_PROPOSED = "reallocation.proposed", _("Reallocation proposed")
    REALLOCATION_APPROVED = "reallocation.approved", _("Reallocation approved")
    REALLOCATION_REJECTED = "reallocation.rejected", _("Reallocation rejected")
    REALLOCATION_WITHDRAWN = "reallocation.withdrawn", _("Reallocation withdrawn")
    REALLOCATION_EXPIRED = "reallocation.expired", _("Reallocation expired")
    REALLOCATION_OUTDATED = "reallocation.outdated", _("Reallocation outdated")
    REALLOCATION_APPLIED = "reallocation.applied", _("Reallocation applied")
