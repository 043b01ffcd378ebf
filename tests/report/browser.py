"""A real browser on a page: Chromium by its debugging pipe, and the standard library."""

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Dict, Iterator, List

DEADLINE_S = 60.0
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
          "--no-first-run", "--disable-background-networking", "--disable-extensions",
          "--remote-debugging-pipe", "--window-size=1300,900")


class Browser:
    """One tab; what its console and its network say is kept in `complaints` and `requests`."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = os.fdopen(to, "wb", 0), os.fdopen(back, "rb", 0)
        self._rest, self._number, self._session = b"", 0, ""
        self._loaded = False
        self.complaints: List[str] = []
        self.requests: List[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target,
                                   flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, page: Path) -> None:
        """Load the page and wait until it is laid out."""
        self._call("Page.navigate", url=page.as_uri())
        self.do("new Promise(done => { const look = () => document.readyState === 'complete' && "
                "location.protocol === 'file:' ? requestAnimationFrame(() => setTimeout(done, 0)) "
                ": setTimeout(look, 10); look(); })")

    def load(self, page: Path) -> None:
        """Load the page and wait for the end of that, not for its layout, which takes a script."""
        self._loaded = False
        self._call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._note(self._read())

    def do(self, script: str) -> Any:
        """What a script gives on the page."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True,
                            awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def media(self, kind: str = "", **features: str) -> None:
        """Say what the reader prefers, such as prefers_color_scheme="dark", or that it is "print".
        """
        self._call("Emulation.setEmulatedMedia", media=kind, features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def scripts(self, run: bool) -> None:
        """Whether the pages that are loaded from now on may run their scripts."""
        self._call("Emulation.setScriptExecutionDisabled", value=not run)

    def window(self, width: int, height: int) -> None:
        """Make the window as wide and as high."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=False)

    def press(self, key: str, code: int) -> None:
        """Press a key."""
        for kind in ("rawKeyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                       windowsVirtualKeyCode=code)

    def _call(self, method: str, **params: Any) -> Dict[str, Any]:
        self._number += 1
        number = self._number
        message: Dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                result: Dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: Dict[str, Any]) -> None:
        name, params = event.get("method"), event.get("params", {})
        if name in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(params)[:500])
        elif name == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif name == "Page.loadEventFired":
            self._loaded = True

    def _read(self) -> Dict[str, Any]:
        while b"\0" not in self._rest:
            block = self._back.read(1 << 16)
            assert block, "Chromium has ended"
            self._rest += block
        text, _, self._rest = self._rest.partition(b"\0")
        answer: Dict[str, Any] = json.loads(text)
        return answer


def _end_group(leader: int) -> None:
    limit = time.monotonic() + DEADLINE_S
    with suppress(ProcessLookupError):
        while time.monotonic() < limit:
            os.killpg(leader, signal.SIGKILL)  # until there is nobody left
            time.sleep(0.05)


@contextmanager
def browser(scratch: Path) -> Iterator[Browser]:
    """Chromium with a profile of its own; it ends with the block, and so do its helpers.

    These write to the profile until they end, also where somebody is removing it.
    """
    read, write = os.pipe()
    answer_read, answer_write = os.pipe()
    script = f'exec 3<&{read} 4>&{answer_write}; exec chromium "$@"'
    process = subprocess.Popen(
        ["bash", "-c", script, "chromium", *_FLAGS, f"--user-data-dir={scratch}"],
        pass_fds=(read, answer_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(scratch), "DBUS_SESSION_BUS_ADDRESS": "disabled:"},
        start_new_session=True)
    os.close(read)
    os.close(answer_write)
    try:
        yield Browser(write, answer_read)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
        _end_group(process.pid)
