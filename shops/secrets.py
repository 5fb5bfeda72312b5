"""Secrets at rest: made at random, encrypted with a key derived from `SECRET_KEY`, readable again by the owner."""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def make_secret() -> str:
    """A new secret of 256 bits, in URL-safe letters."""
    return secrets.token_urlsafe(32)


def encrypt(plain: str) -> str:
    """The secret as it is stored."""
    return _fernet().encrypt(plain.encode()).decode()


def decrypt(stored: str) -> str:
    """The secret again; raises ValueError when `SECRET_KEY` is not the one it was stored under."""
    try:
        return _fernet().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise ValueError("This secret was stored under another SECRET_KEY; create a new one.") from error


def _fernet() -> Fernet:
    key = hashlib.scrypt(settings.SECRET_KEY.encode(), salt=b"oms.secrets", n=2**12, r=8, p=1, dklen=32)
    return Fernet(base64.urlsafe_b64encode(key))
