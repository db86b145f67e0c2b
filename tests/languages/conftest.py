"""The team and the week of the pages."""

from tests.pages.conftest import browse, now, team, week, workspace

__all__ = ["browse", "now", "team", "week", "workspace"]
