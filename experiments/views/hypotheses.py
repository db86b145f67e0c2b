"""Writing a hypothesis as a sentence, and reading it with what came of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from experiments.choices import HypothesisStatus
from experiments.exceptions import DomainError, NotFound
from experiments.forms import HypothesisForm, ScoresForm, SizingForm
from experiments.forms.campaign import typed
from experiments.models import Hypothesis
from experiments.models.team_words import TeamWords, words_of
from experiments.selectors.campaign_pages import campaign_cards
from experiments.services.hypotheses import (
    archive_hypothesis,
    change_hypothesis,
    create_hypothesis,
    score_hypothesis,
    scores_of,
    stated,
)
from experiments.services.sizing import Sizing, size_comparison, with_known
from experiments.views.previews import is_part_wanted
from workspaces.choices import Role
from workspaces.forms import Form
from workspaces.models import Event, Membership
from workspaces.permissions import Permission
from workspaces.services import basis_of
from workspaces.views.access import FormView, WorkspaceView

SECTION = "backlog"
RECENT_EVENTS = 20


class _OneHypothesis(WorkspaceView):
    section = SECTION

    def hypothesis(self) -> Hypothesis:
        hypothesis = (
            Hypothesis.objects.of(self.workspace)
            .select_related("owner", "parent")
            .filter(pk=self.kwargs["pk"])
            .first()
        )
        if hypothesis is None:
            raise NotFound(
                _("There is no hypothesis {hypothesis_id} here.").format(hypothesis_id=self.kwargs["pk"])
            )
        return hypothesis

    @cached_property
    def at_hand(self) -> Hypothesis:
        return self.hypothesis()

    def reload(self) -> None:
        vars(self).pop("at_hand", None)


class HypothesisView(_OneHypothesis):
    template_name = "experiments/hypothesis.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        hypothesis = self.hypothesis()
        campaigns = hypothesis.campaigns.order_by("-id").select_related("workspace")
        return self.render(
            {
                "hypothesis": hypothesis,
                "cards": campaign_cards(campaigns),
                "children": hypothesis.children.order_by("id"),
                "events": Event.objects.of(self.workspace)
                .about("hypothesis", hypothesis.pk)
                .order_by("-id")[:RECENT_EVENTS],
                "is_backlog": hypothesis.status == HypothesisStatus.BACKLOG,
                "is_open": hypothesis.status in {HypothesisStatus.BACKLOG, HypothesisStatus.COMMITTED},
            }
        )


class _WriteHypothesis(FormView):
    template_name = "experiments/hypothesis_form.html"
    section = SECTION
    permission = Permission.PLAN

    def get_form(self, data: QueryDict | None = None) -> HypothesisForm:
        planners = [role.value for role in Role if role.includes(Role.MARKETER)]
        owners = (
            Membership.objects.of(self.workspace)
            .filter(role__in=planners)
            .select_related("user")
            .order_by("user__first_name", "user__email")
        )
        # What is only being planned stays as it was typed, and is not complained about.
        initial = self._typed() if self.is_sizing else self.get_initial()
        return HypothesisForm(data, workspace=self.workspace, owners=owners, initial=initial)

    def _typed(self) -> dict[str, Any]:
        several = "guardrail_metrics"
        return {**typed(self.request.POST), several: self.request.POST.getlist(several)}

    @property
    def is_sizing(self) -> bool:
        """Whether the question is what a sprint can see: nothing is saved then."""
        return "size" in self.request.POST

    @property
    def is_sending(self) -> bool:
        return super().is_sending and not self.is_sizing

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save it, or only say whether a sprint can see its effect."""
        if not self.is_sizing:
            return super().post(request)
        sizing_form = SizingForm(request.POST, workspace=self.workspace)
        sizing, assumed = self._size(sizing_form)
        answer = {"sizing_form": sizing_form, "sizing": sizing, "assumed": assumed}
        if is_part_wanted(request):
            return self.render(answer, template="experiments/_sizing_answer.html")
        return self.render({**self.context(self.get_form()), **answer}, status=422 if sizing is None else 200)

    @property
    def _words(self) -> TeamWords:
        """What the hypothesis calls a conversion as it is being written."""
        one, several = (
            self.request.POST.get(name, "").strip() for name in ("conversion_name", "conversion_name_plural")
        )
        return TeamWords(one, several) if one and several else words_of(None, self.workspace)

    def _size(self, form: SizingForm) -> tuple[Sizing | None, list[dict[str, Any]]]:
        """The answer, and what it assumes where nothing was typed."""
        if form.is_valid():
            channel = form.cleaned_data["channel"]
            values, assumed = with_known(form.values, channel=channel, by=self.actor)
            try:
                sizing = size_comparison(values=values, words=self._words, by=self.actor)
            except DomainError as error:
                form.take(error)
            else:
                return sizing, [form.as_assumed(item.name, item.value, item.source) for item in assumed]
        return None, []

    def context(self, form: Form) -> dict[str, Any]:
        # What was typed to plan it stays, too, where the hypothesis is refused.
        sizing_form = SizingForm(workspace=self.workspace, initial=typed(self.given))
        return {**super().context(form), "sizing_form": sizing_form}


