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
    "list.comma": Text(", ", "、"),
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
        "{n:,} drawn shapes, a small CNN, and the augmentation set below. Takes less than a minute.",
        "{n:,} 张绘制的形状图片、小型 CNN，以及下方设置的增强。不到一分钟即可完成。",
    ),
    "start.strip_label": Text("Eight pictures, augmented", "八张经过增强的图片"),
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

DATA: dict[str, Text] = {
    "data.title": Text("Data", "数据"),
    "data.sentence": Text(
        "Choose the pictures, and look at what is in them before a network does.",
        "选择图片，在网络学习之前先看看其中有什么。",
    ),
    "data.next": Text("Next: Augment", "下一步：增强"),
    "data.no_path.folder": Text(
        "Type the path of a folder that holds one sub-folder of pictures per class.",
        "请输入文件夹的路径，其中每个类别一个图片子文件夹。",
    ),
    "data.no_path.zip": Text(
        "Type the path of a zip file, or upload one. It holds one folder of pictures per class.",
        "请输入 zip 文件的路径，或上传一个。其中每个类别一个图片文件夹。",
    ),
    "data.no_path.npz": Text(
        "Type the path of an npz file, or upload one. It holds the arrays x_train, y_train and, if you have them, "
        "x_test, y_test.",
        "请输入 npz 文件的路径，或上传一个。其中包含数组 x_train、y_train，以及可选的 x_test、y_test。",
    ),
    "data.upload": Text("Or upload a file", "或上传文件"),
    "data.read_again": Text("Read again", "重新读取"),
    "data.read_again_help": Text(
        "Forgets what was read and reads the pictures anew.", "丢弃已读取的内容，重新读取图片。"
    ),
    "data.reading": Text("Reading pictures: {done:,} of {total:,}", "正在读取图片：{done:,} / {total:,}"),
    "data.looking": Text("Looking for pictures", "正在查找图片"),
    "data.size_and_colour": Text("Size and colour", "尺寸与颜色"),
    "data.parts": Text("Parts", "划分"),
    "data.own_parts": Text(
        "Parts that the pictures bring themselves (folders train / val / test, arrays x_test) stay as they are; "
        "these settings divide the rest.",
        "图片自带的划分（文件夹 train / val / test、数组 x_test）保持不变；这些设置只用于划分其余图片。",
    ),
    "data.pictures": Text("Pictures", "图片"),
    "data.classes": Text("Classes", "类别"),
    "data.size": Text("Size", "尺寸"),
    "data.channels": Text("Channels", "通道"),
    "data.colour": Text("3, colour", "3（彩色）"),
    "data.grey": Text("1, grey", "1（灰度）"),
    "data.sizes_kept": Text("All pictures have this size by themselves.", "所有图片原本就是这个尺寸。"),
    "data.sizes_one": Text(
        "The files hold pictures of {smallest} pixels. All are resized to {made}.",
        "文件中的图片均为 {smallest} 像素，全部缩放为 {made}。",
    ),
    "data.sizes_many": Text(
        "The files hold pictures of {smallest} to {largest} pixels, typically {middle}. All are resized to {made}.",
        "文件中的图片为 {smallest} 至 {largest} 像素，典型为 {middle}；全部缩放为 {made}。",
    ),
    "data.counts": Text("Pictures per class and part", "各类别与各部分的图片数"),
    "data.class": Text("Class", "类别"),
    "data.total": Text("Total", "合计"),
    "data.part.train": Text("Training", "训练"),
    "data.part.validation": Text("Validation", "验证"),
    "data.part.test": Text("Test", "测试"),
    "data.part.none": Text("in no part", "不属于任何部分"),
    "data.missing_classes": Text(
        "{part}: no picture of {classes}. A random split gives every class its share.",
        "{part}部分没有以下类别的图片：{classes}。随机划分可使每个类别都有相应比例。",
    ),
    "data.samples": Text("Some of the pictures", "部分图片"),
    "data.samples_help": Text("Click a picture to see it large.", "点击图片可查看大图。"),
    "data.other_samples": Text("Show others", "换一批"),
    "data.large": Text("{size} pixels · {part}", "{size} 像素 · {part}"),
    "data.left_out": Text("Left out: {n}", "未使用：{n}"),
    "data.left_out_says": Text("These files are not used. Everything else is.", "以下文件未使用，其余全部使用。"),
    "data.file": Text("File", "文件"),
    "data.reason": Text("Why", "原因"),
}

