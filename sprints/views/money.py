"""Money: what every account has, the plans that move it, and the ledger of all that ever moved."""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from django.core.paginator import Paginator
from django.db.models import IntegerField
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from sprints.choices import TransferKind
from sprints.forms import CorrectForm, FundForm
from sprints.models import Reallocation, ReallocationLine, Transfer
from sprints.selectors.accounts import Balances, CampaignAccount, balances
from sprints.services.corrections import correct_reserve
from sprints.services.ledger import fund_reserve
from workspaces.forms import Form
from workspaces.forms.tokens import AGAIN_FIELD
from workspaces.models.prepared import Given, Prepared
from workspaces.models.spelling import in_currency
from workspaces.permissions import Permission
from workspaces.views.access import FormView, WorkspaceView
from workspaces.views.downloads import CsvView

PAGE_SIZE = 15
ACCOUNTS_SHOWN = 25
PLANS_SHOWN = 10
# What the table of the ledger shows, and what its file does.
_OF_A_MOVE = ("at", "kind", "source_kind", "target_kind", "amount", "by_label", "reason")
_OF_A_TRANSFER = (*_OF_A_MOVE, "source_campaign__name", "target_campaign__name")
_OF_A_ROW = (*_OF_A_MOVE, "source_campaign__key", "target_campaign__key", "line__reallocation__number")


# The latest, each with its lines.
_PLANS = Prepared(
    lambda: (
        Reallocation.objects.filter(workspace=Given("workspace", IntegerField()))
        .select_related("proposed_by", "approved_by", "sprint")
        .defer("evidence")
        .with_rows("lines", ReallocationLine.objects.all(), joined=["source_campaign", "target_campaign"])
        .order_by("-id")[:PLANS_SHOWN]
    )
)


def is_settled(account: CampaignAccount) -> bool:
    """Whether its campaign is over and nothing of its money is left to move."""
    return account.campaign.is_finished and account.available <= 0


class Occasion(NamedTuple):
    """What was moved at once. Where all of it comes from one account, or goes to one, that is said once."""

    reason: str
    transfers: list[Transfer]

    @property
    def has_one_source(self) -> bool:
        return len({(one.source_kind, one.source_campaign_id) for one in self.transfers}) == 1

    @property
    def has_one_target(self) -> bool:
        return len({(one.target_kind, one.target_campaign_id) for one in self.transfers}) == 1


def occasions(transfers: Iterable[Transfer]) -> list[Occasion]:
    """What was moved at once, under the reason that is worth telling."""

    def reason(transfer: Transfer) -> str:
        # A launch has none but the budget of the campaign that the row names anyway.
        return "" if transfer.kind == TransferKind.LAUNCH else transfer.reason

    def occasion(transfer: Transfer) -> tuple[object, ...]:
        return transfer.at, transfer.kind, transfer.by_label, reason(transfer)

    together = [list(group) for _occasion, group in groupby(transfers, key=occasion)]
    return [Occasion(reason(group[0]), group) for group in together]


class MoneyView(WorkspaceView):
    section = "money"
    template_name = "sprints/money.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        accounts = balances(self.workspace, at=self.at)
        settled: list[CampaignAccount] = []
        unsettled: list[CampaignAccount] = []
        for account in accounts.campaigns:
            (settled if is_settled(account) else unsettled).append(account)
        transfers = (
            Transfer.objects.of(self.workspace)
            .select_related("source_campaign", "target_campaign")
            .only(*_OF_A_TRANSFER)
            .order_by("-id")
        )
        page = Paginator(transfers, PAGE_SIZE).get_page(request.GET.get("page"))
        return self.render(
            {
                "balances": accounts,
                "open_accounts": Paginator(unsettled, ACCOUNTS_SHOWN).get_page(request.GET.get("open")),
                "settled_accounts": Paginator(settled, ACCOUNTS_SHOWN).get_page(request.GET.get("settled")),
                "shows_settled": "settled" in request.GET,
                "funded": sum(account.budget > 0 for account in accounts.campaigns),
                "plans": _PLANS.read(workspace=self.workspace.pk),
                "page_obj": page,
                "occasions": occasions(page),
            }
        )


class LedgerCsvView(CsvView):
    section = "money"
    NAME = "ledger"
    HEADER = ("id", "at", "kind", "from", "to", "amount", "currency", "by", "reason", "plan")

    def items(self) -> Iterable[Transfer]:
        transfers = Transfer.objects.of(self.workspace).select_related(
            "source_campaign", "target_campaign", "line__reallocation"
        )
        return transfers.only(*_OF_A_ROW).order_by("-id").iterator(chunk_size=500)

    def row(self, transfer: Transfer) -> list[object]:
        return [
            transfer.pk,
            self.moment(transfer.at),
            transfer.kind,
            transfer.source_key,
            transfer.target_key,
            self.amount(transfer.amount),
            self.workspace.currency,
            transfer.by_label,
            transfer.reason,
            transfer.line.reallocation.number if transfer.line else "",
        ]


