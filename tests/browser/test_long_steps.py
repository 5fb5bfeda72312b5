"""A long move in steps that follow each other by themselves, until somebody stops them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal, Funnel, Stage
from crm.services import emptying
from orders.statuses import Status
from shops.permissions import Role
from tests.factories import make_order, make_shop, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[..., Page]


def test_whoever_stops_the_steps_is_not_taken_along_by_the_next(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    for _ in range(3):
        make_order(shop, status=Status.PROCESSING)
    step = emptying.empty_stage
    monkeypatch.setattr(emptying, "empty_stage", lambda **options: step(limit=1, **options))
    funnel = Funnel.objects.get(shop=shop, is_default=True)
    picking, packed = (Stage.objects.get(funnel=funnel, slug=slug) for slug in ("picking", "packed"))
    page = sign_in(make_user(shop, Role.SUPERVISOR, language="en"))
    page.goto(f"/funnels/{funnel.slug}/stages/{picking.pk}/")
    page.locator(f"[name=to][value='{packed.pk}']").check()
    page.clock.install()
    # The page the link leads to comes late.
    page.add_init_script(
        "addEventListener('click', (event) => event.target.closest('a') && event.preventDefault())"
    )

    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    page.get_by_role("button", name="Only move the cards").click()
    expect(page.get_by_text("1 card moved so far.")).to_be_visible()
    page.get_by_role("link", name="Stop here").click()
    page.clock.run_for(5000)
    expect(page.get_by_text("1 card moved so far.")).to_be_visible()
    page.wait_for_load_state("networkidle")

    assert Deal.objects.filter(stage=picking).count() == 2
