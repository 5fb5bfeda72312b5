"""A shop's SMS account as one page: the provider and its keys, the addresses to give it, and a try-out."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.admin.shop_choice import choose_shop
from notifications.models import SmsAccount
from notifications.services import change_sms_account, rotate_hook_secret, send_test_sms
from notifications.sms_forms import SmsAccountForm, TestSmsForm
from notifications.statuses import SmsProvider
from notifications.transports.sms_accounts import credentials_of, reply_url, report_url
from shops.actors import Actor
from shops.admin_scope import ShopScopedAdmin
from shops.errors import DomainError
from shops.models import Shop

# Which provider is offered first where none was chosen, by the shop's country.
OF_COUNTRY = {"RO": SmsProvider.SENDSMS, "PL": SmsProvider.SMSAPI, "UA": SmsProvider.TURBOSMS}


@admin.register(SmsAccount)
class SmsAccountAdmin(ShopScopedAdmin):
    """The account, shop by shop. Nothing here is ever deleted: an account is switched off."""

    class Media:
        css = {"all": ["css/template_editor.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        def named(address: str, view: Any, name: str) -> Any:
            return path(address, self.admin_site.admin_view(view), name=f"notifications_smsaccount_{name}")

        return [
            named("secret/", self.secret_view, "secret"),
            named("test/", self.test_view, "test"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one shop's account."""
        shop, shops = choose_shop(request)
        account = SmsAccount.objects.filter(shop=shop).first()
        provider = _provider(request, shop, account)
        kept = _kept(account) if account is not None and account.provider == provider else {}
        is_on = account.is_on if account is not None else True
        form = SmsAccountForm(
            request.POST or None, provider=provider, kept=kept, initial={"is_on": is_on}, auto_id="account_%s"
        )
        if request.method == "POST" and form.is_valid() and self._save(request, shop, form):
            return redirect(account_address(shop))
        return self._page(request, shop, shops, form, account)

    def change_view(self, request: HttpRequest, *arguments: Any, **kwargs: Any) -> HttpResponse:
        """Accounts have no page but their shop's."""
        return redirect("admin:notifications_smsaccount_changelist")

    def secret_view(self, request: HttpRequest) -> HttpResponse:
        """Change the secret of the addresses."""
        shop = _posted_shop(request)
        try:
            rotate_hook_secret(shop_id=shop.pk, actor=_actor(request))
        except DomainError as error:
            messages.error(request, error.sentence)
        else:
            messages.success(request, _("The addresses are new; give them to the provider now."))
        return redirect(account_address(shop))

    def test_view(self, request: HttpRequest) -> HttpResponse:
        """Send an SMS to a number a colleague typed."""
        shop = _posted_shop(request)
        form = TestSmsForm(request.POST)
        if not form.is_valid():
            for error in (error for field in form for error in field.errors):
                messages.error(request, str(error))
            return redirect(account_address(shop))
        try:
            key = send_test_sms(shop_id=shop.pk, actor=_actor(request), **form.cleaned_data)
        except DomainError as error:
            messages.error(request, error.sentence)
            return redirect(account_address(shop))
        return redirect("notifications:message", key)

    def _save(self, request: HttpRequest, shop: Shop, form: SmsAccountForm) -> bool:
        try:
            moved = change_sms_account(
                shop_id=shop.pk,
                provider=form.provider,
                is_on=form.cleaned_data["is_on"],
                changes=form.changes,
                actor=_actor(request),
            )
        except DomainError as error:
            form.add_error(None, error.sentence)
            return False
        messages.success(request, _("The SMS account of %(shop)s was saved.") % {"shop": shop.name})
        if moved:
            words = ngettext(
                "%(count)s waiting SMS goes this way now.", "%(count)s waiting SMS go this way now.", moved
            )
            messages.info(request, words % {"count": moved})
        return True

    def _page(
        self,
        request: HttpRequest,
        shop: Shop,
        shops: list[Shop],
        form: SmsAccountForm,
        account: SmsAccount | None,
    ) -> HttpResponse:
        kept = _kept(account) if account is not None else {}
        context = {
            **self.admin_site.each_context(request),
            "title": _("SMS account"),
            "opts": self.opts,
            "media": self.media,
            "shop": shop,
            "shops": shops,
            "account": account,
            "form": form,
            "providers": SmsProvider.choices,
            "is_unreadable": account is not None and not kept,
            "report_url": report_url(kept),
            "reply_url": reply_url(kept),
            "test": TestSmsForm(auto_id="test_%s", initial={"text": _("A test from %s") % shop.name}),
        }
        return TemplateResponse(request, "notifications/admin/sms_account.html", context)


def account_address(shop: Shop) -> str:
    """The page of a shop's account."""
    return f"{reverse('admin:notifications_smsaccount_changelist')}?shop={shop.slug}"


def _provider(request: HttpRequest, shop: Shop, account: SmsAccount | None) -> str:
    asked = request.POST.get("provider") or request.GET.get("provider", "")
    if asked in SmsProvider.values:
        return asked
    return account.provider if account is not None else OF_COUNTRY.get(shop.country, SmsProvider.TWILIO)


def _kept(account: SmsAccount) -> dict[str, str]:
    """The stored credentials; none where they were stored under another SECRET_KEY."""
    try:
        return credentials_of(account)
    except ValueError:
        return {}


def _posted_shop(request: HttpRequest) -> Shop:
    if request.method != "POST":
        raise PermissionDenied
    return choose_shop(request)[0]


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
