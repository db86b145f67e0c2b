"""A form that is sent twice does its work once, and leads to the same page both times."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.models import ApiKey
from api.tasks import forget_old_answers
from experiments.models import Campaign, Hypothesis
from notices.models import Channel
from sprints.models import Reallocation, Sprint, Transfer
from tests.factories import hypothesis_values
from tests.pages.conftest import Browse, Week
from tests.pages.forms import form_at, form_in, forms_in
from workspaces.choices import Role
from workspaces.models import Invitation, SentForm, Source, User, Workspace

FUNDS = {"amount": "1.500,50", "reason": "November"}
AGAIN = "That was saved already: here it is."
OTHERWISE = "You have saved this form already"
HYPOTHESIS = {**hypothesis_values(), "target": "", "mde_relative": "20%"}


def url(name: str, *args: object) -> str:
    return reverse(name, args=["harbour", *args])


def send(client: Client, address: str, filled: dict[str, Any], *, action: str = "") -> Callable[..., Any]:
    """Open the page, fill its form in, and return what sends it, as often as it is called."""
    data = {**form_at(client, address, action=action), **filled}
    return lambda **changes: client.post(action or address, {**data, **changes}, follow=True)


def test_funding__sent_twice__is_booked_once_and_says_so(browse: Browse, workspace: Workspace) -> None:
    press = send(browse(Role.MANAGER), url("fund"), FUNDS)
    first, second = press(), press()
    assert first.redirect_chain == second.redirect_chain == [(url("money"), 302)]
    assert "The reserve is funded." in first.content.decode()
    assert AGAIN in second.content.decode()
    assert [transfer.amount for transfer in Transfer.objects.all()] == [Decimal("1500.50")]


@pytest.mark.parametrize(
    ("page", "filled", "model"),
    [
        ("fund", FUNDS, Transfer),
        ("hypothesis_new", HYPOTHESIS, Hypothesis),
        ("sprint_new", {"name": "Inbox", "starts_on": "tomorrow", "ends_on": "in 5 days"}, Sprint),
    ],
)
def test_page_read_anew__filled_in_as_before__is_asked_about_and_can_be_meant(
    browse: Browse, workspace: Workspace, page: str, filled: dict[str, Any], model: Any
) -> None:
    dana = browse(Role.MANAGER)
    send(dana, url(page), filled)()
    asked = send(dana, url(page), filled)()
    assert asked.status_code == 409
    assert OTHERWISE in asked.content.decode()
    assert model.objects.count() == 1
    dana.post(url(page), form_in(asked.content.decode()))
    assert model.objects.count() == 2


def test_page_read_anew__other_words_person_or_hour__is_another_one(
    browse: Browse, workspace: Workspace
) -> None:
    dana, olga = browse(Role.MANAGER), browse(Role.OWNER)
    send(dana, url("fund"), FUNDS)()
    send(dana, url("fund"), {**FUNDS, "reason": "December"})()
    send(olga, url("fund"), FUNDS)()
    assert Transfer.objects.count() == 3
    SentForm.objects.update(sent_at=timezone.now() - timedelta(minutes=15))
    send(dana, url("fund"), FUNDS)()
    assert Transfer.objects.count() == 4


def test_funding__refused__leaves_the_form_as_good_as_new(browse: Browse, workspace: Workspace) -> None:
    dana = browse(Role.MANAGER)
    press = send(dana, url("fund"), FUNDS)
    refused = press(amount="-1")
    assert refused.status_code == 422
    assert not SentForm.objects.exists()
    # It is the same form still: whoever goes back and mends it there has sent this one, too.
    mended = {**form_in(refused.content.decode()), **FUNDS}
    dana.post(url("fund"), mended)
    assert AGAIN in press().content.decode()
    assert Transfer.objects.count() == 1


def test_hypothesis__back_and_saved_again__is_one(browse: Browse, workspace: Workspace) -> None:
    press = send(browse(Role.MARKETER), url("hypothesis_new"), HYPOTHESIS)
    first, second = press(), press()
    made = Hypothesis.objects.get()
    assert first.redirect_chain == second.redirect_chain == [(url("hypothesis", made.pk), 302)]
    assert AGAIN in second.content.decode()


def test_hypothesis__back_and_written_otherwise__is_asked_about_and_can_be_a_second_one(
    browse: Browse, workspace: Workspace
) -> None:
    mia = browse(Role.MARKETER)
    press = send(mia, url("hypothesis_new"), HYPOTHESIS)
    press()
    asked = press(title="Another claim")
    page = asked.content.decode()
    assert asked.status_code == 409
    assert OTHERWISE in page
    assert url("hypothesis", Hypothesis.objects.get().pk) in page
    again = form_in(page)
    assert again["title"] == ["Another claim"]
    mia.post(url("hypothesis_new"), again)
    assert sorted(Hypothesis.objects.values_list("title", flat=True)) == [
        "Another claim",
        HYPOTHESIS["title"],
    ]


def test_draft__sent_otherwise_when_its_address_is_no_more__leads_to_what_it_became(
    browse: Browse, week: Week
) -> None:
    """A page of ours says which draft it shows; a program that sends the form need not."""
    address = url("campaign_edit", week.draft.key)
    press = send(browse(Role.MARKETER), address, {"key": "another-key", "campaign": ""})
    press()
    second = press(name="Another name", campaign="")
    assert second.redirect_chain == [(url("campaign", "another-key"), 302)]
    assert "This was sent already, with other values" in second.content.decode()
    assert Campaign.objects.get(pk=week.draft.pk).name == week.draft.name


def test_sprint__sent_twice__is_one(browse: Browse, workspace: Workspace) -> None:
    press = send(browse(Role.MARKETER), url("sprint_new"), {"name": "Inbox"})
    press()
    assert AGAIN in press().content.decode()
    assert Sprint.objects.count() == 1


def test_campaign__sent_twice__leads_to_the_first_and_does_not_complain_of_its_key(
    browse: Browse, week: Week
) -> None:
    filled = {
        "name": "Fresh campaign",
        "arm-0-name": "All of it",
        "arm-0-planned_share": "100%",
        "arm-1-planned_share": "",
    }
    press = send(browse(Role.MARKETER), url("campaign_new"), filled)
    press()
    again = press()
    assert again.redirect_chain == [(url("campaign", "fresh-campaign"), 302)]
    assert AGAIN in again.content.decode()


def test_proposal__button_pressed_twice__is_one_plan_and_both_see_it(browse: Browse, week: Week) -> None:
    mia = browse(Role.MARKETER)
    before = Reallocation.objects.count()
    press = send(mia, url("money"), {}, action=url("propose"))
    first, second = press(), press()
    assert Reallocation.objects.count() <= before + 1
    assert first.redirect_chain == second.redirect_chain


def test_launch__button_pressed_twice__says_that_it_was_done_and_not_that_it_cannot_be(
    browse: Browse, week: Week
) -> None:
    key = week.unplanned.key
    dana = browse(Role.MARKETER)
    press = send(dana, url("zombies"), {}, action=url("zombie_acknowledge", week.zombie.pk))
    press()
    assert "That was done already" in press().content.decode()
    assert Campaign.objects.get(key=key).is_spending


def test_invitation__sent_twice__is_one_whose_link_is_shown_once(
    browse: Browse, workspace: Workspace
) -> None:
    olga = browse(Role.OWNER)
    filled = {"email": "new@harbour.example", "role": "viewer"}
    press = send(olga, url("settings"), filled, action=url("settings"))
    assert "/join/" in press().content.decode()
    again = press().content.decode()
    assert "its link was shown once" in again
    assert "/join/" not in again
    assert Invitation.objects.count() == 1


def test_key__sent_twice__is_one_whose_secret_is_shown_once(browse: Browse, workspace: Workspace) -> None:
    press = send(browse(Role.OWNER), url("settings_keys"), {"name": "nightly", "scopes": ["read"]})
    press()
    assert "its secret was shown once" in press().content.decode()
    assert ApiKey.objects.count() == 1


def test_source_and_channel__sent_twice__are_one(browse: Browse, workspace: Workspace) -> None:
    olga = browse(Role.OWNER)
    source = {"key": "bing", "name": "Bing", "kind": "platform", "day_close_hours": "3"}
    for address, filled in (
        (url("source_new"), {**source, "attribution_lag_days": "3", "precedence": "20"}),
        (
            url("settings_channels"),
            {
                "name": "#ads",
                "url": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
                "kinds": ["breach"],
            },
        ),
    ):
        press = send(olga, address, filled)
        press()
        assert AGAIN in press().content.decode(), address
    assert (Source.objects.filter(key="bing").count(), Channel.objects.count()) == (1, 1)


def test_token__of_another_person__is_no_token(browse: Browse, workspace: Workspace) -> None:
    dana, olga = browse(Role.MANAGER), browse(Role.OWNER)
    data = {**form_at(dana, url("fund")), **FUNDS}
    for client in (dana, olga, olga):
        client.post(url("fund"), data)
    assert Transfer.objects.count() == 3


@pytest.mark.parametrize(
    "page", ["money", "settings", "settings_channels", "zombies", "hypothesis_new", "campaign_new"]
)
def test_every_form__of_a_page__is_another_one_each_time(browse: Browse, week: Week, page: str) -> None:
    olga = browse(Role.OWNER)
    sent = [
        fields
        for _ in range(2)
        for to, fields in forms_in(olga.get(url(page)).content.decode())
        if to not in {reverse("account_logout"), reverse("theme")}
    ]
    tokens = [fields["once"][0] for fields in sent]
    assert tokens
    assert len(set(tokens)) == len(tokens)


def test_old_forms__after_a_month__are_forgotten(browse: Browse, workspace: Workspace) -> None:
    dana = browse(Role.MANAGER)
    send(dana, url("fund"), FUNDS)()
    send(dana, url("fund"), {**FUNDS, "reason": "December"})()
    SentForm.objects.filter(pk=SentForm.objects.earliest("pk").pk).update(
        sent_at=timezone.now() - timedelta(days=30)
    )
    assert forget_old_answers() == 1
    assert SentForm.objects.count() == 1


class TestOfNoWorkspace:
    """Pages of a person: their name, their address, a workspace that they begin."""

    def test_name__sent_twice_and_then_otherwise__is_changed_once(
        self, browse: Browse, workspace: Workspace
    ) -> None:
        press = send(browse(Role.MANAGER), reverse("account"), {"name": "Dana Novak"})
        assert "You are Dana Novak now." in press().content.decode()
        assert AGAIN in press().content.decode()
        otherwise = press(name="Somebody Else").content.decode()
        assert "This was sent already, with other values" in otherwise
        assert User.objects.filter(first_name="Dana", last_name="Novak").count() == 1
        assert not User.objects.filter(first_name="Somebody").exists()

    def test_address__sent_twice__writes_one_letter(
        self, browse: Browse, workspace: Workspace, mailoutbox: list[Any]
    ) -> None:
        dana = browse(Role.MANAGER)
        asked = dana.get(reverse("account_address"))
        if asked.status_code == 302:
            pytest.fail("A browser that has just signed in is asked who it is.")
        press = send(dana, reverse("account_address"), {"email": "new@harbour.example"})
        press()
        assert AGAIN in press().content.decode()
        assert len(mailoutbox) == 1

    def test_address__refused_at_first__is_the_same_form_still(
        self, browse: Browse, workspace: Workspace, mailoutbox: list[Any]
    ) -> None:
        dana = browse(Role.MANAGER)
        address = reverse("account_address")
        opened = form_at(dana, address)
        refused = dana.post(address, {**opened, "email": "no address"})
        again = form_in(refused.content.decode())
        assert refused.status_code == 422
        assert again["once"] == opened["once"]
        dana.post(address, {**again, "email": "new@harbour.example"})
        assert len(mailoutbox) == 1

    def test_workspace__sent_twice__is_begun_once(self, browse: Browse, workspace: Workspace) -> None:
        press = send(browse(Role.OWNER), reverse("workspace_new"), {"name": "Second"})
        assert press().redirect_chain == press().redirect_chain
        assert Workspace.objects.filter(name="Second").count() == 1
