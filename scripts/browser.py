"""Drive Chromium without any other package: DevTools' protocol over a pipe.

    with Browser() as browser:
        page = browser.open("file:///.../index.html", width=390)
        page.evaluate("document.title")
        page.screenshot("/tmp/home.png")

The protocol: https://chromedevtools.github.io/devtools-protocol/. With `--remote-debugging-pipe` the
browser reads commands from file descriptor 3 and writes answers and events to 4, each a JSON object
that a null byte ends.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

if sys.platform != "win32":
    import fcntl

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # the tests of a container run as root
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    # As with a mouse: the theme lets keys scroll code where there is one.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
    "--allow-file-access-from-files",  # frames of a site on disk are of one origin, as when served
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no name leads anywhere
)
# Not a `preexec_fn`, which runs between fork and exec: processes with threads, as those of pytest-xdist, must not.
LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def installed() -> str | None:
    """The path of a Chromium that can be driven, or None."""
    if sys.platform == "win32":
        return None  # programs there do not inherit numbered descriptors
    asked = os.environ.get("FUNCGRAD_BROWSER")
    return asked or next(filter(None, map(shutil.which, NAMES)), None)


class BrowserError(RuntimeError):
    """The browser or the code in its page failed."""


class Browser:
    """A headless Chromium with a profile of its own, ended by `close`."""

    def __init__(self) -> None:
        path = installed()
        if path is None:
            raise BrowserError("no Chromium is installed; on Debian: apt-get install chromium")
        self._profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        command_read, command_write = os.pipe()
        answer_read, answer_write = os.pipe()
        # Numbers that cannot be 3 or 4 already, which the launcher gives the browser's ends.
        high_read, high_write = (_at_least(fd, 64) for fd in (command_read, answer_write))
        launch = [sys.executable, "-c", LAUNCHER, str(high_read), str(high_write)]
        self._process = subprocess.Popen(
            [*launch, path, *OPTIONS, f"--user-data-dir={self._profile.name}", "about:blank"],
            pass_fds=(high_read, high_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (high_read, high_write):
            os.close(fd)
        self._commands, self._answers = command_write, answer_read
        self._buffer = b""
        self._number = 0
        self._pages: dict[str, Page] = {}

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        for fd in (self._commands, self._answers):
            os.close(fd)
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()

    def open(
        self, address: str, *, width: int = 1280, height: int = 900, scheme: str = "light"
    ) -> Page:
        """A new page that shows an address, in a window of this size, in "light" or "dark"."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        attach = {"targetId": target, "flatten": True}
        page = Page(self, target, self.send("Target.attachToTarget", attach)["sessionId"])
        self._pages[page.session] = page
        for domain in ("Page", "Network", "Runtime", "Log"):
            page.send(f"{domain}.enable")
        page.resize(width, height, scheme)
        page.goto(address)
        return page

    def send(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        session: str | None = None,
        timeout: float = 60.0,
    ) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come before it are noted."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params or {}}
        if session is not None:
            command["sessionId"] = session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            message = self.receive(deadline)
            if message is None:
                raise BrowserError(f"no answer to {method} within {timeout:.0f} s")
            if message.get("id") == self._number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']['message']}")
                return dict(message["result"])

    def receive(self, deadline: float) -> dict[str, Any] | None:
        """The next message, or None at the deadline."""
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                return None
            read = os.read(self._answers, 1 << 16)
            if not read:
                raise BrowserError("the browser ended")
            self._buffer += read
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        page = self._pages.get(message.get("sessionId", ""))
        if page is not None and "method" in message:
            page.note(message["method"], message["params"])
        return message


class Page:
    """One page: what it asks for, what it complains about, and ways to look at it and touch it."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self.session = session
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._loaded = False

    def note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            thrown = details.get("exception", {}).get("description", details["text"])
            self.complaints.append(str(thrown))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._browser.send(method, params, self.session)

    def resize(self, width: int, height: int, scheme: str = "light") -> None:
        """The window's size in CSS pixels, and the colour scheme that the system asks for."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", size)
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", {"features": wanted})

    def goto(self, address: str) -> None:
        """Show an address, and wait until it is loaded."""
        self._loaded = False
        answer = self.send("Page.navigate", {"url": address})
        if "errorText" in answer:
            raise BrowserError(f"{address}: {answer['errorText']}")
        self.wait(lambda: self._loaded, f"{address} to load")

    def evaluate(self, code: str) -> Any:
        """The value of an expression of JavaScript, of a promise its result."""
        wanted = {"expression": code, "returnByValue": True, "awaitPromise": True}
        answer = self.send("Runtime.evaluate", wanted)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            thrown = details.get("exception", {}).get("description", details["text"])
            raise BrowserError(f"{code[:200]}: {thrown}")
        return answer["result"].get("value")

    def until(self, code: str, seconds: float = 15.0) -> Any:
        """The value of an expression once it is true."""
        found: list[Any] = []

        def holds() -> bool:
            found[:] = [self.evaluate(code)]
            return bool(found[0])

        self.wait(holds, code, seconds)
        return found[0]

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise BrowserError(f"waited {seconds:.0f} s in vain for {what}")
            self._browser.receive(time.monotonic() + 0.05)

    def enter(self, selector: str, value: str) -> None:
        """Give a field its value, as typing or dragging does."""
        self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            f"e.value = {json.dumps(value)};"
            "for (const k of ['input', 'keyup', 'change']) e.dispatchEvent(new Event(k, {bubbles: true})); })()"
        )

    def screenshot(self, path: str | Path, *, whole: bool = False) -> None:
        """What the window shows, or the whole page, as a PNG file."""
        wanted = {"format": "png", "captureBeyondViewport": whole}
        if whole:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            wanted["clip"] = {
                "x": 0,
                "y": 0,
                "scale": 1,
                **{k: size[k] for k in ("width", "height")},
            }
        data = self.send("Page.captureScreenshot", wanted)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self._browser.send("Target.closeTarget", {"targetId": self._target})
        self._browser._pages.pop(self.session, None)


def _at_least(fd: int, lowest: int) -> int:
    """The same open file under a number that is not below `lowest`."""
    copy = fcntl.fcntl(fd, fcntl.F_DUPFD, lowest)
    os.close(fd)
    return copy
