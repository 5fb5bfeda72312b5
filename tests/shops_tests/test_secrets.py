"""Secrets at rest can be read again by us, by nobody else, and never twice the same."""

import pytest

from shops.secrets import decrypt, encrypt, make_secret


def test_it_reads_a_secret_again():
    secret = make_secret()

    assert decrypt(encrypt(secret)) == secret


def test_it_stores_nothing_legible_and_never_the_same():
    secret = make_secret()

    stored, again = encrypt(secret), encrypt(secret)

    assert secret not in stored
    assert stored != again


def test_secrets_are_long_and_different():
    made = {make_secret() for _number in range(50)}

    assert len(made) == 50
    assert all(len(secret) >= 43 for secret in made)


def test_it_says_so_under_another_secret_key(settings):
    stored = encrypt("secret")
    settings.SECRET_KEY = "another"

    with pytest.raises(ValueError, match="SECRET_KEY"):
        decrypt(stored)


def test_it_does_not_read_what_was_tampered_with():
    stored = encrypt("secret")

    with pytest.raises(ValueError, match="SECRET_KEY"):
        decrypt(stored[:-6] + "AAAAA=")
