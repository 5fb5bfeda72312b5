"""Settings of the test runs: the real ones, pointed at a folder and databases of their own.

A developer's DATABASE_URL, REDIS_URL or mail server must never be reached by a test, so only the TEST_ variables
count. The folder is handed down to subprocesses and to the workers of pytest-xdist.
"""

import atexit
import os
import shutil
import tempfile

if "OMS_TEST_DATA_DIR" not in os.environ:
    os.environ["OMS_TEST_DATA_DIR"] = tempfile.mkdtemp(prefix="oms-tests-")
    atexit.register(shutil.rmtree, os.environ["OMS_TEST_DATA_DIR"], ignore_errors=True)


def _own_redis_database(url: str) -> str:
    """Each worker of pytest-xdist reads wake-ups from a numbered database of its own."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"{url}/{number}" if url else ""


FOLDER = os.environ["OMS_TEST_DATA_DIR"]
for name in ("EMAIL_URL", "SMS_URL", "DEBUG", "OMS_PUBLIC_URL", "METRICS_TOKEN", "DATABASE_POOL"):
    os.environ.pop(name, None)
os.environ |= {
    "OMS_ENV": "local",
    "OMS_DATA_DIR": FOLDER,
    "SECRET_KEY": "only-for-tests",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "LOG_LEVEL": "WARNING",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{FOLDER}/oms.sqlite3",
    "REDIS_URL": _own_redis_database(os.environ.get("TEST_REDIS_URL", "")),
    # Without a Redis, wake-ups stay in this process: nobody reads them, and nothing is waited for.
    "CELERY_BROKER_URL": "memory://",
}

from oms.settings import *  # noqa: E402, F403
from oms.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

STATIC_ROOT.mkdir(exist_ok=True)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES |= {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in real life: threads of an in-memory database share one connection and its lock.
    DATABASES["default"]["TEST"] = {"NAME": f"{FOLDER}/test.sqlite3"}
