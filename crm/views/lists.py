"""The lists of orders and customers: filters in the address, columns by choice, files, and actions on many rows.

Every control is a plain link or form; scripts only count ticks. What a list shows is decided by its selectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.models import ListPage
from crm.page_selectors.customers_list import (
    CUSTOMER_COLUMNS,
    CustomerFilter,
    chosen_customers,
    count_customers,
    customer_columns,
    customer_file_rows,
    customers_wanted,
    list_customers,
    read_customer_filter,
)
from crm.page_selectors.list_choices import choices_of
from crm.page_selectors.order_columns import ORDER_COLUMNS, order_columns
from crm.page_selectors.order_filters import OrderFilter, orders_wanted, read_order_filter
from crm.page_selectors.orders import (
    MOST_COUNTED,
    chosen_orders,
    count_orders,
    list_orders,
    order_file_rows,
    shops_shown,
)
from crm.selectors.views import views_of
from crm.views.list_files import list_file, shops_to_take_from
from crm.views.list_words import customer_chips, customer_options, order_chips, order_options
from crm.views.saved import views_menu
from orders.models import Customer
from orders.statuses import Status
from shops.keyset import read_key
from shops.models import Shop
from shops.permissions import Action
from shops.selectors import keep_standings, shop_ids_where, shops_of

YEAR = 31_536_000
MOST_TICKED = 500
Params = dict[str, list[str]]


@require_safe
@login_required
def order_list(request: HttpRequest) -> HttpResponse:
    """The orders this person may see, newest first, narrowed by the address; bad filters are named, never an error."""
    keep_standings(request.user)  # type: ignore[arg-type]
    params = params_of(request, "orders")
    if "keep" in params:
        return keep_columns(request, "orders", params)
    shops = list(shops_of(request.user))  # type: ignore[arg-type]
    opens_with = default_view(request, ListPage.ORDERS, shops)
    if opens_with:
        return opens_with
    wanted = read_order_filter(params)
    shown = shops_shown(shops, wanted.shop)
    columns = order_columns(columns_asked(request, "orders", params))
    orders = orders_wanted(request.user, wanted, shown)  # type: ignore[arg-type]
    page = list_orders(orders, shown, columns, request.GET.get("after", ""))
    choices = choices_of(shops, shown, with_stages=True)
    context = frame(request, wanted, "crm:orders", page.after) | {
        "page": page,
        "count": count_orders(orders, shown),
        "columns": columns,
        "all_columns": [(column, column in columns) for column in ORDER_COLUMNS.values()],
        "statuses": [(value, label, wanted.address.query(status=value)) for value, label in Status.choices],
        "any_status": wanted.address.query(status=""),
        "options": order_options(wanted, choices),
        "chips": order_chips(wanted, choices),
        "shops": shops,
        "tags": choices.tags,
        "views": list_views(request, ListPage.ORDERS, shown or shops, wanted),
    }
    return render(request, "crm/orders.html", context)


@require_safe
@login_required
def order_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The orders of the list, or the ticked ones (`order`), as a file; 403 where no shop lets this person take them."""
    params = params_of(request, "orders")
    wanted = read_order_filter(params)
    shops = shops_to_take_from(request, shops_shown(list(shops_of(request.user)), wanted.shop))  # type: ignore[arg-type]
    orders = orders_wanted(request.user, wanted, shops).filter(shop__in=[shop.pk for shop in shops])  # type: ignore[arg-type]
    keys = ticked(params, "order")
    if keys:
        orders = chosen_orders(request.user, wanted, shops, keys).filter(shop__in=[shop.pk for shop in shops])  # type: ignore[arg-type]
    columns = order_columns(columns_asked(request, "orders", params))
    query = wanted.address.query() or (f"{len(keys)} ticked" if keys else "")
    rows = order_file_rows(orders, shops, columns)
    return list_file(request, rows, kind=kind, name="orders", shops=shops, query=query)


@require_safe
@login_required
def customer_list(request: HttpRequest) -> HttpResponse:
    """The customers of the person's shops, newest first; 403 for a role that sees none anywhere."""
    keep_standings(request.user)  # type: ignore[arg-type]
    params = params_of(request, "customers")
    if "keep" in params:
        return keep_columns(request, "customers", params)
    shops = customer_shops(request)
    opens_with = default_view(request, ListPage.CUSTOMERS, shops)
    if opens_with:
        return opens_with
    wanted = read_customer_filter(params)
    shown = shops_shown(shops, wanted.shop)
    columns = customer_columns(columns_asked(request, "customers", params))
    customers = customers_wanted(request.user, wanted, shown)  # type: ignore[arg-type]
    page = list_customers(request.user, customers, shown, request.GET.get("after", ""))  # type: ignore[arg-type]
    choices = choices_of(shops, shown, with_stages=False)
    context = frame(request, wanted, "crm:customers", page.after) | {
        "rows": page.rows,
        "count": count_customers(customers),
        "columns": columns,
        "all_columns": [(column, column in columns) for column in CUSTOMER_COLUMNS.values()],
        "options": customer_options(wanted, choices),
        "chips": customer_chips(wanted, choices),
        "shops": shops,
        "tags": choices.tags,
        "people": choices.people,
        "views": list_views(request, ListPage.CUSTOMERS, shown or shops, wanted),
    }
    return render(request, "crm/customers.html", context)


