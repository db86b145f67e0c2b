"""What lists can be narrowed by, and how they are cut into pages."""

from typing import Any, Protocol

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError as InvalidQuery
from rest_framework.filters import SearchFilter
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from api.exceptions import Invalid
from api.serializers.fields import LARGEST_ID
from experiments.services.values import listed, quoted
from workspaces.forms import IsoDayField
from workspaces.models.reading import whole_in


class Filters(django_filters.FilterSet):  # type: ignore[misc]
    """What a list can be narrowed by; a value that means nothing is refused."""


class ChoiceFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    def __init__(self, *, choices: list[tuple[str, Any]], **options: Any) -> None:
        words = listed([word for word, _ in choices], last="or")
        refusal = {"invalid_choice": f"This is none of the choices. Use {words}."}
        super().__init__(choices=choices, error_messages=refusal, **options)


class DayFilter(django_filters.DateFilter):  # type: ignore[misc]
    field_class = IsoDayField


class Search(SearchFilter):
    """Finds words in a list; what cannot be looked for is refused under the parameter's name."""

    def get_search_terms(self, request: Request) -> list[str]:
        try:
            return list(super().get_search_terms(request))
        except InvalidQuery as error:
            raise InvalidQuery({str(self.search_param): error.detail}) from None


class _IdField(forms.IntegerField):
    def to_python(self, value: Any) -> int | None:
        number = whole_in(value) if isinstance(value, str) else None
        if value and (number is None or not 1 <= number <= LARGEST_ID):
            raise ValidationError("This is a whole number from 1.", code="not_an_id")
        return number


@extend_schema_field({"type": "integer", "minimum": 1})
class IdFilter(django_filters.NumberFilter):  # type: ignore[misc]
    field_class = _IdField

    def get_max_validator(self) -> None:
        """The field itself knows how far ids go."""


class _Paginator(Protocol):
    page_size: int
    page_size_query_param: str
    max_page_size: int


def page_size_of(paginator: _Paginator, request: Request) -> int:
    """The size that was asked for, or the most there is."""
    given = request.query_params.get(paginator.page_size_query_param)
    size = paginator.page_size if given is None else whole_in(given)
    if size is None or size < 1:
        raise Invalid.field(
            paginator.page_size_query_param,
            "out_of_range",
            f"A page has 1 to {paginator.max_page_size} entries; “{quoted(given)}” was given.",
        )
    return min(size, paginator.max_page_size)


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    invalid_page_message = "{message}. Pages are whole numbers from 1; “next” leads on."

    def get_page_size(self, request: Request) -> int:
        return page_size_of(self, request)

    def get_page_number(self, request: Request, paginator: "Paginator[Any]") -> Any:
        number = super().get_page_number(request, paginator)
        return whole_in(number) if isinstance(number, str) else number
