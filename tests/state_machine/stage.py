"""Where the machine acts: two workspaces, a clock that is told to move, and one way to do anything."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from unittest.mock import patch

import time_machine
from celery import Task
from django.db import connection, transaction
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from kombu.exceptions import OperationalError
from rest_framework.test import APIClient

from experiments.exceptions import DomainError
from tests.state_machine.life_cycles import Coverage, told_by
from tests.state_machine.model import Kind, Team, Who
from tests.state_machine.people import actor, bring_people, make_key, why_not
from workspaces.models import Event
from workspaces.services import create_workspace

# Saturday; the clocks of both workspaces change while the machine runs.
START = datetime(2026, 10, 31, 9, 30, tzinfo=UTC)
WORKSPACES = (("harbour", "America/Chicago", "USD"), ("kiwi", "Pacific/Auckland", "JPY"))
# A REST call may be sent again; so often it is.
REPEATED = 3
# What is drawn may be any of what there is; so many times of ten it is one of which the deed may come off.
FITTING = 8
# One in so many is looked for in the workspace where it is not.
ASTRAY = 24

# How far the clock moves when it does, and that it does before one deed in so many.
MINUTES = (5, 120, 480, 720, 1440, 1440, 4320)
CLOCK_MOVES = 7

ThingT = TypeVar("ThingT")

DeedT = TypeVar("DeedT", bound=Callable[..., None])


def deed(weight: int = 1) -> Callable[[DeedT], DeedT]:
    """Something that may happen, ``weight`` times as often as what happens seldom."""

    def mark(method: DeedT) -> DeedT:
        method.weight = weight  # type: ignore[attr-defined]
        return method

    return mark


class Tally:
    """What the machine has done so far, over all its runs."""

    def __init__(self) -> None:
        self.coverage = Coverage()
        self.accepted: dict[str, int] = {}
        self.refused: dict[str, dict[str, int]] = {}
        # What the application itself took of the time.
        self.seconds = 0.0

    def note(self, what: str, code: str | None) -> None:
        if code is None:
            self.accepted[what] = self.accepted.get(what, 0) + 1
        else:
            codes = self.refused.setdefault(what, {})
            codes[code] = codes.get(code, 0) + 1

    @contextmanager
    def timed(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began

    @property
    def steps(self) -> int:
        return sum(self.accepted.values()) + sum(sum(codes.values()) for codes in self.refused.values())


class Rehearsal:
    """A transaction that ends as if nothing had happened, inside which services commit as they always do."""

    def __init__(self) -> None:
        self.block = transaction.atomic()
        # As in a TestCase: services that insist on owning their transaction do not see this one.
        self.block._from_testcase = True  # type: ignore[attr-defined]
        self.block.__enter__()

    def commit(self) -> None:
        """Do what waits for the commit."""
        while connection.run_on_commit:
            waiting, connection.run_on_commit = connection.run_on_commit, []
            for entry in waiting:
                entry[1]()

    def end(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)


class Stage(RuleBasedStateMachine):
    """What the steps of every concept build on."""

    tally = Tally()

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.calls = 0
        self.number = 0
        self.last_event = 0
        # Of the last deed.
        self.heard: list[tuple[Team, Event]] = []
        self.refusal: str | None = None
        self.created: Any = None
        self.props = ExitStack()
        # Due work is a column; nothing here may depend on a broker.
        self.props.enter_context(patch.object(Task, "delay", side_effect=OperationalError("It is gone.")))
        # Thousands of refusals are meant.
        for logger in ("django.request", "workspaces.tasks"):
            self.props.enter_context(patch.object(logging.getLogger(logger), "disabled", new=True))
        self.rehearsal = Rehearsal()
        self.props.callback(self.rehearsal.end)
        try:
            self.teams = [self._found(*described) for described in WORKSPACES]
            self.rehearsal.commit()
            self._hear()
        except BaseException:
            self.props.close()
            raise

    def teardown(self) -> None:
        with self.props:
            connection.check_constraints()

    def _found(self, slug: str, timezone: str, currency: str) -> Team:
        workspace = create_workspace(
            name=slug.capitalize(),
            slug=slug,
            timezone=timezone,
            currency=currency,
            owner_email=f"olga@{slug}.example",
            owner_password=None,
            at=self.now,
        )
        team = Team(
            id=workspace.pk,
            slug=slug,
            unit=Decimal("0.01") if currency == "USD" else Decimal(1),
            people=bring_people(workspace, at=self.now),
            timezone=timezone,
            policy={"plan_expiry_hours": 72, "apply_on_approval": False},
        )
        owner = team.people["olga"]
        for name in ("mia", "dana", "olga"):
            person = team.people[name]
            make_key(
                team,
                person,
                "read",
                "plan:write",
                "metrics:write",
                "budget:propose",
                maker=person,
                at=self.now,
            )
        # Made by somebody else: as much the maker's proposal as that of the person for whom it acts.
        make_key(team, team.people["mia"], "budget:propose", maker=owner, at=self.now)
        make_key(team, team.people["rolf"], "read", maker=owner, at=self.now)
        make_key(team, team.people["vera"], "read", "plan:write", maker=owner, at=self.now)
        return team

    # Choosing

    def draw_team(self, data: st.DataObject) -> Team:
        """Where the next thing happens, and when: at once, or later."""
        if data.draw(st.integers(0, CLOCK_MOVES)) == CLOCK_MOVES:
            self.now += timedelta(minutes=data.draw(st.sampled_from(MINUTES)))
        return self.teams[data.draw(st.integers(0, 1))]

    def choose(
        self, data: st.DataObject, things: Sequence[ThingT], fits: Callable[[ThingT], bool] = lambda _: True
    ) -> ThingT | None:
        """One of the things, most often one that fits; ``None`` where there is none."""
        fitting = [thing for thing in things if fits(thing)]
        if not things:
            return None
        among = fitting if fitting and data.draw(st.integers(0, 9)) < FITTING else things
        return among[data.draw(st.integers(0, len(among) - 1))]

    def choose_of(
        self, data: st.DataObject, team: Team, kind: Kind, fits: Callable[[Any], bool] = lambda _: True
    ) -> Any:
        """One of the team's things; now and then one of the other team's, which does not exist here."""
        astray = data.draw(st.integers(0, ASTRAY)) == ASTRAY
        of = next(other for other in self.teams if other is not team) if astray else team
        return self.choose(data, list(getattr(of, kind).values()), fits)

    def choose_who(self, data: st.DataObject, team: Team, needs: str, *, by_key: bool = False) -> Who:
        people = [Who(person) for person in team.people.values()]
        keys = [Who(one.person, key) for one in people for key in one.person.keys] if by_key else []
        who = self.choose(data, [*people, *keys], lambda one: not why_not(one, needs))
        assert who is not None
        return who

    def name(self, stem: str) -> str:
        """A name that nobody has."""
        self.number += 1
        return f"{stem}-{self.number}"

    # Doing

    def act(
        self,
        what: str,
        team: Team,
        who: Who,
        service: Callable[..., Any],
        *,
        needs: str,
        rest: tuple[str, str, Any] | None = None,
        faults: set[str] = frozenset(),  # type: ignore[assignment]
        may: set[str] = frozenset(),  # type: ignore[assignment]
    ) -> bool:
        """Do it, by REST where a key acts; return whether it was done.

        ``faults``: codes of what forbids it, of which one must be named. ``may``: codes of what may forbid
        it, where only the statistics know.
        """
        faults = faults | why_not(who, needs)
        if len(faults) > 1:
            may = may | {"invalid"}
        self.created = None
        with self.tally.timed():
            self.refusal = (
                self._call(team, who, rest) if who.key and rest else self._serve(team, who, service)
            )
            self.rehearsal.commit()
        note(f"{self.now:%a %d %H:%M} {team.slug}: {what} by {who}: {self.refusal or 'done'}")
        self.tally.note(what, self.refusal)
        if self.refusal is None:
            assert not faults, f"{what} was done in spite of {faults}."
        else:
            assert self.refusal in faults | may, (
                f"{what} was refused: {self.refusal}. Expected: {faults | may}."
            )
        self._hear()
        return self.refusal is None

    def _serve(self, team: Team, who: Who, service: Callable[..., Any]) -> str | None:
        refusal: DomainError | None = None
        try:
            self.created = service(by=actor(team, who.person), at=self.now)
        except DomainError as error:
            refusal = error
        if refusal is None:
            return None
        assert refusal.message[-1] in ".?”", f"This is no sentence: {refusal.message}"
        return refusal.code

    def _call(self, team: Team, who: Who, rest: tuple[str, str, Any]) -> str | None:
        """The answer's code; ``None`` for a success. An error that nobody foresaw comes out as it is."""
        assert who.key is not None
        method, path, body = rest
        self.calls += 1
        client = APIClient(headers={"Authorization": f"Bearer {who.key.secret}"})
        send = {"POST": client.post, "PATCH": client.patch}[method]
        headers = {"Idempotency-Key": f"call-{self.calls}"} if method == "POST" else {}
        with time_machine.travel(self.now, tick=False):
            answer = send(f"/api/v1/{path}", body, format="json", headers=headers)
            is_known = answer.status_code != 401
            if method == "POST" and is_known and self.calls % REPEATED == 0:
                told = Event.objects.count()
                again = send(f"/api/v1/{path}", body, format="json", headers=headers)
                assert (again.status_code, again.content) == (answer.status_code, answer.content)
                assert Event.objects.count() == told
        if answer.status_code < 300:
            self.created = json.loads(answer.content)
            return None
        problem = json.loads(answer.content)
        assert answer["Content-Type"] == "application/problem+json"
        assert problem["status"] == answer.status_code < 500
        return str(problem["code"])

    def work(self, what: str, service: Callable[..., Any]) -> Any:
        """What the scheduler does; it is never refused."""
        with self.tally.timed():
            done = service(at=self.now)
            self.rehearsal.commit()
        note(f"{self.now:%a %d %H:%M} {what}")
        self.tally.note(what, None)
        self._hear()
        return done

    # Hearing

    def _hear(self) -> None:
        by_id = {team.id: team for team in self.teams}
        events = list(Event.objects.filter(id__gt=self.last_event).order_by("id"))
        self.heard = [(by_id[event.workspace_id], event) for event in events]
        for team, event in self.heard:
            self._replay(team, event)
        self.last_event = max((event.pk for event in events), default=self.last_event)

    def _replay(self, team: Team, event: Event) -> None:
        found = told_by(event.kind, event.subject_id, event.data)
        if found is None:
            return
        thing, state = found
        before = team.told.get(thing, "running" if thing[0] == "arm" else "new")
        # A criterion's first steps are not told; the invariants see them.
        if thing[0] != "criterion":
            self.tally.coverage.see(thing[0], before, state)
        else:
            assert (before == "breached") != (state == "breached"), f"{thing}: {before}, then {state}."
        team.told[thing] = state

    def heard_of(self, kind: str) -> list[tuple[Team, Event]]:
        return [(team, event) for team, event in self.heard if event.kind == kind]

    def things_heard(self, team: Team, kind: str) -> list[str]:
        """Subjects of the last deed's events of a kind, in order."""
        return [event.subject_id for of, event in self.heard_of(kind) if of is team]
