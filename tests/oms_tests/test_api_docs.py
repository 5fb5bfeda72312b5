"""The API describes itself: an OpenAPI document, and a page that loads nothing from elsewhere."""

from __future__ import annotations

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_every_answer_is_declared() -> None:
    document = Client().get("/api/v1/openapi.json").json()

    answers = document["paths"]["/api/v1/stock"]["get"]["responses"]

    assert {"200", "401", "404", "409", "422", "429"} <= set(answers)
    assert document["components"]["securitySchemes"]


def test_the_page_loads_from_here_only() -> None:
    answer = Client().get("/api/v1/docs")

    addresses = re.findall(r'(?:src|href)="([^"]+)"', answer.content.decode())
    assert addresses
    assert all(address.startswith("/static/") for address in addresses)
    assert not re.search(r"<script(?![^>]*(src|application/json))", answer.content.decode())
