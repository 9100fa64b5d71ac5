"""Every text a person reads on the pages, in every language, one section per page.

Names and help of settings stand in `engine.catalog`, error messages in `engine.texts`. Texts are Markdown.
"""

from __future__ import annotations

from typing import Any

from engine.texts import Text
from pages._ui import state

SHELL: dict[str, Text] = {
    "nav.start": Text("Start", "开始"),
    "nav.data": Text("Data", "数据"),
    "nav.augment": Text("Augment", "增强"),
    "nav.train": Text("Train", "训练"),
    "nav.watch": Text("Watch", "观看"),
    "shell.other_language": Text("中文", "English"),
    "shell.language_help": Text("把界面切换为中文", "Show the pages in English"),
}

START: dict[str, Text] = {
    "start.title": Text("Watch a network learn from pictures", "看神经网络从图片中学习"),
    "start.sentence": Text(
        "Choose pictures, see what augmentation does to them, press one button, and follow the training live. "
        "Everything stays on this computer.",
        "选择图片，看数据增强如何改变它们，按下一个按钮，实时观看训练过程。所有内容都留在本机。",
    ),
    "start.train_now": Text("Train now", "立即训练"),
    "start.train_now_says": Text(
        "{n:,} drawn shapes, a small CNN, and the augmentation set below. Takes about a minute.",
        "{n:,} 张绘制的形状图片、小型 CNN，以及下方设置的增强。大约需要一分钟。",
    ),
    "start.strip": Text(
        "What augmentation makes of eight pictures",
        "数据增强对八张图片的作用",
    ),
    "start.strip_label": Text("Eight pictures, augmented", "八张经过增强的图片"),
    "start.augmented_as": Text("{name}, augmented", "{name}，已增强"),
    "start.warming": Text("Getting ready: pictures as they are.", "正在准备：暂为原图。"),
    "start.live": Text(
        "Drag a slider: the pictures follow. Train now uses these strengths.",
        "拖动滑块，图片随之变化。“立即训练”使用这里的强度。",
    ),
    "start.shift": Text("Shift", "平移"),
    "start.shift_help": Text(
        "Moves the picture in each direction by up to this share of its side.",
        "向各方向随机平移，最多为边长的这一比例。",
    ),
    "start.my_images": Text("My images", "我的图片"),
    "start.my_images_says": Text(
        "A folder with one sub-folder per class, a zip of it, or a NumPy file.",
        "每个类别一个子文件夹的文件夹、其 zip 压缩包，或 NumPy 文件。",
    ),
    "start.choose_images": Text("Choose pictures", "选择图片"),
    "start.past_runs": Text("Past runs", "历史训练"),
    "start.no_runs": Text("Nothing trained yet. Your runs will stand here.", "还没有训练。您的训练会显示在这里。"),
    "start.run_accuracy": Text("Validation accuracy {accuracy}", "验证准确率 {accuracy}"),
}

DATA: dict[str, Text] = {}

AUGMENT: dict[str, Text] = {}

