"""Saved views over HTTP: what the menu on boards and lists posts to, and what that menu needs to be drawn.

`templates/crm/parts/views.html` draws it from `views_menu`; every control is a plain form that leads back to the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.models import Funnel, ListPage, SavedView
from crm.selectors.views import ViewRow
from crm.services import views as services
from shops.actors import Actor
from shops.errors import DomainError
from shops.models import Shop
from shops.selectors import role_of


@dataclass(frozen=True)
class ViewLink:
    """A view in the menu: where it leads, whether the page shows just that, and what the person may do with it."""

    row: ViewRow
    url: str
    is_on: bool
    may_change: bool


def views_menu(
    request: HttpRequest,
    rows: list[ViewRow],
    *,
    page: str,
    shop: Shop,
    path: str,
    query: str,
    funnel: Any = None,
) -> dict[str, Any]:
    """What the part `parts/views.html` shows as `views`.

    `path` is the page's address without a query, `query` the filters in force, which is what would be saved.
    """
    here = services.clean_query(query)
    role = role_of(request.user, shop.pk)  # type: ignore[arg-type]
    links = [
        ViewLink(
            row,
            f"{path}?{row.query or 'view=all'}",
            row.query == here,
            services.may_change(row.owner_id, user_id=request.user.pk or 0, role=role),
        )
        for row in rows
    ]
    return {
        "links": links,
        "current": next((link for link in links if link.is_on and here), None),
        "all_url": f"{path}?view=all" if any(row.is_default for row in rows) else path,
        "is_all": not here,
        "page": page,
        "shop": shop,
        "funnel": funnel,
        "query": here,
        "back": f"{path}?{here or 'view=all'}",
    }


@require_POST
@login_required
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the page the form was on."""
    shop, page = _shop_and_page(request)
    funnel = _funnel(request, shop)
    try:
        view = services.save_view(
            shop_id=shop.pk,
            page=page,
            name=request.POST.get("name", ""),
            query=request.POST.get("query", ""),
            actor=_actor(request),
            funnel_id=funnel.pk if funnel else None,
            is_shared="is_shared" in request.POST,
        )
        if "is_default" in request.POST:
            services.choose_default_view(shop_id=shop.pk, page=page, view_id=view.pk, actor=_actor(request))
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return _back(request)


@require_POST
@login_required
def change(request: HttpRequest, view_id: int) -> HttpResponse:
    """What the buttons beside a view do: `do` is default, no-default, share, unshare or delete."""
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=view_id)
    wanted = request.POST.get("do", "")
    if wanted not in _SENTENCES:
        raise Http404
    try:
        _change(view, wanted, _actor(request))
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, str(_SENTENCES[wanted]()) % {"name": view.name})
    return _back(request)


_SENTENCES = {
    "default": lambda: _("The page opens with “%(name)s” from now on."),
    "no-default": lambda: _("The page opens with everything from now on, not with “%(name)s”."),
    "share": lambda: _("Everybody in the shop sees “%(name)s” now."),
    "unshare": lambda: _("Only its owner sees “%(name)s” now."),
    "delete": lambda: _("The view “%(name)s” is deleted."),
}


def _change(view: SavedView, wanted: str, actor: Actor) -> None:
    if wanted in ("default", "no-default"):
        chosen = view.pk if wanted == "default" else None
        services.choose_default_view(shop_id=view.shop_id, page=view.page, view_id=chosen, actor=actor)
    elif wanted == "delete":
        services.delete_view(view_id=view.pk, actor=actor)
    else:
        services.share_view(view_id=view.pk, is_shared=wanted == "share", actor=actor)


def _shop_and_page(request: HttpRequest) -> tuple[Shop, str]:
    page = request.POST.get("page", "")
    if page not in ListPage.values:
        raise Http404
    return get_object_or_404(Shop.objects.visible_to(request.user), slug=request.POST.get("shop", "")), page


def _funnel(request: HttpRequest, shop: Shop) -> Funnel | None:
    slug = request.POST.get("funnel", "")
    return get_object_or_404(Funnel, shop=shop, slug=slug) if slug else None


def _back(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponse(status=303, headers={"Location": wanted if is_ours else reverse("crm:home")})


def _actor(request: HttpRequest) -> Actor:
    return Actor.person(request.user)  # type: ignore[arg-type]
