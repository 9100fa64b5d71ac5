"""Tables of everything a person can choose: name, range, unit, default, help.

Pages build their widgets from these tables, `engine.spec` validates with them, tests walk every entry. A new network,
data source, optimizer or setting is one entry here and the function it names. Imports no torch: what is built lazily
is named by a string ``"module:function"``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from numbers import Real
from typing import Any, Literal

from engine.errors import SpecError
from engine.texts import Text

DEGREES = Text("degrees", "度")
EPOCHS = Text("epochs", "轮")
PICTURES = Text("pictures", "张")
PIXELS = Text("pixels", "像素")


@dataclass(frozen=True)
class Choice:
    """One option of a setting. `builds` names, as ``"module:function"``, what makes it; empty where nothing is built."""

    label: Text
    help: Text
    builds: str = ""

    def load(self) -> Any:
        """Import and return what `builds` names."""
        module, _, attribute = self.builds.partition(":")
        return getattr(import_module(module), attribute)


@dataclass(frozen=True)
class Param:
    """One setting: what it is called, which values it may take, what it means.

    `kind` is the type of value. Numbers lie in [`minimum`, `maximum`] and are stepped by `step` in a widget; a choice
    is a key of `choices`.
    """

    kind: Literal["bool", "int", "float", "choice", "text"]
    default: Any
    label: Text
    help: Text
    minimum: float = -math.inf
    maximum: float = math.inf
    step: float = 1
    unit: Text | None = None
    choices: Mapping[str, Choice] | None = None

    def check(self, value: Any, field: str) -> Any:
        """Return `value` as the setting's own type.

        Raises
        ------
        SpecError
            If it is of another type, not finite, out of range or no choice. `field` says which setting it was.
        """
        name = field.rpartition(".")[2]
        if self.kind == "bool":
            if not isinstance(value, bool):
                raise SpecError("spec.not_a_switch", field=field, name=name, value=value)
            return value
        if self.kind == "text":
            if not isinstance(value, str):
                raise SpecError("spec.not_text", field=field, name=name, value=value)
            return value
        if self.kind == "choice":
            assert self.choices is not None
            if not isinstance(value, str) or value not in self.choices:
                raise SpecError(
                    "spec.not_a_choice", field=field, name=name, value=value, choices=", ".join(self.choices)
                )
            return value
        number = _finite(value)
        if number is None:
            raise SpecError("spec.not_a_number", field=field, name=name, value=value, example=self.default)
        if self.kind == "int" and not number.is_integer():
            raise SpecError("spec.not_whole", field=field, name=name, value=value, example=self.default)
        if not self.minimum <= number <= self.maximum:
            raise SpecError(
                "spec.out_of_range", field=field, name=name, value=value, minimum=self.minimum, maximum=self.maximum
            )
        return int(number) if self.kind == "int" else number


def _finite(value: Any) -> float | None:
    """A number as float; None if it is none, not finite, or too large to be one."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Transform(Param):
    """One augmentation parameter of `ImageDataGenerator`. `on` is the strength a widget starts with when switched on."""

    on: Any = None


SEED = Param(
    "int",
    7,
    Text("Seed", "随机种子"),
    Text(
        "Start of all random numbers: the same seed gives the same result again.",
        "随机数的起点：相同的种子会得到相同的结果。",
    ),
    minimum=0,
    maximum=2**31 - 1,
)

# --- data -----------------------------------------------------------------------------------------------------------

SOURCES: dict[str, Choice] = {
    "shapes": Choice(
        Text("Shapes", "形状"),
        Text(
            "Coloured shapes drawn by FitLab, as many as you like. Needs no download.",
            "由 FitLab 绘制的彩色形状，数量任意，无需下载。",
        ),
        builds="engine.data.shapes:Shapes",
    ),
    "digits": Choice(
        Text("Digits", "数字"),
        Text(
            "1,797 real handwritten digits that come with scikit-learn.", "scikit-learn 自带的 1,797 个真实手写数字。"
        ),
        builds="engine.data.digits:Digits",
    ),
    "folder": Choice(
        Text("Folder", "文件夹"),
        Text(
            "A folder on this computer with one sub-folder per class, with or without train / val / test above them.",
            "本机上的文件夹，每个类别一个子文件夹，上层可有 train / val / test。",
        ),
        builds="engine.data.folder:Folder",
    ),
    "zip": Choice(
        Text("Zip file", "Zip 文件"),
        Text(
            "A zip file of a folder with one sub-folder per class, with or without train / val / test above them.",
            "由每个类别一个子文件夹组成的文件夹的 zip 压缩包，上层可有 train / val / test。",
        ),
        builds="engine.data.archive:Zip",
    ),
    "npz": Choice(
        Text("NumPy file (npz)", "NumPy 文件（npz）"),
        Text(
            "Arrays named as in Keras: x_train, y_train, x_test, y_test.",
            "按 Keras 命名的数组：x_train、y_train、x_test、y_test。",
        ),
        builds="engine.data.npz:Npz",
    ),
}