TRAIN: dict[str, Text] = {
    "train.title": Text("Train", "训练"),
    "train.data": Text(
        "{n} pictures in {classes} classes: {train} to learn from, {validation} to check with, {test} for the final test.",
        "共 {n} 张图片、{classes} 个类别：{train} 张用于学习，{validation} 张用于验证，{test} 张用于最终测试。",
    ),
    "train.data_unread": Text("{source}, not read yet.", "{source}，尚未读取。"),
    "train.change": Text("Change", "更改"),
    "train.no_augmentation": Text("No augmentation: pictures as they are.", "不做增强：使用原图。"),
    "train.augmentation": Text("Augmentation: {names}.", "增强：{names}。"),
    "train.network": Text("Network", "网络"),
    "train.why.auto.fit_generator": Text(
        "{pictures} fit in memory and augmentation is on: **fit_generator** draws new variations for each batch.",
        "{pictures}可全部放入内存，并且已打开增强：**fit_generator** 会为每个批次绘制新的变化。",
    ),
    "train.why.auto.fit": Text(
        "{pictures} fit in memory and augmentation is off: **fit** shows them as they are, in a new order each epoch.",
        "{pictures}可全部放入内存，并且未打开增强：**fit** 按原图训练，每轮重新打乱顺序。",
    ),
    "train.why.fit_generator.fit_generator": Text(
        "Your choice: **fit_generator** takes its batches from an endless stream.",
        "您的选择：**fit_generator** 从源源不断的批次流中取数据。",
    ),
    "train.why.fit.fit": Text(
        "Your choice: **fit** trains on the pictures in memory, as they are.",
        "您的选择：**fit** 用内存中的原图训练。",
    ),
    "train.all_pictures": Text("All {n} training pictures", "全部 {n} 张训练图片"),
    "train.the_pictures": Text("The training pictures", "训练图片"),
    "train.more": Text("More settings", "更多设置"),
    "train.device": Text("Runs on {device}.", "运行于{device}。"),
    "train.device.cuda": Text("this computer's NVIDIA GPU ({name})", "本机的 NVIDIA GPU（{name}）"),
    "train.device.mps": Text("this computer's Apple GPU", "本机的 Apple GPU"),
    "train.device.cpu": Text("this computer's processor, {n} cores", "本机处理器（{n} 核）"),
    "train.start": Text("Start training", "开始训练"),
    "train.wrong_field": Text(
        "Correct the setting that is marked above, then start.", "请先更正上面标出的设置，然后再开始。"
    ),
}

