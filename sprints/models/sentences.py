"""The sentences that are kept with money, and how a page tells them in its reader's language.

What is kept for ever is kept in English, whoever caused it: it must not depend on who looked. A page finds
the sentence that a kept text was made of and fills its translation with the same facts. What a person wrote
is no sentence of ours and stays as it is.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from string import Formatter

from django.utils.translation import get_language, gettext_noop, override
from django.utils.translation import gettext as _

from experiments.choices import MEASURES, METRICS, ZombieSignal
from experiments.models.team_words import USUAL_WORDS, TeamWords, Word
from workspaces.models.spelling import in_currency, in_figures, in_percent

# In which language is kept what nobody can change later.
KEPT_IN = "en"

# Where a campaign stands
FINISHED = gettext_noop("{campaign} is {state}: what is unspent is free.")
FINISHED_BUT_ONE_DAY = gettext_noop(
    "{campaign} is {state}: what is unspent is free except {amount}, held back for {days} day not reported "
    "whole yet."
)
FINISHED_BUT_DAYS = gettext_noop(
    "{campaign} is {state}: what is unspent is free except {amount}, held back for {days} days not reported "
    "whole yet."
)
UNPLANNED = gettext_noop("{campaign} has no hypothesis, so nothing says what it should reach.")
BEATS_CONTROL = gettext_noop("{campaign} beats its control in {metric}.")
NO_AIM = gettext_noop("{campaign} has neither a target nor a win in {metric}.")
NOTHING_SAYS = gettext_noop("No day says yet whether {campaign} meets its target, {metric} of {limit}.")
MEETS_TARGET = gettext_noop("{campaign} is {likely} likely to meet its target, {metric} of {limit}.")
BEST = gettext_noop("{campaign} is {likely} likely to be the best of {number} campaigns by {metric}.")
FLAGGED_TOO = gettext_noop("It is {signals}.")
NOTHING_BESIDE = gettext_noop(
    "{campaign} has nothing to be compared with: no other running campaign counts a day of its {metric}."
)
NOBODY_KNOWS = gettext_noop("Nobody can say yet which is best: no campaign has counted {measure}.")
UNPLANNED_BRINGS = gettext_noop("{campaign} has no hypothesis, so nothing says what it should bring.")
NO_DAY_COUNTS = gettext_noop("{campaign} is left out: no day of its {metric} counts yet.")
LEFT_OUT = gettext_noop("{campaign} is left out of the comparison.")
OTHER_METRIC = gettext_noop(
    "{campaign} is left out: it is judged by {metric} and most others by {others}, so nobody can say which "
    "is best."
)
FLAGGED = gettext_noop("{campaign} is {signals}.")

# Why a campaign is not in a plan, and the part of it that says what keeps money away
BLIND = gettext_noop("{campaign} is blind: an outage of its numbers is no verdict on it.")
RECEIVES_NOTHING = gettext_noop("It receives nothing: {why}.")
DOES_WELL = gettext_noop("{campaign} does well, but receives nothing: {why}.")
IT_IS = gettext_noop("it is {state}")
NO_HYPOTHESIS = gettext_noop("it has no hypothesis")
NEITHER_TARGET_NOR_WIN = gettext_noop("its {metric} has neither a target nor a win against the control")
NO_OUTCOME = gettext_noop("its {metric} is no outcome, and its {outcome} has no win against the control")

# The rule of a plan
HALF_TO_WINNERS = gettext_noop(
    "Each sprint, move half the budget of campaigns that are probably below target (at most 20% likely to "
    "meet it) to those probably above (at least 80%), and nobody grows by more than {cap}. "
    "Killed and completed campaigns give all that is unspent and not held back for days still to be reported."
)
FOLLOW_THE_BEST = gettext_noop(
    "Each sprint, let the money that can still move follow each campaign's probability of being the best of "
    "those with the same outcome, and nobody grows by more than {cap}. No target is needed. "
    "Killed and completed campaigns give all that is unspent and not held back for days still to be reported."
)
FOLLOW_THE_BEST_BY = gettext_noop(
    "Each sprint, let the money that can still move follow each campaign's probability of being the best of "
    "those with the same outcome, {metric}, and nobody grows by more than {cap}. No target is needed. "
    "Killed and completed campaigns give all that is unspent and not held back for days still to be reported."
)
BY_HAND = gettext_noop("Composed by hand: the amounts follow no rule.")
UNDOES = gettext_noop("Undoes plan {number}.")
UNDOES_IN_PART = gettext_noop("Undoes plan {number} as far as its money is unspent: {found} of {wanted}.")
ONLY_LINE = gettext_noop("Only line {rows} of plan {number}, which was taken back.")
ONLY_LINES = gettext_noop("Only lines {rows} of plan {number}, which was taken back.")

# Why a line moves money. The first four are of the rules of amounts, which know no languages.
GIVES_ALL = gettext_noop("{state}, gives all that is unspent")
GIVES_HALF = gettext_noop("should stop, gives half")
GIVES_HALF_UNLIKELY = gettext_noop("{likely} likely to meet its target, gives half")
LIKELY_BEST = gettext_noop("{likely} likely to be the best")
UNDOING = gettext_noop("Undoes plan {number}")
MOVED_BY_HAND = gettext_noop("Moved by hand")
BUDGET_OF = gettext_noop("Budget of {campaign}")

# What nobody can say
RESERVE_EARNS_NOTHING = gettext_noop("The reserve earns nothing that could be compared.")
IDLE_MONEY = gettext_noop("{campaign} has stopped: its money is idle.")
NO_COUNTED_DAY = gettext_noop("{campaign} has no counted day against a target of its outcome.")
COST_AND_VALUE = gettext_noop("One is judged by what an outcome costs, the other by what its money returns.")
NO_DAY_IN_COMMON = gettext_noop("They have no counted day in common.")
NOBODY_RECEIVES = gettext_noop("No campaign receives money.")
OTHER_OUTCOMES = gettext_noop("The campaigns are not judged by one and the same outcome.")
NOT_ALL_COUNT = gettext_noop("Not every campaign has a counted day against a target of its outcome.")
NO_VALUE = gettext_noop("{Measure} have no value in money here.")

# If nobody decides
NOTHING_LOST = gettext_noop("If you do nothing, nothing is lost.")
DO_NOTHING_TWICE = gettext_noop("If you do nothing: {first}, and {second}.")
DO_NOTHING = gettext_noop("If you do nothing: {first}.")
ONE_GOES_ON = gettext_noop("{campaigns} goes on spending {amount} a day")
SEVERAL_GO_ON = gettext_noop("{campaigns} go on spending {amount} a day")
ONE_GOES_ON_UNKNOWN = gettext_noop("{campaigns} goes on spending an amount a day that is not known")
SEVERAL_GO_ON_UNKNOWN = gettext_noop("{campaigns} go on spending an amount a day that is not known")
STAYS_IDLE = gettext_noop("{amount} stays idle")

# Why a plan ended
TAKEN_BACK = gettext_noop("Taken back by {person}.")
PROPOSES_LINE = gettext_noop("{person} proposes only line {rows} of it.")
PROPOSES_LINES = gettext_noop("{person} proposes only lines {rows} of it.")
NOT_APPROVED = gettext_noop("Nobody approved it until {day}, {time}.")
SHORTFALL = gettext_noop("{account} can give at most {available}; {asked} was asked.")
SHORTFALL_HELD = gettext_noop(
    "{account} can give at most {available} ({held} are held back for days not yet reported); {asked} was "
    "asked."
)
EXCESS = gettext_noop("{account} would hold {amount}, and no account can hold more than {most}.")
CANNOT_RECEIVE = gettext_noop("Campaign {campaign} is {state}: it cannot receive money.")
NOT_LAUNCHED = gettext_noop("Campaign {campaign} is {state}: it gets its money when it is launched.")
CROSSED = gettext_noop("{campaign} was {before} when the plan was made and is {now} now.")
LEADER_LEFT = gettext_noop(
    "{campaign} was the likeliest to be the best when the plan was made, and takes part no longer."
)
NEW_LEADER = gettext_noop(
    "{campaign} is the likeliest to be the best now; {other} was when the plan was made."
)
CHANGED_PLACES = gettext_noop("{donor} and {receiver} have changed places since the plan was made.")

KEPT = (
    *(FINISHED, FINISHED_BUT_ONE_DAY, FINISHED_BUT_DAYS, UNPLANNED, BEATS_CONTROL, NO_AIM, NOTHING_SAYS),
    *(MEETS_TARGET, BEST, FLAGGED_TOO, NOTHING_BESIDE, NOBODY_KNOWS, UNPLANNED_BRINGS, NO_DAY_COUNTS),
    *(BLIND, RECEIVES_NOTHING, DOES_WELL, IT_IS, NO_HYPOTHESIS, NEITHER_TARGET_NOR_WIN, NO_OUTCOME),
    *(LEFT_OUT, OTHER_METRIC, HALF_TO_WINNERS, FOLLOW_THE_BEST, FOLLOW_THE_BEST_BY, BY_HAND, UNDOES),
    *(UNDOES_IN_PART, ONLY_LINE, ONLY_LINES, GIVES_ALL, GIVES_HALF, GIVES_HALF_UNLIKELY, LIKELY_BEST),
    *(UNDOING, MOVED_BY_HAND, BUDGET_OF, RESERVE_EARNS_NOTHING, IDLE_MONEY, NO_COUNTED_DAY, COST_AND_VALUE),
    *(NO_DAY_IN_COMMON, NOBODY_RECEIVES, OTHER_OUTCOMES, NOT_ALL_COUNT, NO_VALUE, NOTHING_LOST),
    *(DO_NOTHING_TWICE, DO_NOTHING, ONE_GOES_ON, SEVERAL_GO_ON, ONE_GOES_ON_UNKNOWN, SEVERAL_GO_ON_UNKNOWN),
    *(STAYS_IDLE, TAKEN_BACK, PROPOSES_LINE, PROPOSES_LINES, NOT_APPROVED, SHORTFALL, SHORTFALL_HELD, EXCESS),
    *(CANNOT_RECEIVE, NOT_LAUNCHED, CROSSED, LEADER_LEFT, NEW_LEADER, CHANGED_PLACES, FLAGGED),
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """For whom a text is told again: in what the workspace counts money, and what it calls a conversion."""

    currency: str
    words: TeamWords

    @property
    def is_english(self) -> bool:
        return (get_language() or KEPT_IN).startswith(KEPT_IN)


def retold(text: str, *, currency: str, words: TeamWords = USUAL_WORDS) -> str:
    """A kept text in the reader's language and words, as far as it is made of sentences of ours."""
    return _retold(text, _Reader(currency, words))


