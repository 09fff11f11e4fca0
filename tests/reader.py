"""Drives a real browser for the tests, and checks what the browser did meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

BROWSER, DRIVER = "chromium", "chromedriver"
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Only the servers of the tests can be reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Reader:
    """A browser that opens pages, and the log of what it requested and reported.

    Attributes:
        driver: Selenium's driver of the browser.
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, width: int = 1440, scheme: str = "light") -> None:
        """Open a page from disk at this width, and wait until its script has drawn it."""
        self.visit(path.as_uri(), width, scheme, offline=True)
        self.wait("return document.documentElement.dataset.ready === 'yes'")

    def visit(
        self, address: str, width: int = 1440, scheme: str = "light", offline: bool = False
    ) -> None:
        """Go to an address; offline, not even a server of this machine is reached."""
        self.command("Network.enable")
        self.command(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
        self.command(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(address)

    def command(self, name: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str) -> None:
        deadline = time.monotonic() + 600
        while not self.run(script):
            assert time.monotonic() < deadline, self.driver.get_log("browser")
            time.sleep(0.01)

    def text(self, selector: str = "body") -> str:
        return str(
            self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
        )

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map((node) => node.innerText)"
        return list(self.run(script, selector))

    def wait_for(self, path: Path) -> None:
        """Wait until a download is here; the browser begins with an empty file in its place."""
        deadline = time.monotonic() + 300
        while not (path.exists() and path.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.05)

    def select(self, id: str, value: str) -> None:
        self.run(
            "const node = document.getElementById(arguments[0]); node.value = arguments[1];"
            "node.dispatchEvent(new Event('change'))",
            id,
            value,
        )

    def check_quiet(self, *servers: str) -> None:
        """Check that only these servers were requested, and that no error was reported."""
        assert self.driver.get_log("browser") == []
        requested = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                requested.append(message["params"]["request"]["url"])
        allowed = ("file:", "data:", "blob:", "about:", *servers)
        assert [url for url in requested if not url.startswith(allowed)] == []


def start(folder: Path) -> Any:
    """Start the browser, with its profile in a folder.

    Raises:
        FileNotFoundError: Chromium or its driver is missing.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, driver = shutil.which(BROWSER), shutil.which(DRIVER)
    if browser is None or driver is None:
        raise FileNotFoundError("install Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses to run as root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))
