"""A run's settings: frozen dataclasses that turn into JSON and back, validated by the catalog.

`RunSpec` is the only thing a page hands to the engine, and all a worker needs to repeat a run. The classes below carry
no ranges of their own: names, defaults and limits stand in `engine.catalog`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Self

from engine import catalog
from engine.errors import SpecError


def _default(table: dict[str, catalog.Param], name: str) -> Any:
    return field(default=table[name].default)


@dataclass(frozen=True)
class Part:
    """Base of a spec's parts: fields are checked with the part's catalog table when it is made."""

    name: ClassVar[str]
    table: ClassVar[dict[str, catalog.Param]]

    def __post_init__(self) -> None:
        for key, param in self.table.items():
            object.__setattr__(self, key, param.check(getattr(self, key), f"{self.name}.{key}"))

    @classmethod
    def from_json(cls, stored: Any) -> Self:
        """Rebuild a part from `asdict`'s output.

        Raises
        ------
        SpecError
            If `stored` is no mapping, has unknown names, or a value is not allowed.
        """
        return _build(cls, stored)


@dataclass(frozen=True)
class DataSpec(Part):
    """Which pictures, at which size, and how they are split. Meaning and limits: `engine.catalog.DATA`."""

    name = "data"
    table = catalog.DATA

    source: str = _default(catalog.DATA, "source")
    path: str = _default(catalog.DATA, "path")
    n_pictures: int = _default(catalog.DATA, "n_pictures")
    image_size: int = _default(catalog.DATA, "image_size")
    color: str = _default(catalog.DATA, "color")
    split: str = _default(catalog.DATA, "split")
    validation_fraction: float = _default(catalog.DATA, "validation_fraction")
    test_fraction: float = _default(catalog.DATA, "test_fraction")
    seed: int = _default(catalog.DATA, "seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        held_out = self.validation_fraction + self.test_fraction
        if held_out > 0.9:
            raise SpecError("spec.too_much_held_out", field="data.test_fraction", percent=100 * held_out)


@dataclass(frozen=True)
class AugmentSpec(Part):
    """Strengths of the seven transforms and the fill mode. Meaning and limits: `engine.catalog.AUGMENT`."""

    name = "augment"
    table = catalog.AUGMENT

    rotation_range: float = _default(catalog.AUGMENT, "rotation_range")
    zoom_range: float = _default(catalog.AUGMENT, "zoom_range")
    shear_range: float = _default(catalog.AUGMENT, "shear_range")
    width_shift_range: float = _default(catalog.AUGMENT, "width_shift_range")
    height_shift_range: float = _default(catalog.AUGMENT, "height_shift_range")
    horizontal_flip: bool = _default(catalog.AUGMENT, "horizontal_flip")
    vertical_flip: bool = _default(catalog.AUGMENT, "vertical_flip")
    fill_mode: str = _default(catalog.AUGMENT, "fill_mode")
    cval: float = _default(catalog.AUGMENT, "cval")

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the transforms that are switched on."""
        return tuple(name for name in catalog.TRANSFORMS if getattr(self, name))

    @classmethod
    def preset(cls, name: str) -> AugmentSpec:
        """The spec of one entry of `engine.catalog.PRESETS`."""
        return cls(**catalog.PRESETS[name].values)


@dataclass(frozen=True)
class TrainSpec(Part):
    """Network, mode and recipe. Meaning and limits: `engine.catalog.TRAINING`."""

    name = "training"
    table = catalog.TRAINING

    network: str = _default(catalog.TRAINING, "network")
    mode: str = _default(catalog.TRAINING, "mode")
    epochs: int = _default(catalog.TRAINING, "epochs")
    batch_size: int = _default(catalog.TRAINING, "batch_size")
    learning_rate: float = _default(catalog.TRAINING, "learning_rate")
    optimizer: str = _default(catalog.TRAINING, "optimizer")
    early_stopping: bool = _default(catalog.TRAINING, "early_stopping")
    patience: int = _default(catalog.TRAINING, "patience")
    schedule: str = _default(catalog.TRAINING, "schedule")
    class_weight: str = _default(catalog.TRAINING, "class_weight")
    steps_per_epoch: int = _default(catalog.TRAINING, "steps_per_epoch")
    workers: int = _default(catalog.TRAINING, "workers")
    max_queue_size: int = _default(catalog.TRAINING, "max_queue_size")
    device: str = _default(catalog.TRAINING, "device")
    seed: int = _default(catalog.TRAINING, "seed")


