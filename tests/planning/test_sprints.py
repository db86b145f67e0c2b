"""A sprint from its plan to its end."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from experiments.choices import CampaignStatus, HypothesisStatus
from experiments.exceptions import Invalid, InvalidTransition, NotFound, Refused
from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import kill_campaign
from experiments.services.hypotheses import create_hypothesis
from sprints.choices import AccountKind, CommitmentState, SprintStatus
from sprints.models import Commitment, Sprint, Transfer
from sprints.services.ledger import fund_reserve
from sprints.services.planning import (
    cancel_sprint,
    change_sprint,
    close_sprint,
    commit_hypothesis,
    open_review,
    release_hypothesis,
    start_sprint,
)
from tests.factories import (
    hypothesis_values,
    make_campaign,
    make_draft,
    make_hypothesis,
    make_member,
    make_running_sprint,
    make_sprint,
)
from tests.planning.refusals import codes
from workspaces.choices import EventKind, Role
from workspaces.models import Event, Membership
from workspaces.permissions import Actor

TODAY = date(2026, 11, 19)


def owned(by: Actor, title: str = "Founder video beats studio", **fields: Any) -> Hypothesis:
    return make_hypothesis(by.workspace, title, owner=by.user, **fields)


def told(kind: EventKind) -> list[dict[str, Any]]:
    return [event.data for event in Event.objects.filter(kind=kind).order_by("id")]


# Planning


@pytest.mark.parametrize("days", [4, 5, 6, 7])
def test_sprint__of_four_to_seven_days__is_planned(days: int, marketer: Actor, at: datetime) -> None:
    assert make_sprint(marketer, at=at, days=days).length_days == days


@pytest.mark.parametrize("days", [2, 3, 8])
def test_sprint__of_other_lengths__is_told_which_last_days_would_be_right(
    days: int, marketer: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid, match=f"make {days} days") as refusal:
        make_sprint(marketer, at=at, days=days)
    assert codes(refusal.value) == {"ends_on": "sprint_length"}
    assert "between Sun 22 Nov 2026 and Wed 25 Nov 2026" in refusal.value.message


def test_sprint__that_ends_before_it_begins__is_refused(marketer: Actor, at: datetime) -> None:
    with pytest.raises(Invalid, match="end before they begin"):
        make_sprint(marketer, at=at, ends_on=TODAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"name": ""}, {"name": "required"}),
        ({"name": "x" * 201}, {"name": "too_long"}),
        ({"goal": "x" * 1001}, {"goal": "too_long"}),
        ({"starts_on": None, "ends_on": None}, {"starts_on": "required", "ends_on": "required"}),
        ({"starts_on": date.max}, {"starts_on": "not_a_day"}),
        ({"ends_on": "soon"}, {"ends_on": "not_a_day"}),
        ({"number": 7}, {"number": "unknown_field"}),
    ],
)
def test_sprint__fields_wrong__are_all_named(
    changes: dict[str, Any], refused: dict[str, str], marketer: Actor, at: datetime
) -> None:
    with pytest.raises(Invalid) as refusal:
        make_sprint(marketer, at=at, **changes)
    assert codes(refusal.value) == refused


def test_sprint__number__is_the_workspaces_next(marketer: Actor, stranger: Actor, at: datetime) -> None:
    first = make_sprint(marketer, at=at)
    cancel_sprint(first.pk, by=marketer, at=at)
    numbers = [make_sprint(marketer, at=at).number, make_sprint(marketer, at=at).number]
    assert (first.number, numbers, make_sprint(stranger, at=at).number) == (1, [2, 3], 1)


def test_sprint__changed_in_planning__tells_before_and_after(marketer: Actor, at: datetime) -> None:
    sprint = make_sprint(marketer, at=at)
    change_sprint(sprint.pk, values={"ends_on": TODAY + timedelta(days=5)}, by=marketer, at=at)
    assert Sprint.objects.get().length_days == 6
    (data,) = told(EventKind.SPRINT_CHANGED)
    assert (data["before"], data["after"]) == ({"ends_on": "2026-11-23"}, {"ends_on": "2026-11-24"})


def test_sprint__changed_to_three_days_or_after_its_start__is_refused(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, at=at)
    with pytest.raises(Refused) as refusal:
        change_sprint(sprint.pk, values={"name": "Another"}, by=marketer, at=at)
    assert refusal.value.code == "already_started"
    planned = make_sprint(marketer, at=at)
    with pytest.raises(Invalid):
        change_sprint(planned.pk, values={"starts_on": TODAY + timedelta(days=2)}, by=marketer, at=at)


def test_sprint__of_another_workspace__is_not_found(marketer: Actor, stranger: Actor, at: datetime) -> None:
    theirs = make_sprint(stranger, at=at)
    for service in (start_sprint, open_review, close_sprint, cancel_sprint):
        with pytest.raises(NotFound):
            service(theirs.pk, by=marketer, at=at)
    with pytest.raises(NotFound):
        start_sprint(10**30, by=marketer, at=at)


# Commitments


def test_commit__hypothesis_of_the_backlog__takes_the_first_place(marketer: Actor, at: datetime) -> None:
    hypothesis = owned(marketer)
    sprint = make_sprint(marketer, hypothesis, at=at)
    hypothesis.refresh_from_db()
    assert hypothesis.status == HypothesisStatus.COMMITTED
    assert hypothesis.decide_by is None
    commitment = Commitment.objects.get()
    assert (commitment.sprint, commitment.position, commitment.state) == (sprint, 1, CommitmentState.ACTIVE)
    assert [data["number"] for data in told(EventKind.HYPOTHESIS_COMMITTED)] == [1]


def test_commit__fourth_hypothesis__finds_the_sprint_full(marketer: Actor, at: datetime) -> None:
    sprint = make_sprint(marketer, *(owned(marketer, f"Idea {n}") for n in range(3)), at=at)
    fourth = owned(marketer, "Idea 4")
    with pytest.raises(Refused) as refusal:
        commit_hypothesis(sprint.pk, hypothesis_id=fourth.pk, by=marketer, at=at)
    assert refusal.value.code == "sprint_full"
    fourth.refresh_from_db()
    assert fourth.status == HypothesisStatus.BACKLOG


def test_commit__after_a_release__takes_the_place_that_is_free(marketer: Actor, at: datetime) -> None:
    first, second, third = (owned(marketer, f"Idea {n}") for n in range(3))
    sprint = make_sprint(marketer, first, second, third, at=at)
    release_hypothesis(sprint.pk, hypothesis_id=second.pk, by=marketer, at=at)
    fourth = owned(marketer, "Idea 4")
    commit_hypothesis(sprint.pk, hypothesis_id=fourth.pk, by=marketer, at=at)
    assert Commitment.objects.active().get(hypothesis=fourth).position == 2


def test_commit__hypothesis_of_another_sprint__is_refused(marketer: Actor, at: datetime) -> None:
    hypothesis = owned(marketer)
    make_sprint(marketer, hypothesis, at=at)
    other = make_sprint(marketer, at=at)
    with pytest.raises(InvalidTransition):
        commit_hypothesis(other.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)


def test_commit__to_a_sprint_that_runs__is_refused(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, at=at)
    hypothesis = owned(marketer)
    for service in (commit_hypothesis, release_hypothesis):
        with pytest.raises(InvalidTransition):
            service(sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)


def test_commit__without_an_owner_or_with_one_who_has_left__is_refused(marketer: Actor, at: datetime) -> None:
    sprint = make_sprint(marketer, at=at)
    nobodys = make_hypothesis(marketer.workspace)
    with pytest.raises(Refused) as refusal:
        commit_hypothesis(sprint.pk, hypothesis_id=nobodys.pk, by=marketer, at=at)
    assert refusal.value.code == "owner_missing"
    leaver = make_member(marketer.workspace, Role.MARKETER, email="leo@example.com").user
    leos = create_hypothesis(values=hypothesis_values(owner=leaver), by=marketer, at=at)
    Membership.objects.filter(user=leaver).delete()
    with pytest.raises(Refused, match=r"leo@example\.com") as refusal:
        commit_hypothesis(sprint.pk, hypothesis_id=leos.pk, by=marketer, at=at)
    assert refusal.value.code == "owner_gone"


def test_release__puts_the_hypothesis_back(marketer: Actor, at: datetime) -> None:
    hypothesis = owned(marketer)
    sprint = make_sprint(marketer, hypothesis, at=at)
    release_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)
    hypothesis.refresh_from_db()
    assert hypothesis.status == HypothesisStatus.BACKLOG
    commitment = Commitment.objects.get()
    assert (commitment.state, commitment.ended_at) == (CommitmentState.RELEASED, at)
    with pytest.raises(Refused) as refusal:
        release_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)
    assert refusal.value.code == "not_committed"
    assert len(told(EventKind.HYPOTHESIS_RELEASED)) == 1


# Start


def test_start__launches_every_draft_with_its_money(marketer: Actor, manager: Actor, at: datetime) -> None:
    fund_reserve(amount=Decimal(3000), reason="November", by=manager, at=at)
    first, second = owned(marketer, "Idea 1"), owned(marketer, "Idea 2")
    for key, hypothesis in (("one", first), ("two", first), ("three", second)):
        make_draft(marketer, hypothesis, key, at=at)
    make_draft(marketer, owned(marketer, "Not in it"), "four", at=at)
    sprint = make_sprint(marketer, first, second, at=at)
    start_sprint(sprint.pk, by=marketer, at=at)
    sprint.refresh_from_db()
    assert (sprint.status, sprint.started_at) == (SprintStatus.RUNNING, at)
    assert list(Campaign.objects.order_by("id").values_list("key", "status", "budget", "runs_until")) == [
        ("one", "live", Decimal(2500), sprint.ends_on),
        ("two", "live", Decimal(2500), sprint.ends_on),
        ("three", "live", Decimal(2500), sprint.ends_on),
        ("four", "draft", Decimal(0), None),
    ]
    # 3,000 from the reserve reach for the first and 500 of the second; 4,500 come from outside.
    outside = Transfer.objects.filter(
        source_kind=AccountKind.OUTSIDE, target_kind=AccountKind.CAMPAIGN
    ).values_list("amount", flat=True)
    assert sum(outside) == Decimal(4500)
    marketer.workspace.refresh_from_db()
    assert marketer.workspace.reserve == 0
    assert set(Hypothesis.objects.committed().values_list("decide_by", flat=True)) == {sprint.ends_on}
    (data,) = told(EventKind.SPRINT_STARTED)
    assert data["campaigns"] == ["one", "two", "three"]


def test_start__one_campaign_not_ready__launches_none_and_names_everything(
    marketer: Actor, at: datetime
) -> None:
    hypotheses = [owned(marketer, f"Idea {n}") for n in (1, 2, 3)]
    make_draft(marketer, hypotheses[0], "one", at=at)
    make_draft(marketer, hypotheses[1], "two", at=at, budget=None, kill_criteria=[])
    sprint = make_sprint(marketer, *hypotheses, at=at)
    with pytest.raises(Refused) as refusal:
        start_sprint(sprint.pk, by=marketer, at=at)
    assert refusal.value.code == "not_ready"
    assert codes(refusal.value) == {
        "campaigns.two.budget": "budget_missing",
        "campaigns.two.kill_criteria": "criteria_missing",
        f"hypotheses.{hypotheses[2].pk}.campaigns": "campaign_missing",
    }
    assert set(Campaign.objects.values_list("status", flat=True)) == {CampaignStatus.DRAFT}
    assert Sprint.objects.get().status == SprintStatus.PLANNING
    assert not Transfer.objects.exists()


def test_start__without_a_hypothesis__is_refused(marketer: Actor, at: datetime) -> None:
    sprint = make_sprint(marketer, at=at)
    with pytest.raises(Refused) as refusal:
        start_sprint(sprint.pk, by=marketer, at=at)
    assert codes(refusal.value) == {"hypotheses": "hypotheses_missing"}


@pytest.mark.parametrize(
    ("days_from_now", "code"),
    [(-5, "sprint_over"), (-4, None), (0, None), (1, None), (2, "too_early")],
)
def test_start__on_which_day__from_the_eve_to_the_last(
    days_from_now: int, code: str | None, marketer: Actor, at: datetime
) -> None:
    first_day = TODAY + timedelta(days=days_from_now)
    hypothesis = owned(marketer)
    make_draft(marketer, hypothesis, at=at)
    sprint = make_sprint(
        marketer, hypothesis, at=at, starts_on=first_day, ends_on=first_day + timedelta(days=4)
    )
    if code is None:
        assert start_sprint(sprint.pk, by=marketer, at=at).status == SprintStatus.RUNNING
    else:
        with pytest.raises(Refused) as refusal:
            start_sprint(sprint.pk, by=marketer, at=at)
        assert refusal.value.code == code


# Review and end


def test_review__then_close__needs_every_hypothesis_decided(marketer: Actor, at: datetime) -> None:
    sprint = make_running_sprint(marketer, "one", "two", at=at)
    open_review(sprint.pk, by=marketer, at=at)
    with pytest.raises(Refused, match="“About one” and “About two” have no decision") as refusal:
        close_sprint(sprint.pk, by=marketer, at=at)
    assert refusal.value.code == "undecided"
    Commitment.objects.update(state=CommitmentState.DECIDED, ended_at=at)
    later = at + timedelta(days=1)
    assert close_sprint(sprint.pk, by=marketer, at=later).closed_at == later
    assert len(told(EventKind.SPRINT_REVIEWED)) == len(told(EventKind.SPRINT_CLOSED)) == 1


def test_cancel__puts_every_hypothesis_back(marketer: Actor, at: datetime) -> None:
    hypotheses = [owned(marketer, f"Idea {n}") for n in (1, 2)]
    sprint = make_sprint(marketer, *hypotheses, at=at)
    cancel_sprint(sprint.pk, by=marketer, at=at)
    assert Sprint.objects.get().status == SprintStatus.CANCELLED
    assert Hypothesis.objects.in_backlog().count() == 2
    assert not Commitment.objects.active().exists()
    assert [data["title"] for data in told(EventKind.HYPOTHESIS_RELEASED)] == ["Idea 1", "Idea 2"]


def test_release__adopted_campaign_that_runs__does_not_hold_its_hypothesis(
    marketer: Actor, at: datetime
) -> None:
    hypothesis = owned(marketer)
    make_campaign(marketer.workspace, "spring-sale", hypothesis=hypothesis)
    sprint = make_sprint(marketer, hypothesis, at=at)
    release_hypothesis(sprint.pk, hypothesis_id=hypothesis.pk, by=marketer, at=at)
    kill_campaign("spring-sale", reason="Over", by=marketer, at=at)
    assert Hypothesis.objects.in_backlog().count() == 1
