"""Letters to people: text and HTML from one template each, in the project's look."""

from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from workspaces.exceptions import Refused

# What a post office that is out of order raises.
MAIL_ERRORS = (OSError, SMTPException)


def write_letter(
    template: str,
    *,
    to: str,
    subject: str,
    context: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
    connection: BaseEmailBackend | None = None,
) -> EmailMultiAlternatives:
    """A letter from ``mail/<template>.txt`` and ``.html``, with whole addresses by ``{{ site }}``."""
    said = {"site": settings.SITE_ADDRESS, "subject": subject, **context}
    letter = EmailMultiAlternatives(
        subject=" ".join(f"{settings.EMAIL_SUBJECT_PREFIX}{subject}".split()),
        body=render_to_string(f"mail/{template}.txt", said),
        to=[to],
        headers={"Auto-Submitted": "auto-generated", **(headers or {})},
        connection=connection,
    )
    letter.attach_alternative(render_to_string(f"mail/{template}.html", said), "text/html")
    return letter


def send_letter(template: str, *, to: str, subject: str, context: Mapping[str, Any]) -> None:
    """Send a letter while somebody waits for it, and say so where it does not go."""
    try:
        write_letter(template, to=to, subject=subject, context=context).send()
    except MAIL_ERRORS as error:
        raise Refused(
            "mail_failed", _("The mail server did not take the letter. Try again later.")
        ) from error
