from sprints.services.reallocations.approving import (
    apply_reallocation,
    approve_reallocation,
    expire_reallocations,
    outdate_overdrawn,
    outdate_reallocations,
    reject_reallocation,
    replace_reallocation,
    withdraw_reallocation,
)
from sprints.services.reallocations.proposing import (
    create_reallocation,
    propose_reallocation,
    undo_reallocation,
)

__all__ = [
    "apply_reallocation",
    "approve_reallocation",
    "create_reallocation",
    "expire_reallocations",
    "outdate_overdrawn",
    "outdate_reallocations",
    "propose_reallocation",
    "reject_reallocation",
    "replace_reallocation",
    "undo_reallocation",
    "withdraw_reallocation",
]
