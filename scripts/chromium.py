"""Finds the Chromium that browser tests drive; as root it is installed from the distribution where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO = "Browser tests need Chromium: install the package chromium, or set OMS_CHROMIUM to its path."


def find_chromium() -> str | None:
    """The path of a Chromium on this machine: OMS_CHROMIUM first, then the usual names."""
    chosen = os.environ.get("OMS_CHROMIUM")
    if chosen:
        return chosen if os.access(chosen, os.X_OK) else None
    found = (
        shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin") for name in NAMES
    )
    return next((path for path in found if path), None)


def ensure_chromium() -> str | None:
    """The path of Chromium, after an attempt to install it as root; None where there is none."""
    path = find_chromium()
    if path or os.geteuid() != 0 or not shutil.which("apt-get"):
        return path
    print("Installing Chromium from the distribution …", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "-qq", *command], check=False, env=environment, stdout=subprocess.DEVNULL)
    return find_chromium()