def _retold(text: str, reader: _Reader) -> str:
    if reader.is_english and reader.words == USUAL_WORDS:
        return text
    # The shorter before the longer: two sentences are never taken for one.
    for end in [*(found.start() for found in re.finditer(r"(?<=\.) ", text)), len(text)]:
        if (first := _translated(text[:end], reader)) is not None:
            rest = _retold(text[end + 1 :], reader)
            return f"{first} {rest}" if rest else first
    return text


def _translated(text: str, reader: _Reader) -> str | None:
    for sentence, pattern in _patterns():
        if found := pattern.fullmatch(text):
            facts = {name: _fact(name, said, reader) for name, said in found.groupdict().items()}
            return _(sentence).format(**facts)
    return None


def _fact(name: str, said: str, reader: _Reader) -> str:
    tell = _FACTS[name][1] if name in _FACTS else None
    # An amount is kept as English writes it.
    if tell is None or (reader.is_english and tell not in _TELL_WORDS):
        return said
    return tell(said, reader)


def _amount(said: str, reader: _Reader) -> str:
    """``$1,500.00`` or, of a metric that is no money, ``2.50``."""
    if said[0].isdecimal():
        return in_figures(said)
    return in_currency(Decimal(re.sub(r"[^\d.]", "", said)), reader.currency)


