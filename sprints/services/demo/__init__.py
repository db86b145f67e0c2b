"""The demo workspace: a believable quarter, lived through the same services that everybody uses."""

from sprints.services.demo.story import tell_story

__all__ = ["tell_story"]
