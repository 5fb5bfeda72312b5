"""Opening a shop's door for a source, and changing its lock."""

from __future__ import annotations

from django.db import transaction

from orders.imports.models import Connection
from orders.imports.statuses import Source
from shops.actors import Actor
from shops.locks import lock_one
from shops.permissions import Action, require
from shops.secrets import encrypt, make_secret


@transaction.atomic
def open_connection(*, shop_id: int, source: str) -> Connection:
    """The shop's connection to a source, made with a new secret if there is none. Raises ValueError for no such source."""
    connection, _created = Connection.objects.get_or_create(
        shop_id=shop_id, source=Source(source).value, defaults={"secret": encrypt(make_secret())}
    )
    return connection


@transaction.atomic
def renew_secret(*, connection_id: int, actor: Actor) -> str:
    """Replace the secret and return the new one; what is signed with the old one is refused from now on."""
    connection = lock_one(Connection.objects.all(), connection_id)
    require(actor, shop_id=connection.shop_id, action=Action.VIEW_SECRETS)
    secret = make_secret()
    connection.secret = encrypt(secret)
    connection.save(update_fields=["secret"])
    return secret
