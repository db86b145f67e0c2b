"""A small drawing of days: those a sprint has beside those it takes to tell."""

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from experiments.templatetags._drawings import drawing, rect
from sprints.selectors.reach import Reach

_WIDTH, _HEIGHT, _GAP = 283.0, 14.0, 2.0
# More boxes than these are no boxes any more: then a bar says the share.
_MOST_BOXES = 21


def reach_bar(reach: Reach) -> SafeString:
    """A box is a day: filled where the sprint has it and the answer takes it, pale where it is to spare."""
    needed = reach.days_needed
    if needed is None or needed > _MOST_BOXES:
        share = 0.0 if needed is None else reach.days / needed
        body = [
            rect("f-line", 0, 1, _WIDTH, _HEIGHT - 2),
            rect("f-evidence", 0, 1, _WIDTH * share, _HEIGHT - 2),
        ]
        return drawing(width=_WIDTH, height=_HEIGHT, label=_told(reach), body=body)
    boxes = max(needed, reach.days)
    slot = _WIDTH / boxes
    body = []
    for index in range(boxes):
        is_of_sprint, is_needed = index < reach.days, index < needed
        look = "f-evidence" if is_of_sprint and is_needed else "f-evidence-soft" if is_of_sprint else "f-line"
        body.append(rect(look, slot * index, 1, slot - _GAP, _HEIGHT - 2))
    return drawing(width=_WIDTH, height=_HEIGHT, label=_told(reach), body=body)


def _told(reach: Reach) -> str:
    if reach.days_needed is None:
        return _("No length of time is enough.")
    told = ngettext(
        "It takes {needed} day to tell, and the sprint has {days}.",
        "It takes {needed} days to tell, and the sprint has {days}.",
        reach.days_needed,
    )
    return told.format(needed=reach.days_needed, days=reach.days)
