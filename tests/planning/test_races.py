"""However close the clicks, each thing happens once, and nobody waits in a circle."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from experiments.choices import CampaignStatus
from experiments.models import Breach, Campaign, Hypothesis
from experiments.services.campaigns import (
    create_campaign,
    kill_campaign,
    pause_campaign,
    resume_campaign,
    scale_campaign,
)
from experiments.services.criteria import overrule_breach
from sprints.models import Commitment, Decision, Sprint, Transfer
from sprints.services.decisions import decide
from sprints.services.launching import launch_campaign
from sprints.services.planning import (
    cancel_sprint,
    commit_hypothesis,
    create_sprint,
    open_review,
    release_hypothesis,
    start_sprint,
)
from tests.factories import campaign_values, make_draft, make_hypothesis, make_running_sprint, make_sprint
from tests.planning.breaches import break_rule
from tests.racing import race
from workspaces.choices import EventKind
from workspaces.models import Event
from workspaces.permissions import Actor

pytestmark = pytest.mark.usefixtures("shared_db")

SPRINT = {"name": "Hooks", "starts_on": date(2026, 11, 19), "ends_on": date(2026, 11, 23)}


def owned(by: Actor, title: str) -> Hypothesis:
    return make_hypothesis(by.workspace, title, owner=by.user)


def test_sprints__created_at_once__get_numbers_in_a_row(marketer: Actor, at: datetime) -> None:
    done = race(*[partial(create_sprint, values=SPRINT, by=marketer, at=at)] * 5)
    assert done == ["done"] * 5
    assert sorted(Sprint.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5]


def test_commit__four_hypotheses_at_once__three_find_a_place(marketer: Actor, at: datetime) -> None:
    sprint = make_sprint(marketer, at=at)
    done = race(
        *(
            partial(
                commit_hypothesis,
                sprint.pk,
                hypothesis_id=owned(marketer, f"Idea {number}").pk,
                by=marketer,
                at=at,
            )
            for number in range(4)
        )
    )
    assert done == ["done", "done", "done", "sprint_full"]
    assert sorted(Commitment.objects.active().values_list("position", flat=True)) == [1, 2, 3]


def test_commit__one_hypothesis_to_three_sprints_at_once__is_in_one(marketer: Actor, at: datetime) -> None:
    hypothesis = owned(marketer, "Idea")
    sprints = [make_sprint(marketer, at=at) for _ in range(3)]
    done = race(
        *(
            partial(commit_hypothesis, sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)
            for sprint in sprints
        )
    )
    assert done == ["done", "invalid_transition", "invalid_transition"]
    assert Commitment.objects.active().count() == 1


def test_campaigns__created_at_once_with_one_key__one_gets_it(marketer: Actor, at: datetime) -> None:
    done = race(*[partial(create_campaign, values=campaign_values(), by=marketer, at=at)] * 4)
    assert done == ["done", "key_taken", "key_taken", "key_taken"]
    assert Campaign.objects.count() == 1


def test_start__clicked_at_once__launches_and_pays_once(marketer: Actor, at: datetime) -> None:
    hypothesis = owned(marketer, "Idea")
    make_draft(marketer, hypothesis, at=at)
    sprint = make_sprint(marketer, hypothesis, at=at)
    done = race(*[partial(start_sprint, sprint.pk, by=marketer, at=at)] * 4)
    assert done == ["done", *["invalid_transition"] * 3]
    assert Transfer.objects.count() == 1
    assert Event.objects.filter(kind=EventKind.CAMPAIGN_LAUNCHED).count() == 1


def test_start_and_cancel__at_once__one_of_them_happens(marketer: Actor, at: datetime) -> None:
    hypothesis = owned(marketer, "Idea")
    make_draft(marketer, hypothesis, at=at)
    sprint = make_sprint(marketer, hypothesis, at=at)
    done = race(
        partial(start_sprint, sprint.pk, by=marketer, at=at),
        partial(cancel_sprint, sprint.pk, by=marketer, at=at),
        partial(release_hypothesis, sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at),
    )
    assert "done" in done
    sprint.refresh_from_db()
    is_live = Campaign.objects.live().exists()
    assert is_live == (sprint.status == "running")
    assert is_live == Commitment.objects.active().exists()


def test_launch__clicked_at_once__pays_once(marketer: Actor, at: datetime) -> None:
    make_running_sprint(marketer, at=at)
    make_draft(marketer, Hypothesis.objects.get(), "second", at=at)
    done = race(*[partial(launch_campaign, "second", by=marketer, at=at)] * 4)
    assert done == ["done", *["invalid_transition"] * 3]
    assert Transfer.objects.count() == 2


def test_kill__clicked_at_once__happens_and_is_told_once(marketer: Actor, at: datetime) -> None:
    make_running_sprint(marketer, at=at)
    done = race(*[partial(kill_campaign, "founder-video", reason="A no", by=marketer, at=at)] * 4)
    assert done == ["done", *["invalid_transition"] * 3]
    assert Event.objects.filter(kind=EventKind.CAMPAIGN_KILLED).count() == 1


def test_overrule_and_kill__at_once__close_the_breach_one_way(
    marketer: Actor, manager: Actor, at: datetime
) -> None:
    make_running_sprint(marketer, at=at)
    breach = break_rule(Campaign.objects.get(), at=at)
    overrule = partial(
        overrule_breach,
        "founder-video",
        breach.watch.criterion_id,
        reason="Early",
        until=date(2026, 11, 21),
        by=manager,
        at=at,
    )
    done = race(overrule, partial(kill_campaign, "founder-video", reason="A no", by=marketer, at=at))
    assert done in (["done", "done"], ["done", "no_open_breach"])
    closed = Breach.objects.get()
    assert closed.closed_as == ("overruled" if done == ["done", "done"] else "settled")
    assert Campaign.objects.get().status == CampaignStatus.KILLED


def test_decide__clicked_at_once__decides_once(marketer: Actor, at: datetime) -> None:
    make_running_sprint(marketer, at=at)
    hypothesis = Hypothesis.objects.get()
    done = race(
        *(
            partial(
                decide,
                hypothesis.pk,
                decision=decision,
                moved_the_business=False,
                learning="Nobody clicks",
                by=marketer,
                at=at,
            )
            for decision in ("kill", "scale", "evolve", "inconclusive")
        )
    )
    assert done == ["done", *["invalid_transition"] * 3]
    assert Decision.objects.count() == 1


def test_different_acts__on_the_same_things_at_once__never_wait_in_a_circle(
    marketer: Actor, at: datetime
) -> None:
    sprint = make_running_sprint(marketer, "one", "two", at=at)
    first, second = Hypothesis.objects.order_by("id")
    make_draft(marketer, first, "three", at=at)
    following = make_sprint(marketer, at=at)
    later = at + timedelta(hours=1)
    decided: dict[str, Any] = {"moved_the_business": False, "learning": "No", "by": marketer, "at": later}
    race(
        partial(decide, first.pk, decision="inconclusive", carry_to=following.pk, **decided),
        partial(decide, second.pk, decision="kill", **decided),
        partial(launch_campaign, "three", by=marketer, at=later),
        partial(pause_campaign, "one", reason="", by=marketer, at=later),
        partial(resume_campaign, "one", by=marketer, at=later),
        partial(scale_campaign, "two", by=marketer, at=later),
        partial(open_review, sprint.pk, by=marketer, at=later),
        partial(start_sprint, following.pk, by=marketer, at=later),
    )
    carried = Commitment.objects.active().get()
    assert (carried.hypothesis, carried.sprint) == (first, following)
    assert Campaign.objects.get(key="two").status == CampaignStatus.KILLED
