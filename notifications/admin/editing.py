"""The template editor's requests while somebody writes: preview, search for an order, a test to oneself.

Each works as a plain form in a new tab, and answers JSON to the editor's script.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _

from notifications.errors import TemplateError
from notifications.models import MessageTemplate
from notifications.previews import Preview, latest_orders, preview_of
from notifications.services import send_test
from notifications.statuses import Channel
from orders.contacts import normalise_phone
from orders.models import Order
from shops.actors import Actor
from shops.admin_scope import scope
from shops.errors import DomainError
from shops.models import Shop

TEXTS = ("event", "channel", "language", "subject", "body")


class NoSuchOrder(Exception):
    """The number typed is no order of the template's shop."""


class EditorViews:
    """Puts the editor's addresses beside an admin's own; mix it into the admin of templates."""

    admin_site: Any
    opts: Any

    def get_urls(self) -> list[Any]:
        def named(address: str, view: Any, name: str) -> Any:
            name = f"notifications_messagetemplate_{name}"
            return path(address, self.admin_site.admin_view(view), name=name)

        return [
            named("preview/", self.preview, "preview"),
            named("test/", self.test, "test"),
            named("orders/", self.orders, "orders"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """The text as it stands in the form, saved or not, on an order of its shop or on an example."""
        template = self._written(request)
        try:
            order = chosen_order(request, template.shop)
        except NoSuchOrder as error:
            preview = Preview([], problems=[str(error)])
        else:
            preview = preview_of(template, order)
        context = {"preview": preview, "template": template}
        if _wants_json(request):
            return JsonResponse(_preview_as_json(preview, context, request))
        return self._answer_page(request, _("Preview"), context)

    def test(self, request: HttpRequest) -> HttpResponse:
        """Send the text as it stands in the form to the person who writes it."""
        template = self._written(request)
        try:
            sentence, is_sent = _send(request, template), True
        except DomainError as error:
            sentence, is_sent = error.sentence, False
        except NoSuchOrder as error:
            sentence, is_sent = str(error), False
        except ValidationError as error:
            sentence, is_sent = " ".join(error.messages), False
        except TemplateError as error:
            sentence, is_sent = " ".join(error.sentences), False
        if _wants_json(request):
            return JsonResponse({"sent": is_sent, "sentence": sentence})
        return self._answer_page(request, _("Test"), {"sentence": sentence, "is_sent": is_sent})

    def orders(self, request: HttpRequest) -> HttpResponse:
        """The newest orders of a shop, or those whose number begins as typed, for the list below the field."""
        shop = shop_by_key(request, request.GET.get("shop", ""))
        if shop is None:
            raise PermissionDenied
        found = latest_orders(shop.pk, request.GET.get("q", "").strip())
        return JsonResponse({"orders": [{"number": one.number, "label": order_label(one)} for one in found]})

    def _written(self, request: HttpRequest) -> MessageTemplate:
        shop = shop_by_key(request, request.POST.get("shop", ""))
        if request.method != "POST" or shop is None:
            raise PermissionDenied
        texts = {name: request.POST.get(name, "") for name in TEXTS}
        texts["body"] = texts["body"].replace("\r\n", "\n")
        return MessageTemplate(shop=shop, plain_letters="plain_letters" in request.POST, **texts)

    def _answer_page(self, request: HttpRequest, title: str, context: dict[str, Any]) -> HttpResponse:
        full = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return TemplateResponse(request, "notifications/admin/preview.html", full)


def shop_by_key(request: HttpRequest, key: str) -> Shop | None:
    """The shop with this key, if the person administers it."""
    return scope(Shop.objects.all(), request).filter(pk=int(key)).first() if _is_key(key) else None


def chosen_order(request: HttpRequest, shop: Shop) -> Order | None:
    """The order the editor looks at; None for the example. Raises NoSuchOrder."""
    number = request.POST.get("_order", "").strip()
    if not number:
        return None
    order = Order.objects.filter(shop=shop, number__in=(number, number.upper())).first()
    if order is None:
        raise NoSuchOrder(_("%(shop)s has no order %(number)s.") % {"shop": shop.name, "number": number[:40]})
    return order


def order_label(order: Order) -> str:
    """An order in a list to choose from."""
    return f"{order.number} · {order.customer} · {order.get_status_display()}"


def _send(request: HttpRequest, template: MessageTemplate) -> str:
    order = chosen_order(request, template.shop)
    template.full_clean(validate_unique=False, validate_constraints=False)
    recipient = _own_address(request, template)
    send_test(template=template, order=order, recipient=recipient, actor=Actor.person(request.user))  # type: ignore[arg-type]
    return _("The test is on its way to %(recipient)s.") % {"recipient": recipient}


def _own_address(request: HttpRequest, template: MessageTemplate) -> str:
    """The signed-in person's e-mail; for an SMS the phone they typed. Raises ValidationError."""
    if template.channel == Channel.SMS:
        phone = normalise_phone(request.POST.get("_phone", "").strip(), template.shop.country)
        if not phone:
            raise ValidationError(_("Type the phone number the test SMS should go to."))
        return phone
    address = getattr(request.user, "email", "").strip()
    if not address:
        raise ValidationError(_("Your account has no e-mail address; add it under People."))
    validate_email(address)
    return str(address)


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def _preview_as_json(preview: Preview, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    return {
        "notes": render_to_string("notifications/admin/parts/notes.html", context, request),
        "preview": render_to_string("notifications/admin/parts/look.html", context, request),
        "names": {shown.spelling: {"value": shown.value, "why": shown.why} for shown in preview.names},
        "is_good": not preview.problems,
    }


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18
