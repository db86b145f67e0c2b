"""A reallocation plan: proposed, read, approved by somebody else, applied."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import IntegerField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sprints.choices import ReallocationState
from sprints.exceptions import NotFound
from sprints.forms import PlanByHandForm
from sprints.models import Reallocation, ReallocationLine, Sprint
from sprints.permissions import may_withdraw, require_withdrawal
from sprints.selectors.accounts import balances
from sprints.selectors.fit import why_outdated
from sprints.selectors.following import spend_since
from sprints.selectors.plan_pages import do_nothing
from sprints.services.reallocations import (
    apply_reallocation,
    approve_reallocation,
    create_reallocation,
    propose_reallocation,
    reject_reallocation,
    replace_reallocation,
    undo_reallocation,
    withdraw_reallocation,
)
from sprints.services.reallocations.lines import MAX_LINES
from workspaces.forms import Form, ReasonForm
from workspaces.models import Event
from workspaces.models.prepared import Given, Prepared
from workspaces.permissions import Permission
from workspaces.views.access import ActionView, FormView, WorkspaceView

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SECTION = "money"
# What the database's integers hold.
LARGEST_NUMBER = 2**31 - 1
# What the bars of an account show.
SIDES = ("spent", "before", "after")
SIDES_OF_A_LINE = ["source_campaign__hypothesis", "target_campaign__hypothesis"]


_PLAN = Prepared(
    lambda: (
        Reallocation.objects.filter(
            workspace=Given("workspace", IntegerField()), pk=Given("plan", IntegerField())
        )
        .select_related("proposed_by", "approved_by", "sprint", "undoes")
        .with_rows("lines", ReallocationLine.objects.order_by("position"), joined=SIDES_OF_A_LINE)
    )
)


def found(plans: Iterable[Reallocation], number: int) -> Reallocation:
    for plan in plans:
        return plan
    raise NotFound(_("There is no plan {number} here.").format(number=number))


class OnePlan(WorkspaceView):
    section = SECTION

    def plan(self) -> Reallocation:
        number = self.kwargs["plan_id"]
        plans = _PLAN.read(workspace=self.workspace.pk, plan=number) if number <= LARGEST_NUMBER else []
        plan = found(plans, number)
        for line in plan.lines.all():
            for campaign in (line.source_campaign, line.target_campaign):
                if campaign is not None:
                    campaign.workspace = self.workspace
        return plan

    def done_url(self) -> str:
        return self.page_url("plan", plan_id=self.kwargs["plan_id"])


class PlanView(OnePlan):
    template_name = "sprints/plan.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        plan = self.plan()
        plan.workspace = self.workspace
        lines = list(plan.lines.all())
        rows = [*plan.evidence.get("campaigns", []), plan.evidence.get("reserve", {})]
        before, after = (
            sum(Decimal(row[side]) for row in rows if side in row) for side in ("before", "after")
        )
        odds = plan.evidence.get("lines", [])
        reserve = plan.evidence.get("reserve", {"before": 0, "after": 0})
        through = plan.evidence.get("data_through")
        is_own = plan.is_proposal_of(self.actor.user)
        return self.render(
            {
                "plan": plan,
                "lines": [
                    {"line": line, "evidence": evidence}
                    for line, evidence in zip(lines, plan.evidence.get("lines", []), strict=False)
                ],
                # Where no line has odds, their reasons are said once, not in every line.
                "knows_odds": any(row.get("p_receiver_beats_donor") is not None for row in odds),
                "why_no_odds": list(
                    dict.fromkeys(row["why_not_known"] for row in odds if row.get("why_not_known"))
                ),
                "amount": sum((line.amount for line in lines), Decimal(0)),
                "reserve": reserve,
                "do_nothing": do_nothing(plan.evidence),
                "data_through": date.fromisoformat(through) if through else None,
                "reserve_change": Decimal(reserve["after"]) - Decimal(reserve["before"]),
                "sum_spent": sum((Decimal(row["spent"]) for row in rows if "spent" in row), Decimal(0)),
                # What the widest bar stands for.
                "most": max(Decimal(row[side]) for row in rows for side in SIDES if side in row),
                "sum_before": before,
                "sum_after": after,
                "sum_change": after - before,
                "is_own": is_own,
                # What can no longer be is not offered; the scheduler ends it within minutes.
                "why_outdated": why_outdated(plan, lines, at=self.at) if plan.is_open else [],
                "is_waiting": plan.state == ReallocationState.PROPOSED,
                "spend_since": spend_since(plan, at=self.at) if plan.applied_at else [],
                "is_approved": plan.state == ReallocationState.APPROVED,
                "may_withdraw": may_withdraw(plan, by=self.actor),
                "events": Event.objects.of(self.workspace).about("reallocation", plan.pk).order_by("-id"),
            }
        )


class ProposeView(ActionView):
    """Compute the plan by the rule, for the sprint that asks or for all campaigns."""

    section = SECTION
    permission = Permission.PROPOSE
    made: Reallocation | None = None

    def act(self) -> str:
        number = self.request.POST.get("sprint", "")
        sprint = (
            Sprint.objects.of(self.workspace).filter(number=number).first()
            if number.isdecimal() and int(number) <= LARGEST_NUMBER
            else None
        )
        self.made = propose_reallocation(sprint_id=sprint.pk if sprint else None, by=self.actor, at=self.at)
        return _("The plan is proposed. A manager other than you approves it.")

    def done_url(self) -> str:
        return self.page_url("plan", plan_id=self.made.pk) if self.made else self.page_url("money")


class PlanByHandView(FormView):
    template_name = "sprints/plan_form.html"
    section = SECTION
    permission = Permission.PROPOSE
    makes_new = True
    made: Reallocation

    def get_form(self, data: QueryDict | None = None) -> PlanByHandForm:
        return PlanByHandForm(data, workspace=self.workspace, balances=balances(self.workspace, at=self.at))

    def save(self, form: Form) -> str:
        if not isinstance(form, PlanByHandForm):
            raise TypeError("A plan by hand is written in a PlanByHandForm.")
        self.made = create_reallocation(lines=form.lines(), by=self.actor, at=self.at)
        return _("The plan is proposed. A manager other than you approves it.")

    def done_url(self) -> str:
        return self.page_url("plan", plan_id=self.made.pk)


class ApproveView(OnePlan, ActionView):
    """Approve exactly what was shown: the form carries the digest of the page."""

    permission = Permission.APPROVE
    # A plan that no longer fits ends, although approving it is refused.
    in_one_transaction = False

    def act(self) -> str:
        plan = approve_reallocation(
            self.kwargs["plan_id"],
            plan_digest=self.request.POST.get("plan_digest", ""),
            by=self.actor,
            at=self.at,
        )
        if plan.state == ReallocationState.APPLIED:
            return _("Approved, and the money has moved.")
        return _("Approved. The money moves when somebody applies the plan.")


class ReplaceView(OnePlan, ActionView):
    """Take the plan back and propose only some of its lines."""

    permission = Permission.PROPOSE
    made: Reallocation | None = None

    def act(self) -> str:
        given = self.request.POST.getlist("lines")
        rows = [int(row) for row in given if row.isdecimal() and len(row) <= len(str(MAX_LINES))]
        self.made = replace_reallocation(self.kwargs["plan_id"], rows=rows, by=self.actor, at=self.at)
        return _("The plan is taken back, and these lines are proposed. Somebody else approves them.")

    def done_url(self) -> str:
        return self.page_url("plan", plan_id=self.made.pk) if self.made else super().done_url()


class ApplyView(OnePlan, ActionView):
    permission = Permission.APPLY
    in_one_transaction = False

    def act(self) -> str:
        plan = apply_reallocation(self.kwargs["plan_id"], by=self.actor, at=self.at)
        if not any(row.get("daily_budget") for row in plan.evidence.get("campaigns", [])):
            return _("The money has moved. Set the daily budgets on the platforms to match.")
        return _("The money has moved. Set the daily budgets on the platforms as the plan says.")


class UndoView(OnePlan, ActionView):
    """Propose the opposite of an applied plan."""

    permission = Permission.PROPOSE
    made: Reallocation | None = None

    def act(self) -> str:
        self.made = undo_reallocation(self.kwargs["plan_id"], by=self.actor, at=self.at)
        return _("The opposite plan is proposed. A manager other than you approves it.")

    def done_url(self) -> str:
        return self.page_url("plan", plan_id=self.made.pk) if self.made else super().done_url()


class _EndPlan(OnePlan, FormView):
    template_name = "components/reason_page.html"
    form_class = ReasonForm
    # Lazy: a question with a place for the plan's number, and the words of the button.
    title: "StrPromise"
    verb: "StrPromise"

    def plan(self) -> Reallocation:
        """Without its lines: nobody sees them here."""
        number = self.kwargs["plan_id"]
        plans = Reallocation.objects.of(self.workspace).select_related("proposed_by").defer("evidence")
        return found(plans.filter(pk=number), number)

    def context(self, form: Form) -> dict[str, Any]:
        plan = self.plan()
        self.require_permission_for(plan)
        return {
            **super().context(form),
            "title": str(self.title).format(number=plan.number),
            "lead": _("Nothing moves. The plan stays readable with your reason."),
            "verb": self.verb,
            "cancel_url": self.done_url(),
        }

    def require_permission_for(self, plan: Reallocation) -> None:
        """Whether this very plan is for the reader to end."""


class RejectView(_EndPlan):
    permission = Permission.APPROVE
    title = gettext_lazy("Reject plan {number}?")
    verb = gettext_lazy("Reject the plan")

    def save(self, form: Form) -> str:
        reject_reallocation(
            self.kwargs["plan_id"], reason=form.cleaned_data["reason"], by=self.actor, at=self.at
        )
        return _("The plan is rejected.")


class WithdrawView(_EndPlan):
    permission = Permission.PROPOSE
    title = gettext_lazy("Withdraw plan {number}?")
    verb = gettext_lazy("Withdraw the plan")

    def require_permission_for(self, plan: Reallocation) -> None:
        require_withdrawal(plan, by=self.actor)

    def save(self, form: Form) -> str:
        withdraw_reallocation(
            self.kwargs["plan_id"], reason=form.cleaned_data["reason"], by=self.actor, at=self.at
        )
        return _("The plan is withdrawn.")
