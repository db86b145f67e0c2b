"""What a rule would do, in the sentences and drawings around a preview."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.choices import Comparator, CriterionAction, MetricForm
from experiments.forms.preview import RulePreview
from experiments.templatetags import _risks
from experiments.templatetags._comparisons import difference
from experiments.templatetags._words import metric_amount
from workspaces.templatetags.quickno import UNKNOWN, strong


def quality(preview: RulePreview, truth: Mapping[str, Any]) -> str:
    """A truth beside the limit: ``20% costlier``, ``10% higher``, ``at the limit``."""
    worse_by = truth["worse_by"]
    if preview.metric is None or not worse_by:
        return _("at the limit")
    is_higher = (preview.comparator == Comparator.ABOVE) is (worse_by > 0)
    is_cost = preview.metric.form == MetricForm.COST
    return difference(abs(worse_by), is_more=is_higher, is_cost=is_cost)


def truly(preview: RulePreview, truth: Mapping[str, Any], currency: str) -> str:
    """How good the campaigns of that kind are: ``truly $16.20, 10% cheaper than the limit``."""
    value = metric_amount(preview.metric, truth["truth"], currency) if preview.metric else str(UNKNOWN)
    return _("truly {value}, {difference} than the limit").format(
        value=value, difference=quality(preview, truth)
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """What a rule does, in the sentences around a preview; each act has its own."""

    said: str | Promise
    good: str | Promise
    bad: str | Promise
    by_day: str | Promise
    of_hundred: str | Promise
    good_squares: str | Promise
    bad_squares: str | Promise
    lines: str | Promise


_WORDS = {
    CriterionAction.PAUSE: _Words(
        said=gettext_lazy(
            "Criterion {number} stops {good} of 100 good campaigns by mistake, and {bad} of 100 bad ones."
        ),
        good=gettext_lazy("**good** campaigns stopped by mistake"),
        bad=gettext_lazy("**bad** ones stopped, after {money} on average"),
        by_day=gettext_lazy("Of 100 campaigns, stopped by the end of each day"),
        of_hundred=gettext_lazy("Of 100, stopped"),
        good_squares=gettext_lazy("Of 100 good campaigns, {count} stopped."),
        bad_squares=gettext_lazy("Of 100 bad campaigns, {count} stopped."),
        lines=gettext_lazy("Of 100 campaigns, stopped by day {days}: {told}."),
    ),
    CriterionAction.ASK: _Words(
        said=gettext_lazy(
            "Criterion {number} asks about {good} of 100 good campaigns by mistake, and {bad} of 100 bad "
            "ones."
        ),
        good=gettext_lazy("**good** campaigns asked about by mistake"),
        bad=gettext_lazy("**bad** ones asked about, after {money} on average"),
        by_day=gettext_lazy("Of 100 campaigns, asked about by the end of each day"),
        of_hundred=gettext_lazy("Of 100, asked about"),
        good_squares=gettext_lazy("Of 100 good campaigns, {count} asked about."),
        bad_squares=gettext_lazy("Of 100 bad campaigns, {count} asked about."),
        lines=gettext_lazy("Of 100 campaigns, asked about by day {days}: {told}."),
    ),
    CriterionAction.TELL: _Words(
        said=gettext_lazy(
            "Criterion {number} tells about {good} of 100 good campaigns by mistake, and {bad} of 100 bad "
            "ones."
        ),
        good=gettext_lazy("**good** campaigns told about by mistake"),
        bad=gettext_lazy("**bad** ones told about, after {money} on average"),
        by_day=gettext_lazy("Of 100 campaigns, told about by the end of each day"),
        of_hundred=gettext_lazy("Of 100, told about"),
        good_squares=gettext_lazy("Of 100 good campaigns, {count} told about."),
        bad_squares=gettext_lazy("Of 100 bad campaigns, {count} told about."),
        lines=gettext_lazy("Of 100 campaigns, told about by day {days}: {told}."),
    ),
}


def words(preview: RulePreview, place: str, parts: Mapping[str, Any]) -> SafeString:
    """What the rule does to so many of 100 campaigns, as that place of the page says it."""
    template = str(getattr(_WORDS[CriterionAction(preview.action)], place))
    return strong(template.format(**parts))


def hundred_squares(preview: RulePreview, truth: Mapping[str, Any], kind: str) -> SafeString:
    """Of 100 campaigns of that kind (``good``, ``bad``), how many the rule stops, a square each."""
    act = _WORDS[CriterionAction(preview.action)]
    label = str(act.good_squares if kind == "good" else act.bad_squares)
    count = _risks.of_hundred(truth["probability_stop"])
    return _risks.squares(truth["probability_stop"], label=label.format(count=count))


def stops(preview: RulePreview, *, width: float) -> SafeString:
    """How many the rule has stopped by each day."""
    truths = preview.figures["truths"] if preview.figures else []
    names = [quality(preview, truth) for truth in truths]
    label = str(_WORDS[CriterionAction(preview.action)].lines)
    return _risks.stops(truths, names, label=label, width=width)
