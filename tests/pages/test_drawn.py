"""Parts of pages are drawn once and kept for as long as what they are drawn from says the same."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.http import HttpRequest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from pytest_django import Settings

from experiments.models import Arm, Campaign
from tests.factories import make_campaign, make_member
from workspaces.choices import Role
from workspaces.models import Workspace
from workspaces.models.content import NAMES_OF_KEPT, digest_of
from workspaces.models.kept import kept

ROW = Template(
    "{% load drawn quickno %}{% drawn_from row %}{{ row.told }}, {{ row.day|day }}{% enddrawn_from %}"
)


@dataclass
class Row:
    """Notes how often it was asked. That is no field, so it says no more than its ``text``."""

    text: str
    day: date | None = None

    def __post_init__(self) -> None:
        self.asked: list[str] = []

    @property
    def told(self) -> str:
        self.asked.append(self.text)
        return self.text


def draw(template: Template, workspace: Workspace, **given: Any) -> str:
    return template.render(Context({"workspace": workspace, **given}))


class TestDrawnFrom:
    def test_drawn_from__another_that_says_the_same__is_drawn_once(self, workspace: Workspace) -> None:
        first, second = Row("Video"), Row("Video")
        assert draw(ROW, workspace, row=first) == draw(ROW, workspace, row=second) == "Video, not known"
        assert (first.asked, second.asked) == (["Video"], [])

    def test_drawn_from__says_something_else__is_drawn_anew(self, workspace: Workspace) -> None:
        assert draw(ROW, workspace, row=Row("Video")) != draw(ROW, workspace, row=Row("Video!"))

    def test_drawn_from__another_language_or_workspace__is_drawn_anew(self, workspace: Workspace) -> None:
        on = Row("Video", timezone.localdate())
        english = draw(ROW, workspace, row=on)
        with translation.override("de"):
            assert draw(ROW, workspace, row=on) != english
        money = Template(
            "{% load drawn quickno %}{% drawn_from amount %}{% money amount %}{% enddrawn_from %}"
        )
        dollars = draw(money, workspace, amount=Decimal(5))
        workspace.currency = "EUR"
        assert (dollars, draw(money, workspace, amount=Decimal(5))) == ("$5.00", "€5.00")

    def test_drawn_from__what_is_not_named__is_not_there(self, workspace: Workspace) -> None:
        template = Template(
            "{% load drawn %}{% drawn_from row %}{{ row.text }}{{ other }}{% enddrawn_from %}"
        )
        assert draw(template, workspace, row=Row("Video"), more="Yesterday's") == "Video"

    def test_drawn_from__two_places_from_the_same__are_two_drawings(self, workspace: Workspace) -> None:
        template = Template(
            "{% load drawn %}{% drawn_from row %}{{ row.text }}{% enddrawn_from %}"
            "{% drawn_from row %}<b>{{ row.text }}</b>{% enddrawn_from %}"
        )
        assert draw(template, workspace, row=Row("&")) == "&amp;<b>&amp;</b>"
        assert draw(template, workspace, row=Row("&")) == "&amp;<b>&amp;</b>"

    def test_drawn_from__asks_the_database_while_it_is_drawn__is_not_kept(self, workspace: Workspace) -> None:
        template = Template(
            "{% load drawn %}{% drawn_from word %}{{ workspace.memberships.count }}{% enddrawn_from %}"
        )
        assert draw(template, workspace, word="") == "1"
        make_member(workspace)
        assert draw(template, workspace, word="") == "2"

    @pytest.mark.parametrize("names", ["", "row|upper"])
    def test_drawn_from__from_nothing_or_nonsense__is_refused(self, names: str) -> None:
        with pytest.raises(TemplateSyntaxError):
            Template(f"{{% load drawn %}}{{% drawn_from {names} %}}{{% enddrawn_from %}}")


@pytest.fixture
def campaign(workspace: Workspace) -> Campaign:
    make_campaign(workspace)
    return Campaign.objects.with_rows("arms", Arm.objects.order_by("position")).get()


class TestDigest:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (1, True),
            (1, "1"),
            (1, Decimal(1)),
            (Decimal("1.0"), Decimal("1.00")),
            (0.0, -0.0),
            (None, "None"),
            ("<b>", mark_safe("<b>")),
            (date(2026, 11, 2), datetime(2026, 11, 2, tzinfo=UTC)),
            (Role.OWNER, "owner"),
            ([1, [2]], [1, 2]),
            ({"a": 1}, {"a": 2}),
            ({"a"}, {"b"}),
            (Row("a"), Row("b")),
            (np.array([1.0, 2.0]), np.array([1.0, 3.0])),
            (np.array([1, 2]), np.array([1.0, 2.0])),
            (np.array([[1], [2]]), np.array([[1, 2]])),
        ],
    )
    def test_digest__values_that_look_different__differ(self, one: object, other: object) -> None:
        assert digest_of(one) == digest_of(one)
        assert digest_of(one) != digest_of(other)

    def test_digest__set_in_another_order__is_the_same(self) -> None:
        there, back = ({str(number) for number in numbers} for numbers in (range(100), range(99, -1, -1)))
        assert digest_of(there) == digest_of(back)

    def test_digest__a_column_of_a_model__changes_it(self, campaign: Campaign) -> None:
        before = digest_of(campaign)
        assert digest_of(Campaign.objects.with_rows("arms", Arm.objects.order_by("position")).get()) == before
        campaign.name += "!"
        assert digest_of(campaign) != before

    def test_digest__rows_read_along__change_it(self, campaign: Campaign) -> None:
        before = digest_of(campaign)
        campaign.arms.all()[1].name += "!"
        assert digest_of(campaign) != before

    def test_digest__what_happened_meanwhile__does_not_change_it(self, workspace: Workspace) -> None:
        before = digest_of(workspace)
        workspace.last_event_sequence += 1
        assert digest_of(workspace) == before
        workspace.reserve += 1
        assert digest_of(workspace) != before

    def test_digest__what_a_model_points_to__changes_it(self, campaign: Campaign) -> None:
        alone = digest_of(campaign)
        name = campaign.workspace.name
        before = digest_of(campaign)
        campaign.workspace.name = f"{name}!"
        assert len({alone, before, digest_of(campaign)}) == 3

    def test_digest__a_mapping_in_two_places__differs_from_two_mappings_at_most(self) -> None:
        shared = {"a": 1}
        assert digest_of([shared, shared]) == digest_of([shared, shared])
        assert digest_of([shared, shared]) != digest_of([shared, {"a": 2}])
        assert digest_of([shared, {"b": shared}]) != digest_of([shared, {"c": shared}])

    def test_digest__person_of_a_request__is_the_person(self, campaign: Campaign) -> None:
        assert digest_of(SimpleLazyObject(lambda: campaign)) == digest_of(campaign)

    @pytest.mark.parametrize(
        "what", [len, iter([]), HttpRequest(), object(), timedelta], ids=lambda what: type(what).__name__
    )
    def test_digest__may_say_something_else_next_time__is_refused(self, what: object) -> None:
        with pytest.raises(TypeError, match="for good"):
            digest_of({"a": [what]})


class TestKept:
    @pytest.fixture
    def asked(self) -> list[object]:
        return []

    @pytest.fixture
    def total(self, asked: list[object]) -> Callable[..., Any]:
        @kept
        def total(amounts: np.ndarray[Any, Any], *, per: float = 1) -> float | None:
            asked.append(per)
            return float(amounts.sum()) * per if len(amounts) else None

        return total

    def test_kept__asked_the_same_again__is_worked_out_once(
        self, total: Callable[..., Any], asked: list[object]
    ) -> None:
        assert [total(np.array([1.0, 2.0])) for _ in range(2)] == [3, 3]
        assert asked == [1]

    def test_kept__result_is_none__is_worked_out_once_too(
        self, total: Callable[..., Any], asked: list[object]
    ) -> None:
        assert [total(np.array([])) for _ in range(2)] == [None, None]
        assert asked == [1]

    def test_kept__any_number_is_another__is_worked_out_anew(self, total: Callable[..., Any]) -> None:
        asked = [([1.0, 2.0], 1), ([1.0, 2.5], 1), ([1.0, 2.0], 10), ([3.0], 10)]
        assert [total(np.array(amounts), per=per) for amounts, per in asked] == [3, 3.5, 30, 30]

    def test_kept__two_functions__keep_their_own(self, total: Callable[..., Any]) -> None:
        @kept
        def length(amounts: np.ndarray[Any, Any]) -> int:
            return len(amounts)

        amounts = np.array([1.0, 2.0])
        assert (total(amounts), length(amounts)) == (3, 2)

    def test_kept__more_than_there_is_room_for__forgets_what_was_asked_for_first(
        self, asked: list[object]
    ) -> None:
        def double(number: int) -> int:
            asked.append(number)
            return number * 2

        twice = kept(double, most=2)
        assert [twice(number) for number in (1, 2, 1, 3, 1, 2)] == [2, 4, 2, 6, 2, 4]
        assert asked == [1, 2, 3, 2]

    def test_kept__told_of_in_a_digest__is_told_of_by_what_it_follows_from(self) -> None:
        def row(text: str, day: date) -> Row:
            return Row(text, day)

        of = kept(row, by=lambda text, **_: text, most=1)
        monday, tuesday = date(2026, 11, 2), date(2026, 11, 3)
        first = digest_of([of("a", day=monday)])
        assert digest_of([of("b", day=monday)]) != first
        assert digest_of([of("a", day=tuesday)]) == first

    def test_kept__no_longer_kept__is_told_of_itself(self) -> None:
        of = kept(Row, most=1)
        first = of("a")
        by_name = digest_of(first)
        of("b")
        assert digest_of(first) == digest_of(Row("a")) != by_name

    def test_kept__by_what_it_follows_from__does_not_mind_the_rest(self, asked: list[object]) -> None:
        def double(row: Row) -> str:
            asked.append(row.day)
            return row.text * 2

        twice = kept(double, by=lambda row: row.text)
        assert [twice(Row("a")), twice(Row("a", date(2026, 11, 2))), twice(Row("b"))] == ["aa", "aa", "bb"]
        assert asked == [None, None]

    def test_kept__nothing_is_to_be_kept__is_worked_out_each_time(
        self, total: Callable[..., Any], asked: list[object], settings: Settings
    ) -> None:
        settings.KEEPS_DRAWINGS = False
        assert [total(np.array([1.0, 2.0])) for _ in range(2)] == [3, 3]
        assert asked == [1, 1]

    def test_kept__asked_in_many_threads__names_what_is_kept_and_nothing_else(self) -> None:
        class Asked(Row):
            pass

        made = kept(Asked, most=3)

        def ask(number: int) -> str:
            row = made(str(number % 7))
            return digest_of([row]) and row.text

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(ask, range(4000))) == [str(number % 7) for number in range(4000)]
        names = [name for name, thing in NAMES_OF_KEPT.values() if isinstance(thing, Asked)]
        assert len(names) == len(set(names)) <= 3
