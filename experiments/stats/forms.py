"""What kind of ratio a metric is, because that decides its method; and what is fixed for all methods."""

from enum import StrEnum
from typing import Final

# E[v²]/E[v]² of an order's value v, so 1 + cv², where a workspace does not know its own: cv about 0.95.
ORDER_VALUE_KAPPA: Final = 1.9
# Fewer ended campaigns teach less about the spread of days than the prior knows.
FEWEST_CAMPAIGNS_TO_REFIT: Final = 20


class MetricForm(StrEnum):
    """RATE: events per exposure (CTR), higher is better.

    COST: money per event (CPA), lower is better. Its exposure is the money and it is judged as events per
    unit of money, so nothing divides by zero. VALUE: money per unit of exposure (return on ad spend, average
    order value), higher is better.
    """

    RATE = "rate"
    COST = "cost"
    VALUE = "value"


class Comparator(StrEnum):
    """The side of a threshold on which a rule stops a campaign."""

    BELOW = "below"
    ABOVE = "above"


def metric_form(form: str) -> MetricForm:
    """Return the form of this name, or raise ``ValueError`` with those there are."""
    try:
        return MetricForm(form)
    except ValueError:
        raise ValueError(f"form is {form!r}; it must be one of {', '.join(MetricForm)}.") from None
