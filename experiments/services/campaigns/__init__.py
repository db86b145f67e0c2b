"""Everything that happens to a campaign, from the first draft to its end."""

from experiments.services.campaigns.adoption import adopt_unplanned
from experiments.services.campaigns.drafts import (
    MOST_ARMS,
    change_campaign,
    create_campaign,
    drafted,
    import_campaign,
)
from experiments.services.campaigns.life_cycle import (
    complete_campaign,
    discard_campaign,
    kill_campaign,
    pause_campaign,
    resume_campaign,
    scale_campaign,
    start_campaign,
    stop_arm,
)
from experiments.services.campaigns.readiness import doubts_about_rules, missing_for_launch, silent_rules

__all__ = [
    "MOST_ARMS",
    "adopt_unplanned",
    "change_campaign",
    "complete_campaign",
    "create_campaign",
    "discard_campaign",
    "doubts_about_rules",
    "drafted",
    "import_campaign",
    "kill_campaign",
    "missing_for_launch",
    "pause_campaign",
    "resume_campaign",
    "scale_campaign",
    "silent_rules",
    "start_campaign",
    "stop_arm",
]
