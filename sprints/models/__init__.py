from sprints.models.ledger import Reallocation, ReallocationLine, Transfer
from sprints.models.sprint import Commitment, Decision, Sprint

__all__ = ["Commitment", "Decision", "Reallocation", "ReallocationLine", "Sprint", "Transfer"]
