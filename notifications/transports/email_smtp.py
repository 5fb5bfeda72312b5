"""E-mail through Django's mail backend: an SMTP server, or a provider by django-anymail (settings: EMAIL_URL).

One connection is kept for a batch. Reply codes are those of RFC 5321: 4xx may work later, 5xx never will.
"""

from __future__ import annotations

import smtplib
from email.errors import MessageError as EmailMessageError
from types import TracebackType
from typing import Self

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email

from notifications.transports.base import ChannelDown, NoSuchAddress, Outgoing, PermanentError, TemporaryError

PERMANENT_FROM = 500
TOO_MANY = 429
# Enhanced codes of RFC 3463 and RFC 7505: no such mailbox, and a domain that takes no e-mail.
NO_SUCH_ADDRESS = ("5.1.1 ", "5.1.10 ")
# The name under which a provider gives a message's key back in its reports.
METADATA_KEY = "oms_message"


class EmailTransport:
    """Django's mail connection, opened for the first message and again after one that broke it."""

    name = "e-mail"
    # Connect, greet, STARTTLS, greet, sign in (2), sender, recipient, DATA, text: each may take the time-out.
    STEPS = 10

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def send(self, message: Outgoing) -> str:
        """Hand one e-mail to the server, to exactly one recipient."""
        mail = _mail(message)
        connection = self._open()
        try:
            connection.send_messages([mail])
        # django-anymail's errors are OSErrors or ValueErrors as well, so they are told apart first.
        except (AnymailRecipientsRefused, ValueError, EmailMessageError) as error:
            raise PermanentError(_words(error)) from error
        except AnymailError as error:
            raise _of_provider(error) from error
        except smtplib.SMTPRecipientsRefused as error:
            raise _by_code(*next(iter(error.recipients.values()))) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _by_code(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise PermanentError(_words(error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise TemporaryError(_words(error)) from error
        return str(getattr(getattr(mail, "anymail_status", None), "message_id", "") or "")

    def _open(self) -> BaseEmailBackend:
        if self._connection is None:
            connection = get_connection()
            try:
                connection.open()
            except (smtplib.SMTPException, OSError) as error:
                raise ChannelDown(_words(error)) from error
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (smtplib.SMTPException, OSError):
                return


def _mail(message: Outgoing) -> EmailMultiAlternatives:
    try:
        validate_email(message.to)
    except ValidationError as error:
        raise PermanentError(f"“{message.to}” is not an e-mail address.") from error
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=message.sender or None,
        to=[message.to],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers=dict(message.headers),
    )
    mail.metadata = {METADATA_KEY: message.key}  # type: ignore[attr-defined]  # for django-anymail
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    return mail


def _by_code(code: int, answer: bytes | str) -> TemporaryError | PermanentError:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    if code < PERMANENT_FROM:
        return TemporaryError(f"{code} {text}")
    kind = NoSuchAddress if text.startswith(NO_SUCH_ADDRESS) else PermanentError
    return kind(f"{code} {text}")


def _of_provider(error: AnymailError) -> TemporaryError | PermanentError:
    status = getattr(error, "status_code", None)
    if not isinstance(error, AnymailAPIError) or status in (401, 403):
        return ChannelDown(_words(error))
    if status is None or status >= PERMANENT_FROM or status == TOO_MANY:
        return TemporaryError(_words(error))
    return PermanentError(_words(error))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
