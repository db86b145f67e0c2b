"""Every refusal as a problem document (RFC 9457), with a code for programs and sentences for people."""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpResponse
from rest_framework import exceptions, status
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from api.authentication import CHALLENGE
from api.exceptions import TooLarge
from workspaces.exceptions import RETRY_AFTER, DomainError, FieldError, is_locked

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# Where a serializer complains about the whole.
_WHOLE = "non_field_errors"


def problem_details(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's ``EXCEPTION_HANDLER``. What nobody foresaw is logged; its inside is not told."""
    try:
        # Not among the refusals: with an Idempotency-Key those are the answer for good.
        response = busy() if is_locked(error) else refusal(error)
    except Exception:
        if settings.DEBUG:
            return None
        logger.exception("A request failed.")
        response = problem(
            status.HTTP_500_INTERNAL_SERVER_ERROR,
            "internal_error",
            "Something went wrong on this side, and it was written down.",
        )
    set_rollback()
    return response


def busy() -> Response:
    """What SQLite's one writer keeps from being written, for now."""
    response = problem(
        status.HTTP_503_SERVICE_UNAVAILABLE,
        "busy",
        "Something large is being stored, such as an import, and this had to wait too long. Nothing was "
        "done: send it again.",
    )
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def refusal(error: Exception) -> Response:
    """The answer to what was foreseen; raises what was not."""
    error = _translated(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    if not isinstance(error, DomainError):
        raise error
    response = problem(error.status, error.code, error.message, errors=error.errors)
    if error.status == status.HTTP_401_UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    return response


def problem(code_of_status: int, code: str, detail: str, *, errors: tuple[FieldError, ...] = ()) -> Response:
    """The document and its media type; ``errors`` is left out where there is nothing to list."""
    body: dict[str, Any] = {
        "type": f"urn:quickno:problem:{code}",
        "title": HTTPStatus(code_of_status).phrase,
        "status": code_of_status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = [_as_json(item) for item in errors]
    return Response(body, status=code_of_status, content_type=CONTENT_TYPE)


def problem_page(code_of_status: int, code: str, detail: str) -> HttpResponse:
    """The same where no view of the framework is there to write it."""
    body = JSONRenderer().render(problem(code_of_status, code, detail).data)
    return HttpResponse(body, status=code_of_status, content_type=CONTENT_TYPE)


def _as_json(error: FieldError) -> dict[str, Any]:
    where = {"row": error.row, "field": error.field}
    return {name: value for name, value in where.items() if value is not None} | {
        "code": error.code,
        "message": str(error.message),
    }


def _translated(error: Exception) -> Exception:
    """Django's own exceptions in the framework's words."""
    match error:
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation():
            return exceptions.ParseError(unreadable(error))
    return error


def unreadable(error: Exception) -> str:
    """Why a request could not be read, where there is more to say."""
    match error:
        case TooManyFieldsSent():
            most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
            return f"The body has more than {most:,} fields, the most that a request may have."
        case TooManyFilesSent():
            most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
            return f"The body has more than {most:,} files, the most that a request may have."
    return "The request could not be read."


def _of_framework(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        errors = tuple(field_errors(error.get_full_details()))
        return problem(
            status.HTTP_422_UNPROCESSABLE_ENTITY,
            errors[0].code if len(errors) == 1 else "invalid",
            " ".join(_sentence(item) for item in errors),
            errors=errors,
        )
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    if isinstance(error, exceptions.ParseError):
        code = "malformed"
    response = problem(error.status_code, code, str(error.detail))
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(int(wait))
    return response


def _sentence(error: FieldError) -> str:
    return f"{error.field}: {error.message}" if error.field else error.message


def field_errors(details: Any, path: tuple[str, ...] = ()) -> Iterator[FieldError]:
    """The framework's nested complaints as a flat list; ``arms.1.key`` is the key of the second arm."""
    if (
        isinstance(details, Mapping)
        and set(details) == {"message", "code"}
        and isinstance(details["code"], str)
    ):
        yield FieldError(code=details["code"], message=str(details["message"]), field=".".join(path) or None)
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            yield from field_errors(inner, path if name == _WHOLE else (*path, str(name)))
    else:
        # A list holds either the complaints about one thing, or what is wrong with each of several.
        for position, inner in enumerate(details):
            is_complaint = isinstance(inner, Mapping) and set(inner) == {"message", "code"}
            yield from field_errors(inner, path if is_complaint else (*path, str(position)))
