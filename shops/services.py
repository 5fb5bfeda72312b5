"""Writing shops, keys and numbers."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from shops.bus import publish
from shops.events import ShopCreated
from shops.locks import lock_one
from shops.models import ApiKey, Shop, User
from shops.presets import preset_for

KEY_PREFIX = "oms_"


def preset_values(country: str) -> dict[str, Any]:
    """The field values a new shop of this country starts with."""
    preset = preset_for(country)
    year = timezone.now().year
    return {
        "country": country if country != "other" else "",
        "currency": preset.currency,
        "language": preset.language,
        "time_zone": preset.time_zone,
        "working_hours": preset.hours,
        "holidays": preset.holidays(year) + preset.holidays(year + 1),
        "auto_confirm_paid": preset.auto_confirm_paid,
    }


@transaction.atomic
def create_shop(*, country: str, name: str, slug: str, order_prefix: str, **fields: Any) -> Shop:
    """Create a shop from its country's preset and everything that comes with it (funnels, templates, a warehouse).

    Explicit `fields` win over the preset's. Raises ValidationError naming the field.
    """
    shop = Shop(
        **{**preset_values(country), "name": name, "slug": slug, "order_prefix": order_prefix, **fields}
    )
    shop.full_clean()
    shop.save()
    furnish_shop(shop_id=shop.pk, country=country)
    return shop


@transaction.atomic
def furnish_shop(*, shop_id: int, country: str) -> None:
    """Give an existing shop the defaults it does not have yet; doing it again changes nothing."""
    publish(ShopCreated(shop_id=shop_id, country=country))


@transaction.atomic
def draw_order_number(*, shop_id: int) -> str:
    """The shop's next own order number, prefix included. Drawn before the order's transaction: gaps are allowed."""
    shop = lock_one(Shop.objects.all(), shop_id)
    number = shop.next_order_number
    Shop.objects.filter(pk=shop.pk).update(next_order_number=number + 1)
    return f"{shop.order_prefix}{number}"


def create_api_key(*, shop_id: int, name: str) -> str:
    """Make a key and return it: the only time it can be read."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    ApiKey.objects.create(shop_id=shop_id, name=name, prefix=key[:10], digest=digest_of(key))
    return key


def revoke_api_key(*, key_id: int) -> None:
    """Switch a key off for good; doing it again keeps the first moment."""
    ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now())


def note_key_use(*, key_id: int) -> None:
    """Note that a key was used, at most once a minute: whoever asks often writes seldom."""
    now = timezone.now()
    is_old = Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(minutes=1))
    if ApiKey.objects.filter(is_old, pk=key_id).exists():
        ApiKey.objects.filter(is_old, pk=key_id).update(last_used_at=now)


def digest_of(key: str) -> str:
    """How a key is stored and looked up (SHA-256, hex)."""
    return hashlib.sha256(key.encode()).hexdigest()


def remember_shop(*, user_id: int, shop_id: int) -> None:
    """Note the shop a person used last; `/` opens its board."""
    User.objects.filter(pk=user_id).exclude(last_shop_id=shop_id).update(last_shop_id=shop_id)


def set_language(*, user_id: int, language: str) -> None:
    """Note the interface language a person chose."""
    User.objects.filter(pk=user_id).update(language=language)