def _chance(said: str, reader: _Reader) -> str:
    *side, chance = said.split(" ")
    figures = in_percent(chance.removesuffix("%"))
    if not side:
        return figures
    return (_("below {chance}") if side == ["below"] else _("above {chance}")).format(chance=figures)


def _label(said: str, reader: _Reader) -> str:
    """A word or several of ours: a state, a metric, two signals."""
    known = _named()
    return _(" and ").join(
        known[word].said_in(reader.words) if word in known else _(word) for word in said.split(" and ")
    )


def _capital_label(said: str, reader: _Reader) -> str:
    label = _label(said[:1].lower() + said[1:], reader)
    return label[:1].upper() + label[1:]


def _account(said: str, reader: _Reader) -> str:
    return _("The reserve") if said == "The reserve" else said


def _part(said: str, reader: _Reader) -> str:
    return _translated(said, reader) or said


def _several(said: str, reader: _Reader) -> str:
    """``1, 2 and 4``, or campaigns."""
    return said.replace(" and ", _(" and "))


# What says something of a conversion.
_TELL_WORDS = (_label, _capital_label, _part)
_MONEY = (r"[^\d\s]*\s?[\d,]+(?:\.\d+)?(?: [A-Z]{3})?", _amount)
_WORDS = (r"[^.]+?", _label)
_NUMBER = (r"\d+", lambda said, _reader: said)
# How each kind of fact is written, and how it is said again; all others are names.
_FACTS: dict[str, tuple[str, Callable[[str, _Reader], str]]] = {
    **dict.fromkeys(("amount", "limit", "found", "wanted", "available", "held", "asked", "most"), _MONEY),
    **dict.fromkeys(("metric", "outcome", "others", "measure", "state", "signals", "before", "now"), _WORDS),
    **dict.fromkeys(("number", "days"), _NUMBER),
    "Measure": (r".+?", _capital_label),
    "likely": (r"(?:(?:above|below) )?[\d.]+%", _chance),
    "cap": (r"[\d,]+%", _chance),
    "rows": (r"[\d, ]+(?: and \d+)?", _several),
    "campaigns": (r".+?", _several),
    "account": (r".+?", _account),
    "first": (r".+", _part),
    "second": (r".+?", _part),
    "why": (r".+?", _part),
}


@cache
def _named() -> dict[str, Word]:
    """What is kept by its usual name and that a team may call otherwise."""
    with override(KEPT_IN):
        measures = {str(measure.label): Word("measure", key) for key, measure in MEASURES.items()}
        return measures | {str(metric.label): Word("metric", key) for key, metric in METRICS.items()}


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    with override(KEPT_IN):
        signal = "|".join(re.escape(str(label)) for label in ZombieSignal.labels)
    # A campaign that "is" something may be anything, so only these words say that it is flagged.
    how = {name: pattern for name, (pattern, _told) in _FACTS.items()}
    how["signals"] = f"(?:{signal})(?: and (?:{signal}))*"
    return [(sentence, _pattern(sentence, how)) for sentence in KEPT]


def _pattern(sentence: str, how: Mapping[str, str]) -> re.Pattern[str]:
    parts: list[str] = []
    for words, name, _spec, _conversion in Formatter().parse(sentence):
        parts.append(re.escape(words))
        if name is not None:
            parts.append(f"(?P<{name}>{how.get(name, '.+?')})")
    return re.compile("".join(parts), re.DOTALL)
