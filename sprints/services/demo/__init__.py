"""The demo workspace: a believable fortnight, lived through the same services that everybody uses."""

from sprints.services.demo.story import DEMO_PASSWORD, DEMO_PEOPLE, DEMO_SLUG, DemoPerson, tell_story

__all__ = ["DEMO_PASSWORD", "DEMO_PEOPLE", "DEMO_SLUG", "DemoPerson", "tell_story"]
