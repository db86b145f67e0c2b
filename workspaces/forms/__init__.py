from workspaces.forms.amounts import MoneyField, ShareField, parse_money, parse_number, parse_share
from workspaces.forms.base import Form, PlainForm, ReasonForm
from workspaces.forms.days import DayField

__all__ = [
    "DayField",
    "Form",
    "MoneyField",
    "PlainForm",
    "ReasonForm",
    "ShareField",
    "parse_money",
    "parse_number",
    "parse_share",
]
