"""Customers of a shop, how they are reached, and where they live."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shops.scoping import ShopScopedQuerySet


class AddressFields(models.Model):
    """A postal address with the company data that invoices need (`tax_id`: CUI, NIP, ЄДРПОУ)."""

    name = models.CharField(pgettext_lazy("person", "name"), max_length=200, blank=True)
    company = models.CharField(_("company"), max_length=200, blank=True)
    tax_id = models.CharField(_("tax number"), max_length=30, blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    street = models.CharField(_("street and number"), max_length=255, blank=True)
    street2 = models.CharField(_("apartment, floor"), max_length=255, blank=True)
    city = models.CharField(_("town"), max_length=100, blank=True)
    county = models.CharField(_("county"), max_length=100, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)

    class Meta:
        abstract = True


class Customer(models.Model):
    """A person or company that buys from one shop."""

    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="+", verbose_name=_("shop"))
    name = models.CharField(pgettext_lazy("person", "name"), max_length=200, blank=True)
    company = models.CharField(_("company"), max_length=200, blank=True)
    tax_id = models.CharField(_("tax number"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, blank=True)
    note = models.TextField(_("note"), blank=True)
    manager = models.ForeignKey(
        "shops.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("personal manager"),
        help_text=_("New orders of this customer go to them."),
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects: models.Manager[Customer] = ShopScopedQuerySet["Customer"].as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes = [models.Index(fields=["shop", "-id"], name="customers_newest")]

    def __str__(self) -> str:
        return self.name or self.company or f"#{self.pk}"


class ContactKind(models.TextChoices):
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")


class CustomerContact(models.Model):
    """One e-mail address or phone number. `normalised` (casefolded, or E.164) finds the customer again."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="contacts", verbose_name=_("customer")
    )
    kind = models.CharField(_("kind"), max_length=5, choices=ContactKind.choices)
    value = models.CharField(_("as given"), max_length=254)
    normalised = models.CharField(max_length=254, editable=False, db_index=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "kind", "normalised"], name="contact_once_per_customer"
            )
        ]

    def __str__(self) -> str:
        return self.value


class CustomerAddress(AddressFields):
    """An address a customer has used; kept once however often it is used."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="addresses", verbose_name=_("customer")
    )
    digest = models.CharField(max_length=64, editable=False)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(fields=["customer", "digest"], name="address_once_per_customer")
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.street, self.city)))


class CustomerTerm(models.Model):
    """One folded word or number a customer is found by; searched by prefix."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="terms")
    term = models.CharField(max_length=80, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "term"], name="customer_term_once")]

    def __str__(self) -> str:
        return self.term
