"""Pictures on a page: grids with names below, in which a click can choose one, and contact sheets.

Pixels and files come from `engine.data.sheet`; equal pixels give equal bytes in the browser.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from engine.data import sheet

THUMBNAIL = 160  # pixels; larger pictures are made smaller for grids
LARGE = 480  # pixels of a single picture, at most
CELL, SHRUNK = 144, 120  # pixels of one picture on a contact sheet, at most: of a small one, and of a larger one
REST_S = 0.6  # for so long settings must have rested, before a grid that can wait follows them

_HERE = Path(__file__).parent
_gallery = st.components.v2.component(
    "fitlab_gallery",
    css=(_HERE / "gallery.css").read_text(encoding="utf-8"),
    js=(_HERE / "gallery.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Tile:
    """One picture of a grid.

    Parameters
    ----------
    image : np.ndarray
        (h, w, c) uint8, or floats 0..255.
    name : str
        Stands below it.
    alt : str
        Says what it is to who cannot see it, and on hovering.
    """

    image: np.ndarray
    name: str
    alt: str


def gallery(
    key: str,
    tiles: Iterable[Tile],
    *,
    label: str,
    columns: int = 8,
    narrow: int = 4,
    clickable: bool = False,
    chosen: int | None = None,
) -> int | None:
    """Draw a grid of pictures; returns the number of the one just clicked, else None.

    Parameters
    ----------
    key : str
        Names the grid; also its CSS class ``st-key-...``.
    tiles : iterable of Tile
        The pictures.
    label : str
        What the grid shows, for who cannot see it.
    columns, narrow : int
        Pictures beside each other, and on a phone.
    clickable : bool
        Whether a click on a picture is an answer.
    chosen : int, optional
        The picture to mark.
    """
    look = {"label": label, "columns": columns, "narrow": narrow, "clickable": clickable, "chosen": chosen}
    result = _gallery(key=key, data={"tiles": _stored(tiles), **look}, on_clicked_change=lambda: None)
    return None if result.clicked is None else int(result.clicked)


@st.fragment
def patient_gallery(
    key: str, settings: str, tiles: Callable[[], Iterable[Tile]], *, label: str, columns: int = 8, narrow: int = 4
) -> None:
    """A grid of pictures that follows settings as soon as these rest; until then the browser keeps the one it has.

    Many pictures take longer to make, to send and to draw than the few that a person who moves a slider looks at.

    Parameters
    ----------
    key, label, columns, narrow
        As in `gallery`.
    settings : str
        All that the pictures follow from.
    tiles : callable
        Makes the pictures.
    """
    shown, asked = f"{key}.shown", f"{key}.asked"
    before = st.session_state.get(shown, settings)
    if st.session_state.pop(asked, False) or before == settings:
        st.session_state[shown] = settings
        stored = _stored(tiles())
    else:
        stored = None
    look = {"label": label, "columns": columns, "narrow": narrow, "settings": settings, "rest_ms": 1_000 * REST_S}
    _gallery(key=key, data={"tiles": stored, **look}, on_asked_change=lambda: st.session_state.update({asked: True}))


def _stored(tiles: Iterable[Tile]) -> list[dict[str, str]]:
    return [{"src": data_uri(tile.image), "name": tile.name, "alt": tile.alt} for tile in tiles]


def data_uri(image: np.ndarray) -> str:
    """A picture inside an address: equal pixels give equal text. One of more than `THUMBNAIL` pixels becomes a JPEG."""
    small = sheet.to_uint8(image)
    if max(small.shape) > THUMBNAIL:
        kind, data = "jpeg", sheet.encode_jpeg(sheet.thumbnail(small, THUMBNAIL))
    else:
        kind, data = "png", sheet.encode_png(small)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def batch_tiles(inputs: np.ndarray, labels: Sequence[int], class_names: Sequence[str]) -> list[Tile]:
    """The pictures of a batch as tiles named by class.

    Parameters
    ----------
    inputs : np.ndarray
        (n, h, w, c) float32, 0..255.
    labels : sequence of int
        (n,) class numbers.
    class_names : sequence of str
        Names of the classes.
    """
    names = [class_names[label] for label in labels]
    alts = (f"{number}: {name}" for number, name in enumerate(names, start=1))
    return [Tile(*parts) for parts in zip(inputs, names, alts, strict=True)]


def contact_sheet(images: np.ndarray, columns: int) -> bytes:
    """One PNG with pictures (n, h, w, c), uint8 or floats 0..255, on a grid.

    A cell is the largest whole multiple of the pictures' size up to `CELL` pixels, so that nothing is blurred; larger
    pictures are shrunk.
    """
    longest = max(images.shape[1:3])
    side = longest * (CELL // longest) or SHRUNK
    return sheet.encode_png(sheet.contact_sheet([sheet.to_uint8(image) for image in images], columns, side))


@st.cache_data(max_entries=64, show_spinner=False)
def large(image: np.ndarray) -> bytes:
    """A PNG of one picture (h, w, c), uint8 or floats 0..255, as near to `LARGE` pixels as it gets without blur."""
    return sheet.encode_png(sheet.thumbnail(sheet.to_uint8(image), LARGE))
