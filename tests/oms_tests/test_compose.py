"""The container files, read as what they are: no container can be started in a test."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
OURS = ["migrate", "web", "worker", "beat"]
SERVICES = ["postgres", "redis", "mail", *OURS]
# web's health check stands in the Dockerfile; `migrate` runs once and ends.
CHECKED = ["postgres", "redis", "mail", "worker", "beat"]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_everything_a_shop_needs_is_there(compose: dict[str, Any]) -> None:
    assert sorted(compose["services"]) == sorted(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root(compose: dict[str, Any], name: str) -> None:
    user = str(compose["services"][name]["user"])

    assert user.split(":")[0] not in ("", "0", "root")


@pytest.mark.parametrize("name", CHECKED)
def test_a_service_says_whether_it_is_well(compose: dict[str, Any], name: str) -> None:
    assert compose["services"][name]["healthcheck"]["test"]


def test_the_image_checks_the_web_service_and_is_not_root(dockerfile: str) -> None:
    assert "HEALTHCHECK" in dockerfile
    assert "scripts/probe.py" in dockerfile
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)[-1] == "10001:10001"


def test_the_image_installs_only_what_the_lock_names(dockerfile: str) -> None:
    installs = re.findall(r"pip install .*", dockerfile)

    assert len(installs) == 1
    assert "--require-hashes -r /tmp/run.txt" in installs[0]
    assert dockerfile.count("\nFROM ") + dockerfile.startswith("FROM ") == 2


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_starts_before_the_database_is_migrated(compose: dict[str, Any], name: str) -> None:
    waits = compose["services"][name]["depends_on"]

    assert waits["migrate"]["condition"] == "service_completed_successfully"
    assert waits["postgres"]["condition"] == "service_healthy"


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_in_production_on_postgres_and_redis(compose: dict[str, Any], name: str) -> None:
    environment = compose["services"][name]["environment"]

    assert environment["OMS_ENV"] == "production"
    assert environment["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert environment["ALLOWED_HOSTS"].startswith("${ALLOWED_HOSTS:?")
    assert environment["DATABASE_URL"].startswith("postgres://")
    assert environment["REDIS_URL"].startswith("redis://")
    assert environment["EMAIL_URL"].endswith("smtp://mail:1025}")


def test_data_outlives_its_container(compose: dict[str, Any]) -> None:
    mounted = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
    }

    assert mounted == set(compose["volumes"])


def test_no_port_is_open_to_the_network(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_published_port_is_where_the_web_server_listens(compose: dict[str, Any], dockerfile: str) -> None:
    assert compose["services"]["web"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert '"--port", "8000"' in dockerfile


def test_every_command_that_is_run_exists(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    lines = [
        *(service.get("command", []) for service in services),
        *(service.get("healthcheck", {}).get("test", []) for service in services),
    ]

    commands = {line[line.index("manage.py") + 1] for line in lines if "manage.py" in line}

    assert commands == {"prepare", "beat_is_alive"}
    for command in commands:
        assert (ROOT / "oms" / "management" / "commands" / f"{command}.py").exists()
