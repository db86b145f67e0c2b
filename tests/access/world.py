"""A workspace in which every action of the table can be done, and the people and keys that try to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from api.models import ApiKey
from api.services import create_key, register_endpoint
from experiments.models import Campaign, ImportMapping, ZombieFlag
from experiments.services.campaigns import import_campaign, pause_campaign
from experiments.services.exports import LEFT_OUT, ImportOptions, Said, Spelled, import_export
from experiments.services.exports.names import remember_names
from experiments.services.hypotheses import create_hypothesis
from experiments.services.judging import judge_campaigns
from experiments.services.observations.rows import Row
from experiments.services.templates import save_template
from notices.models import Channel
from sprints.models import Reallocation
from sprints.services.decisions import decide
from sprints.services.planning import close_sprint, open_review
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
)
from tests.factories import (
    fill_reserve,
    give_file,
    hypothesis_values,
    make_actor,
    make_draft,
    make_member,
    make_running_sprint,
    make_sprint,
    make_workspace,
    report,
)
from workspaces.choices import Role, Scope
from workspaces.models import Membership, Workspace
from workspaces.permissions import Actor
from workspaces.services import invite

SLUG, ELSEWHERE = "harbour", "elsewhere"


@dataclass(frozen=True, slots=True)
class World:
    """``things``: what the table's placeholders stand for. ``people``: somebody of each role."""

    workspace: Workspace
    people: dict[Role, Actor]
    # A marketer and a manager besides; what is nobody's of the above is theirs.
    colleague: Actor
    director: Actor
    # Owns another workspace, and so may do everything there.
    stranger: Actor
    things: dict[str, Any]
    at: datetime

    def filled(self, value: Any) -> Any:
        """``value`` with its placeholders replaced; one that stands alone keeps its type."""
        match value:
            case str() if value.startswith("{") and value.endswith("}") and value.count("{") == 1:
                return self.things[value[1:-1]]
            case str():
                return value.format(**self.things)
            case dict():
                return {key: self.filled(item) for key, item in value.items()}
            case list():
                return [self.filled(item) for item in value]
        return value

    def key_of(self, person: Actor, *scopes: Scope, maker: Actor) -> Actor:
        """A key that acts for that person."""
        return replace(person, scopes=frozenset(scopes), key_name="connector", key_maker=maker.person)

    def secret_of(self, person: Actor, *scopes: Scope, maker: Actor) -> str:
        """The secret of such a key. Whoever made it may have been an owner then."""
        key, secret = create_key(
            name="connector", scopes=scopes, for_user=person.person, by=self.people[Role.OWNER], at=self.at
        )
        ApiKey.objects.filter(pk=key.pk).update(created_by=maker.person)
        return secret

    def propose(self, by: Actor, *, amount: str = "7.00", state: str = "proposed") -> Reallocation:
        """A plan of two lines, as far as that state; approved by somebody who has no part in it."""
        lines = [{"from": "reserve", "to": key, "amount": amount} for key in ("founder-video", "webinar")]
        # Whoever may not propose any more could when they did.
        plan = create_reallocation(lines=lines, by=replace(by, role=Role.OWNER), at=self.at)
        if state in {"approved", "applied"}:
            approve_reallocation(plan.pk, plan_digest=plan.plan_digest, by=self.director, at=self.at)
        if state == "applied":
            apply_reallocation(plan.pk, by=self.director, at=self.at)
        plan.refresh_from_db()
        return plan

    def plan_of(self, whose: str, me: Actor, *, state: str) -> Reallocation:
        """A plan of which the table says whose it is to me."""
        proposer = {
            "own": me,
            "other": self.colleague,
            "made": self.key_of(self.colleague, Scope.BUDGET_PROPOSE, maker=me),
            "given": self.key_of(me, Scope.BUDGET_PROPOSE, maker=self.colleague),
        }[whose]
        return self.propose(proposer, state=state)


def build_world(at: datetime) -> World:
    """Three sprints (one planned, one that runs, one in review), five plans, and one of everything else."""
    workspace = make_workspace(SLUG)
    owner = Membership.objects.select_related("user", "workspace").get(workspace=workspace)
    people = {role: make_actor(workspace, role) for role in (Role.VIEWER, Role.MARKETER, Role.MANAGER)} | {
        Role.OWNER: Actor.of_member(owner)
    }
    colleague = make_actor(workspace, Role.MARKETER, email="colleague@harbour.example")
    director = make_actor(workspace, Role.MANAGER, email="director@harbour.example")
    stranger = Actor.of_member(
        Membership.objects.select_related("user", "workspace").get(workspace=make_workspace(ELSEWHERE))
    )
    things: dict[str, Any] = {
        "today": workspace.local_day(at),
        "in_four_days": workspace.local_day(at) + timedelta(days=4),
    }
    world = World(workspace, people, colleague, director, stranger, things, at)
    fill_reserve(workspace, "30000.00")
    _run_a_sprint(world)
    _plan_a_sprint(world)
    _review_a_sprint(world)
    _add_zombies(world)
    _import_a_file(world)
    _move_money(world)
    kept = save_template(values={"name": "Kept", "criterion": SMALL_RULE}, by=colleague, at=at)
    endpoint = register_endpoint(url="https://8.8.8.8/", by=colleague, at=at)
    newcomer = make_member(workspace, Role.VIEWER, email="newcomer@harbour.example")
    olga = people[Role.OWNER]
    invitation = invite(email="invited@harbour.example", role=Role.VIEWER, by=olga, at=at)
    # On this machine, so that trying it leads nowhere.
    channel = Channel.objects.create(
        workspace=workspace,
        name="#sales",
        url="mmosts://127.0.0.1/3ccd",
        created_at=at,
        created_by=olga.person,
    )
    world.secret_of(people[Role.MARKETER], Scope.READ, maker=people[Role.MARKETER])
    things |= {
        "endpoint": endpoint.pk,
        "channel": channel.pk,
        "invitation": invitation.pk,
        "template": kept.pk,
        "newcomer": newcomer.pk,
        "marketer": people[Role.MARKETER].user,
        "newcomer_user": newcomer.user,
        "own_key": ApiKey.objects.get().pk,
    }
    return world


