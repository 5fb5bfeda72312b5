"""Addresses of the pages around orders, customers and shops; `crm.urls` puts them beside the board's."""

from __future__ import annotations

from django.urls import path

from crm.order_actions import ACTIONS
from crm.views import cohort, customers, day, funnels, listed, lists, making, orders, shop, tracking
from crm.views.parcels.urls import urlpatterns as parcel_patterns

_actions = [
    path(f"orders/<path:number>/{slug}/", orders.order_action, {"slug": slug}, name=f"order-{slug}")
    for slug, action in ACTIONS.items()
    if not action.target
]
_target_actions = [
    path(
        f"orders/<path:number>/{action.target}/<int:target_id>/{slug}/",
        orders.order_action,
        {"slug": slug},
        name=f"order-{slug}",
    )
    for slug, action in ACTIONS.items()
    if action.target
]

urlpatterns = [
    *parcel_patterns,
    path("orders/", lists.order_list, name="orders"),
    # Without a slash at the end, as no order's page is.
    path("orders/file.<str:kind>", lists.order_file, name="order-file"),
    path("orders/chosen", listed.orders_chosen, name="orders-chosen"),
    path("orders/new/", making.new_order, name="new-order"),
    *_target_actions,
    *_actions,
    path("orders/<path:number>/board/", funnels.order_to_board, name="order-board"),
    # Last, because a number from a shop may hold a slash.
    path("orders/<path:number>/", orders.order, name="order"),
    path("customers/", lists.customer_list, name="customers"),
    path("customers/file.<str:kind>", lists.customer_file, name="customer-file"),
    path("customers/chosen", listed.customers_chosen, name="customers-chosen"),
    path("customers/<int:customer_id>/", customers.customer, name="customer"),
    path(
        "customers/<int:customer_id>/write-again/<int:suppression_id>/",
        customers.customer_write_again,
        name="customer-write-again",
    ),
    path("customers/<int:customer_id>/note/", customers.customer_note, name="customer-note"),
    path("customers/<int:customer_id>/manager/", customers.customer_manager, name="customer-manager"),
    path("customers/<int:customer_id>/tags/", customers.customer_tag, name="customer-tag"),
    path(
        "customers/<int:customer_id>/tags/<int:tag_id>/remove/",
        customers.customer_untag,
        name="customer-untag",
    ),
    path("reports/", day.reports, name="reports"),
    path("reports/day/", day.day, name="day"),
    path("reports/funnel/", cohort.funnel_view, name="funnel-view"),
    path("reports/day.<str:kind>", day.day_file, name="day-file"),
    path("shops/<slug:slug>/", shop.shop, name="shop"),
    path("shops/<slug:slug>/connect/", shop.shop_connect, name="shop-connect"),
    path("shops/<slug:slug>/secret/", shop.shop_renew_secret, name="shop-renew-secret"),
    path("shops/<slug:slug>/funnels/", funnels.funnel_list_page, name="funnels"),
    path("funnels/<slug:slug>/", funnels.funnel, name="funnel"),
    path("funnels/<slug:slug>/do/", funnels.funnel_do, name="funnel-do"),
    path("funnels/<slug:slug>/stages/", funnels.stage_add, name="funnel-stage-add"),
    path("funnels/<slug:slug>/stages/<int:stage_id>/", funnels.stage, name="funnel-stage"),
    path("funnels/<slug:slug>/drift/", funnels.drift, name="funnel-drift"),
    path("t/colour/<str:colour>.css", tracking.tracking_colour, name="tracking-colour"),
    path("t/<str:token>/", tracking.tracking, name="tracking"),
]