SPLITS: dict[str, Choice] = {
    "stratified": Choice(
        Text("Random, every class alike", "随机，各类别比例一致"),
        Text("Each class gives the same share, chosen by the seed.", "每个类别按相同比例、由种子随机抽取。"),
    ),
    "last": Choice(
        Text("Last fraction, as Keras", "末尾部分（同 Keras）"),
        Text(
            "The last pictures in file order, not shuffled. Sorted data then lacks whole classes in training.",
            "按文件顺序取末尾，不打乱。若数据按类别排序，训练部分会缺少整个类别。",
        ),
    ),
}

COLORS: dict[str, Choice] = {
    "auto": Choice(
        Text("Automatic", "自动"), Text("Grey only if every picture is grey.", "所有图片均为灰度时才用灰度。")
    ),
    "rgb": Choice(Text("Colour", "彩色"), Text("Three channels: red, green, blue.", "三个通道：红、绿、蓝。")),
    "grayscale": Choice(Text("Grey", "灰度"), Text("One channel of brightness.", "一个亮度通道。")),
}

DATA: dict[str, Param] = {
    "source": Param(
        "choice",
        "shapes",
        Text("Pictures", "图片来源"),
        Text("Where the pictures come from.", "图片从哪里来。"),
        choices=SOURCES,
    ),
    "path": Param(
        "text",
        "",
        Text("Path on this computer", "本机路径"),
        Text(
            "Full path of the folder or file, for example /home/me/pictures.",
            "文件夹或文件的完整路径，例如 /home/me/pictures。",
        ),
    ),
    "n_pictures": Param(
        "int",
        4000,
        Text("Number of pictures", "图片数量"),
        Text("How many shapes to draw.", "绘制多少张形状图片。"),
        minimum=60,
        maximum=100_000,
        step=500,
    ),
    "image_size": Param(
        "int",
        0,
        Text("Picture size", "图片尺寸"),
        Text(
            "Side in pixels to which every picture is resized. 0 = automatic: their own size if all share one of at most "
            "128 pixels, else 96 x 96.",
            "所有图片缩放到的边长（像素）。0 = 自动：若尺寸都相同且不超过 128 像素则保持原尺寸，否则为 96 x 96。",
        ),
        minimum=0,
        maximum=256,
        step=8,
        unit=PIXELS,
    ),
    "color": Param(
        "choice",
        "auto",
        Text("Colour", "颜色"),
        Text("How many channels a picture has.", "图片的通道数。"),
        choices=COLORS,
    ),
    "split": Param(
        "choice",
        "stratified",
        Text("Split", "划分方式"),
        Text(
            "How pictures for validation and test are chosen, where the data does not bring these parts itself.",
            "数据自身不带验证与测试部分时，如何抽取它们。",
        ),
        choices=SPLITS,
    ),
    "validation_fraction": Param(
        "float",
        0.15,
        Text("Validation share", "验证比例"),
        Text(
            "Share of the pictures held back to judge the network after each epoch. It never learns from them.",
            "每轮之后用来评判网络的图片比例，网络从不用它们学习。",
        ),
        minimum=0.05,
        maximum=0.5,
        step=0.05,
    ),
    "test_fraction": Param(
        "float",
        0.15,
        Text("Test share", "测试比例"),
        Text(
            "Share held back for one last judgement at the end of the run.", "留到训练结束时做最后一次评判的图片比例。"
        ),
        minimum=0.0,
        maximum=0.5,
        step=0.05,
    ),
    "seed": SEED,
}

# --- augmentation ---------------------------------------------------------------------------------------------------

