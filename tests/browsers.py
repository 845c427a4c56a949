"""Real Chromium for tests: people with a browser each, and what they see."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OUTPUT = Path(__file__).parent / "output"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WAIT_MS = 10_000

# Notes when each message first stands in the page and the frame that shows it is drawn.
OBSERVER = """
window.seen = {};
const note = (text) => requestAnimationFrame(() => requestAnimationFrame(() => {
  if (!(text in window.seen)) window.seen[text] = Date.now();
}));
new MutationObserver(() => {
  for (const bubble of document.querySelectorAll("#messages .b .text")) {
    const text = bubble.textContent.trim();
    if (!(text in window.seen) && !bubble.dataset.noted) { bubble.dataset.noted = "1"; note(text); }
  }
}).observe(document.querySelector("#messages"), {childList: true, subtree: true, characterData: true});
"""


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Give the system's Chromium, headless; *more*: further arguments of its command."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])
        yield browser
        browser.close()


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, browser: Browser, address: str, **how: Any) -> None:
        self.address = address
        self.context: BrowserContext = browser.new_context(viewport=DESKTOP, **how)
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "WebSocket" not in message.text:
            self.troubles.append(f"{message.text} {message.location.get('url', '')}".strip())

    def goes(self, path: str) -> "Person":
        self.page.goto(self.address + path)
        return self

    def signs_in(self, email: str, password: str) -> "Person":
        self.goes("/login")
        self.page.fill("input[name=email]", email)
        self.page.fill("input[name=password]", password)
        self.page.click("button[type=submit]")
        expect(self.page.locator("#list")).to_be_visible()
        return self

    def row(self, conversation: str) -> Any:
        return self.page.locator(f'#rows [data-conversation="{conversation}"]')

    def bubble(self, text: str) -> Any:
        return self.page.locator("#messages .b", has_text=text).last

    def opens(self, conversation: str, tab: str = "all") -> "Person":
        self.goes(f"/inbox/{conversation}?tab={tab}")
        expect(self.page.locator("#messages")).to_be_visible()
        return self

    def writes(self, text: str) -> None:
        self.page.fill("#answer", text)
        self.page.press("#answer", "Enter")

    def watches(self) -> None:
        """Begin to note when messages are seen; see `seen`."""
        self.page.evaluate(OBSERVER)

    def seen(self) -> dict[str, float]:
        """Return text → when it was first drawn, in milliseconds since 1970."""
        found: dict[str, float] = json.loads(self.page.evaluate("JSON.stringify(window.seen)"))
        return found

    def takes_picture(self, name: str) -> None:
        OUTPUT.mkdir(exist_ok=True)
        self.page.screenshot(path=str(OUTPUT / f"{name}.png"))