def _run_a_sprint(world: World) -> None:
    """Founder video lives, office skits are paused by their rule, webinar is paused by hand."""
    mia, at = world.colleague, world.at
    started = at - timedelta(days=3)
    sprint = make_running_sprint(mia, "founder-video", "office-skits", "webinar", at=started, days=6)
    breached = Campaign.objects.get(key="office-skits")
    for days_ago in (3, 2, 1):
        day = world.workspace.local_day(at) - timedelta(days=days_ago)
        for arm in ("a", "b"):
            report(
                breached,
                day,
                arm=arm,
                impressions=400_000,
                clicks=800,
                conversions=9,
                spend="1100.00",
                reported_at=at,
            )
    judge_campaigns([breached.pk], at=at)
    pause_campaign("webinar", reason="The speaker is ill.", by=mia, at=at)
    live = Campaign.objects.get(key="founder-video")
    assert live.hypothesis is not None
    make_draft(mia, live.hypothesis, "second-cut", at=at, budget="100.00", kill_criteria=[SMALL_RULE])
    world.things.update(
        {
            "running": sprint.pk,
            "running_number": sprint.number,
            "live": "founder-video",
            "breached": "office-skits",
            "criterion": breached.kill_criteria.get().pk,
            "paused": "webinar",
            "late_draft": "second-cut",
            "late_draft_row": Campaign.objects.get(key="second-cut"),
            "open_hypothesis": live.hypothesis.pk,
        }
    )


SMALL_RULE = {
    "metric": "ctr",
    "comparator": "below",
    "threshold": "0.005",
    "guards": {"spend": "50.00"},
}


def _plan_a_sprint(world: World) -> None:
    mia, at = world.colleague, world.at
    written = [
        create_hypothesis(values=hypothesis_values(title=title, owner=mia.user), by=mia, at=at)
        for title in ("Quotes in the inbox", "Prices on the page", "A demo without a form")
    ]
    make_draft(mia, written[0], "inbox-quote", at=at, budget="100.00", kill_criteria=[SMALL_RULE])
    planned = make_sprint(mia, written[0], at=at)
    world.things.update(
        {
            "planned": planned.pk,
            "planned_number": planned.number,
            "committed": written[0].pk,
            "backlog": written[1].pk,
            "draft": "inbox-quote",
        }
    )


def _review_a_sprint(world: World) -> None:
    """All of it is decided, so that it can be closed; one before it is closed."""
    mia, at = world.colleague, world.at
    ended = at - timedelta(days=3)
    for name in ("done", "over"):
        sprint = make_running_sprint(mia, name, at=at - timedelta(days=9), days=5)
        open_review(sprint.pk, by=mia, at=ended)
        campaign = Campaign.objects.get(key=name)
        assert campaign.hypothesis_id is not None
        decide(
            campaign.hypothesis_id,
            decision="kill",
            moved_the_business=False,
            learning="Nobody cared.",
            by=mia,
            at=ended,
        )
        # Reported to its end, so that its money is free for others.
        report(campaign, world.workspace.local_day(ended), spend="12.00", reported_at=at)
        world.things.update({name: sprint.pk, f"{name}_number": sprint.number})
    close_sprint(world.things["over"], by=mia, at=at)


def _add_zombies(world: World) -> None:
    mia, at = world.colleague, world.at
    unplanned = import_campaign(
        key="brand-search",
        name="Brand search",
        channel="google",
        external_id="77",
        by=mia,
        at=at - timedelta(days=3),
    )
    day = world.workspace.local_day(at) - timedelta(days=1)
    report(unplanned, day, arm="all", source="google", spend="186.40", reported_at=at)
    judge_campaigns([unplanned.pk], at=at)
    world.things.update(
        {
            "unplanned": "brand-search",
            "zombie": ZombieFlag.objects.get(campaign=unplanned, signal="unplanned").pk,
            "row": Row(
                campaign="founder-video", arm="a", day=str(day), source="meta", measures={"clicks": 5}
            ),
        }
    )


def _import_a_file(world: World) -> None:
    day = world.workspace.local_day(world.at) - timedelta(days=2)
    imported = import_export(
        f"campaign,arm,day,clicks\nfounder-video,a,{day},5\n".encode(),
        file_name="days.csv",
        options=ImportOptions(source="meta"),
        by=world.colleague,
        at=world.at,
    )
    assert imported.result is not None
    world.things["batch"] = imported.result.batch_id
    said = [Said(Spelled("", "Autumn"), "founder-video")]
    remember_names("meta", said, by=world.colleague, at=world.at)
    file = give_file(
        f"campaign,arm,day,clicks\nfounder-video,b,{day},5\n", source="meta", by=world.colleague, at=world.at
    )
    world.things.update(
        {
            "file": file.pk,
            "said": said,
            "targets": {ImportMapping.objects.get().pk: LEFT_OUT},
        }
    )


def _move_money(world: World) -> None:
    """A plan in each state that an action takes; the killed campaigns' money is there for the rule."""
    mia = world.colleague
    kept = {"applied": "1.00", "approved": "2.00", "proposed": "3.00"}
    for state, amount in kept.items():
        plan = world.propose(mia, amount=amount, state=state)
        world.things.update({f"{state}_plan": plan.pk, f"{state}_digest": plan.plan_digest})