FILL_MODES: dict[str, Choice] = {
    "nearest": Choice(
        Text("Nearest", "最近"), Text("Repeat the edge pixel: aaaa|abcd|dddd.", "重复边缘像素：aaaa|abcd|dddd。")
    ),
    "reflect": Choice(
        Text("Reflect", "镜像"), Text("Mirror at the edge: dcba|abcd|dcba.", "在边缘镜像：dcba|abcd|dcba。")
    ),
    "wrap": Choice(
        Text("Wrap", "环绕"), Text("Continue on the other side: abcd|abcd|abcd.", "从另一侧继续：abcd|abcd|abcd。")
    ),
    "constant": Choice(
        Text("Constant", "常数"), Text("One fixed value: kkkk|abcd|kkkk.", "填充固定值：kkkk|abcd|kkkk。")
    ),
}

AUGMENT: dict[str, Param] = {
    "rotation_range": Transform(
        "float",
        0.0,
        Text("Rotation", "旋转"),
        Text(
            "Turns each picture by a random angle up to this many degrees, either way.",
            "把每张图片向任一方向随机旋转，最多这么多度。",
        ),
        minimum=0,
        maximum=180,
        step=1,
        unit=DEGREES,
        on=30.0,
    ),
    "zoom_range": Transform(
        "float",
        0.0,
        Text("Zoom", "缩放"),
        Text(
            "Stretches width and height, each by a random factor between 1 - z and 1 + z.",
            "宽与高各自按 1 - z 到 1 + z 之间的随机系数缩放。",
        ),
        minimum=0,
        maximum=0.9,
        step=0.05,
        on=0.2,
    ),
    "shear_range": Transform(
        "float",
        0.0,
        Text("Shear", "剪切"),
        Text(
            "Slants the picture by a random angle up to this many degrees. Degrees: 0.2 does nothing you can see.",
            "把图片随机倾斜，最多这么多度。单位是度：0.2 几乎看不出。",
        ),
        minimum=0,
        maximum=60,
        step=0.2,
        unit=DEGREES,
        on=12.0,
    ),
    "width_shift_range": Transform(
        "float",
        0.0,
        Text("Shift sideways", "水平平移"),
        Text(
            "Moves the picture left or right by up to this share of its width.", "左右随机平移，最多为宽度的这一比例。"
        ),
        minimum=0,
        maximum=0.9,
        step=0.05,
        on=0.1,
    ),
    "height_shift_range": Transform(
        "float",
        0.0,
        Text("Shift up and down", "垂直平移"),
        Text("Moves the picture up or down by up to this share of its height.", "上下随机平移，最多为高度的这一比例。"),
        minimum=0,
        maximum=0.9,
        step=0.05,
        on=0.1,
    ),
    "horizontal_flip": Transform(
        "bool",
        False,
        Text("Flip left-right", "左右翻转"),
        Text(
            "Mirrors every second picture, by chance. Wrong where left and right matter: letters, digits, arrows.",
            "随机镜像约一半的图片。左右有区别时（字母、数字、箭头）不要使用。",
        ),
        on=True,
    ),
    "vertical_flip": Transform(
        "bool",
        False,
        Text("Flip up-down", "上下翻转"),
        Text(
            "Turns every second picture upside down, by chance. Wrong where up and down matter.",
            "随机上下翻转约一半的图片。上下有区别时不要使用。",
        ),
        on=True,
    ),
    "fill_mode": Param(
        "choice",
        "nearest",
        Text("Fill", "填充方式"),
        Text(
            "What fills the corners that a turned or moved picture leaves empty.",
            "旋转或移动后露出的空白处用什么填充。",
        ),
        choices=FILL_MODES,
    ),
    "cval": Param(
        "float",
        0.0,
        Text("Fill value", "填充值"),
        Text(
            "Brightness that fill mode constant puts into empty corners: 0 black, 255 white.",
            "常数填充所用的亮度：0 为黑，255 为白。",
        ),
        minimum=0,
        maximum=255,
    ),
}

TRANSFORMS: dict[str, Transform] = {name: param for name, param in AUGMENT.items() if isinstance(param, Transform)}


@dataclass(frozen=True)
class Preset:
    """A named set of augmentation parameters; what `values` leaves out keeps its default (off)."""

    label: Text
    help: Text
    values: dict[str, Any]


