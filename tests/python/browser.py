"""A page in headless Chromium, spoken to over its pipe: no driver, no port."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 120


@dataclass
class Page:
    """What became of a page that was loaded."""

    #: Messages of the console and errors of scripts.
    said: list[str] = field(default_factory=list)
    #: Everything that was asked of anyone but the page itself.
    requests: list[str] = field(default_factory=list)
    #: What the script that was run on it gave.
    result: Any = None
    #: The whole page as PNG.
    screenshot: bytes = b""


class Chromium:
    """A browser that one test has for itself."""

    def __init__(self, home: Path) -> None:
        program = shutil.which("chromium")
        # scripts/test.sh installs it: a test that cannot look has failed.
        assert program is not None, "no chromium: install Debian's package of that name"
        to_it, ours = os.pipe()
        theirs, from_it = os.pipe()
        os.set_inheritable(to_it, True)
        os.set_inheritable(from_it, True)
        command = [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--hide-scrollbars",
            f"--user-data-dir={home}",
            "--remote-debugging-pipe",
        ]
        # It reads from 3 and writes to 4.
        shell = f'exec "$@" 3<&{to_it} 4>&{from_it}'
        with open(home / "stderr", "wb") as log:
            self._child = subprocess.Popen(
                ["bash", "-c", shell, "bash", *command], pass_fds=[to_it, from_it], stdout=log, stderr=log
            )
        os.close(to_it)
        os.close(from_it)
        self._out, self._in = ours, theirs
        self._left = b""
        self._number = 0
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._out)
        os.close(self._in)
        self._child.kill()
        self._child.wait()

    def look(self, url: str, *, script: str, width: int = 1100, dark: bool = False) -> Page:
        """Loads a page, runs a script on it and takes a picture of all of it."""
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]

        def ask(method: str, **keys: Any) -> dict[str, Any]:
            return self._ask(method, keys, session)

        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        ask("Emulation.setEmulatedMedia", features=[scheme])
        ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        for domain in ["Page", "Runtime", "Log", "Network"]:
            ask(f"{domain}.enable")
        self._events.clear()
        ask("Page.navigate", url=url)
        self._until("Page.loadEventFired")
        ready = "Promise.all([...document.images].map(image => image.decode().catch(() => null)))"
        ask("Runtime.evaluate", expression=ready, awaitPromise=True)
        page = Page()
        done = ask("Runtime.evaluate", expression=script, returnByValue=True)
        page.result = done["result"].get("value")
        for event in self._events:
            self._note(page, event, url)
        shot = ask("Page.captureScreenshot", captureBeyondViewport=True, clip=self._whole(ask))
        page.screenshot = base64.b64decode(shot["data"])
        self._ask("Target.closeTarget", {"targetId": target})
        return page

    @staticmethod
    def _whole(ask: Any) -> dict[str, Any]:
        size = ask("Page.getLayoutMetrics")["cssContentSize"]
        return {**size, "scale": 1}

    @staticmethod
    def _note(page: Page, event: dict[str, Any], url: str) -> None:
        keys = event.get("params", {})
        match event["method"]:
            case "Network.requestWillBeSent":
                asked = keys["request"]["url"]
                if asked != url and not asked.startswith("data:"):
                    page.requests.append(asked)
            case "Runtime.consoleAPICalled":
                page.said.append(json.dumps(keys["args"]))
            case "Runtime.exceptionThrown":
                page.said.append(json.dumps(keys["exceptionDetails"]))
            case "Log.entryAdded":
                page.said.append(keys["entry"]["text"])

    def _ask(self, method: str, keys: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": keys}
        if session is not None:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self._events.append(answer)

    def _until(self, method: str) -> None:
        while all(event["method"] != method for event in self._events):
            self._events.append(self._read())

    def _read(self) -> dict[str, Any]:
        """The next message."""
        begin = time.monotonic()
        while b"\0" not in self._left:
            piece = os.read(self._in, 1 << 20)
            assert piece, "chromium has ended"
            assert time.monotonic() - begin < SECONDS, "chromium says nothing more"
            self._left += piece
        message, _, self._left = self._left.partition(b"\0")
        return dict(json.loads(message))
