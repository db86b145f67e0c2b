"""Money: what every account has, the plans that move it, and the ledger of all that ever moved."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from sprints.forms import FundForm
from sprints.models import Reallocation, ReallocationLine, Transfer
from sprints.selectors.accounts import balances
from sprints.services.ledger import fund_reserve
from workspaces.forms import Form
from workspaces.permissions import Permission
from workspaces.views.access import FormView, WorkspaceView
from workspaces.views.downloads import csv_response

PAGE_SIZE = 25
PLANS_SHOWN = 20


class _Ledger(WorkspaceView):
    section = "money"

    def transfers(self) -> QuerySet[Transfer]:
        return (
            Transfer.objects.of(self.workspace)
            .select_related("source_campaign", "target_campaign", "line")
            .order_by("-id")
        )


class MoneyView(_Ledger):
    template_name = "sprints/money.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        plans = (
            Reallocation.objects.of(self.workspace)
            .select_related("proposed_by", "approved_by", "sprint")
            .with_rows("lines", ReallocationLine.objects.all(), joined=["source_campaign", "target_campaign"])
            .order_by("-id")[:PLANS_SHOWN]
        )
        accounts = balances(self.workspace, at=self.at)
        return self.render(
            {
                "balances": accounts,
                "funded": sum(account.budget > 0 for account in accounts.campaigns),
                "plans": plans,
                "page_obj": Paginator(self.transfers(), PAGE_SIZE).get_page(request.GET.get("page")),
            }
        )


class LedgerCsvView(_Ledger):
    HEADER = ("id", "at", "kind", "from", "to", "amount", "currency", "by", "reason", "plan")

    def get(self, request: HttpRequest) -> HttpResponseBase:
        name = f"{self.workspace.slug}-ledger-{self.workspace.local_day(self.at):%Y-%m-%d}"
        return csv_response(name, self.HEADER, map(self.row, self.transfers().iterator(chunk_size=500)))

    def row(self, transfer: Transfer) -> list[object]:
        return [
            transfer.pk,
            transfer.at.astimezone(self.workspace.tz).isoformat(timespec="seconds"),
            transfer.kind,
            transfer.source_key,
            transfer.target_key,
            f"{transfer.amount:.{self.workspace.currency_exponent}f}",
            self.workspace.currency,
            transfer.by_label,
            transfer.reason,
            transfer.line.reallocation_id if transfer.line else "",
        ]


class FundView(FormView):
    template_name = "components/reason_page.html"
    section = "money"
    permission = Permission.FUND
    makes_new = True
    form_class = FundForm

    def context(self, form: Form) -> dict[str, object]:
        return {
            **super().context(form),
            "title": _("Fund the reserve"),
            "lead": _(
                "Campaigns take their budgets from the reserve when they launch, as far as it reaches."
            ),
            "verb": _("Fund the reserve"),
            "cancel_url": self.page_url("money"),
        }

    def save(self, form: Form) -> str:
        fund_reserve(
            amount=form.cleaned_data["amount"], reason=form.cleaned_data["reason"], by=self.actor, at=self.at
        )
        return _("The reserve is funded.")

    def done_url(self) -> str:
        return self.page_url("money")