AUGMENT: dict[str, Text] = {
    "augment.title": Text("Augment", "增强"),
    "augment.sentence": Text(
        "Each time the network sees a training picture, it is changed at random within these limits. "
        "Drag a slider and look.",
        "网络每次看到训练图片时，图片都会在这些范围内随机变化。拖动滑块看看效果。",
    ),
    "augment.next": Text("Next: Train", "下一步：训练"),
    "augment.preset": Text("Preset", "预设"),
    "augment.original": Text("Original: {name}", "原图：{name}"),
    "augment.grid": Text("{name}, changed at random {n} times", "{name}，随机变化 {n} 次"),
    "augment.grid_says": Text("As the first 16 epochs will show it", "前 16 轮训练中它的样子"),
    "augment.new_draw": Text("New draw", "重新抽取"),
    "augment.new_draw_help": Text(
        "Takes a new seed, so that all random numbers are drawn anew. Training uses the same seed.",
        "换一个新种子，重新抽取所有随机数。训练使用同一个种子。",
    ),
    "augment.lock": Text("Lock seed", "锁定种子"),
    "augment.lock_help": Text(
        "Keeps the random numbers as they are, and training will use exactly these.",
        "保持当前的随机数不变，训练也将使用这些随机数。",
    ),
    "augment.seed": Text("Seed {seed}", "种子 {seed}"),
    "augment.candidates": Text("Choose another picture", "选择另一张图片"),
    "augment.choose": Text("Show what happens to this one: {name}", "查看这张图片的变化：{name}"),
    "augment.first_batch": Text("What training will see", "训练将看到什么"),
    "augment.first_batch_says": Text(
        "The first batch, exactly: {n} pictures in the order that seed {seed} gives.",
        "第一个批次，完全一致：按种子 {seed} 的顺序排列的 {n} 张图片。",
    ),
    "augment.first_batch_part": Text(
        "The first {shown} of the first batch, exactly: {n} pictures in the order that seed {seed} gives.",
        "第一个批次的前 {shown} 张，完全一致：该批次共 {n} 张，按种子 {seed} 的顺序排列。",
    ),
    "augment.code": Text("The same in Python", "对应的 Python 代码"),
    "meaning.off": Text("Off", "关闭"),
    "meaning.invisible": Text(
        "Moves the picture's edge by {pixels} px: too little to see", "图片边缘移动 {pixels} 像素：肉眼看不出"
    ),
    "meaning.rotation_range": Text(
        "{strength} degrees moves the upper edge by {pixels} px", "{strength} 度使上边缘移动 {pixels} 像素"
    ),
    "meaning.zoom_range": Text("Moves the edges by up to {pixels} px", "边缘最多移动 {pixels} 像素"),
    "meaning.shear_range": Text(
        "{strength} degrees moves the upper edge by {pixels} px", "{strength} 度使上边缘移动 {pixels} 像素"
    ),
    "meaning.width_shift_range": Text("Up to {pixels} px to the left or right", "左右最多移动 {pixels} 像素"),
    "meaning.height_shift_range": Text("Up to {pixels} px up or down", "上下最多移动 {pixels} 像素"),
}

TRAIN: dict[str, Text] = {
    "train.title": Text("Train", "训练"),
    "train.summary": Text("What will run", "将要运行的内容"),
    "train.data": Text(
        "{n} pictures in {classes} classes: {train} to learn from, {validation} to check with, {test} for the final test.",
        "共 {n} 张图片、{classes} 个类别：{train} 张用于学习，{validation} 张用于验证，{test} 张用于最终测试。",
    ),
    "train.steps": Text("{per_epoch} steps in an epoch, {total} in all.", "每轮 {per_epoch} 步，共 {total} 步。"),
    "train.memory": Text(
        "They fit in memory: {size} MB of {free} MB that are free.", "可全部放入内存：占 {size} MB，空闲 {free} MB。"
    ),
    "train.memory_short": Text(
        "They take {size} MB of memory, and only {free} MB are free. Choose a smaller picture size on the Data page, or "
        "close other programs.",
        "需要 {size} MB 内存，而空闲内存只有 {free} MB。请在“数据”页选择更小的图片尺寸，或关闭其他程序。",
    ),
    "train.to_data": Text("Change the data", "更改数据"),
    "train.no_augmentation": Text("No augmentation: pictures as they are.", "不做增强：使用原图。"),
    "train.augmentation": Text("Augmentation: {names}.", "增强：{names}。"),
    "train.to_augment": Text("Change the augmentation", "更改增强"),
    "train.why.auto.fit_generator": Text(
        "Augmentation is on: **fit_generator** draws new variations for each batch.",
        "已打开增强：**fit_generator** 会为每个批次抽取新的变化。",
    ),
    "train.why.auto.fit": Text(
        "Augmentation is off: **fit** shows the pictures as they are, from memory, in a new order each epoch.",
        "未打开增强：**fit** 直接用内存中的原图训练，每轮重新打乱顺序。",
    ),
    "train.why.fit_generator.fit_generator": Text(
        "Your choice: **fit_generator** takes its batches from an endless stream, augmented where augmentation is on.",
        "您的选择：**fit_generator** 从源源不断的批次流中取数据；若打开增强，则途中增强。",
    ),
    "train.why.fit.fit": Text(
        "Your choice: **fit** trains on the pictures in memory, as they are.",
        "您的选择：**fit** 用内存中的原图训练。",
    ),
    "train.more": Text("More settings", "更多设置"),
    "train.device": Text("Computed by {device}.", "由{device}计算。"),
    "train.device.cuda": Text("this computer's NVIDIA GPU ({name})", "本机的 NVIDIA GPU（{name}）"),
    "train.device.mps": Text("this computer's Apple GPU", "本机的 Apple GPU"),
    "train.device.cpu": Text("this computer's processor, {n} cores", "本机处理器（{n} 核）"),
    "train.device.missing": Text("{name}, which this computer does not seem to have", "{name}（本机似乎没有该设备）"),
    "train.start": Text("Start training", "开始训练"),
    "train.wrong_field": Text(
        "One of the settings is not allowed yet. Correct it where it is marked, then start.",
        "有一项设置不符合要求。请先在标出的位置更正，然后再开始。",
    ),
}

