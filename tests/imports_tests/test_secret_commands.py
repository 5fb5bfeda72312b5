"""`hook_secret` and `create_api_key` print the bare secret, so that a script can use it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from orders.imports.models import Connection
from orders.imports.selectors import secret_of
from shops.selectors import find_api_key
from shops.services import digest_of
from tests.factories import make_shop

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_hook_secret_prints_the_secret_alone_and_the_same_again() -> None:
    shop = make_shop()
    arguments = ("hook_secret", "--shop", shop.slug, "--source", "woocommerce")

    first, second = said(*arguments), said(*arguments)

    assert first == second == f"{secret_of(Connection.objects.get(shop=shop))}\n"


def test_hook_secret_can_be_renewed() -> None:
    shop = make_shop()
    arguments = ("hook_secret", "--shop", shop.slug, "--source", "woocommerce")
    before = said(*arguments)

    renewed = said(*arguments, "--renew")

    assert renewed != before
    assert said(*arguments) == renewed


def test_a_secret_that_cannot_be_read_says_what_to_do() -> None:
    shop = make_shop()
    arguments = ("hook_secret", "--shop", shop.slug, "--source", "woocommerce")
    said(*arguments)
    Connection.objects.update(secret="stored under another key")

    with pytest.raises(CommandError, match="--renew"):
        said(*arguments)


def test_create_api_key_prints_a_key_that_works() -> None:
    shop = make_shop()

    key = said("create_api_key", "--shop", shop.slug, "--name", "ERP")

    found = find_api_key(digest_of(key.rstrip("\n")))
    assert key.count("\n") == 1
    assert found is not None
    assert (found.shop, found.name) == (shop, "ERP")


@pytest.mark.parametrize(
    "arguments",
    [
        ("hook_secret", "--shop", "nobody", "--source", "woocommerce"),
        ("create_api_key", "--shop", "nobody", "--name", "ERP"),
    ],
)
def test_an_unknown_shop_is_an_error_in_words(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="There is no shop “nobody”") as refused:
        said(*arguments)

    assert refused.value.returncode == 1


def test_a_key_needs_a_name() -> None:
    with pytest.raises(CommandError, match="name"):
        said("create_api_key", "--shop", make_shop().slug, "--name", " ")
