"""Who may do what, written down a second time; and the people of a workspace with the keys they made."""

from datetime import datetime

from api.services import create_key
from tests.state_machine.model import Key, Person, Team, Who
from workspaces.choices import Role
from workspaces.models import Membership, User, Workspace
from workspaces.permissions import Actor
from workspaces.services import add_member

RANKS = ("viewer", "marketer", "manager", "owner")
# The lowest role, and the scope that lets a key do it; a key without one never can.
NEEDS: dict[str, tuple[str, str | None]] = {
    "post": ("marketer", "metrics:write"),
    "plan": ("marketer", "plan:write"),
    "propose": ("marketer", "budget:propose"),
    "apply": ("marketer", "budget:propose"),
    "approve": ("manager", None),
    "overrule": ("manager", None),
    "amend": ("manager", None),
    "fund": ("manager", None),
    "own": ("owner", None),
    "keys": ("marketer", None),
}
ALL_SCOPES = ("read", "metrics:write", "plan:write", "budget:propose")
PEOPLE = {
    "vera": "viewer",
    "mia": "marketer",
    "dana": "manager",
    "rolf": "manager",
    "olga": "owner",
}


def why_not(who: Who, needs: str) -> set[str]:
    """Codes of what keeps these from doing it; none where they may."""
    role, scope = NEEDS[needs]
    codes = set()
    if who.key is not None and who.key.is_revoked:
        return {"invalid_key"}
    if RANKS.index(who.person.role) < RANKS.index(role):
        codes.add("missing_role")
    if who.key is not None and scope is None:
        codes.add("person_required")
    elif who.key is not None and scope not in who.key.scopes:
        codes.add("missing_scope")
    return codes


def actor(team: Team, person: Person) -> Actor:
    """The person as the pages know them."""
    found = Membership.objects.select_related("user", "workspace").get(workspace=team.id, user=person.user_id)
    return Actor.of_member(found)


def bring_people(workspace: Workspace, *, at: datetime) -> dict[str, Person]:
    """Five people. One of the managers is a marketer of every other workspace, too."""
    owner = Membership.objects.select_related("user", "workspace").get(workspace=workspace)
    people = {"olga": Person(owner.user_id, owner.user.email, "owner")}
    for name, role in PEOPLE.items():
        if name == "olga":
            continue
        email = "rolf@everywhere.example" if name == "rolf" else f"{name}@{workspace.slug}.example"
        if User.objects.filter(email=email).exists():
            role = "marketer"  # noqa: PLW2901 - of those who are everywhere, only the first is a manager
        add_member(email=email, role=Role(role), by=Actor.of_member(owner), at=at)
        people[name] = Person(User.objects.get(email=email).pk, email, role)
    return people


def make_key(team: Team, person: Person, *scopes: str, maker: Person, at: datetime) -> Key:
    """A key that acts for the person."""
    key, secret = create_key(
        name="connector",
        scopes=scopes,
        for_user=User.objects.get(pk=person.user_id),
        by=actor(team, maker),
        at=at,
    )
    made = Key(key.pk, secret, frozenset(scopes), maker.user_id)
    person.keys.append(made)
    return made