WATCH: dict[str, Text] = {
    "watch.title": Text("Watch", "观看"),
    "watch.choose": Text("Which training do you want to watch?", "想观看哪一次训练？"),
    "watch.settings": Text("{epochs} epochs, batches of {batch_size}", "{epochs} 轮，每批 {batch_size} 张"),
    "watch.optimizer": Text("{optimizer} at {rate}", "{optimizer}，学习率 {rate}"),
    "watch.script": Text("By the program {program}", "由程序 {program} 训练"),
    "watch.script.epochs": Text("{epochs} epochs", "{epochs} 轮"),
    "watch.phase.queued": Text("Waiting", "排队中"),
    "watch.phase.starting": Text("Getting ready", "准备中"),
    "watch.phase.running": Text("Training", "训练中"),
    "watch.phase.stopping": Text("Stopping", "正在停止"),
    "watch.phase.finished": Text("Finished", "已完成"),
    "watch.phase.stopped": Text("Stopped", "已停止"),
    "watch.phase.failed": Text("Failed", "出错"),
    "watch.phase.lost": Text("Stopped unexpectedly", "意外中断"),
    "watch.says.queued": Text(
        "Waits for the device as number {place} in the queue, and starts by itself.",
        "正在排队等待设备（第 {place} 位），届时会自动开始。",
    ),
    "watch.says.starting": Text("Starting the training process.", "正在启动训练进程。"),
    "watch.says.data": Text("Loading the pictures.", "正在载入图片。"),
    "watch.says.network": Text("Building the network.", "正在构建网络。"),
    "watch.says.running": Text(
        "Thin: every batch. Thick: every epoch. The star marks the best epoch. Drag over a part of a curve to enlarge it, "
        "double-click to see all of it again.",
        "细线：每个批次；粗线：每一轮；星号：最佳轮次。在曲线上拖动可放大局部，双击恢复全图。",
    ),
    "watch.says.test": Text(
        "Trained. Now the test pictures are judged, once.", "训练已完成，正在用测试图片做一次最终评判。"
    ),
    "watch.says.stopping": Text("Finishing the step at hand and saving the weights.", "正在完成当前一步并保存权重。"),
    "watch.says.stopping_script": Text(
        "Finishing the step at hand. The program goes on after its training.",
        "正在完成当前一步，程序将在训练之后继续运行。",
    ),
    "watch.says.stopped_script": Text(
        "Stopped on request in epoch {epoch} of {epochs}. The program has the weights, and goes on.",
        "已按要求在第 {epoch} 轮（共 {epochs} 轮）停止。权重在程序手中，程序继续运行。",
    ),
    "watch.says.early_script": Text(
        "The program ended its training after epoch {epoch} of {epochs}.",
        "程序在第 {epoch} 轮（共 {epochs} 轮）后结束了训练。",
    ),
    "watch.says.stopped": Text(
        "Stopped on request in epoch {epoch} of {epochs}. What it has learnt is kept: the best and the last weights.",
        "已按要求在第 {epoch} 轮（共 {epochs} 轮）停止。已学到的内容都已保留：最佳权重与最后的权重。",
    ),
    "watch.says.stopped_in_first": Text(
        "Stopped on request in epoch {epoch} of {epochs}. What it has learnt is kept: the last weights.",
        "已按要求在第 {epoch} 轮（共 {epochs} 轮）停止。已学到的内容已保留：最后的权重。",
    ),
    "watch.says.stopped_early": Text(
        "Stopped on request before the first step. Nothing was learnt yet.",
        "在第一步之前已按要求停止，尚未学到任何内容。",
    ),
    "watch.kept": Text(
        "Kept in {folder}: the curves, the log and the weights of the last finished epoch.",
        "以下内容保留在 {folder} 中：曲线、日志以及最后一个完整轮次的权重。",
    ),
    "watch.kept_no_weights": Text(
        "It ended before the first epoch was finished, so there are no weights. The log lies in {folder}.",
        "训练在第一轮完成之前结束，因此没有权重。日志位于 {folder}。",
    ),
    "watch.says.early": Text(
        "Early stopping ended it after epoch {epoch} of {epochs}: the validation loss had stopped falling.",
        "提前停止在第 {epoch} 轮（共 {epochs} 轮）后结束了训练：验证损失不再下降。",
    ),
    "watch.result": Text(
        "Of the pictures it never learnt from, the network of epoch {epoch} names **{validation}** right.",
        "对于从未用来学习的验证图片，第 {epoch} 轮的网络识别正确率为 **{validation}**。",
    ),
    "watch.result.test": Text(
        "On the test pictures, looked at only once at the very end, it is **{test}**.",
        "对于只在最后使用一次的测试图片，正确率为 **{test}**。",
    ),
    "watch.guesses": Text(
        "That is no better than guessing among {n} classes. The usual cause is a learning rate that is too high: it was "
        "{rate}; try {lower}.",
        "这与在 {n} 个类别中随机猜测差不多。最常见的原因是学习率过高：本次为 {rate}，请试试 {lower}。",
    ),
    "watch.phase": Text("State", "状态"),
    "watch.progress": Text("Progress", "进度"),
    "watch.place": Text("Place in the queue", "排队位置"),
    "watch.epoch": Text("Epoch", "轮次"),
    "watch.eta": Text("Time left", "剩余时间"),
    "watch.speed": Text("Pictures / s", "每秒图片数"),
    "watch.loss": Text("Loss", "损失"),
    "watch.accuracy": Text("Accuracy", "准确率"),
    "watch.val_accuracy": Text("Validation accuracy", "验证准确率"),
    "watch.best_epoch": Text("Best epoch", "最佳轮次"),
    "watch.test_accuracy": Text("Test accuracy", "测试准确率"),
    "watch.duration": Text("Duration", "用时"),
    "watch.device": Text("Device", "设备"),
    "watch.stop": Text("Stop", "停止"),
    "watch.stop.help": Text(
        "Ends the training after the step at hand. Everything learnt is kept.",
        "在当前一步之后结束训练，已学到的内容都会保留。",
    ),
    "watch.axis": Text("epoch", "轮次"),
    "watch.line.batch": Text("training, per batch", "训练（每批）"),
    "watch.line.train": Text("training", "训练"),
    "watch.line.validation": Text("validation", "验证"),
    "watch.line.best": Text("best", "最佳"),
    "watch.chart": Text(
        "{name}: training {train}, validation {validation}.", "{name}：训练 {train}，验证 {validation}。"
    ),
    "watch.gaps": Text(
        "{n} values of the loss were no finite number; the curve has gaps there. A smaller learning rate usually helps.",
        "有 {n} 个损失值不是有限数，曲线在该处断开。调小学习率通常会有帮助。",
    ),
    "watch.first_batch": Text("The first batch the network saw", "网络看到的第一批图片"),
    "watch.first_batch.none": Text("Appears with the first training step.", "第一个训练步开始后显示。"),
    "watch.first_batch.never": Text("None was recorded.", "没有记录。"),
    "watch.log": Text("Log", "日志"),
    "watch.log.none": Text("Nothing written yet.", "尚无内容。"),
    "watch.csv": Text("Download the numbers (CSV)", "下载数据（CSV）"),
    "watch.again": Text("Train again with other settings", "更改设置后再次训练"),
}

TEXTS: dict[str, Text] = SHELL | START | DATA | AUGMENT | TRAIN | WATCH


def t(key: str, **params: Any) -> str:
    """The text `key` in the visitor's language, placeholders filled with `params`."""
    return TEXTS[key](state.language(), **params)