PRESETS: dict[str, Preset] = {
    "off": Preset(Text("Off", "关闭"), Text("Pictures as they are.", "保持原图。"), {}),
    "light": Preset(
        Text("Light", "轻微"),
        Text("Small turns, moves and zooms that leave every label true.", "小幅旋转、平移与缩放，不会改变标签。"),
        {"rotation_range": 10.0, "zoom_range": 0.1, "width_shift_range": 0.1, "height_shift_range": 0.1},
    ),
    "strong": Preset(
        Text("Strong", "强烈"),
        Text("For few pictures of things that look alike from both sides.", "适合图片较少、左右看起来一样的物体。"),
        {
            "rotation_range": 30.0,
            "zoom_range": 0.2,
            "shear_range": 12.0,
            "width_shift_range": 0.15,
            "height_shift_range": 0.15,
            "horizontal_flip": True,
        },
    ),
    "destructive": Preset(
        Text("Destructive", "破坏性"),
        Text("Far too much, to see what too much does.", "远远过量，用来看看过度增强的后果。"),
        {
            "rotation_range": 180.0,
            "zoom_range": 0.8,
            "shear_range": 45.0,
            "width_shift_range": 0.5,
            "height_shift_range": 0.5,
            "horizontal_flip": True,
            "vertical_flip": True,
        },
    ),
}

# --- networks and training ------------------------------------------------------------------------------------------

NETWORKS: dict[str, Choice] = {
    "small_cnn": Choice(
        Text("Small CNN", "小型 CNN"),
        Text(
            "Convolutions with batch norm and global pooling: quick, and good on small pictures.",
            "带批归一化和全局池化的卷积网络：快，适合小图片。",
        ),
        builds="engine.networks.zoo:small_cnn",
    ),
    "mlp": Choice(
        Text("MLP", "多层感知机"),
        Text(
            "Fully connected layers that see pixels without their neighbourhood: the simplest network, and fastest per step.",
            "全连接层，不看像素的邻域：最简单的网络，每步最快。",
        ),
        builds="engine.networks.zoo:mlp",
    ),
    "resnet": Choice(
        Text("ResNet for small pictures", "小图片 ResNet"),
        Text(
            "Deeper, with shortcuts around its layers: more accurate and several times slower.",
            "更深、带跨层连接：更准确，但慢数倍。",
        ),
        builds="engine.networks.zoo:resnet",
    ),
}