@require_safe
@login_required
def customer_file(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The customers of the list, or the ticked ones (`customer`), as a file; 403 where no shop lets this person."""
    params = params_of(request, "customers")
    wanted = read_customer_filter(params)
    shops = shops_to_take_from(request, shops_shown(customer_shops(request), wanted.shop))
    customers = customers_wanted(request.user, wanted, shops)  # type: ignore[arg-type]
    keys = ticked(params, "customer")
    if keys:
        found = chosen_customers(request.user, wanted, shops, keys)  # type: ignore[arg-type]
        customers = Customer.objects.filter(pk__in=[customer.pk for customer in found])
    columns = customer_columns(columns_asked(request, "customers", params))
    query = wanted.address.query() or (f"{len(keys)} ticked" if keys else "")
    rows = customer_file_rows(request.user, customers, shops, columns)  # type: ignore[arg-type]
    return list_file(request, rows, kind=kind, name="customers", shops=shops, query=query)


def customer_shops(request: HttpRequest) -> list[Shop]:
    """The shops whose customers this person may see; 403 where there are none."""
    allowed = shop_ids_where(request.user, Action.VIEW_CUSTOMERS)  # type: ignore[arg-type]
    if not allowed:
        raise PermissionDenied
    return [shop for shop in shops_of(request.user) if shop.pk in allowed]  # type: ignore[arg-type]


def params_of(request: HttpRequest, page: str) -> Params:
    """The words of the address, `cols` parted at commas."""
    params: Params = {name: request.GET.getlist(name) for name in request.GET}
    if "cols" in params:
        params["cols"] = [key for value in params["cols"] for key in value[:400].split(",") if key]
    return params


def columns_asked(request: HttpRequest, page: str, params: Params) -> Sequence[str]:
    """The columns of the address (a saved view has them), else those the person chose last."""
    return params.get("cols") or request.COOKIES.get(f"{page}-columns", "")[:400].split(",")


def keep_columns(request: HttpRequest, page: str, params: Params) -> HttpResponse:
    """Keep the chosen columns for this browser, and lead to the list that shows them."""
    known = ORDER_COLUMNS if page == "orders" else CUSTOMER_COLUMNS
    chosen = [key for key in known if key in params.get("cols", ())]
    pairs = [
        (name, value) for name, values in params.items() for value in values if name not in ("keep", "cols")
    ]
    # In the address they belong to what may be saved as a view; none means the usual ones.
    query = urlencode([pair for pair in pairs if pair[1]] + ([("cols", ",".join(chosen))] if chosen else []))
    response = HttpResponse(
        status=303, headers={"Location": f"{request.path}?{query}" if query else request.path}
    )
    response.set_cookie(f"{page}-columns", ",".join(chosen), max_age=YEAR, samesite="Lax", httponly=True)
    return response


def ticked(params: Params, name: str) -> list[int]:
    """The keys of the ticked rows; what is no key is left out. 404 where none of those given is one."""
    given = params.get(name, [])
    keys = [key for value in given[:MOST_TICKED] if (key := read_key(value)) is not None]
    if given and not keys:
        raise Http404
    return keys


def frame(
    request: HttpRequest, wanted: OrderFilter | CustomerFilter, route: str, after: str
) -> dict[str, Any]:
    """What both lists say of their address: filters, paging, the columns asked for."""
    cols = request.GET.get("cols", "")[:400]
    kept = {"cols": cols} if cols else {}
    path = reverse(route)
    return {
        "wanted": wanted,
        "after": after,
        "path": path,
        "cols": cols,
        "pairs": wanted.address.pairs,
        "query": wanted.address.query(**kept),
        "is_first": "after" not in request.GET,
        "older": wanted.address.query(after=after, **kept) if after else "",
        "newest": wanted.address.query(**kept),
        "without_q": wanted.address.query(q="", **kept),
        "most_counted": MOST_COUNTED,
        "may_export": bool(shop_ids_where(request.user, Action.EXPORT)),  # type: ignore[arg-type]
        "may_place": bool(shop_ids_where(request.user, Action.PLACE_ORDER)),  # type: ignore[arg-type]
    }


def default_view(request: HttpRequest, page: str, shops: Sequence[Shop]) -> HttpResponse | None:
    """Where the bare address leads: the view this person's list opens with in the shop they used last, if any."""
    if request.GET or not shops:
        return None
    rows = views_of(request.user, page, shop_id=_home(request, shops).pk)  # type: ignore[arg-type]
    query = next((row.query for row in rows if row.is_default and row.query), "")
    return HttpResponse(status=302, headers={"Location": f"{request.path}?{query}"}) if query else None


def _home(request: HttpRequest, shops: Sequence[Shop]) -> Shop:
    return next((shop for shop in shops if shop.pk == request.user.last_shop_id), shops[0])  # type: ignore[union-attr]


def list_views(
    request: HttpRequest, page: str, shops: Sequence[Shop], wanted: OrderFilter | CustomerFilter
) -> dict[str, Any] | None:
    """The menu of saved views; a view belongs to the shop shown, or to the one the person used last."""
    if not shops:
        return None
    last = _home(request, shops)
    cols = request.GET.get("cols", "")[:400]
    query = wanted.address.query(cols=cols)
    rows = views_of(request.user, page, shop_id=last.pk)  # type: ignore[arg-type]
    path = reverse("crm:orders" if page == ListPage.ORDERS else "crm:customers")
    return views_menu(request, rows, page=page, shop=last, path=path, query=query)
