"""A browser window of one user, and what the tests look at in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from ui.conftest import Deployment

WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
TALL = {"width": 1280, "height": 1000}
"""Shows a whole view below Airflow's own head."""
CONTRAST = """() => {
    const parse = (text) => {
        const values = (text.match(/[0-9.]+/g) || []).map(Number);
        return text.startsWith("color(srgb") ? values.map((v, n) => n < 3 ? v * 255 : v) : values;
    };
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = (node) => {
        for (let each = node; each; each = each.parentElement) {
            const color = parse(getComputedStyle(each).backgroundColor);
            if (color.length === 3 || color[3] > 0.7) return color;
        }
        return [255, 255, 255];
    };
    const bad = [];
    for (const node of document.querySelectorAll("body *")) {
        const own = [...node.childNodes].filter((each) => each.nodeType === 3);
        const words = own.map((each) => each.data.trim()).join("");
        if (!words || !node.checkVisibility() || node.closest(":disabled")) continue;
        const [one, other] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < 4.5) bad.push([words.slice(0, 40), ratio.toFixed(2)]);
    }
    return bad;
}"""
"""Texts of the page whose contrast is below WCAG AA."""
TIMES = "() => [...document.querySelectorAll('video')].map(each => each.currentTime)"
"""Positions of the films."""


class Window:
    """A browser window of one user.

    :param user: ``None`` for nobody
    """

    def __init__(
        self, browser: Any, deployment: Deployment, user: str | None, *, dark: bool, size: Any
    ) -> None:
        self.deployment = deployment
        self.context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
        if user is not None:
            cookie = {
                "name": "_token",
                "value": deployment.airflow.token(user),
                "url": deployment.airflow.url,
            }
            self.context.add_cookies([cookie])
        theme = "dark" if dark else "light"
        self.context.add_init_script(f"try {{ localStorage.setItem('theme', '{theme}') }} catch {{}}")
        self.page = self.context.new_page()
        self.requested: list[str] = []
        self.problems: list[str] = []
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("console", lambda message: self._note(message))
        self.page.on("pageerror", lambda error: self._note_error(str(error)))

    def _note_error(self, message: str) -> None:
        # Leaving a page aborts what it is reading.
        if "was aborted" not in message:
            self.problems.append(message)

    def _note(self, message: Any) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.problems.append(message.text)

    def open_alone(self, dag_id: str, run_id: str, task_id: str | None = None) -> Any:
        """Open the page without Airflow's around it."""
        task = "" if task_id is None else f"&task_id={quote(task_id)}&map_index=-1"
        query = f"dag_id={quote(dag_id)}&run_id={quote(run_id, safe='')}{task}"
        self.page.goto(f"{self.deployment.airflow.url}/viapi/index.html?{query}")
        return self.page

    def open(self, dag_id: str, run_id: str, task_id: str | None = None, map_index: int | None = None) -> Any:
        """Open the tab of a task or of a run in Airflow's own page, and return its frame."""
        path = f"/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"
        if task_id is not None:
            mapped = "" if map_index is None else f"/mapped/{map_index}"
            path += f"/tasks/{quote(task_id)}{mapped}/plugin/viapi_task_instance"
        else:
            path += "/plugin/viapi_dag_run"
        self.page.goto(self.deployment.airflow.url + path)
        return self.page.frame_locator("iframe")

    def frame(self) -> Any:
        """Return the frame itself, to run scripts in it."""
        return next(frame for frame in self.page.frames if "/viapi/" in frame.url)

    def check_on_a_phone(self, dag_id: str, run_id: str, task_id: str | None = None) -> None:
        """Check that a page in a narrow window is readable, and no wider than the window."""
        self.open_alone(dag_id, run_id, task_id).locator("h1").wait_for()
        # Media and pages of a list are shown some time after the title.
        self.page.wait_for_timeout(1500)
        assert self.page.evaluate(CONTRAST) == []
        assert self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        self.screenshot(f"phone-{dag_id.replace('_', '-')}-{(task_id or 'run').replace('_', '-')}")

    def screenshot(self, name: str, part: Any = None) -> None:
        """Take a screenshot of the window, or of a part of it, for the documentation."""
        folder = os.environ.get("VIAPI_UI_SCREENSHOTS")
        if folder:
            self.page.wait_for_timeout(700)
            (part or self.page).screenshot(path=str(Path(folder) / f"ui-{name}.jpg"), type="jpeg", quality=80)


Open = Callable[..., Window]
"""Opens a window of a user."""


def plays(frame: Any, label: str, *, seconds: float = 30) -> None:
    """Wait until the video with a label shows a frame.

    :param seconds: within which it must be in the page
    """
    video = frame.locator(f"video[aria-label='{label}']")
    video.wait_for(timeout=1000 * seconds)
    handle = video.element_handle()
    handle.evaluate(
        "video => new Promise((yes, no) => { const look = (n) => video.readyState >= 2 ? yes() : n > 200 ? "
        "no(new Error('no frame')) : setTimeout(() => look(n + 1), 50); look(0); })"
    )
