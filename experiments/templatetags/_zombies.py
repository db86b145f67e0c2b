"""Why a campaign counts as a zombie, in sentences."""

from decimal import Decimal

from django.utils.translation import gettext_lazy, ngettext

from experiments.choices import CampaignStatus, ZombieSignal
from experiments.models import ZombieFlag, sentences
from experiments.models.team_words import words_of
from experiments.templatetags._words import rule_in_words
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency
from workspaces.templatetags.quickno import UNKNOWN

_REASONS = {
    ZombieSignal.UNDEAD: gettext_lazy(
        "It was {status}, and the platform still reports spend: {spend} after the stop."
    ),
    ZombieSignal.BREACHED: gettext_lazy("Its rule said stop {hours} hours ago, and nobody has acted: {rule}"),
    ZombieSignal.OVERDUE: gettext_lazy("Its sprint ended {days} days ago, and nobody has decided."),
    ZombieSignal.UNPLANNED: gettext_lazy("It spends, and nobody has said when to stop."),
    ZombieSignal.HOPELESS: gettext_lazy(
        "Less than 5% likely to reach its target with the {money_left} and {ahead} left."
    ),
    ZombieSignal.BARREN: gettext_lazy("{spend} spent and no {events}. Without any, {limit} is the limit."),
    ZombieSignal.BLIND: gettext_lazy("Meant to spend, and no numbers for {hours} hours."),
    ZombieSignal.OVERSPENT: gettext_lazy("{over} more is reported than its budget of {budget}."),
}
_CUT_IN_VAIN = gettext_lazy("A plan cut it from {cut_from} to {cut_to} a day, and it still spends {per_day}.")
_MONEY_FACTS = {"spend", "limit", "over", "budget", "money_left", "cut_from", "cut_to", "per_day"}


class _Facts(dict[str, str]):
    """Facts of a flag as words; one that is missing is said to be."""

    def __missing__(self, key: str) -> str:
        return str(UNKNOWN)


def reason_of(flag: ZombieFlag, workspace: Workspace) -> str:
    """Why it counts as a zombie, with its number."""
    currency = workspace.currency
    facts = _Facts(
        {
            key: in_currency(Decimal(str(value)), currency) if key in _MONEY_FACTS else str(value)
            for key, value in flag.evidence.items()
            if value is not None
        }
    )
    if "days_left" in facts:
        left = int(flag.evidence["days_left"])
        facts["ahead"] = ngettext("{days} day", "{days} days", left).format(days=left)
    if "status" in facts:
        facts["status"] = str(CampaignStatus(facts["status"]).label)
    if "events" in facts:
        facts["events"] = words_of(flag.campaign.hypothesis, workspace).measure(facts["events"])
    if "rule" in facts:
        facts["rule"] = rule_in_words(flag.campaign, facts["rule"])
    reason = _CUT_IN_VAIN if "cut_at" in facts else _REASONS[ZombieSignal(flag.signal)]
    return str(reason).format_map(facts)


_MEANINGS = {
    ZombieSignal.UNDEAD: gettext_lazy("Killed or paused, and spend is still reported for later days."),
    ZombieSignal.BREACHED: gettext_lazy("Its rule said stop, and nobody acted within {grace} hours."),
    ZombieSignal.OVERDUE: gettext_lazy("Its sprint has ended, and nobody has decided."),
    ZombieSignal.UNPLANNED: gettext_lazy("Live with no kill criterion."),
    ZombieSignal.HOPELESS: gettext_lazy("Less than 5% likely to reach its target with what is left."),
    ZombieSignal.BARREN: gettext_lazy("{multiple} times the target cost spent, and no {conversions} came."),
    ZombieSignal.BLIND: gettext_lazy("Live, and no numbers for {blind} hours."),
    ZombieSignal.OVERSPENT: gettext_lazy(
        "More is reported than its budget, or no less a day after a plan cut it."
    ),
}


def meaning_of(signal: ZombieSignal, workspace: Workspace) -> str:
    """What makes a zombie of that kind, with the workspace's own limits."""
    return str(_MEANINGS[signal]).format(
        grace=workspace.grace_hours,
        blind=workspace.blind_after_hours,
        multiple=sentences.plain(workspace.barren_target_multiple),
        conversions=words_of(None, workspace).measure("conversions"),
    )
