"""Fields that say in the schema what is right and leave the refusing to the services, who say it in words."""

from datetime import date
from decimal import Decimal
from typing import Any, NoReturn

from django.core.validators import ProhibitNullCharactersValidator
from drf_spectacular.drainage import set_override
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from experiments.choices import METRICS
from experiments.services.values import decimal_or_none, listed, quoted
from workspaces.models import Workspace
from workspaces.models.reading import day_in, whole_in

LARGEST_ID = 2**63 - 1


class Input(serializers.Serializer[Any]):
    """A body that a client sends. A field that it does not know is a slip of the pen, and is refused."""

    default_error_messages = {
        "invalid": 'This is an object: names and values in braces, such as {{"name": "value"}}.'
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(str(name) for name in data.keys() - self.fields.keys())
            if unknown:
                known = f"There are: {', '.join(self.fields)}." if self.fields else "This call takes none."
                raise serializers.ValidationError(
                    {
                        name: [
                            serializers.ErrorDetail(
                                f"There is no field “{name[:60]}” here. {known}",
                                code="unknown_field",
                            )
                        ]
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


class Query(serializers.Serializer[Any]):
    """What a call can be asked with, in its address."""


class Nothing(Input):
    """The body of a call that takes none: nothing at all, or an empty object."""


class Text(serializers.CharField):
    """A text and nothing that could be made one. Out, it is as it is."""

    default_error_messages = {"not_a_text": "This is a text.", "blank": "This is empty: say something."}

    def __init__(self, **options: Any) -> None:
        if not options.get("allow_blank"):
            # A blank is refused before its length counts; but the schema speaks of lengths.
            options["min_length"] = 1
        super().__init__(**options)

    def fail(self, key: str, **values: Any) -> NoReturn:
        if key == "blank":
            # A text of nothing is as good as none: services, too, have one code for both.
            raise serializers.ValidationError(self.error_messages[key], code="required")
        super().fail(key, **values)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_a_text")
        return super().to_internal_value(data)


class Word(serializers.ChoiceField):
    """One of some words. Which there are is for the service to say."""

    default_error_messages = {"not_a_text": "This is a text."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_a_text")
        ProhibitNullCharactersValidator()(data)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class Choice(serializers.ChoiceField):
    """One of some words, where no service says which there are."""

    default_error_messages = {"unknown_choice": "“{given}” is none of the choices. Use {choices}."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("unknown_choice", given=quoted(data), choices=listed(self.choices, last="or"))
        return data


class Flag(serializers.BooleanField):
    """Yes or no, and nothing that could be made one of them."""

    default_error_messages = {"not_a_flag": "This is true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("not_a_flag")
        return data


class Whole(serializers.IntegerField):
    """A whole number, written as one. ``between`` is for the schema; the service holds it."""

    default_error_messages = {"not_whole": "This is a whole number, such as 12."}

    def __init__(self, *, between: tuple[int, int] | None = None, **options: Any) -> None:
        super().__init__(**options)
        if between is not None:
            least, most = between
            set_override(self, "field", {"type": "integer", "minimum": least, "maximum": most})

    def to_internal_value(self, data: Any) -> int:
        number = whole_in(data) if isinstance(data, str) else data
        if not isinstance(number, int) or isinstance(number, bool):
            self.fail("not_whole")
        return number


class Number(serializers.FloatField):
    """A number as it was written, for the service to round and bound."""

    default_error_messages = {"not_a_number": "This is a number, such as 0.95."}

    def to_internal_value(self, data: Any) -> Any:
        number = decimal_or_none(data)
        if number is None:
            self.fail("not_a_number")
        return number


class Day(serializers.DateField):
    """A day as ``2026-11-20``."""

    default_error_messages = {"not_a_day": "This is a day, written as 2026-11-20."}

    def to_internal_value(self, data: Any) -> date:
        day = day_in(data) if isinstance(data, str) else None
        if day is None:
            self.fail("not_a_day")
        return day


@extend_schema_field({"type": "string", "format": "decimal", "examples": ["2500.00"]})
class Amount(serializers.Field[Any, Any, Any, Any]):
    """A decimal number; out it is a string, with the currency's places and more where there are more."""

    default_error_messages = {"not_a_number": "This is a decimal number, such as “2500.00”."}

    def to_internal_value(self, data: Any) -> Decimal:
        number = decimal_or_none(data)
        if number is None:
            self.fail("not_a_number")
        return number

    def to_representation(self, value: Any) -> str:
        workspace: Workspace = self.context["workspace"]
        return plain_number(Decimal(value), places=workspace.currency_exponent)


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            "spend": {"type": "string", "format": "decimal"},
            "impressions": {"type": "integer", "minimum": 1},
            "clicks": {"type": "integer", "minimum": 1},
            "conversions": {"type": "integer", "minimum": 1},
            "days": {"type": "integer", "minimum": 1},
        },
        "additionalProperties": False,
        "minProperties": 1,
    }
)
class Guards(serializers.DictField):
    """What must have happened before a criterion may speak."""

    default_error_messages = {"not_a_dict": 'The guards are amounts by name, such as {{"spend": "2000.00"}}.'}


class Id(Whole):
    """The number by which a thing is known."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **options)


def plain_number(value: Decimal, *, places: int) -> str:
    """Digits without an exponent: at least so many places, and more only where they say something."""
    value = value.normalize()
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent < places:
        value = value.quantize(Decimal(1).scaleb(-places))
    return f"{value:f}"


def metric_number(metric_key: str, value: Decimal | None, *, workspace: Workspace) -> str | None:
    """A value on a metric's scale: an amount of money as money, a fraction as it is."""
    if value is None:
        return None
    places = workspace.currency_exponent if METRICS[metric_key].is_money else 0
    return plain_number(value, places=places)