MODES: dict[str, Choice] = {
    "auto": Choice(
        Text("Automatic", "自动"),
        Text("fit_generator where augmentation is on, else fit.", "打开增强时用 fit_generator，否则用 fit。"),
    ),
    "fit": Choice(Text("fit", "fit"), Text("Trains on the pictures in memory, as they are.", "用内存中的原图训练。")),
    "fit_generator": Choice(
        Text("fit_generator", "fit_generator"),
        Text("Trains on an endless stream of batches, augmented on the way.", "用源源不断、途中增强的批次训练。"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Optimizer(Choice):
    """An optimizer, and the learning rate that usually suits it."""

    rate: float


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(
        Text("Adam", "Adam"),
        Text("Adapts the rate of every weight: works almost anywhere.", "为每个权重自动调节步长：几乎处处适用。"),
        builds="engine.training.optimizers:Adam",
        rate=0.003,
    ),
    "adamw": Optimizer(
        Text("AdamW", "AdamW"),
        Text("Adam that also shrinks the weights a little each step.", "每步还略微收缩权重的 Adam。"),
        builds="engine.training.optimizers:AdamW",
        rate=0.003,
    ),
    "sgd": Optimizer(
        Text("SGD", "SGD"),
        Text(
            "Plain steps along the gradient, with momentum 0.9. Wants a rate around 0.05.",
            "沿梯度的普通步长，动量 0.9，学习率约 0.05。",
        ),
        builds="engine.training.optimizers:momentum_sgd",
        rate=0.05,
    ),
    "rmsprop": Optimizer(
        Text("RMSprop", "RMSprop"),
        Text("Divides each step by the recent size of the gradient.", "每步除以近期梯度的大小。"),
        builds="engine.training.optimizers:RMSprop",
        rate=0.001,
    ),
}

SCHEDULES: dict[str, Choice] = {
    "one_cycle": Choice(
        Text("One cycle", "单周期"),
        Text(
            "The rate climbs to the learning rate, then falls to almost nothing: the default recipe.",
            "学习率先升到设定值，再降到接近零：默认方案。",
        ),
    ),
    "cosine": Choice(
        Text("Cosine", "余弦"),
        Text("Falls from the learning rate to zero along a cosine.", "沿余弦曲线从设定值降到零。"),
    ),
    "constant": Choice(Text("Constant", "恒定"), Text("The learning rate stays as it is.", "学习率保持不变。")),
}

CLASS_WEIGHTS: dict[str, Choice] = {
    "none": Choice(Text("Equal", "相同"), Text("Every picture counts the same.", "每张图片同等重要。")),
    "balanced": Choice(
        Text("Balanced", "均衡"),
        Text(
            "Pictures of rare classes count more, so that every class weighs the same.",
            "稀少类别的图片权重更大，使各类别总权重相同。",
        ),
    ),
}

DEVICES: dict[str, Choice] = {
    "auto": Choice(
        Text("Automatic", "自动"),
        Text(
            "An NVIDIA GPU if there is one, else Apple's, else the CPU.",
            "有 NVIDIA GPU 用之，否则 Apple GPU，否则 CPU。",
        ),
    ),
    "cpu": Choice(Text("CPU", "CPU"), Text("The processor.", "处理器。")),
    "cuda": Choice(Text("NVIDIA GPU", "NVIDIA GPU"), Text("A graphics card with CUDA.", "支持 CUDA 的显卡。")),
    "mps": Choice(
        Text("Apple GPU", "Apple GPU"), Text("The graphics part of an Apple chip.", "Apple 芯片的图形单元。")
    ),
}

TRAINING: dict[str, Param] = {
    "network": Param(
        "choice", "small_cnn", Text("Network", "网络"), Text("What learns.", "用什么来学习。"), choices=NETWORKS
    ),
    "mode": Param(
        "choice",
        "auto",
        Text("Mode", "方式"),
        Text("How pictures reach the network.", "图片如何送入网络。"),
        choices=MODES,
    ),
    "epochs": Param(
        "int",
        10,
        Text("Epochs", "轮数"),
        Text("How many times the network sees every training picture.", "网络把所有训练图片看几遍。"),
        minimum=1,
        maximum=1000,
    ),
    "batch_size": Param(
        "int",
        32,
        Text("Batch size", "批大小"),
        Text("Pictures per training step.", "每个训练步使用的图片数。"),
        minimum=1,
        maximum=4096,
        unit=PICTURES,
    ),
    "learning_rate": Param(
        "float",
        0.003,
        Text("Learning rate", "学习率"),
        Text("How far each step moves the weights.", "每步权重移动多远。"),
        minimum=1e-7,
        maximum=100.0,
        step=0.001,
    ),
    "optimizer": Param(
        "choice",
        "adam",
        Text("Optimizer", "优化器"),
        Text("The rule by which a step follows the gradient.", "按梯度更新权重的规则。"),
        choices=OPTIMIZERS,
    ),
    "early_stopping": Param(
        "bool",
        False,
        Text("Early stopping", "提前停止"),
        Text(
            "Stops when the validation loss has not improved for some epochs, and keeps the best weights.",
            "验证损失若干轮没有改善时停止，并保留最好的权重。",
        ),
    ),
    "patience": Param(
        "int",
        5,
        Text("Patience", "耐心"),
        Text("Epochs without improvement before early stopping stops.", "提前停止前容忍多少轮没有改善。"),
        minimum=1,
        maximum=100,
        unit=EPOCHS,
    ),
    "schedule": Param(
        "choice",
        "one_cycle",
        Text("Rate schedule", "学习率策略"),
        Text("How the learning rate changes during the run.", "训练过程中学习率如何变化。"),
        choices=SCHEDULES,
    ),
    "class_weight": Param(
        "choice",
        "none",
        Text("Class weights", "类别权重"),
        Text("How much pictures of each class count.", "各类别图片的权重。"),
        choices=CLASS_WEIGHTS,
    ),
    "steps_per_epoch": Param(
        "int",
        0,
        Text("Steps per epoch", "每轮步数"),
        Text(
            "Batches that make an epoch in fit_generator. 0 = as many as show every picture once.",
            "fit_generator 每轮的批数。0 = 恰好看完所有图片一遍。",
        ),
        minimum=0,
        maximum=1_000_000,
    ),
    "workers": Param(
        "int",
        1,
        Text("Workers", "工作线程"),
        Text(
            "Threads that prepare batches for fit_generator. 0 = none, in turn with training.",
            "为 fit_generator 准备批次的线程数。0 = 不用线程，与训练交替进行。",
        ),
        minimum=0,
        maximum=64,
    ),
    "max_queue_size": Param(
        "int",
        10,
        Text("Queue size", "队列长度"),
        Text("Batches prepared ahead at most.", "最多提前准备多少批。"),
        minimum=1,
        maximum=1000,
    ),
    "device": Param("choice", "auto", Text("Device", "设备"), Text("What computes.", "用什么计算。"), choices=DEVICES),
    "seed": SEED,
}
