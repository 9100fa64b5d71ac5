"""Pictures on a page: grids with names below, in which a click can choose one, and contact sheets.

Pixels and files come from `engine.data.sheet`; equal pixels give equal bytes in the browser.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from engine.data import sheet

THUMBNAIL = 160  # pixels; larger pictures are made smaller for grids
LARGE = 480  # pixels of a single picture, at most
CELL = 144  # pixels of one picture on a contact sheet, at most

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
    stored = [{"src": data_uri(tile.image), "name": tile.name, "alt": tile.alt} for tile in tiles]
    data = {
        "tiles": stored,
        "label": label,
        "columns": columns,
        "narrow": narrow,
        "clickable": clickable,
        "chosen": chosen,
    }
    result = _gallery(key=key, data=data, on_clicked_change=lambda: None)
    return None if result.clicked is None else int(result.clicked)


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


def contact_sheet(images: np.ndarray, columns: int, cell: int = CELL) -> bytes:
    """One PNG with pictures (n, h, w, c), uint8 or floats 0..255, on a grid.

    A cell is the largest whole multiple of the pictures' size up to `cell` pixels, so that nothing is blurred.
    """
    longest = max(images.shape[1:3])
    side = longest * (cell // longest) if longest <= cell else cell
    return sheet.encode_png(sheet.contact_sheet([sheet.to_uint8(image) for image in images], columns, side))
