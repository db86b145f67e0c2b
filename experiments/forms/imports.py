"""An export file, and what a person says where it does not say it itself."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.forms.launched import (
    CAMPAIGNS,
    CAMPAIGNS_AND_ARMS,
    Choice,
    Launched,
    NamedField,
    add_other,
    arm_choices,
    datalist,
)
from experiments.models import FileImport
from experiments.services.exports import (
    ANSWERS,
    LARGEST_FILE,
    LEFT_OUT,
    NEW,
    PRESET_KEYS,
    PRESETS,
    Level,
    Said,
    Spelled,
    read_mapping,
    said_of,
)
from workspaces.exceptions import DomainError
from workspaces.forms import Form
from workspaces.models import Source, Workspace

# So many names can be assigned at once; the others come when these have been.
MOST_CAMPAIGNS = 60
MOST_PARTS = 300


class AskedForm(Form):
    """What a file may leave open."""

    preset = forms.ChoiceField(label=gettext_lazy("Exported from"))
    campaign = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Whose numbers"),
        help_text=gettext_lazy("Where the whole file is of one campaign, or of one arm."),
    )
    sheet = forms.ChoiceField(required=False, label=gettext_lazy("Sheet"))
    source = forms.ChoiceField(required=False, label=gettext_lazy("Source"))
    day_order = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Days like 3/4/2026"),
        choices=[
            ("", gettext_lazy("as the file shows")),
            ("dmy", gettext_lazy("day first")),
            ("mdy", gettext_lazy("month first")),
        ],
    )
    decimal_mark = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Numbers like 1.234"),
        choices=[
            ("", gettext_lazy("as the file shows")),
            ("point", gettext_lazy("decimal point")),
            ("comma", gettext_lazy("decimal comma")),
        ],
    )
    map = forms.CharField(
        required=False,
        label=gettext_lazy("Columns"),
        help_text=gettext_lazy("One a line, for columns that are not understood: Header=clicks."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    create_unplanned = forms.BooleanField(
        required=False,
        label=gettext_lazy("Take in campaigns that are not known here"),
        help_text=gettext_lazy(
            "They come in as unplanned campaigns: spending without a rule, until somebody adopts them."
        ),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, workspace=workspace, initial=initial)
        sources = list(Source.objects.of(workspace).order_by("name").values_list("key", "name"))
        names = dict(sources)
        self._choose("preset", [(key, names.get(key, _name_of(key))) for key in PRESET_KEYS])
        self._choose("source", [("", _("as the campaign's channel")), *sources])
        self._ask_whose()

    def _ask_whose(self) -> None:
        """Which campaign or arm the whole file is of."""
        known = self.launched.campaigns_and_arms
        if not self.launched.is_many:
            self._choose("campaign", [("", _("as the file says")), *known.items()])
            return
        asked = self.fields["campaign"]
        self.fields["campaign"] = NamedField(
            known,
            list_id=CAMPAIGNS_AND_ARMS,
            hint=_("as the file says"),
            label=asked.label,
            help_text=asked.help_text,
        )

    def _choose(self, name: str, choices: list[Choice]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    @cached_property
    def launched(self) -> Launched:
        return Launched(self.workspace)

    @property
    def datalists(self) -> list[SafeString]:
        if not self.launched.is_many:
            return []
        return [datalist(CAMPAIGNS_AND_ARMS, self.launched.campaigns_and_arms)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            read_mapping(line for line in cleaned.get("map", "").splitlines() if line.strip())
        except DomainError as error:
            self.add_error("map", error.message)
        return cleaned

    def offer_sheets(self, names: Sequence[str]) -> None:
        """Ask for the sheet, where a workbook has several tables."""
        if len(names) > 1:
            self._choose("sheet", [("", _("Choose …")), *((name, name) for name in names)])
        else:
            del self.fields["sheet"]

    @property
    def asked(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name, "") for name in ANSWERS}


class UploadForm(AskedForm):
    """The file itself."""

    file = forms.FileField(
        max_length=300,
        label=gettext_lazy("Export file"),
        help_text=gettext_lazy(
            "A CSV or Excel file (.xlsx) by day, as the ad platform exports it. At most 25 MB."
        ),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        workspace: Workspace,
        files: "MultiValueDict[str, UploadedFile[Any]] | None" = None,
    ) -> None:
        super().__init__(data, workspace=workspace)
        self.offer_sheets([])
        self.files = files or MultiValueDict()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        file = cleaned.get("file")
        if file is not None and file.size > LARGEST_FILE:
            self.add_error("file", _("The file is larger than 25 MB. Export fewer days at once."))
        return cleaned


def field_of(campaign: Mapping[str, Any], part: Mapping[str, Any] | None = None) -> str:
    """The field for a name. A page that is older than the last reading of the file has the same one."""
    spelled = [campaign["id"], campaign["name"]]
    if part is not None:
        spelled += [part["level"], part["id"], part["name"]]
    return f"n{sha256(json.dumps(spelled).encode()).hexdigest()[:16]}"


@dataclasses.dataclass(slots=True)
class NameRow:
    """One name of the file on the page, with the fields that say what it stands for."""

    told: dict[str, Any]
    key: tuple[Spelled, str, Spelled]
    field: forms.BoundField | None = None
    # For a campaign that the choices do not name, where there are too many for one list.
    other: forms.BoundField | None = None
    parts: "list[NameRow]" = dataclasses.field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return bool(self.told["waiting"]) and not self.told["target"]

    @property
    def is_part_open(self) -> bool:
        return any(part.told["waiting"] for part in self.parts)

    @property
    def ad_sets(self) -> "list[NameRow]":
        return [part for part in self.parts if part.told["level"] != Level.AD]

    @property
    def ads(self) -> "list[NameRow]":
        return [part for part in self.parts if part.told["level"] == Level.AD]


class AnswerForm(AskedForm):
    """What the file left open, name by name: which campaign it is, and which arm."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, file: FileImport) -> None:
        super().__init__(data, workspace=file.workspace, initial=file.asked)
        self.file = file
        self.offer_sheets(file.preview.get("sheets", []))
        self.rows = list(self._rows())

    def _rows(self) -> Iterator[NameRow]:
        """The campaigns of the file as the preview has them, with fields for those that need one first."""
        told = self.file.preview.get("campaigns", [])
        is_whole = bool(self.file.asked.get("campaign"))
        places = sorted(range(len(told)), key=lambda index: (not _is_asked(told[index]), index))
        with_field = set(places[:MOST_CAMPAIGNS]) if not is_whole else set()
        left = MOST_PARTS
        for index, one in enumerate(told):
            spelled = Spelled(one["id"], one["name"])
            row = NameRow(one, (spelled, Level.CAMPAIGN, Spelled("", "")))
            if index in with_field:
                called = one["name"] or one["id"] or _("no name")
                row.field = self._add(
                    field_of(one),
                    one["target"],
                    self._campaign_choices(one),
                    label=_("Campaign here for “{name}”").format(name=called),
                )
                if self.launched.is_many:
                    row.other = add_other(self, field_of(one), self.launched, called=called)
                for part in one["parts"][:left]:
                    row.parts.append(self._part(field_of(one, part), one, spelled, part))
                left -= len(row.parts)
            yield row

    def _part(self, name: str, campaign: dict[str, Any], spelled: Spelled, part: dict[str, Any]) -> NameRow:
        row = NameRow(part, (spelled, part["level"], Spelled(part["id"], part["name"])))
        called = part["name"] or part["id"] or campaign["name"] or campaign["id"]
        row.field = self._add(
            name,
            part["target"],
            arm_choices(self.launched, campaign["target"]),
            label=_("Arm for “{name}”").format(name=called),
        )
        return row

    def _add(self, name: str, target: str, choices: list[Choice], *, label: str) -> forms.BoundField:
        first: list[Choice] = [] if target else [("", _("Choose …"))]
        self.fields[name] = forms.ChoiceField(
            required=False,
            label=label,
            choices=[*first, *choices],
            initial=target,
            widget=forms.Select(attrs={"class": "form-select"}),
        )
        return self[name]

    def _campaign_choices(self, told: dict[str, Any]) -> list[Choice]:
        names = self.launched.with_channel
        likely = [(key, names[key]) for key in told["suggestions"] if key in names]
        known = [told["target"]] if self.launched.is_many else names
        others = [(key, names[key]) for key in known if key in names and (key, names[key]) not in likely]
        other: list[Choice] = [(LEFT_OUT, _("leave it out"))]
        if told["name"] or told["id"]:
            other.insert(0, (NEW, _("a new campaign, unplanned")))
        return [
            *([(_("Perhaps"), likely)] if likely else []),
            *([(_("Campaigns here"), others)] if others else []),
            (_("Or"), other),
        ]

    @property
    def datalists(self) -> list[SafeString]:
        lists = super().datalists
        if any(row.other for row in self.rows):
            lists.append(datalist(CAMPAIGNS, self.launched.campaigns))
        return lists

    @property
    def asked(self) -> dict[str, Any]:
        """A form without the sheets was made before they were known, and says nothing of them."""
        return {**super().asked, "sheet": self.cleaned_data.get("sheet", self.file.asked.get("sheet", ""))}

    @property
    def said(self) -> list[Said]:
        """What was assigned for this file: as before, and what was chosen otherwise than it was shown."""
        said = {(one.campaign, one.level, one.part): one.target for one in said_of(self.file)}
        for row in self.rows:
            for name in (row, *row.parts):
                self._hear(name, said)
        campaigns = {row.key: said.get(row.key, row.told["target"]) for row in self.rows}
        return [
            Said(campaign, target, level=level, part=part)
            for (campaign, level, part), target in said.items()
            # The arm of another campaign than the one that was chosen now is an answer to another question.
            if level == Level.CAMPAIGN
            or target == LEFT_OUT
            or campaigns.get((campaign, Level.CAMPAIGN, Spelled("", ""))) == target.partition("/")[0]
        ]

    def _hear(self, row: NameRow, said: dict[tuple[Spelled, str, Spelled], str]) -> None:
        if row.field is None:
            return
        target = self.cleaned_data[row.field.name]
        if row.other is not None:
            target = self.cleaned_data[row.other.name] or target
        if target and (row.key in said or target != row.told["target"]):
            said[row.key] = target

    @property
    def is_as_shown(self) -> bool:
        """Whether the preview was made of these very answers."""
        return self.asked == {name: self.file.asked.get(name, "") for name in ANSWERS} and {
            (one.campaign, one.level, one.part, one.target) for one in self.said
        } == {(one.campaign, one.level, one.part, one.target) for one in said_of(self.file)}


_PRESETS = {
    "auto": gettext_lazy("find out from the file"),
    "generic": gettext_lazy("something else, or a table of our own"),
}


def _name_of(preset: str) -> Any:
    return _PRESETS.get(preset) or PRESETS[preset].name


def _is_asked(told: dict[str, Any]) -> bool:
    return bool(told["waiting"])