class NewHypothesisView(_WriteHypothesis):
    makes_new = True

    def get_initial(self) -> dict[str, Any]:
        """A child begins with what its parent says."""
        given = self.request.GET.get("parent", "")
        parent = None
        if given.isdecimal():
            parent = (
                Hypothesis.objects.of(self.workspace)
                .select_related("owner")
                .filter(pk=int(given[:15]))
                .first()
            )
        if parent is None:
            return {"owner": self.request.user.email, "mde_relative": 0.2}
        return {**HypothesisForm.typed(parent), "title": "", "parent": parent.pk}

    def save(self, form: Form) -> str:
        assert isinstance(form, HypothesisForm)  # noqa: S101 - what get_form makes
        self.saved = create_hypothesis(values=form.values, by=self.actor, at=self.at)
        return _("“{hypothesis}” is in the backlog.").format(hypothesis=self.saved)

    def done_url(self) -> str:
        return self.page_url("hypothesis", pk=self.saved.pk)


class EditHypothesisView(_WriteHypothesis, _OneHypothesis):
    def get_initial(self) -> dict[str, Any]:
        return HypothesisForm.typed(self.at_hand)

    def basis(self) -> str:
        return basis_of(stated(self.at_hand))

    def context(self, form: Form) -> dict[str, Any]:
        return {**super().context(form), "hypothesis": self.at_hand}

    def save(self, form: Form) -> str:
        assert isinstance(form, HypothesisForm)  # noqa: S101 - what get_form makes
        change_hypothesis(
            self.at_hand.pk, values=form.values, basis=self.sent_basis, by=self.actor, at=self.at
        )
        return _("The hypothesis is saved.")

    def done_url(self) -> str:
        return self.page_url("hypothesis", pk=self.kwargs["pk"])


class ScoresView(FormView, _OneHypothesis):
    """The numbers of the score, changed where they stand in the backlog; or on a page of their own."""

    template_name = "experiments/scores.html"
    permission = Permission.PLAN

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, or the numbers again for whoever leaves it."""
        if "leave" in request.GET and is_part_wanted(request):
            return self._part("experiments/_scores.html", {"hypothesis": self.at_hand, "may_plan": True})
        return super().get(request)

    def get_form(self, data: QueryDict | None = None) -> ScoresForm:
        focus = self.request.GET.get("field", "")
        return ScoresForm(data, workspace=self.workspace, hypothesis=self.at_hand, focus=focus)

    def basis(self) -> str:
        return basis_of(scores_of(self.at_hand))

    def context(self, form: Form) -> dict[str, Any]:
        return {**super().context(form), "hypothesis": self.at_hand}

    def render(
        self, context: dict[str, Any] | None = None, *, status: int = 200, template: str = ""
    ) -> HttpResponse:
        if is_part_wanted(self.request):
            return self._part("experiments/_scores_form.html", context or {})
        return super().render(context, status=status, template=template)

    def _part(self, template: str, context: dict[str, Any]) -> HttpResponse:
        """What stands in the place of the numbers, for htmx, which puts in only what is answered with 200."""
        answer = super().render({"next": self.back_to(""), **context}, template=template)
        place = f"#scores-{self.kwargs['pk']}"
        for name, value in (("Retarget", place), ("Reselect", place), ("Reswap", "outerHTML")):
            answer[f"HX-{name}"] = value
        answer["HX-Push-Url"] = "false"
        return answer

    def save(self, form: Form) -> str:
        hypothesis = score_hypothesis(
            self.kwargs["pk"], values=form.cleaned_data, basis=self.sent_basis, by=self.actor, at=self.at
        )
        if hypothesis.ice is None:
            return _("“{hypothesis}” is not scored.").format(hypothesis=hypothesis)
        return _("“{hypothesis}” has a score of {score}.").format(hypothesis=hypothesis, score=hypothesis.ice)

    def done_url(self) -> str:
        return self.page_url("backlog")


class ArchiveHypothesisView(FormView, _OneHypothesis):
    """Asks first, because nothing comes back from the archive."""

    template_name = "components/reason_page.html"
    form_class = Form
    permission = Permission.PLAN
    section = SECTION

    def context(self, form: Form) -> dict[str, Any]:
        hypothesis = self.hypothesis()
        return {
            **super().context(form),
            "title": _("Archive “{hypothesis}”?").format(hypothesis=hypothesis),
            "note": _("It leaves the backlog for good, and its drafts of campaigns are discarded."),
            "verb": _("Archive it"),
            "cancel_url": self.page_url("hypothesis", pk=hypothesis.pk),
        }

    def save(self, form: Form) -> str:
        hypothesis = archive_hypothesis(self.hypothesis().pk, by=self.actor, at=self.at)
        return _("“{hypothesis}” is archived.").format(hypothesis=hypothesis)

    def done_url(self) -> str:
        return self.page_url("backlog")
