"""What a GPU is for: augmentation there, small networks whose steps are all launching, and one that fills the GPU.

Every row is skipped where there is no NVIDIA GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.compare import RowError
from benchmarks.peers import generator, train
from benchmarks.peers.augment import SETTINGS

if TYPE_CHECKING:
    import torch
    from torch import nn

TITLE = "on a GPU"

N_BATCHES = 64  # of augmented pictures per step
AT_ONCE = 8  # batches that the loop written by hand augments by one launch

Step = Callable[[], int]


def device() -> torch.device:
    """The GPU.

    Raises
    ------
    RowError
        If there is none.
    """
    import torch

    if not torch.cuda.is_available():
        raise RowError("there is no NVIDIA GPU")
    return torch.device("cuda")


def wait_for(where: torch.device) -> None:
    """Let the GPU finish what it was given."""
    import torch

    if where.type == "cuda":
        torch.cuda.synchronize(where)


@dataclass(frozen=True)
class Pictures:
    """Noise, and how it is cut into batches."""

    n: int
    batch: int

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Uint8 (n, 32, 32, 3), and labels."""
        rng = np.random.default_rng(0)
        return rng.integers(0, 256, (self.n, 32, 32, 3), np.uint8), rng.integers(0, train.N_CLASSES, self.n)

    def flow(self, settings: dict[str, Any]) -> Any:
        """A flow over them."""
        from engine import ImageDataGenerator

        return ImageDataGenerator(rescale=1 / 255, **settings).flow(*self.data(), batch_size=self.batch, seed=0)


class Augmentation(Pictures):
    """Batches alone, of which none is used."""

    def ours(self, settings: dict[str, Any]) -> Step:
        """As `fit_generator` gets them."""
        from engine.training import feeds, stream

        where = device()
        feed = feeds.DeviceFlowFeed(self.flow(settings), feeds.Reading(where))
        intake, queue = stream.Intake(where, "channels_last", None), stream.Queue(workers=8, max_queue_size=64)
        batches = stream.stream(feed, intake, lambda item: None, count(), queue)

        def step() -> int:
            n = sum(len(batch.inputs) for batch in islice(batches, N_BATCHES))
            wait_for(where)
            return n

        return step


@dataclass(frozen=True)
class Small:
    """The CNN of the topic `train`, from arrays."""

    case: train.Case

    def ours(self, settings: dict[str, Any]) -> Step:
        """`Model.fit`, which finds the GPU itself."""
        return train.fitlab(self.case)

    def by_hand(self) -> Step:
        """The same loop as there."""
        return train.loop(self.case, device())


@dataclass(frozen=True)
class Augmented:
    """The CNN of the topic `generator`."""

    case: generator.Case

    def ours(self, settings: dict[str, Any]) -> Step:
        """`Model.fit_generator`, which finds the GPU itself."""
        return generator.fitlab(settings)(self.case)


