"""A row of everything that the database keeps a rule about, and ways past the services to change it."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model

from api.models import ApiKey, IdempotentRequest, WebhookDelivery, WebhookEndpoint
from experiments.models import (
    Amendment,
    Breach,
    Campaign,
    CriterionTemplate,
    CriterionWatch,
    DayTotal,
    FileImport,
    Hypothesis,
    ImportMapping,
    Judgement,
    MaturityEstimate,
    ObservationBatch,
    Restatement,
    SpreadEstimate,
    ZombieFlag,
)
from notices.models import Channel, Notice, Wishes
from sprints.models import Commitment, Decision, Reallocation, ReallocationLine, Transfer
from sprints.services.ledger import fund_reserve
from tests.factories import make_draft, make_hypothesis, make_running_sprint, report
from workspaces.models import Event, Invitation, Membership, SentForm, Source, User
from workspaces.permissions import Actor

DAY = date(2026, 11, 19)
World = Mapping[str, Any]


def build_rows(marketer: Actor, manager: Actor, *, at: datetime) -> World:
    """One row of everything that the database keeps a rule about."""
    workspace = marketer.workspace
    person = User.objects.get(email="marketer@pilots.example")
    boss = User.objects.get(email="manager@pilots.example")
    own: dict[str, Any] = {"workspace": workspace}
    sprint = make_running_sprint(marketer, at=at)
    hypothesis = Hypothesis.objects.get()
    campaign = Campaign.objects.get()
    Campaign.objects.update(external_id="123")
    campaign.refresh_from_db()
    draft = make_draft(marketer, make_hypothesis(workspace), "draft", at=at)
    fund_reserve(amount=Decimal(100), reason="November", by=manager, at=at)
    watch = CriterionWatch.objects.get()
    key = ApiKey.objects.create(
        **own,
        name="nightly",
        user=person,
        prefix="qn",
        secret_hash="0",
        scopes=[],
        created_at=at,
        created_by=person,
    )
    endpoint = WebhookEndpoint.objects.create(
        **own,
        url="https://example.com",
        secret="s",
        created_at=at,
        created_by=person,
        after_sequence=0,
    )
    event = Event.objects.order_by("id")[0]
    Event.objects.filter(pk=event.pk).update(sequence=1)
    reallocation = Reallocation.objects.create(
        **own,
        number=1,
        method="hand",
        plan_digest="0",
        proposed_by=person,
        proposed_at=at,
        expires_at=at + timedelta(days=3),
    )
    observation = report(campaign, DAY, clicks=1)
    channel = Channel.objects.create(
        **own, name="#growth", url="slack://", created_at=at, created_by=person, kinds=["breach"]
    )
    invitation = Invitation.objects.create(
        **own,
        email="nora@pilots.example",
        role="viewer",
        invited_by=boss,
        invited_at=at,
        expires_at=at,
        nonce="n",
    )
    notice: dict[str, Any] = {**own, "created_at": at}
    told = {**notice, "event": Event.objects.get(sequence=1)}
    return {
        "workspace": workspace,
        "channel": channel,
        "invitation": invitation,
        "wishes": Wishes.objects.create(**own, user=person),
        "letter": Notice.objects.create(**told, user=person, message_id="a"),
        "digest": Notice.objects.create(**notice, day=DAY, user=person, message_id="b"),
        "message": Notice.objects.create(**told, channel=channel, message_id="c"),
        "morning": Notice.objects.create(**notice, day=DAY, channel=channel, message_id="d"),
        "invited": Notice.objects.create(**told, invitation=invitation, message_id="e"),
        "membership": Membership.objects.get(user=person),
        "sent_form": SentForm.objects.create(**own, user=person, token="t", fingerprint="0", sent_at=at),
        "user": person,
        "source": Source.objects.get(key="meta"),
        "event": Event.objects.get(sequence=1),
        "hypothesis": hypothesis,
        "campaign": campaign,
        "draft": draft,
        "arm": campaign.arms.get(key="b"),
        "control": campaign.arms.get(key="a"),
        "criterion": draft.kill_criteria.get(),
        "frozen": campaign.kill_criteria.get(),
        "template": CriterionTemplate.objects.create(
            **own, name="Floor", rule={}, created_by=person, created_at=at
        ),
        "amendment": Amendment.objects.create(
            **own,
            campaign=campaign,
            at=at,
            by=boss,
            reason="Too strict",
            before=[],
            after=[],
            digest_before="0",
            digest_after="1",
        ),
        "watch": watch,
        "arm_watch": CriterionWatch.objects.create(
            **own, criterion=watch.criterion, arm=campaign.arms.get(key="b")
        ),
        "judgement": Judgement.objects.create(**own, watch=watch, data_through=DAY, at=at, state="waiting"),
        "breach": Breach.objects.create(
            **own,
            watch=watch,
            campaign=campaign,
            at=at,
            rule="CTR below 0.5%",
            criteria_digest="0",
            action="pause",
            data_through=DAY,
        ),
        "observation": observation,
        "day_total": DayTotal.objects.get(),
        "restatement": Restatement.objects.create(
            **own,
            observation=observation,
            batch=ObservationBatch.objects.get(),
            reported_at=at,
            before={"clicks": 2},
        ),
        "file": FileImport.objects.create(
            **own, file_name="a.csv", size=1, by=person, created_at=at, touched_at=at
        ),
        "batch": ObservationBatch.objects.get(),
        "mapping": ImportMapping.objects.create(
            **own, source="meta", digest="0", campaign=campaign, said_by=person, said_at=at
        ),
        "maturity": MaturityEstimate.objects.create(
            **own,
            source=observation.source,
            share=[0.5, 1.0],
            low=[0.4, 1.0],
            high=[0.6, 1.0],
            days_known=[12],
            days=12,
            last_day=DAY,
            learnt_at=at,
        ),
        "spread": SpreadEstimate.objects.create(**own, kind="days", campaigns=3, learnt_at=at),
        "zombie": ZombieFlag.objects.create(
            **own, campaign=campaign, signal="blind", since=at, flagged_at=at
        ),
        "transfer": Transfer.objects.get(kind="funding"),
        "reallocation": reallocation,
        "line": ReallocationLine.objects.create(
            **own, reallocation=reallocation, position=1, target_campaign=campaign, amount=1, reason="More"
        ),
        "sprint": sprint,
        "commitment": Commitment.objects.get(),
        "decision": Decision.objects.create(
            **own,
            hypothesis=hypothesis,
            sprint=sprint,
            decision="kill",
            moved_the_business=False,
            learning="Nobody clicks",
            decided_by=person,
            decided_at=at,
        ),
        "api_key": key,
        "request": IdempotentRequest.objects.create(
            **own, actor="user:1", key="k", fingerprint="0", created_at=at, claimed_at=at
        ),
        "delivery": WebhookDelivery.objects.create(
            **own, endpoint=endpoint, event=event, message_id="m", created_at=at
        ),
    }


def update(row: Model, **changes: Any) -> None:
    """Change the row past its model and every service."""
    type(row)._base_manager.filter(pk=row.pk).update(**changes)


def twin(row: Model, **changes: Any) -> None:
    """Write the row a second time, but for these values."""
    row.refresh_from_db()
    row.pk = None
    row._state.adding = True
    for field, value in changes.items():
        setattr(row, field, value)
    row.save(force_insert=True)


def refused(write: Callable[[], None]) -> str:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write()
    return str(refusal.value)
