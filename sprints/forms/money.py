"""Funding the reserve and writing a reallocation by hand."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from sprints.choices import AccountKind
from sprints.exceptions import DomainError
from sprints.selectors.accounts import Balances
from sprints.selectors.fit import shortfall
from workspaces.forms import Form, MoneyField
from workspaces.models import Workspace
from workspaces.models.spelling import in_currency

LINES = 4


class FundForm(Form):
    amount = MoneyField(label=_("Amount"))
    reason = forms.CharField(
        max_length=500, label=_("Reason"), help_text=_("Where it comes from: “Experiments, first quarter”.")
    )


class CorrectForm(Form):
    amount = MoneyField(label=_("Amount"))
    reason = forms.CharField(
        max_length=500,
        label=_("Reason"),
        help_text=_("What was wrong, or where it has gone: “5,000 typed as 50,000”."),
    )

    def clean_amount(self) -> Decimal:
        """Nobody is asked whether they are sure of what the reserve does not have."""
        amount = cast("Decimal", self.cleaned_data["amount"])
        if why := shortfall(None, amount, workspace=self.workspace):
            raise forms.ValidationError(why, code="overdrawn")
        return amount


class PlanByHandForm(Form):
    """Up to four lines from an account to another; empty lines do not count."""

    from_0 = forms.ChoiceField(required=False, label=_("From"))
    to_0 = forms.ChoiceField(required=False, label=pgettext_lazy("an account", "To"))
    amount_0 = MoneyField(required=False, label=_("Amount"))
    from_1 = forms.ChoiceField(required=False, label=_("From"))
    to_1 = forms.ChoiceField(required=False, label=pgettext_lazy("an account", "To"))
    amount_1 = MoneyField(required=False, label=_("Amount"))
    from_2 = forms.ChoiceField(required=False, label=_("From"))
    to_2 = forms.ChoiceField(required=False, label=pgettext_lazy("an account", "To"))
    amount_2 = MoneyField(required=False, label=_("Amount"))
    from_3 = forms.ChoiceField(required=False, label=_("From"))
    to_3 = forms.ChoiceField(required=False, label=pgettext_lazy("an account", "To"))
    amount_3 = MoneyField(required=False, label=_("Amount"))
    reason = forms.CharField(
        max_length=500,
        label=_("Why"),
        help_text=_("What you have seen that no rule sees. Whoever approves the plan reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, workspace: Workspace, balances: Balances) -> None:
        super().__init__(data, workspace=workspace)
        accounts = sorted(balances.campaigns, key=lambda account: account.campaign.name)
        names = {account.key: account.campaign.name for account in accounts}
        givers = [account for account in accounts if account.available > 0]
        takers = [account for account in accounts if not account.campaign.is_finished]
        offered = {
            "from": [
                (account.key, _free_of(account.campaign.name, account.available, workspace))
                for account in givers
            ],
            "to": [(account.key, names[account.key]) for account in takers],
        }
        reserve = {
            "from": _free_of(gettext("the reserve"), balances.reserve, workspace),
            "to": gettext("the reserve"),
        }
        for name, field in self.fields.items():
            side = name.partition("_")[0]
            if side in offered:
                choices = [("", _("choose")), (AccountKind.RESERVE.value, reserve[side]), *offered[side]]
                # What has no money left meanwhile stays chosen, and is refused with the reason.
                given = (data or {}).get(name)
                if given in names and given not in dict(offered[side]):
                    choices.append((given, names[given]))
                cast("forms.ChoiceField", field).choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number in range(LINES):
            names = [f"{part}_{number}" for part in ("from", "to", "amount")]
            given = [name for name in names if cleaned.get(name)]
            if given and len(given) < len(names):
                for name in set(names) - set(given) - set(self.errors):
                    self.add_error(name, _("A line takes all three: from, to and amount."))
        if not self.errors.keys() - {"reason"} and not any(cleaned.get(f"from_{n}") for n in range(LINES)):
            self.add_error("from_0", _("Say from where, to where and how much."))
        return cleaned

    @property
    def takes_more_lines(self) -> bool:
        """Whether anything is in the lines after the first."""
        return any(field.value() or field.errors for row in self.rows[1:] for field in row)

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (self[f"from_{number}"], self[f"to_{number}"], self[f"amount_{number}"])
            for number in range(LINES)
        ]

    def lines(self) -> list[dict[str, Any]]:
        """The filled lines as REST has them."""
        given = self.cleaned_data
        return [
            {
                "from": given[f"from_{number}"],
                "to": given[f"to_{number}"],
                "amount": cast("Decimal", given[f"amount_{number}"]),
                "reason": given["reason"],
            }
            for number in self._filled()
        ]

    def take(self, error: DomainError) -> None:
        """Put what a service says of a row to the fields of that line; empty lines were not sent."""
        filled = self._filled()
        named = [
            item if item.row is None else replace(item, field=f"{item.field}_{filled[item.row]}")
            for item in error.errors
        ]
        super().take(DomainError(error.code, error.message, errors=named))

    def _filled(self) -> list[int]:
        return [number for number in range(LINES) if self.cleaned_data.get(f"from_{number}")]


def _free_of(name: str, amount: Decimal, workspace: Workspace) -> str:
    return gettext("{name}: {free} free").format(name=name, free=in_currency(amount, workspace.currency))
