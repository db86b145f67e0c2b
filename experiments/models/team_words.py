"""What pages call a conversion: the team's own word for it (trial, lead, order), or a conversion.

All of it is said in the language that is active. Only pages and letters say it so: what is kept for ever
(rules, events, plans) and what programs read says conversion, whatever the team calls it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from experiments.choices import MEASURES, METRICS, GuardKey, Metric

if TYPE_CHECKING:
    from experiments.models.hypothesis import Hypothesis
    from workspaces.models import Workspace

NAMED = "conversions"
# One of what is counted, as the subject of a sentence.
_ONE = {
    "impressions": gettext_lazy("an impression"),
    "clicks": gettext_lazy("a click"),
    "conversions": gettext_lazy("a conversion"),
    "leads": gettext_lazy("a lead"),
    "marketing_qualified_leads": gettext_lazy("a marketing-qualified lead"),
    "sales_qualified_leads": gettext_lazy("a sales-qualified lead"),
    "opportunities": gettext_lazy("an opportunity"),
    "customers": gettext_lazy("a customer"),
}
# A metric that is no cost, as the subject of a sentence.
_THE = {
    "ctr": gettext_lazy("the CTR"),
    "cvr": gettext_lazy("the conversion rate"),
    "roas": gettext_lazy("the return on ad spend"),
    "aov": gettext_lazy("the average order value"),
    "open_rate": gettext_lazy("the open rate"),
    "engagement_rate": gettext_lazy("the engagement rate"),
    "video_view_rate": gettext_lazy("the video view rate"),
    "pipeline_per_spend": gettext_lazy("the pipeline per spend"),
}
# What English hears as a vowel: “an order”, “a unique visit”.
_BEGINS_WITH_A_VOWEL = re.compile(r"(?!eu|on(?:c?e)\b|us(?:a|e)|uni(?!n|m))[aeiou]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TeamWords:
    """What one conversion is called and what several are; both empty: as everybody calls it."""

    one: str = ""
    several: str = ""

    @property
    def noun(self) -> str:
        """``trial``, by itself."""
        return self.one or _("conversion")

    def measure(self, key: str) -> str:
        """What is counted: ``trials``, ``clicks``."""
        return self.several if self.several and key == NAMED else str(MEASURES[key].label)

    def events(self, metric: Metric) -> str:
        """What is counted for the metric: ``trials``."""
        return self.measure(metric.events)

    def metric(self, metric: Metric | str) -> str:
        """``cost per trial``; what is no metric of ours keeps its name."""
        key = metric if isinstance(metric, str) else metric.key
        if self.one and key == "cpa":
            return _("cost per {conversion}").format(conversion=self.one)
        if self.one and key == "cvr":
            return _("{conversion} rate").format(conversion=self.one)
        return str(METRICS[key].label) if key in METRICS else key

    def short(self, metric: Metric | str) -> str:
        """``per trial``, after an amount of money."""
        return self.metric(metric).removeprefix("cost ")

    def guard(self, key: str) -> str:
        """``trials``, what a rule waits for."""
        return self.several if self.several and key == GuardKey.CONVERSIONS else str(GuardKey(key).label)

    def one_of(self, measure: str) -> str:
        """``a trial``, ``an opportunity``, as the subject of a sentence; see ``is_named``."""
        if not self.is_named(measure):
            return str(_ONE[measure])
        # Which article a word takes is known of English only: other languages say it without one.
        if _BEGINS_WITH_A_VOWEL.match(self.one):
            return pgettext("the team's own word", "an {conversion}").format(conversion=self.one)
        return pgettext("the team's own word", "a {conversion}").format(conversion=self.one)

    def is_named(self, measure: str) -> bool:
        """Whether the team has its own word, whose gender is not known: sentences around it are others."""
        return bool(self.one) and measure == NAMED

    def the(self, metric: Metric) -> str:
        """A metric that is no cost, as the subject of a sentence: ``the trial rate``."""
        if self.one and metric.key == "cvr":
            return _("the {conversion} rate").format(conversion=self.one)
        return str(_THE[metric.key])


USUAL_WORDS = TeamWords()


@dataclass(frozen=True, slots=True)
class Word:
    """A word in what the statistics say, which waits for the team whose page it stands on."""

    kind: Literal["measure", "metric", "short"]
    key: str

    def said_in(self, words: TeamWords) -> str:
        ways = {"measure": words.measure, "metric": words.metric, "short": words.short}
        return ways[self.kind](self.key)

    def __str__(self) -> str:
        return self.said_in(USUAL_WORDS)


def words_of(hypothesis: "Hypothesis | None", workspace: "Workspace") -> TeamWords:
    """What the pages of this hypothesis say; without one, or where it says nothing, as the workspace does."""
    for named in (hypothesis, workspace):
        if named is not None and named.conversion_name:
            return TeamWords(named.conversion_name, named.conversion_name_plural)
    return USUAL_WORDS


def words_in_common(hypotheses: "Iterable[Hypothesis | None]", workspace: "Workspace") -> TeamWords:
    """What a page of all of them says: their word where they have one and the same, else the workspace's."""
    found = {words_of(hypothesis, workspace) for hypothesis in hypotheses}
    return found.pop() if len(found) == 1 else words_of(None, workspace)
