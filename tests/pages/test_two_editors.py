"""Two people at the same form: the second hears of the first, and nothing of either is lost."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from experiments.models import Campaign, Hypothesis
from experiments.services.campaigns import change_campaign, drafted
from experiments.services.hypotheses import change_hypothesis, stated
from sprints.models import Decision
from sprints.services.decisions import decide
from tests.factories import make_draft, make_running_sprint, make_sprint
from tests.pages.conftest import Browse, Week
from tests.pages.forms import form_at, form_in
from workspaces.choices import Role
from workspaces.exceptions import ChangedMeanwhile
from workspaces.models import Event, Membership, Workspace
from workspaces.permissions import Actor
from workspaces.services import basis_of


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def both_edit(
    first: Client, second: Client, address: str, mine: dict[str, Any], theirs: dict[str, Any]
) -> Any:
    """Both open the page; the first saves, then the second tries to."""
    opened = [form_at(client, address) for client in (first, second)]
    assert first.post(address, {**opened[0], **theirs}).status_code == 302
    return second.post(address, {**opened[1], **mine})


@pytest.mark.parametrize(
    "edit",
    [
        ("hypothesis", "because", "Why we believe it", "Sales says so", "Support says so"),
        ("campaign", "name", "Name", "Inbox quote, long", "Inbox quote, short"),
        ("sprint", "goal", "Goal", "More leads", "More calls"),
        ("policy", "grace_hours", "", "30", "40"),
        ("source", "name", "Name", "Meta", "Facebook"),
        ("amend", "criterion-0-threshold", "Rule 1: Limit", "0.6%", "0.7%"),
    ],
)
def test_second_editor__after_a_change__sees_both_and_can_save_knowingly(
    browse: Browse,
    week: Week,
    team: dict[Role, Actor],
    now: Any,
    edit: tuple[str, str, str, str, str],
) -> None:
    page, field, label, theirs, mine = edit
    sprint = make_sprint(team[Role.MARKETER], at=now, name="Next")
    address = {
        "hypothesis": url("hypothesis_edit", week.backlog.pk),
        "campaign": url("campaign_edit", week.draft.key),
        "sprint": url("sprint_edit", sprint.number),
        "policy": url("settings_policy"),
        "source": url("source", "meta"),
        "amend": url("campaign_amend", "steady"),
    }[page]
    if page == "amend":
        make_running_sprint(team[Role.MARKETER], "steady", at=now)
    one, other = browse(Role.OWNER), browse(Role.OWNER)
    if page in {"hypothesis", "campaign", "sprint"}:
        other = browse(Role.MANAGER)
    reason = {"reason": "Better so."} if page == "amend" else {}
    refused = both_edit(one, other, address, {field: mine, **reason}, {field: theirs, **reason})
    html = refused.content.decode()
    assert refused.status_code == 409
    assert "changed this" in html
    assert theirs in html
    assert mine in html
    if label:
        assert f">{label}</th>" in html
    again = form_in(html)
    assert again[field] == [mine]
    saved = other.post(address, again)
    assert saved.status_code == 302, saved.content.decode()
    assert form_at(other, address)[field] == [mine]


def test_second_editor__names_who_and_when_in_the_workspaces_time(
    browse: Browse, week: Week, team: dict[Role, Actor], workspace: Workspace
) -> None:
    address = url("hypothesis_edit", week.backlog.pk)
    dana, mia = browse(Role.MANAGER), browse(Role.MARKETER)
    page = both_edit(mia, dana, address, {"title": "B"}, {"title": "A"}).content.decode()
    event = Event.objects.filter(kind="hypothesis.changed").latest("id")
    at = event.at.astimezone(workspace.tz)
    assert f"{team[Role.MARKETER].label} changed this at {at:%H:%M}." in page
    assert Hypothesis.objects.get(pk=week.backlog.pk).title == "A"


def test_second_editor__refused_for_something_else_first__still_hears_of_the_change(
    browse: Browse, week: Week
) -> None:
    address = url("hypothesis_edit", week.backlog.pk)
    dana, mia = browse(Role.MANAGER), browse(Role.MARKETER)
    opened = form_at(dana, address)
    invalid = dana.post(address, {**opened, "title": ""})
    assert invalid.status_code == 422
    mia.post(address, {**form_at(mia, address), "title": "A"})
    mended = {**form_in(invalid.content.decode()), "title": "B"}
    assert dana.post(address, mended).status_code == 409


def test_own_other_window__is_called_that(browse: Browse, week: Week) -> None:
    address = url("hypothesis_edit", week.backlog.pk)
    mia = browse(Role.MARKETER)
    page = both_edit(mia, mia, address, {"title": "B"}, {"title": "A"}).content.decode()
    assert "You changed this yourself at" in page


def test_edit__nobody_else_there__is_saved(browse: Browse, week: Week) -> None:
    address = url("campaign_edit", week.draft.key)
    mia = browse(Role.MARKETER)
    assert mia.post(address, {**form_at(mia, address), "name": "Anew"}).status_code == 302
    assert Campaign.objects.get(pk=week.draft.pk).name == "Anew"


def test_role__changed_by_another_owner__is_told_and_not_overwritten(
    browse: Browse, team: dict[Role, Actor], workspace: Workspace
) -> None:
    member = Membership.objects.of(workspace).get(user=team[Role.VIEWER].user)
    action = url("member_role", member.pk)
    olga = browse(Role.OWNER)
    old = form_at(olga, url("settings"), action=action)
    olga.post(action, {**form_at(olga, url("settings"), action=action), "role": "manager"})
    page = olga.post(action, {**old, "role": "marketer"}, follow=True).content.decode()
    assert "is a manager now and was not made a marketer" in page
    member.refresh_from_db()
    assert member.role == "manager"


def test_plan__its_key_changed_meanwhile__is_told_and_nothing_typed_is_lost(
    browse: Browse, week: Week, team: dict[Role, Actor]
) -> None:
    address = url("campaign_edit", week.draft.key)
    mia, dana = browse(Role.MARKETER), browse(Role.MANAGER)
    opened = form_at(dana, address)
    mia.post(address, {**form_at(mia, address), "key": "another-key"})
    # What now has the old key is another campaign, and stays as it is.
    usurper = make_draft(team[Role.MARKETER], None, week.draft.key, at=timezone.now())
    refused = dana.post(address, {**opened, "name": "A better name"})
    html = refused.content.decode()
    assert refused.status_code == 409
    assert f"{team[Role.MARKETER].label} changed this at" in html
    assert "another-key" in html
    assert form_in(html)["name"] == ["A better name"]
    saved = dana.post(address, {**form_in(html), "key": "another-key"})
    assert saved["Location"] == url("campaign", "another-key")
    week.draft.refresh_from_db()
    assert (week.draft.key, week.draft.name) == ("another-key", "A better name")
    assert Campaign.objects.get(pk=usurper.pk).name == usurper.name


def test_plan__launched_while_somebody_writes__is_refused_beside_what_they_wrote(
    browse: Browse, week: Week
) -> None:
    address = url("campaign_edit", week.draft.key)
    mia = browse(Role.MARKETER)
    opened = form_at(mia, address)
    Campaign.objects.filter(pk=week.draft.pk).update(status="discarded")
    refused = mia.post(address, {**opened, "name": "A better name"})
    assert refused.status_code == 409
    assert form_in(refused.content.decode())["name"] == ["A better name"]


class TestServices:
    def test_hypothesis__basis_of_before__is_refused_with_who_and_when(
        self, week: Week, team: dict[Role, Actor], now: Any
    ) -> None:
        mia, dana = team[Role.MARKETER], team[Role.MANAGER]
        basis = basis_of(stated(week.backlog))
        change_hypothesis(week.backlog.pk, values={"title": "A"}, basis=basis, by=mia, at=now)
        with pytest.raises(ChangedMeanwhile) as refusal:
            change_hypothesis(week.backlog.pk, values={"title": "B"}, basis=basis, by=dana, at=now)
        assert (refusal.value.who, refusal.value.when) == (mia.label, now)
        assert not refusal.value.is_own
        change_hypothesis(week.backlog.pk, values={"title": "B"}, by=dana, at=now)

    def test_draft__arms_or_rules_changed__are_part_of_the_basis(
        self, week: Week, team: dict[Role, Actor], now: Any
    ) -> None:
        mia = team[Role.MARKETER]
        basis = basis_of(drafted(week.draft))
        arms = [{"key": "a", "name": "All of it", "is_control": False, "planned_share": 1}]
        change_campaign(week.draft.key, values={"arms": arms}, by=mia, at=now)
        with pytest.raises(ChangedMeanwhile):
            change_campaign(week.draft.key, values={"name": "B"}, basis=basis, by=mia, at=now)


class TestDeciding:
    SCALE = {"decision": "scale", "moved_the_business": "yes", "learning": "Candour sells, says Mia."}

    def decided_by_dana(self, week: Week, team: dict[Role, Actor], now: Any) -> str:
        assert week.paused.hypothesis_id is not None
        decide(
            week.paused.hypothesis_id,
            decision="kill",
            moved_the_business=False,
            learning="Nobody clicks, says Dana.",
            by=team[Role.MANAGER],
            at=now,
        )
        at = now.astimezone(week.paused.workspace.tz)
        return f"{team[Role.MANAGER].label} decided Kill at {at:%H:%M}."

    def test_decide__somebody_was_sooner__says_who_and_keeps_what_was_typed(
        self, browse: Browse, week: Week, team: dict[Role, Actor], now: Any
    ) -> None:
        address = url("decide", 1, week.paused.hypothesis_id)
        mia = browse(Role.MARKETER)
        opened = form_at(mia, address)
        told = self.decided_by_dana(week, team, now)
        for press in ({}, {"sure": "yes"}):
            late = mia.post(address, {**opened, **self.SCALE, **press})
            page = late.content.decode()
            assert late.status_code == 409
            assert told in page
            assert "Candour sells, says Mia." in page
            assert "Nobody clicks, says Dana." in page
        assert Decision.objects.count() == 1

    def test_decide__opened_when_it_is_decided__says_so(
        self, browse: Browse, week: Week, team: dict[Role, Actor], now: Any
    ) -> None:
        told = self.decided_by_dana(week, team, now)
        answer = browse(Role.MARKETER).get(url("decide", 1, week.paused.hypothesis_id))
        assert answer.status_code == 200
        assert told in answer.content.decode()

    def test_decide__own_form_sent_twice__leads_where_the_first_one_led(
        self, browse: Browse, week: Week
    ) -> None:
        address = url("decide", 1, week.paused.hypothesis_id)
        mia = browse(Role.MARKETER)
        data = {**form_at(mia, address), **self.SCALE, "decision": "kill", "sure": "yes"}
        first, second = (mia.post(address, data, follow=True) for _ in range(2))
        assert first.redirect_chain == second.redirect_chain == [(url("sprint_review", 1), 302)]
        assert "That was saved already" in second.content.decode()