WATCH: dict[str, Text] = {
    "watch.title": Text("Watch", "观看"),
    "watch.none": Text("Nothing has been trained yet.", "还没有进行过训练。"),
    "watch.choose": Text("Which training do you want to watch?", "想观看哪一次训练？"),
    "watch.to_train": Text("Choose settings and start", "选择设置并开始"),
    "watch.all": Text("All trainings", "全部训练"),
    "watch.phase.queued": Text("Waiting", "排队中"),
    "watch.phase.starting": Text("Getting ready", "准备中"),
    "watch.phase.running": Text("Training", "训练中"),
    "watch.phase.stopping": Text("Stopping", "正在停止"),
    "watch.phase.finished": Text("Finished", "已完成"),
    "watch.phase.stopped": Text("Stopped", "已停止"),
    "watch.phase.failed": Text("Failed", "出错"),
    "watch.phase.lost": Text("Stopped unexpectedly", "意外中断"),
    "watch.says.queued": Text(
        "Another training is using the device. This one is number {place} in the queue and starts by itself.",
        "设备正被另一次训练占用。本次训练排在第 {place} 位，届时会自动开始。",
    ),
    "watch.says.starting": Text("Loading pictures and network.", "正在载入图片与网络。"),
    "watch.says.running": Text("About {eta} to go.", "大约还需 {eta}。"),
    "watch.says.running_soon": Text("Measuring how fast it goes.", "正在估计剩余时间。"),
    "watch.says.stopping": Text(
        "Finishing the step at hand and saving the weights.", "正在完成当前一步并保存权重。"
    ),
    "watch.says.finished": Text("Trained in {duration}.", "训练用时 {duration}。"),
    "watch.says.stopped": Text(
        "Stopped on request in epoch {epoch} of {epochs}. What it has learnt is kept: the best and the last weights.",
        "已按要求在第 {epoch} 轮（共 {epochs} 轮）停止。已学到的内容都已保留：最佳权重与最后的权重。",
    ),
    "watch.says.stopped_early": Text(
        "Stopped on request before the first step. Nothing was learnt yet.", "在第一步之前已按要求停止，尚未学到任何内容。"
    ),
    "watch.says.lost": Text(
        "The training process ended unexpectedly in epoch {epoch} of {epochs}. Curves, log and the weights of the last "
        "finished epoch are kept.",
        "训练进程在第 {epoch} 轮（共 {epochs} 轮）意外结束。曲线、日志以及最后一个完整轮次的权重都已保留。",
    ),
    "watch.says.lost_early": Text(
        "The training process ended unexpectedly before the first step. Its log is kept below.",
        "训练进程在第一步之前意外结束。日志见下方。",
    ),
    "watch.says.failed": Text(
        "The training met an error it did not expect. The log below says more.",
        "训练遇到了意料之外的错误，详情见下方日志。",
    ),
    "watch.epoch": Text("Epoch", "轮次"),
    "watch.epoch_of": Text("{epoch} of {epochs}", "{epoch} / {epochs}"),
    "watch.eta": Text("Time left", "剩余时间"),
    "watch.speed": Text("Pictures per second", "每秒图片数"),
    "watch.loss": Text("Loss", "损失"),
    "watch.accuracy": Text("Accuracy", "准确率"),
    "watch.val_accuracy": Text("Validation accuracy", "验证准确率"),
    "watch.best_epoch": Text("Best epoch", "最佳轮次"),
    "watch.best_accuracy": Text("Validation accuracy there", "该轮验证准确率"),
    "watch.test_accuracy": Text("Test accuracy", "测试准确率"),
    "watch.duration": Text("Duration", "用时"),
    "watch.device": Text("Device", "设备"),
    "watch.stop": Text("Stop", "停止"),
    "watch.stop.help": Text(
        "Ends the training after the step at hand. Everything learnt is kept.", "在当前一步之后结束训练，已学到的内容都会保留。"
    ),
    "watch.axis": Text("epoch", "轮次"),
    "watch.line.batch": Text("training, per batch", "训练（每批）"),
    "watch.line.train": Text("training", "训练"),
    "watch.line.validation": Text("validation", "验证"),
    "watch.line.best": Text("best", "最佳"),
    "watch.zoom": Text(
        "Drag over a part of a curve to enlarge it, double-click to see all of it again.",
        "在曲线上拖动可放大局部，双击恢复全图。",
    ),
    "watch.chart": Text(
        "{name}: training {train}, validation {validation}.", "{name}：训练 {train}，验证 {validation}。"
    ),
    "watch.gaps": Text(
        "{n} values of the loss were no finite number; the curve has gaps there. A smaller learning rate usually helps.",
        "有 {n} 个损失值不是有限数，曲线在该处断开。调小学习率通常会有帮助。",
    ),
    "watch.first_batch": Text("The first batch the network saw", "网络看到的第一批图片"),
    "watch.first_batch.none": Text(
        "Appears with the first training step.", "第一个训练步开始后显示。"
    ),
    "watch.log": Text("Log", "日志"),
    "watch.log.none": Text("Nothing written yet.", "尚无内容。"),
    "watch.csv": Text("Download the numbers (CSV)", "下载数据（CSV）"),
    "watch.again": Text("Train again", "再次训练"),
}

STRIP: dict[str, Text] = {
    "strip.epoch": Text("epoch {epoch}/{epochs}", "第 {epoch}/{epochs} 轮"),
    "strip.eta": Text("{eta} left", "剩余 {eta}"),
    "strip.speed": Text("{n} pictures/s", "{n} 张/秒"),
    "strip.loss": Text("loss {loss}", "损失 {loss}"),
    "strip.accuracy": Text("validation {accuracy}", "验证 {accuracy}"),
    "strip.place": Text("number {place} in the queue", "排在第 {place} 位"),
}

TEXTS: dict[str, Text] = SHELL | START | DATA | AUGMENT | TRAIN | WATCH | STRIP


def t(key: str, **params: Any) -> str:
    """The text `key` in the visitor's language, placeholders filled with `params`."""
    return TEXTS[key](state.language(), **params)
