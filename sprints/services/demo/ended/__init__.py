"""What the demo's team tried before, and what came of it: mostly noes, and the sooner the better."""

from sprints.services.demo.ended.early import EARLY, LONG_YES
from sprints.services.demo.ended.late import LATE
from sprints.services.demo.ended.shapes import Ended, EndedSprint

SPRINTS = (*EARLY, *LATE)

__all__ = ["LONG_YES", "SPRINTS", "Ended", "EndedSprint"]