class Large(Pictures):
    """ResNet-18 for small pictures."""

    def network(self) -> nn.Module:
        """With a 3x3 stem, without pooling, for ten classes."""
        from torch import nn
        from torchvision.models import resnet18

        network = resnet18(num_classes=train.N_CLASSES)
        network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        network.maxpool = nn.Identity()
        return network

    def ours(self, settings: dict[str, Any]) -> Step:
        """`Model.fit_generator`."""
        from engine import Model

        model = Model(self.network(), seed=0, device=device(), precision="mixed_bfloat16")
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        flow = self.flow(settings)
        return lambda: model.fit_generator(flow, epochs=1, verbose=0) and self.n

    def by_hand(self) -> Step:
        """A loop tuned for the GPU: data there, one launch augments several batches, nothing is waited for."""
        import torch
        from torch.nn.functional import cross_entropy

        from engine import ImageDataGenerator
        from engine.augment import warp_cuda

        where = device()
        torch.backends.cudnn.benchmark = True
        network = self.network().to(where, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
        images, labels = (torch.from_numpy(values).to(where) for values in self.data())
        augmentation = ImageDataGenerator(rescale=1 / 255, **SETTINGS)

        def step() -> int:
            loss_sum, hits = torch.zeros((), device=where), torch.zeros((), dtype=torch.int64, device=where)
            order = np.random.permutation(self.n)
            for start in range(0, self.n, AT_ONCE * self.batch):
                rows = order[start : start + AT_ONCE * self.batch]
                pictures = warp_cuda.augment(augmentation, images, rows, 0, 0).permute(0, 3, 1, 2)
                answers = labels[warp_cuda.upload(where, rows)[0]]
                for inputs, targets in zip(pictures.split(self.batch), answers.split(self.batch), strict=True):
                    with torch.autocast(where.type, torch.bfloat16):
                        loss = cross_entropy(outputs := network(inputs), targets)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    with torch.no_grad():
                        loss_sum += loss * len(targets)
                        hits += (outputs.argmax(1) == targets).sum()
            float(loss_sum), int(hits)
            return self.n

        return step


AUGMENTATION = "augmentation 32x32x3, batch 1024"
SMALL = "CNN 28x28, batch 32"
AUGMENTED = "CNN 28x28, batch 32, augmented"
LARGE = "ResNet-18 32x32, bfloat16, batch 512, augmented"
CASES: dict[str, Any] = {
    AUGMENTATION: Augmentation(50_000, 1024),
    SMALL: Small(train.Case("cnn", 32, 16_384)),
    AUGMENTED: Augmented(generator.Case("cnn", 16_384)),
    LARGE: Large(25_600, 512),
}


def without_triton(case: Augmentation) -> Step:
    """Ours without the fused kernel."""
    from engine.augment import warp_cuda

    warp_cuda.warp = warp_cuda.gather  # type: ignore[assignment]
    return case.ours(SETTINGS)


def kornia(case: Augmentation) -> Step:
    """Its batched augmentation."""
    import kornia.augmentation as K
    import torch

    where = device()
    transform = K.AugmentationSequential(
        K.RandomAffine(30, (0.1, 0.1), (0.8, 1.2), 12, padding_mode="border", p=1.0), K.RandomHorizontalFlip(p=0.5)
    )
    images = torch.from_numpy(case.data()[0]).to(where).permute(0, 3, 1, 2)

    def step() -> int:
        for _ in range(N_BATCHES):
            transform(images[torch.randint(case.n, (case.batch,), device=where)].float() / 255)
        wait_for(where)
        return N_BATCHES * case.batch

    return step


def _there(row: Callable[[Any], Step]) -> Callable[[Any], Step]:
    """The row, where there is a GPU to find."""

    def prepare(case: Any) -> Step:
        device()
        return row(case)

    return prepare


ROWS: dict[str, Callable[[Any], Step]] = {
    "FitLab": _there(lambda case: case.ours(SETTINGS)),
    "FitLab without augmentation": _there(lambda case: case.ours({})),
    "FitLab without Triton": without_triton,
    "hand-written loop": lambda case: case.by_hand(),
    "plain loop, DataLoader": lambda case: train.plain_loop(case.case, device()),
    "Keras on torch": _there(lambda case: train.ROWS["Keras on torch"](case.case)),
    "kornia": kornia,
}
ONLY = {
    AUGMENTATION: ["FitLab", "FitLab without Triton", "kornia"],
    SMALL: ["FitLab", "hand-written loop", "plain loop, DataLoader", "Keras on torch"],
    AUGMENTED: ["FitLab", "FitLab without augmentation"],
    LARGE: ["FitLab", "FitLab without augmentation", "hand-written loop"],
}

# At least this many times their rate.
BARS = {
    (SMALL, "Keras on torch"): 10,
    (SMALL, "plain loop, DataLoader"): 3,
    (AUGMENTED, "FitLab without augmentation"): 0.95,
    (LARGE, "FitLab without augmentation"): 0.95,
    (LARGE, "hand-written loop"): 0.95,
}

# At least so many pictures per second.
AIMS = {AUGMENTATION: 20e6}
