"""The app under Streamlit's AppTest: real pages and real data, but no lane, and preparation in this process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from engine.data import prepare
from engine.errors import EngineError
from engine.paths import PROJECT
from engine.runs import lane
from pages._ui import warm_up


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the app as a new session; `page` and the address's parameters are as in a browser."""
    monkeypatch.setattr(warm_up, "start", lambda: None)
    monkeypatch.setattr(warm_up, "kernel_ready", lambda: True)
    monkeypatch.setattr(lane, "ensure", lambda *_: None)
    monkeypatch.setattr("engine.runs.store.ensure", lambda *_: None)
    monkeypatch.setattr(prepare, "start", _prepare_here)
    monkeypatch.setattr(PagesManager, "__init__", _init_after_navigation)

    def open_(page: str = "start", **query: str) -> AppTest:
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        return app if page == "start" else go(app, page)

    return open_


def go(app: AppTest, page: str) -> AppTest:
    """Switch to a page, as a click in the navigation does: the address's parameters are lost."""
    app.query_params.clear()
    return app.switch_page(f"pages/{page}.py").run()


def texts(app: AppTest) -> str:
    """All sentences on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.info)
    return "\n".join(element.value for kind in kinds for element in kind)


@pytest.fixture
def picture_folder(tmp_path: Path) -> Path:
    """A folder with two classes of ten small pictures each."""
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for k in range(10):
            pixels = rng.integers(0, 256, (20, 24, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "pets" / name / f"{k}.png"), pixels)
    return tmp_path / "pets"


_init = PagesManager.__init__


def _init_after_navigation(self: PagesManager, *args: object, **kwargs: object) -> None:
    """AppTest forgets with every run that the app has called `st.navigation`; a server remembers."""
    _init(self, *args, **kwargs)
    PagesManager.uses_pages_directory = False


def _prepare_here(spec) -> None:
    with suppress(EngineError):  # stored beside the data, where the page finds it
        prepare.ensure(spec)
