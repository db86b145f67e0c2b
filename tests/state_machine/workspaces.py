"""The clock, the policy, people's roles and their keys."""

from typing import Any

from hypothesis import strategies as st

from api.services import create_key, revoke_key
from tests.state_machine.model import Key
from tests.state_machine.people import ALL_SCOPES, RANKS
from tests.state_machine.stage import Stage, deed
from workspaces.choices import Role
from workspaces.models import Membership, User
from workspaces.services import change_policy, change_role

# Changes of the policy, each with the code that refuses it.
POLICIES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"grace_hours": 0}, ""),
    ({"grace_hours": 24}, ""),
    ({"blind_after_hours": 12}, ""),
    ({"plan_expiry_hours": 5}, ""),
    ({"plan_expiry_hours": 72}, ""),
    ({"apply_on_approval": True}, ""),
    ({"apply_on_approval": False}, ""),
    ({"settled_days_only": True}, ""),
    ({"growth_cap": 2.0}, ""),
    ({"undead_minimum_spend": 100}, ""),
    ({"timezone": "Europe/Berlin"}, ""),
    ({"timezone": "America/Chicago"}, ""),
    # Never: what is in the books would mean something else.
    ({"currency": "EUR"}, "unknown_field"),
    ({"plan_expiry_hours": 0}, "invalid"),
    ({"timezone": "Mars/Olympus"}, "unknown_timezone"),
)


class Workspaces(Stage):
    @deed()
    def change_the_policy(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        changes, fault = POLICIES[data.draw(st.integers(0, len(POLICIES) - 1))]
        if self.act(
            "change the policy",
            team,
            self.choose_who(data, team, "own"),
            lambda **by: change_policy(changes=changes, **by),
            needs="own",
            faults={fault} if fault else set(),
        ):
            team.policy |= changes
            team.timezone = changes.get("timezone", team.timezone)

    @deed()
    def change_a_role(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        who = self.choose_who(data, team, "own")
        name = data.draw(st.sampled_from(["rolf", "rolf", "olga", "dana"]))
        role = data.draw(st.sampled_from(RANKS))
        person = team.people[name]
        others = [one for one in team.people.values() if one.role == "owner" and one is not person]
        membership = Membership.objects.get(workspace=team.id, user=person.user_id)
        faults = {"last_owner"} if person.role == "owner" != role and not others else set()
        if self.act(
            "change a role",
            team,
            who,
            lambda **by: change_role(membership.pk, role=Role(role), **by),
            needs="own",
            faults=faults,
        ):
            person.role = role

    @deed()
    def make_a_key(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        who = self.choose_who(data, team, "keys")
        name = data.draw(st.sampled_from(sorted(team.people)))
        scopes = data.draw(st.lists(st.sampled_from(ALL_SCOPES), min_size=1, unique=True))
        person = team.people[name]
        user = User.objects.get(pk=person.user_id)
        faults = set() if person is who.person or who.person.role == "owner" else {"missing_role"}
        if self.act(
            "make a key",
            team,
            who,
            lambda **by: create_key(name="connector", scopes=scopes, for_user=user, **by),
            needs="keys",
            faults=faults,
        ):
            key, secret = self.created
            person.keys.append(Key(key.pk, secret, frozenset(scopes), who.person.user_id))

    @deed()
    def revoke_a_key(self, data: st.DataObject) -> None:
        team = self.draw_team(data)
        holder = self.choose(data, [one for one in team.people.values() if one.keys])
        assert holder is not None
        key = self.choose(data, holder.keys, lambda one: not one.is_revoked)
        # Most keys are needed for what follows.
        if key is None or data.draw(st.integers(0, 3)):
            return
        who = self.choose_who(data, team, "keys")
        faults = set() if holder is who.person or who.person.role == "owner" else {"missing_role"}
        if self.act(
            "revoke a key", team, who, lambda **by: revoke_key(key.id, **by), needs="keys", faults=faults
        ):
            key.is_revoked = True
