from sprints.services.corrections import correct_reserve
from sprints.services.ledger import fund_launch, fund_reserve
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    expire_reallocations,
    outdate_reallocations,
    propose_reallocation,
    reject_reallocation,
    replace_reallocation,
    undo_reallocation,
    withdraw_reallocation,
)

__all__ = [
    "apply_reallocation",
    "approve_reallocation",
    "correct_reserve",
    "create_reallocation",
    "expire_reallocations",
    "fund_launch",
    "fund_reserve",
    "outdate_reallocations",
    "propose_reallocation",
    "reject_reallocation",
    "replace_reallocation",
    "undo_reallocation",
    "withdraw_reallocation",
]
