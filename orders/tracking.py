"""The token of an order's public tracking page: derived, never stored; only its SHA-256 is.

token = first 128 bits of HMAC-SHA256(tracking key, order uuid + version), in URL-safe base64 (22 characters).
Raising the order's `tracking_version` makes every old link dead.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid

from django.conf import settings

TOKEN_LENGTH = 22


def token_for(order_uuid: uuid.UUID, version: int) -> str:
    """The token to write into a link."""
    mac = hmac.new(_key(), order_uuid.bytes + version.to_bytes(2, "big"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac[:16]).decode().rstrip("=")


def digest_of(token: str) -> str:
    """How a token is looked up (SHA-256, hex)."""
    return hashlib.sha256(token.encode()).hexdigest()


def _key() -> bytes:
    return hashlib.sha256(b"oms.tracking:" + settings.SECRET_KEY.encode()).digest()
