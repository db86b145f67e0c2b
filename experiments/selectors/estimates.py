"""What a judgement goes by: a workspace's own estimates where they are learnt and wanted, else the defaults.

Read once for any number of campaigns, in one query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from experiments.choices import SpreadKind
from experiments.models import MaturityEstimate, SpreadEstimate
from experiments.stats.grids import CONTRAST_SPREAD, DAY_SPREAD, SpreadPrior
from experiments.stats.maturity import AT_ONCE, DEFAULT_CURVE, MaturityCurve
from workspaces.choices import SourceKind
from workspaces.models import Source, Workspace
from workspaces.models.among import GivenKeys
from workspaces.models.prepared import Prepared
from workspaces.models.rows import take_rows

DEFAULTS = {SpreadKind.DAYS: DAY_SPREAD, SpreadKind.CONTRAST: CONTRAST_SPREAD}


@dataclass(frozen=True, slots=True)
class Estimates:
    """``curves``: learnt, by source id. ``spreads``: learnt and wanted, by workspace id and kind."""

    curves: Mapping[int, MaturityCurve] = field(default_factory=dict)
    spreads: Mapping[tuple[int, str], SpreadEstimate] = field(default_factory=dict)

    def curve(self, source: Source) -> MaturityCurve:
        """How the source's conversions arrive; at once where they never move once a day is closed."""
        if not SourceKind(source.kind).dates_back or source.attribution_lag_days == 0:
            return AT_ONCE
        return self.curves.get(source.pk, DEFAULT_CURVE)

    def day_spread(self, workspace_id: int) -> SpreadPrior:
        return self._spread(workspace_id, SpreadKind.DAYS)

    def contrast_spread(self, workspace_id: int) -> SpreadPrior:
        return self._spread(workspace_id, SpreadKind.CONTRAST)

    def spread_learnt_at(self, workspace_id: int) -> datetime | None:
        """Since when the workspace's own day spread is in use; ``None`` where the default is."""
        learnt = self.spreads.get((workspace_id, SpreadKind.DAYS))
        return learnt.learnt_at if learnt is not None else None

    def _spread(self, workspace_id: int, kind: SpreadKind) -> SpreadPrior:
        return prior_of(self.spreads.get((workspace_id, kind))) or DEFAULTS[kind]


def curve_of(estimate: MaturityEstimate) -> MaturityCurve:
    return MaturityCurve(
        tuple(estimate.share), tuple(estimate.days_known), tuple(estimate.low), tuple(estimate.high)
    )


def prior_of(estimate: SpreadEstimate | None) -> SpreadPrior | None:
    """The prior that was learnt; ``None`` where too few campaigns have ended."""
    if estimate is None or estimate.median is None or estimate.log_sd is None:
        return None
    return SpreadPrior(estimate.median, estimate.log_sd)


def estimates_of(workspaces: Sequence[Workspace]) -> Estimates:
    """The estimates of these workspaces, in one query."""
    return read_tenants(workspace.pk for workspace in workspaces).estimates


@dataclass(frozen=True, slots=True, eq=False)
class Tenants:
    """What workspaces bring to a judging: themselves by id, their sources, and what they go by."""

    workspaces: Mapping[int, Workspace]
    sources: Sequence[Source]
    estimates: Estimates

    def clock(self, at: datetime) -> list[date]:
        """All that judging takes from the time: which day it is, and which days are closed and settled."""
        own = [workspace.local_day(at) for workspace in self.workspaces.values()]
        for source in self.sources:
            own += [at.astimezone(source.tz).date(), source.closed_through(at), source.settled_through(at)]
        return own


# Workspaces with their sources and estimates, for ``tenants_of``.
AS_TENANTS = (
    Workspace.objects.with_rows("sources", Source.objects.all(), by="workspace")
    .with_rows("curves", MaturityEstimate.objects.all(), by="workspace")
    .with_rows("spreads", SpreadEstimate.objects.filter(median__isnull=False), by="workspace")
)
_TENANTS: Prepared[Any] = Prepared(lambda: AS_TENANTS.filter(pk__among=GivenKeys("workspaces")))


def read_tenants(workspace_ids: Iterable[int]) -> Tenants:
    """All that judging goes by in these workspaces, in one query."""
    ids = set(workspace_ids)
    if not ids:
        return Tenants({}, [], Estimates())
    return tenants_of(_TENANTS.read(workspaces=ids))


def tenants_of(workspaces: Iterable[Any]) -> Tenants:
    """What these workspaces bring, which were read ``AS_TENANTS``."""
    known: dict[int, Workspace] = {}
    all_sources: list[Source] = []
    learnt: dict[int, MaturityCurve] = {}
    wanted: dict[tuple[int, str], SpreadEstimate] = {}
    for workspace in workspaces:
        known[workspace.pk] = workspace
        sources, curves, spreads = take_rows(workspace, "sources", "curves", "spreads")
        all_sources += sources
        learnt |= {estimate.source_id: curve_of(estimate) for estimate in curves}
        if workspace.uses_learnt_spread:
            wanted |= {(workspace.pk, estimate.kind): estimate for estimate in spreads}
    return Tenants(known, all_sources, Estimates(learnt, wanted))


@dataclass(frozen=True, slots=True)
class CurveView:
    """A source's curve as the page tells it; ``estimate`` is ``None`` while the default is in use."""

    source: Source
    curve: MaturityCurve
    estimate: MaturityEstimate | None

    @property
    def is_at_once(self) -> bool:
        return self.curve == AT_ONCE

    @property
    def ages(self) -> list[tuple[int, float, float | None, float | None, int | None]]:
        """Age, share, the ends of its interval, and from how many days the step to the next age is known."""
        curve = self.curve
        return [
            (
                age,
                share,
                curve.low[age] if curve.low else None,
                curve.high[age] if curve.high else None,
                curve.days_known[age] if age < len(curve.days_known) else None,
            )
            for age, share in enumerate(curve.share)
        ]


@dataclass(frozen=True, slots=True)
class SpreadView:
    """A spread as the page tells it. ``campaigns``: ended ones that say anything of it."""

    kind: SpreadKind
    in_use: SpreadPrior
    learnt: SpreadPrior | None
    campaigns: int
    learnt_at: datetime | None

    @property
    def is_learnt(self) -> bool:
        return self.learnt is not None and self.learnt == self.in_use


def curve_views(workspace: Workspace) -> list[CurveView]:
    """Every source with numbers of its own or that dates events back, and how its conversions arrive."""
    learnt = {estimate.source_id: estimate for estimate in MaturityEstimate.objects.of(workspace)}
    estimates = Estimates({key: curve_of(estimate) for key, estimate in learnt.items()})
    sources = Source.objects.of(workspace)
    return [CurveView(source, estimates.curve(source), learnt.get(source.pk)) for source in sources]


def spread_views(workspace: Workspace) -> list[SpreadView]:
    """Both spreads: what is in use, what is learnt, and from how much."""
    rows = {row.kind: row for row in SpreadEstimate.objects.of(workspace)}
    views = []
    for kind in SpreadKind:
        row = rows.get(kind)
        learnt = prior_of(row)
        views.append(
            SpreadView(
                kind,
                learnt if learnt and workspace.uses_learnt_spread else DEFAULTS[kind],
                learnt,
                row.campaigns if row else 0,
                row.learnt_at if row else None,
            )
        )
    return views
