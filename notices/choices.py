"""What people and channels can hear of."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from experiments.choices import ZombieSignal
from workspaces.choices import EventKind
from workspaces.models import Event


class NoticeKind(TextChoices):
    BREACH = "breach", _("A campaign breached its rule")
    SECOND_LOOK = "second_look", _("A breach is no longer borne out by the numbers")
    PLAN_WAITING = "plan_waiting", _("A plan waits for approval")
    OVERDUE = "overdue", _("A sprint is over, nobody has decided, and money goes on")
    ZOMBIE = "zombie", _("A campaign goes on without a yes")

    @classmethod
    def of(cls, event: Event) -> "NoticeKind | None":
        """What an event is to people; ``None``: nothing to write about."""
        if event.kind == EventKind.ZOMBIE_FLAGGED and event.data.get("signal") == ZombieSignal.OVERDUE:
            return cls.OVERDUE
        return _BY_EVENT.get(event.kind)


_BY_EVENT: dict[str, NoticeKind] = {
    EventKind.CRITERION_BREACHED: NoticeKind.BREACH,
    EventKind.CRITERION_OVERTURNED: NoticeKind.SECOND_LOOK,
    EventKind.REALLOCATION_PROPOSED: NoticeKind.PLAN_WAITING,
    EventKind.ZOMBIE_FLAGGED: NoticeKind.ZOMBIE,
}
WATCHED = (*_BY_EVENT, EventKind.INVITATION_SENT)


class DigestWhen(TextChoices):
    """When a morning's digest comes."""

    NEVER = "never", _("never")
    NEEDED = "needed", _("when something needs somebody")
    ALWAYS = "always", _("every morning")
