"""The last touches of the OpenAPI description."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction

_PROBLEM = {
    "type": "object",
    "description": "A refusal, by RFC 9457.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "row": {"type": "integer", "minimum": 0},
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["code", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
_REFUSED = {
    "description": "Refused, with the reason.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key and body hears the first answer again, for 24 hours.",
}


# Parameters that count from 1.
_COUNTED = {"page", "page_size"}


class InputExtension(OpenApiSerializerExtension):
    """A field that nobody knows is refused."""

    target_class = "api.serializers.fields.Input"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # noqa: SLF001
        return {**described, "additionalProperties": False}


def describe_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of every call how it refuses and counts, and of every POST that it may be sent again."""
    result["components"]["schemas"]["Problem"] = _PROBLEM
    for path in result["paths"].values():
        for method, call in path.items():
            call["responses"]["default"] = _REFUSED
            for parameter in call.get("parameters", []):
                if parameter["name"] in _COUNTED:
                    parameter["schema"]["minimum"] = 1
            if method == "post":
                call.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    return result
