"""Which pages there are to read, and the address of each in its states."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLResolver, get_resolver, reverse

from workspaces.views.access import WorkspaceView


@dataclass(frozen=True, slots=True)
class Subjects:
    """What the pages of a workspace are about: campaigns and an arm by their keys, all else by its number."""

    paused: str
    killed: str
    unplanned: str
    draft: str
    backlog: int
    asked: int
    about: int
    zombie: int
    breached: int
    arm: str
    running: int
    ready: int
    plan: int
    channel: int
    member: int
    files: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PageState:
    """A page in one of its states, for which there is a word where the page has several."""

    name: str
    args: tuple[object, ...] = ()
    state: str = ""
    query: str = ""

    def path(self, slug: str) -> str:
        """Its address; a page without a workspace is at the same one everywhere."""
        args = self.args if self.name in (*OUTSIDE, *DOORS) else [slug, *self.args]
        return reverse(self.name, args=args) + self.query


OUTSIDE = (
    "home",
    "workspace_new",
    "account",
    "account_address",
    "account_change_password",
    "account_reauthenticate",
    "mfa_index",
    "account_logout",
)
# What somebody sees who has not signed in.
DOORS = ("account_login", "account_reset_password", "account_reset_password_done", "join")
# What looks different while there is nothing to show.
EMPTY = (
    "today",
    "first_steps",
    "backlog",
    "sprints",
    "sprint_new",
    "campaigns",
    "campaign_new",
    "import_numbers",
    "zombies",
    "graveyard",
    "money",
    "plan_new",
    "learnings",
    "activity",
    "settings",
    "settings_sources",
    "settings_keys",
    "settings_learnt",
    "settings_channels",
    "settings_templates",
    "notices",
)
REFUSED = "refused"


def every_page(subjects: Subjects) -> list[PageState]:
    """Every page that somebody can open, forms included."""
    s = subjects
    return [
        PageState("today"),
        PageState("first_steps"),
        PageState("backlog"),
        PageState("hypothesis", (s.backlog,)),
        PageState("hypothesis_new"),
        PageState("hypothesis_edit", (s.backlog,)),
        PageState("hypothesis_scores", (s.backlog,)),
        PageState("hypothesis_archive", (s.backlog,)),
        PageState("sprints"),
        PageState("sprint_new"),
        PageState("sprint", (s.running,), "running"),
        PageState("sprint", (s.ready,), "planning"),
        PageState("sprint_edit", (s.ready,)),
        PageState("sprint_start", (s.ready,)),
        PageState("sprint_cancel", (s.ready,)),
        PageState("sprint_review", (s.running,), "running"),
        PageState("sprint_review", (s.running,), "about", f"?about={s.about}"),
        PageState("sprint_review_open", (s.running,)),
        PageState("sprint_review_print", (s.running,)),
        PageState("decide", (s.running, s.asked)),
        PageState("campaigns"),
        PageState("campaign", (s.paused,), "paused"),
        PageState("campaign", (s.killed,), "killed"),
        PageState("campaign", (s.unplanned,), "unplanned"),
        PageState("campaign", (s.draft,), "draft"),
        PageState("campaign_new"),
        PageState("campaign_edit", (s.draft,)),
        PageState("campaign_discard", (s.draft,)),
        PageState("campaign_pause", (s.unplanned,)),
        PageState("campaign_kill", (s.paused,)),
        PageState("campaign_complete", (s.paused,)),
        PageState("campaign_amend", (s.paused,)),
        PageState("campaign_overrule", (s.paused, s.breached)),
        PageState("campaign_adopt", (s.unplanned,)),
        PageState("arm_stop", (s.paused, s.arm)),
        PageState("import_numbers"),
        *(PageState("import_file", (file,), str(number)) for number, file in enumerate(s.files, start=1)),
        PageState("source_names", ("meta",)),
        PageState("zombies"),
        PageState("zombie_keep", (s.zombie,)),
        PageState("zombie_stop", (s.zombie,)),
        PageState("graveyard"),
        PageState("graveyard", (), "all", "?period=all&sort=saved"),
        PageState("money"),
        PageState("fund"),
        PageState("correct"),
        PageState("plan", (s.plan,)),
        PageState("plan_reject", (s.plan,)),
        PageState("plan_withdraw", (s.plan,)),
        PageState("plan_new"),
        PageState("learnings"),
        PageState("learnings", (), "channel", "?by=channel"),
        PageState("activity"),
        PageState("settings"),
        PageState("member_remove", (s.member,)),
        PageState("settings_policy"),
        PageState("settings_sources"),
        PageState("source", ("meta",)),
        PageState("source_new"),
        PageState("settings_keys"),
        PageState("settings_learnt"),
        PageState("settings_channels"),
        PageState("channel", (s.channel,)),
        PageState("channel_remove", (s.channel,)),
        PageState("settings_templates"),
        PageState("notices"),
        PageState("help", ("statistics",), "statistics"),
        PageState("help", ("money",), "money"),
        PageState("more"),
        *(PageState(name) for name in OUTSIDE),
    ]


def empty_pages() -> list[PageState]:
    """The pages of a workspace in which nothing has been done yet."""
    return [PageState(name, (), "empty") for name in EMPTY]


def refused_forms(subjects: Subjects) -> list[PageState]:
    """Every form that asks for something, and is sent without it."""
    s = subjects
    forms: list[tuple[str, tuple[object, ...]]] = [
        ("hypothesis_new", ()),
        ("hypothesis_edit", (s.backlog,)),
        ("sprint_new", ()),
        ("decide", (s.running, s.asked)),
        ("campaign_new", ()),
        ("campaign_amend", (s.paused,)),
        ("campaign_adopt", (s.unplanned,)),
        ("campaign_kill", (s.paused,)),
        ("campaign_overrule", (s.paused, s.breached)),
        ("import_numbers", ()),
        ("zombie_keep", (s.zombie,)),
        ("fund", ()),
        ("correct", ()),
        ("plan_new", ()),
        ("plan_reject", (s.plan,)),
        ("settings", ()),
        ("settings_policy", ()),
        ("source_new", ()),
        ("settings_channels", ()),
        ("account_change_password", ()),
        ("workspace_new", ()),
    ]
    return [PageState(name, args, REFUSED) for name, args in forms]


def doors(invitation: str) -> list[PageState]:
    """What somebody sees who has not signed in; ``invitation``: the token of one that still holds."""
    return [
        PageState("account_login"),
        PageState("account_login", (), REFUSED),
        PageState("account_reset_password"),
        PageState("account_reset_password_done"),
        PageState("join", (invitation,)),
    ]


# Where nothing is any more, or never was.
LOST = [PageState("join", ("nonsense",), "over"), PageState("today", (), "not-found", "nothing/here/")]


def readable_pages() -> set[str]:
    """The names of every page and download; what only takes a form or a button is none."""
    return set(_names(get_resolver()))


def _names(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _names(entry)
        elif entry.name:
            view = getattr(entry.callback, "view_class", None)
            if (
                view
                and issubclass(view, WorkspaceView)
                and "get" in view.http_method_names
                and hasattr(view, "get")
            ):
                yield entry.name
