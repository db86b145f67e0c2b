"""An export file, and what a person says where it does not say it itself."""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from experiments.models import Arm
from experiments.services.exports import PRESET_KEYS, ImportOptions, read_mapping
from workspaces.exceptions import DomainError
from workspaces.forms import Form
from workspaces.models import Source, Workspace

MEGABYTE = 2**20
LARGEST_FILE = 25 * MEGABYTE
KEPT_FOR_SECONDS = 3600
_SALT = "experiments.import"


class ImportForm(Form):
    """The file comes once; between the preview and the import the page carries it along, signed."""

    file = forms.FileField(
        required=False,
        max_length=300,
        label=gettext_lazy("Export file"),
        help_text=gettext_lazy("A CSV file by day, as the ad platform exports it. At most 25 MB."),
    )
    kept = forms.CharField(required=False, widget=forms.HiddenInput)
    preset = forms.ChoiceField(label=gettext_lazy("Exported from"))
    campaign = forms.ChoiceField(required=False, label=gettext_lazy("Whose numbers"))
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
        files: "MultiValueDict[str, UploadedFile[Any]] | None" = None,
    ) -> None:
        super().__init__(data, workspace=workspace)
        self.files = files or MultiValueDict()
        sources = list(Source.objects.of(workspace).order_by("name").values_list("key", "name"))
        names = dict(sources)
        self._choose("preset", [(key, names.get(key, str(_PRESETS.get(key, key)))) for key in PRESET_KEYS])
        self._choose("source", [("", _("as the campaign's channel")), *sources])
        self._choose("campaign", [("", _("as the file says")), *_campaigns_and_arms(workspace)])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if file is None and not cleaned.get("kept"):
            if "file" not in self.errors:
                self.add_error("file", _("Choose a file."))
        elif file is not None and file.size > LARGEST_FILE:
            self.add_error("file", _("The file is larger than 25 MB. Export fewer days at once."))
        elif file is not None:
            cleaned["name"], cleaned["content"] = file.name, file.read()
        else:
            self._take_out(cleaned)
        try:
            cleaned["mapped"] = read_mapping(
                line for line in cleaned.get("map", "").splitlines() if line.strip()
            )
        except DomainError as error:
            self.add_error("map", error.message)
        return cleaned

    def _take_out(self, cleaned: dict[str, Any]) -> None:
        try:
            kept = signing.loads(cleaned["kept"], salt=self._salt, max_age=KEPT_FOR_SECONDS)
        except signing.BadSignature:
            self.add_error("file", _("The page waited too long for its answer. Choose the file again."))
        else:
            cleaned["name"], cleaned["seen"] = kept["name"], kept["seen"]
            cleaned["content"] = zlib.decompress(base64.b85decode(kept["content"]))

    @property
    def _salt(self) -> str:
        return f"{_SALT}.{self.workspace.pk}"

    def carried(self) -> str:
        """The file as the next page carries it: nobody but this workspace's pages can have written it."""
        content = base64.b85encode(zlib.compress(self.cleaned_data["content"])).decode()
        kept = {"name": self.cleaned_data["name"], "content": content, "seen": self._asked}
        return signing.dumps(kept, salt=self._salt)

    @property
    def _asked(self) -> dict[str, Any]:
        """What the preview depends on, beside the file."""
        return {name: value for name, value in self.cleaned_data.items() if name in _ANSWERS}

    @property
    def is_seen(self) -> bool:
        """Whether the preview showed this very file, read in this very way."""
        return bool(self.cleaned_data.get("seen") == self._asked)

    @property
    def options(self) -> ImportOptions:
        given = self.cleaned_data
        campaign, _, arm = given["campaign"].partition("/")
        return ImportOptions(
            preset=given["preset"],
            mapped=given["mapped"],
            campaign=campaign,
            arm=arm,
            source=given["source"],
            day_order=given["day_order"] or None,
            decimal_mark=given["decimal_mark"] or None,
            create_unplanned=given["create_unplanned"],
        )


_ANSWERS = ("preset", "campaign", "source", "day_order", "decimal_mark", "map", "create_unplanned")
_PRESETS = {
    "auto": gettext_lazy("find out from the file"),
    "generic": gettext_lazy("something else, or a table of our own"),
}


def _campaigns_and_arms(workspace: Workspace) -> list[tuple[str, str]]:
    """Every campaign that may have numbers, and each arm of those with several."""
    arms = (
        Arm.objects.of(workspace)
        .filter(campaign__launched_at__isnull=False)
        .order_by("campaign__name", "campaign_id", "position")
        .values_list("campaign__key", "campaign__name", "key", "name")
    )
    choices: dict[str, str] = {}
    for campaign, name, arm, arm_name in arms:
        choices.setdefault(campaign, name)
        choices[f"{campaign}/{arm}"] = _("{name}, arm {arm_name}").format(name=name, arm_name=arm_name)
    return list(choices.items())
