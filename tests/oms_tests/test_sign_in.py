"""Signing in and out, and what slows a guesser down."""

import pytest
from django.test import Client
from pytest_django import Settings

from shops.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def ola() -> User:
    return User.objects.create_user("ola", password="right one")


def sign_in(client: Client, password: str, address: str = "203.0.113.9") -> int:
    answer = client.post("/login/", {"username": "ola", "password": password}, REMOTE_ADDR=address)
    return answer.status_code


def test_the_right_password_leads_to_the_board(client: Client, ola: User) -> None:
    answer = client.post("/login/", {"username": "ola", "password": "right one"})

    assert answer["Location"] == "/"
    assert client.session["_auth_user_id"] == str(ola.pk)


def test_a_wrong_password_signs_nobody_in(client: Client, ola: User) -> None:
    assert sign_in(client, "wrong") == 200
    assert "_auth_user_id" not in client.session


def test_guessing_is_stopped_even_for_the_right_password(
    client: Client, ola: User, settings: Settings
) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, "wrong")

    assert sign_in(client, "right one") == 429
    assert sign_in(Client(), "right one", address="203.0.113.10") == 302


def test_signing_out_takes_a_post(client: Client, ola: User) -> None:
    client.force_login(ola)

    assert client.get("/logout/").status_code == 405
    assert "_auth_user_id" in client.session

    client.post("/logout/")
    assert "_auth_user_id" not in client.session
