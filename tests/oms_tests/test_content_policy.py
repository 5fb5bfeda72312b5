"""The content security policy: strict everywhere, looser only under /admin/."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def policy(client: Client, path: str) -> dict[str, str]:
    header = client.get(path)["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


def test_pages_run_no_inline_code_and_no_foreign_code(client: Client) -> None:
    found = policy(client, "/login/")

    assert found["default-src"] == "'self'"
    assert found["img-src"] == "'self' data:"
    assert found["frame-ancestors"] == "'none'"
    assert found["form-action"] == "'self'"
    assert "unsafe" not in " ".join(found.values())


def test_an_error_page_keeps_the_strict_policy(client: Client) -> None:
    assert "unsafe" not in " ".join(policy(client, "/no/such/page/").values())


def test_the_admin_may_evaluate_but_loads_nothing_foreign(client: Client) -> None:
    found = policy(client, "/admin/login/")

    assert found["script-src"] == "'self' 'unsafe-inline' 'unsafe-eval'"
    assert found["default-src"] == "'self'"
    assert found["frame-ancestors"] == "'none'"