class AccountsCsvView(CsvView):
    """Every account of a campaign that was ever launched, and the reserve."""

    section = "money"
    NAME = "accounts"
    HEADER = ("account", "name", "state", "budget", "spent", "held_back", "free", "currency")

    def items(self) -> Iterable[CampaignAccount | Balances]:
        accounts = balances(self.workspace, at=self.at)
        return [accounts, *accounts.campaigns]

    def row(self, item: CampaignAccount | Balances) -> list[object]:
        if isinstance(item, Balances):
            free = self.amount(item.reserve)
            return ["reserve", "", "", "", "", "", free, self.workspace.currency]
        money = (item.budget, item.spent, item.holdback, item.available)
        return [
            item.key,
            item.campaign.name,
            item.campaign.status,
            *map(self.amount, money),
            self.workspace.currency,
        ]


# A plan says who proposed and approved it by their name, or else by their address.
_OF_A_LINE = (
    "position",
    "source_campaign__key",
    "target_campaign__key",
    "amount",
    "reallocation__number",
    "reallocation__state",
    "reallocation__sprint__number",
    *(
        f"reallocation__{person}__{part}"
        for person in ("proposed_by", "approved_by")
        for part in ("first_name", "last_name", "email")
    ),
    "reallocation__proposed_at",
    "reallocation__approved_at",
    "reallocation__applied_at",
    "reallocation__closed_reason",
)


class PlansCsvView(CsvView):
    """Every line of every plan that was ever proposed."""

    section = "money"
    NAME = "plans"
    HEADER = (
        "plan",
        "line",
        "state",
        "sprint",
        "from",
        "to",
        "amount",
        "currency",
        "proposed_by",
        "proposed_at",
        "approved_by",
        "approved_at",
        "applied_at",
        "closed_reason",
    )

    def items(self) -> Iterable[ReallocationLine]:
        lines = (
            ReallocationLine.objects.of(self.workspace)
            .select_related(
                "source_campaign",
                "target_campaign",
                "reallocation__sprint",
                "reallocation__proposed_by",
                "reallocation__approved_by",
            )
            .only(*_OF_A_LINE)
        )
        return lines.order_by("-reallocation", "position").iterator(chunk_size=500)

    def row(self, item: ReallocationLine) -> list[object]:
        plan = item.reallocation
        return [
            plan.number,
            item.position,
            plan.state,
            plan.sprint.number if plan.sprint else "",
            item.source_key or "reserve",
            item.target_key or "reserve",
            self.amount(item.amount),
            self.workspace.currency,
            str(plan.proposed_by),
            self.moment(plan.proposed_at),
            str(plan.approved_by or ""),
            self.moment(plan.approved_at),
            self.moment(plan.applied_at),
            plan.closed_reason,
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
                "Campaigns take their budgets from the reserve when they launch, as far as it reaches. This "
                "is an entry in the ledger: no real money moves."
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


class CorrectView(FormView):
    """Money that goes out of the books is asked about once more, with what the reserve holds after it."""

    template_name = "components/reason_page.html"
    section = "money"
    permission = Permission.FUND
    makes_new = True
    form_class = CorrectForm

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.get_form(request.POST)
        if "change" in request.POST:
            return self.render(self.context(form))
        # Who says that they mean the same once more is sure.
        if form.is_valid() and not {"sure", AGAIN_FIELD} & request.POST.keys():
            return self.render(self.confirmation(form), template="sprints/correct_confirm.html")
        return super().post(request)

    def confirmation(self, form: Form) -> dict[str, object]:
        amount = form.cleaned_data["amount"]
        return {
            "form": form,
            "next": self.back_to(""),
            "amount": amount,
            "left": self.workspace.reserve - amount,
            "reason": form.cleaned_data["reason"],
        }

    def context(self, form: Form) -> dict[str, object]:
        return {
            **super().context(form),
            "title": _("Take money back out"),
            "lead": _("The reserve holds {reserve}.").format(
                reserve=in_currency(self.workspace.reserve, self.workspace.currency)
            ),
            "note": _(
                "This is for an amount that was mistyped, or for money that left the budget. The ledger "
                "keeps both for ever: what came in, and what was taken back out."
            ),
            "verb": _("Take money back out"),
            "cancel_url": self.page_url("money"),
        }

    def save(self, form: Form) -> str:
        amount = form.cleaned_data["amount"]
        correct_reserve(amount=amount, reason=form.cleaned_data["reason"], by=self.actor, at=self.at)
        return _("{amount} was taken back out of the reserve.").format(
            amount=in_currency(amount, self.workspace.currency)
        )

    def done_url(self) -> str:
        return self.page_url("money")
