"""The test servers: real ones, on loopback only, and gone afterwards."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis as redis_client

from scripts import servers

pytestmark = pytest.mark.slow


def test_postgres_runs_and_leaves_nothing() -> None:
    with servers.postgres() as url:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT current_setting('data_directory'), 'ș' ILIKE 'ș'").fetchone()
        assert row is not None
        folder, same_letter = row
        assert same_letter

    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)


def test_redis_runs_where_it_is_told_and_leaves_nothing() -> None:
    port = servers.free_port()

    with servers.redis(port) as url:
        assert urlsplit(url).port == port
        assert redis_client.Redis.from_url(url).ping()

    with pytest.raises(redis_client.ConnectionError):
        redis_client.Redis.from_url(url).ping()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its servers to another user")
def test_binaries_that_the_other_user_cannot_reach_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "hidden"
    installation = hidden / "site" / "package" / "install"
    installation.mkdir(parents=True)
    real = servers.find_postgres()
    (installation / "bin").symlink_to(real)
    hidden.chmod(0o700)
    target, owner = tmp_path / "target", servers._unprivileged_user()

    found = servers._readable_binaries(installation / "bin", target, owner)

    assert found.is_relative_to(target)
    assert (found / "initdb").exists()
    assert servers._readable_binaries(real, target, None) == real
    shutil.rmtree(target)
