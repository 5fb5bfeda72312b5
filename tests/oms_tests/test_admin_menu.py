"""The admin shows a shop owner shops, people, goods, funnels and messages, and no machinery."""

from django.contrib import admin

OURS = {"shops", "inventory", "orders", "imports", "notifications", "crm"}


def test_the_admin_lists_only_our_own_rooms():
    assert {model._meta.app_label for model in admin.site._registry} == OURS
