"""Whose language a page speaks: the person's, else the cookie's, else the browser's."""

import pytest
from django.test import Client

from shops.models import User

pytestmark = pytest.mark.django_db


def person(language: str = "pl") -> User:
    return User.objects.create_user("ola", password="secret", language=language)


def test_a_persons_language_wins_over_the_browsers(client: Client) -> None:
    client.force_login(person("pl"))

    answer = client.get("/no/such/page/", HTTP_ACCEPT_LANGUAGE="ro")

    assert answer["Content-Language"] == "pl"


def test_without_a_choice_the_browser_decides(client: Client) -> None:
    client.force_login(person(""))

    assert client.get("/no/such/page/", HTTP_ACCEPT_LANGUAGE="ro")["Content-Language"] == "ro"


def test_a_visitor_reads_the_browsers_language(client: Client) -> None:
    assert client.get("/login/", HTTP_ACCEPT_LANGUAGE="uk")["Content-Language"] == "uk"


def test_the_switch_is_remembered_with_the_person(client: Client) -> None:
    ola = person("pl")
    client.force_login(ola)

    answer = client.post("/language/", {"language": "uk", "next": "/orders/"})

    ola.refresh_from_db()
    assert ola.language == "uk"
    assert answer["Location"] == "/orders/"


def test_the_switch_is_remembered_for_a_visitor(client: Client) -> None:
    client.post("/language/", {"language": "ro", "next": "/login/"})

    assert client.get("/login/", HTTP_ACCEPT_LANGUAGE="uk")["Content-Language"] == "ro"


@pytest.mark.parametrize("language", ["xx", "", "../../etc"])
def test_an_unknown_language_changes_nothing(client: Client, language: str) -> None:
    ola = person("pl")
    client.force_login(ola)

    client.post("/language/", {"language": language, "next": "/"})

    ola.refresh_from_db()
    assert ola.language == "pl"


def test_the_switch_never_leads_to_another_site(client: Client) -> None:
    answer = client.post("/language/", {"language": "ro", "next": "https://elsewhere.example/"})

    assert not answer["Location"].startswith("https://elsewhere.example")


def test_a_link_cannot_switch(client: Client) -> None:
    assert client.get("/language/?language=ro").status_code == 405
