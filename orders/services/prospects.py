"""People who have not ordered yet: a customer noted from a call or a letter, before there is an order."""

from __future__ import annotations

from django.db import transaction

from orders.drafts import AddressDraft
from orders.models import Customer
from orders.services.customers import customer_for
from orders.services.placing import check_address
from shops.actors import Actor
from shops.models import Shop
from shops.permissions import Action, require


@transaction.atomic
def note_customer(*, shop_id: int, contact: AddressDraft, actor: Actor) -> Customer | None:
    """The customer with this phone or e-mail, or a new one; None where nothing names a person.

    Raises NotPermitted, or OrderError naming the field that cannot be stored.
    """
    shop = Shop.objects.get(pk=shop_id)
    require(actor, shop_id=shop_id, action=Action.PLACE_ORDER)
    check_address("contact", contact)
    if not any((contact.name, contact.company, contact.phone, contact.email)):
        return None
    return customer_for(shop=shop, shipping=contact, billing=None, language=shop.language)