@dataclass(frozen=True)
class ScriptCall:
    """What a program of its own trained with, for people to read: the app cannot repeat such a run.

    Parameters
    ----------
    program : str
        Name of the program's file, or "notebook".
    network : str
        Name of the network's class.
    method : str
        ``"fit"`` or ``"fit_generator"``.
    optimizer : str
        Name of the optimizer's class.
    learning_rate : float
        Its rate at the beginning.
    epochs : int
        How many it was to train.
    """

    program: str
    network: str
    method: str
    optimizer: str
    learning_rate: float
    epochs: int

    def __post_init__(self) -> None:
        kinds: dict[str, Any] = {"str": str, "float": (int, float), "int": int}
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, kinds[str(each.type)]):
                raise SpecError("spec.not_a_spec", problem=f"{value!r} as {each.name}")


@dataclass(frozen=True)
class RunSpec:
    """Everything that decides a run.

    Parameters
    ----------
    data, augment, training
        The three parts.
    title : str
        What the run is called on the pages; empty = named after data and network.
    manifest : dict or None
        What the data was when the run started (names, sizes, hashes, parts), as `engine.data` describes it. The worker
        fills it in.
    torch_threads : int or None
        Thread count the worker chose; results are bit-equal only at equal counts. The worker fills it in.
    script : ScriptCall or None
        For a run that a program of its own trains: how. The three parts then say nothing.
    """

    data: DataSpec = field(default_factory=DataSpec)
    augment: AugmentSpec = field(default_factory=AugmentSpec)
    training: TrainSpec = field(default_factory=TrainSpec)
    title: str = ""
    manifest: dict[str, Any] | None = None
    torch_threads: int | None = None
    script: ScriptCall | None = None

    @property
    def mode(self) -> str:
        """The training mode with "auto" resolved: ``"fit"`` or ``"fit_generator"``."""
        if self.training.mode != "auto":
            return self.training.mode
        return "fit_generator" if self.augment.active else "fit"

    def check(self) -> None:
        """Check what no part can see alone.

        Raises
        ------
        SpecError
            If a data source lacks its path, or mode fit meets augmentation.
        """
        if self.data.source in ("folder", "zip", "npz") and not self.data.path:
            raise SpecError("spec.no_path", field="data.path", source=self.data.source)
        if self.training.mode == "fit" and self.augment.active:
            raise SpecError("spec.fit_with_augmentation", field="training.mode", active=", ".join(self.augment.active))

    def to_json(self) -> str:
        """The spec as JSON text; `from_json` reads it back equal."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Read a spec written by `to_json`.

        Raises
        ------
        SpecError
            If the text is no JSON object, has unknown names, or a value is not allowed.
        """
        try:
            stored = json.loads(text)
        except ValueError as error:
            raise SpecError("spec.not_a_spec", problem=str(error)) from None
        if not isinstance(stored, dict):
            raise SpecError("spec.not_a_spec", problem=type(stored).__name__)
        parts = {part.name: part.from_json(stored.pop(part.name, {})) for part in (DataSpec, AugmentSpec, TrainSpec)}
        if stored.get("script") is not None:
            parts["script"] = _build(ScriptCall, stored["script"])
        return _build(cls, {**stored, **parts})


def _build(cls: type, stored: Any) -> Any:
    """Make a dataclass from a mapping, refusing names it does not have."""
    if not isinstance(stored, dict):
        raise SpecError("spec.not_a_spec", problem=type(stored).__name__)
    known = {f.name for f in fields(cls)}
    if unknown := set(stored) - known:
        raise SpecError("spec.unknown_fields", known=", ".join(sorted(known)), unknown=", ".join(sorted(unknown)))
    return cls(**stored)
