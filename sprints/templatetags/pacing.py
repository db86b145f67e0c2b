"""What was spent, beside what the plan would have spent by now."""

from decimal import Decimal

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from experiments.templatetags._drawings import drawing, line, rect
from workspaces.models.spelling import in_currency

register = template.Library()

WIDTH, HEIGHT = 150.0, 20.0


@register.simple_tag(takes_context=True)
def spend_bar(
    context: Context, spent: Decimal | None, budget: Decimal, planned: Decimal | None
) -> SafeString:
    """Spend as a bar over the budget; the upright line is the plan by now."""
    currency = context["workspace"].currency
    if spent is None or budget <= 0:
        return SafeString("")
    room = WIDTH - 2
    body = [
        rect("f-line", 1, 6, room, 8),
        rect("f-ink-3" if spent <= budget else "f-burn", 1, 6, room * min(float(spent / budget), 1.0), 8),
    ]
    label = f"{in_currency(spent, currency, whole=True)} of {in_currency(budget, currency, whole=True)} spent"
    if planned is not None:
        body.append(line("s-limit", f"M{1 + room * min(float(planned / budget), 1.0):.1f} 1v18"))
        label += f", plan by now {in_currency(planned, currency, whole=True)}"
    return drawing(width=WIDTH, height=HEIGHT, label=label, body=body)
