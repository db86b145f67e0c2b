"""The campaigns that a file can be of, and how its names are compared with theirs."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.utils.text import slugify

from experiments.choices import CampaignStatus
from experiments.models import Arm, Campaign
from experiments.services.exports.names import Spelled
from experiments.services.values import in_quotes, quoted
from workspaces.models import Workspace

_LONGEST_KEY = 100


class Identity(Spelled):
    """How a platform tells its campaigns apart; "" where the file does not say."""

    def __str__(self) -> str:
        if not self.name:
            return self.id
        name = in_quotes(quoted(self.name))
        return f"{name} ({self.id})" if self.id else name


@dataclass(frozen=True, slots=True)
class Known:
    """A campaign that a file's rows can belong to, with its arms by key."""

    key: str
    name: str
    external_id: str
    channel: str
    arms: dict[str, str]

    def answers_to(self, name: str) -> bool:
        return bool(name) and (self.name.casefold() == name.casefold() or self.key == slugify(name))


def known_campaigns(workspace: Workspace, *, key: str) -> list[Known]:
    campaigns = Campaign.objects.of(workspace).exclude(status=CampaignStatus.DISCARDED).order_by("id")
    if key:
        # PostgreSQL takes no NUL in a text, not even to say that there is none such.
        campaigns = campaigns.none() if "\x00" in key else campaigns.filter(key=key)
    # The campaigns first: one that is made between the two reads must not seem to have no arms.
    found = list(campaigns.values_list("id", "key", "name", "external_id", "channel"))
    arms: dict[int, dict[str, str]] = defaultdict(dict)
    for campaign_id, arm, name in (
        Arm.objects.of(workspace)
        .filter(campaign__in=campaigns)
        .order_by("campaign_id", "position")
        .values_list("campaign_id", "key", "name")
    ):
        arms[campaign_id][arm] = name
    return [Known(key, name, external_id, channel, arms[pk]) for pk, key, name, external_id, channel in found]


def arm_by_name(campaign: Known, part: Spelled) -> str:
    """The arm that is called as the part is; "" where none is."""
    for arm, name in campaign.arms.items():
        if means(part, arm=arm, name=name):
            return arm
    return ""


def means(given: Collection[str], *, arm: str, name: str) -> bool:
    spellings = {arm, name.casefold()}
    return any(text and (text.casefold() in spellings or slugify(text) == arm) for text in given)


def new_key(identity: Identity, *, taken: Collection[str]) -> str:
    """A key for a campaign that is new here, after its name."""
    stem = slugify(identity.name)[:_LONGEST_KEY].strip("-_") or f"campaign-{slugify(identity.id)}".strip("-")
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key
