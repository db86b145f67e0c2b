"""Campaigns that go on spending although their evidence or their plan says stop."""

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from api.serializers.fields import Nothing
from api.serializers.money import ResolveInput, ZombieSerializer
from api.views.base import ApiViewSet
from api.views.lists import ChoiceFilter, Filters
from experiments.choices import ZombieSignal, ZombieState
from experiments.models import ZombieFlag
from experiments.services.zombies import acknowledge_zombie, resolve_zombie


class ZombieFilter(Filters):
    state = ChoiceFilter(choices=ZombieState.choices)
    signal = ChoiceFilter(choices=ZombieSignal.choices)
    campaign = django_filters.CharFilter(field_name="campaign__key", help_text="A campaign's key.")


class ZombieViewSet(ApiViewSet):
    """Zombie flags, each with its signal, since when, and the money spent since."""

    model = ZombieFlag
    serializer_class = ZombieSerializer
    filterset_class = ZombieFilter
    lookup_value_converter = "id"

    def rows(self) -> QuerySet[ZombieFlag]:
        return ZombieFlag.objects.of(self.workspace).select_related("campaign").order_by("-id")

    def list(self, request: Request) -> Response:
        return self.shown_list(self.rows())

    def retrieve(self, request: Request, pk: int) -> Response:
        return self.shown(self.found(pk=pk))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: int) -> Response:
        """Say that somebody looks after it."""
        self.given(Nothing)
        acknowledge_zombie(pk, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))

    @extend_schema(request=ResolveInput)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: int) -> Response:
        """Kill the campaign, or keep it until a day; either with a reason."""
        values = {"until": None} | self.given(ResolveInput)
        resolve_zombie(pk, **values, by=self.actor, at=self.now)
        return self.shown(self.found(pk=pk))
