"""The scheduler closes what nobody approved in time."""

from datetime import UTC, datetime

from sprints.choices import ReallocationState
from sprints.models import Reallocation
from sprints.services.reallocations import propose_reallocation
from sprints.tasks import expire_reallocations
from tests.money.harbour import build_harbour
from workspaces.models import Workspace
from workspaces.permissions import Actor


def test_expire_task__a_plan_whose_time_is_over__is_closed_once(
    workspace: Workspace, mia: Actor, now: datetime
) -> None:
    build_harbour(workspace)
    plan = propose_reallocation(by=mia, at=now)
    Reallocation.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert expire_reallocations() == 1
    assert expire_reallocations() == 0
    plan.refresh_from_db()
    assert plan.state == ReallocationState.EXPIRED
