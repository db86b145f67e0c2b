"""What Meta counts under “Results”: a column beside it says so, by the action's type or in words."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from experiments.services.exports.columns import Columns
from experiments.services.exports.lines import Line
from experiments.services.exports.numbers import Digits
from experiments.services.exports.presets import normal_name
from experiments.services.values import in_quotes, listed, quoted

# An ad that was seen, watched or clicked has converted nobody. Each is the beginning of a kind's name.
_NO_CONVERSIONS = (
    *("link click", "landing page view", "omni landing page view", "outbound click", "profile visit"),
    *("reach", "impressions", "estimated ad recall", "thruplay", "video", "2-second", "3-second"),
    *("post engagement", "page engagement", "post reaction", "page like", "like", "photo view"),
)


class Results:
    """The results of a file's lines: leads are leads, too, and clicks or views no conversions."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.tells_leads = columns.has("leads")
        # As they stand in the file.
        self.left_out: set[str] = set()

    def read(self, line: Line, number: Digits) -> Iterator[tuple[str, Digits]]:
        """The measures that the line's result counts for."""
        said = self.columns.cell(line, "result_kind")
        kind = normal_name(said).removeprefix("actions:")
        if kind.startswith(_NO_CONVERSIONS):
            self.left_out.add(said)
            return
        yield "conversions", number
        if "lead" in kind and not self.tells_leads:
            yield "leads", number

    @property
    def note(self) -> str:
        """What of the results is not taken in, so that nobody misses it; "" where all is."""
        if not self.left_out:
            return ""
        header = self.columns.header.cells[self.columns.positions["conversions"][0]]
        return _(
            "“{header}” counts {kinds} on some lines. Those are no conversions and are left out; if they are "
            "meant to be, say it under Columns: {header}=conversions."
        ).format(
            header=header, kinds=listed([in_quotes(quoted(kind)) for kind in sorted(self.left_out)[:12]])
        )
