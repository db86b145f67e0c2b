from workspaces.forms.amounts import MoneyField, ShareField, parse_money, parse_number, parse_share
from workspaces.forms.base import Form, PlainForm, ReasonForm
from workspaces.forms.days import DayField, IsoDayField
from workspaces.forms.filters import FilterForm

__all__ = [
    "DayField",
    "FilterForm",
    "Form",
    "IsoDayField",
    "MoneyField",
    "PlainForm",
    "ReasonForm",
    "ShareField",
    "parse_money",
    "parse_number",
    "parse_share",
]
