from notices.services.channels import add_channel, change_channel, heard_in, remove_channel, test_channel
from notices.services.planning import plan_digests, plan_notices
from notices.services.sending import send_letters, send_to_channel
from notices.services.wishes import choose, stop

__all__ = [
    "add_channel",
    "change_channel",
    "choose",
    "heard_in",
    "plan_digests",
    "plan_notices",
    "remove_channel",
    "send_letters",
    "send_to_channel",
    "stop",
    "test_channel",
]
