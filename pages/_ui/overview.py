"""The Data page's view of a data set: how many of what, some pictures, sizes, and what was left out."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from engine.data import sheet
from engine.data.dataset import Dataset
from engine.data.split import missing_classes
from engine.errors import EngineError
from pages._ui import numbers, pictures, state, widgets
from pages._ui.texts import t

N_SAMPLES = 24
N_NAMED = 8  # classes named in a sentence, at most
PARTS = ("train", "validation", "test")


def overview(dataset: Dataset) -> None:
    """Draw everything there is to know about a data set before training."""
    _facts(dataset)
    st.html(counts_table(dataset))
    _missing_classes(dataset)
    _samples(dataset)
    _left_out(dataset)


def _facts(dataset: Dataset) -> None:
    n, height, width, channels = dataset.images.shape
    facts = {
        "data.pictures": numbers.count(n),
        "data.classes": numbers.count(len(dataset.class_names)),
        "data.size": f"{width} × {height}",
        "data.channels": t("data.colour" if channels == 3 else "data.grey"),
    }
    with st.container(horizontal=True, gap="large"):
        for key, value in facts.items():
            st.metric(t(key), value, width="content")
    st.caption(_sizes(dataset))


def _sizes(dataset: Dataset) -> str:
    """One sentence about the pictures' own sizes."""
    smallest, largest = dataset.sizes.min(axis=0), dataset.sizes.max(axis=0)
    height, width = dataset.images.shape[1:3]
    if (smallest == largest).all():
        key = "data.sizes_kept" if tuple(smallest) == (width, height) else "data.sizes_one"
    else:
        key = "data.sizes_many"
    middle = np.median(dataset.sizes, axis=0).astype(int)
    values = {"smallest": smallest, "largest": largest, "middle": middle, "made": (width, height)}
    return t(key, **{name: f"{size[0]} × {size[1]}" for name, size in values.items()})


def counts_table(dataset: Dataset) -> str:
    """Pictures per class and part as an HTML table, with a bar per class in the parts' colours."""
    counts = np.array(
        [np.bincount(dataset.labels[dataset.parts[part]], minlength=len(dataset.class_names)) for part in PARTS]
    )
    most = max(1, counts.sum(axis=0).max())
    heads = "".join(
        f'<th class="fl-number"><i style="background:var(--fl-{part})"></i>{escape(t(f"data.part.{part}"))}</th>'
        for part in PARTS
    )
    rows = [_row(name, counts[:, k], most) for k, name in enumerate(dataset.class_names)]
    total = "".join(f'<td class="fl-number">{numbers.count(n)}</td>' for n in counts.sum(axis=1))
    return (
        f'<div class="fl-counts" tabindex="0" role="region" aria-label="{escape(t("data.counts"))}"><table>'
        f"<thead><tr><th>{escape(t('data.class'))}</th><th></th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody>"
        f"<tfoot><tr><td>{escape(t('data.total'))}</td><td></td>{total}</tr></tfoot></table></div>"
    )


def _row(name: str, counts: np.ndarray, most: int) -> str:
    bars = "".join(
        f'<i style="width:{100 * n / most:.2f}%; background:var(--fl-{part})"></i>'
        for part, n in zip(PARTS, counts, strict=True)
    )
    cells = "".join(f'<td class="fl-number">{numbers.count(n)}</td>' for n in counts)
    return f'<tr><td title="{escape(name)}">{escape(name)}</td><td class="fl-share"><div>{bars}</div></td>{cells}</tr>'


def _missing_classes(dataset: Dataset) -> None:
    """What a split by file order does to data sorted by class, said before a training is wasted on it."""
    lacking = missing_classes(dataset.labels, dataset.parts, dataset.class_names)
    for part, names in lacking.items():
        shown = [*names[:N_NAMED], *(["…"] if len(names) > N_NAMED else [])]
        classes = widgets.plain(t("list.comma").join(shown))
        st.warning(t("data.missing_classes", part=t(f"data.part.{part}"), classes=classes), icon=":material/warning:")


# --- pictures -------------------------------------------------------------------------------------------------------


@st.fragment
def _samples(dataset: Dataset) -> None:
    st.subheader(t("data.samples"), anchor=False)
    st.caption(t("data.samples_help"))
    chosen = sample_numbers(len(dataset.images), state.choice("data.page", 0))
    tiles = [pictures.Tile(dataset.images[k], dataset.class_names[dataset.labels[k]], dataset.names[k]) for k in chosen]
    clicked = pictures.gallery("samples", tiles, label=t("data.samples"), columns=8, narrow=4, clickable=True)
    st.button(t("data.other_samples"), key="other_samples", icon=":material/shuffle:", on_click=_next_page)
    if clicked is not None:
        title = widgets.plain(dataset.class_names[dataset.labels[chosen[clicked]]])
        st.dialog(title)(_large)(dataset, chosen[clicked])


def sample_numbers(n: int, page: int) -> list[int]:
    """Which pictures stand on a page of the sample grid: a random order that is always the same, page by page."""
    n_shown = min(n, N_SAMPLES)
    positions = np.arange(page * n_shown, (page + 1) * n_shown) % n
    return np.random.default_rng(0).permutation(n)[positions].tolist()


def _next_page() -> None:
    state.choose(**{"data.page": state.choice("data.page", 0) + 1})


def _large(dataset: Dataset, number: int) -> None:
    """One picture in its own size, and which file it is."""
    try:
        image = dataset.original(number)
    except EngineError as error:
        widgets.problem(error)
        return
    small = max(image.shape[:2]) <= pictures.LARGE
    shown = sheet.thumbnail(image, pictures.LARGE) if small else image
    st.image(sheet.encode_png(shown), alt=dataset.names[number], width="stretch")
    height, width = image.shape[:2]
    part = next((part for part in PARTS if number in dataset.parts[part]), "none")
    st.markdown(widgets.plain(dataset.names[number]))
    st.caption(t("data.large", size=f"{width} × {height}", part=t(f"data.part.{part}")))


def _left_out(dataset: Dataset) -> None:
    if not dataset.left_out:
        return
    with st.expander(t("data.left_out", n=len(dataset.left_out)), key="left_out", icon=":material/report:"):
        st.caption(t("data.left_out_says"))
        rows = {
            t("data.file"): [each.name for each in dataset.left_out],
            t("data.reason"): [each.text(state.language()) for each in dataset.left_out],
        }
        st.dataframe(rows, hide_index=True, width="stretch")
