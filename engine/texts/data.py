"""Texts of `engine.data`: errors, each used as ``"data.NAME"``, and the reasons why a single file is left out."""

from engine.texts import ErrorText, Text

_CLASS_FOLDERS = Text(
    "Put the pictures of each class into a folder named after the class, and choose the folder that holds these.",
    "请把每个类别的图片放进以类别命名的文件夹，然后选择包含这些文件夹的上层文件夹。",
)
_NAME_THE_CLASSES = Text(
    "Give one label per picture: whole numbers from 0, names, or one-hot rows.",
    "请为每张图片提供一个标签：从 0 开始的整数、名称，或独热（one-hot）行。",
)

ERRORS: dict[str, ErrorText] = {
    # --- paths ---
    "no_such_folder": ErrorText(
        Text("a folder on this computer", "本机上的一个文件夹"),
        Text("“{path}”, which is not there", "不存在的“{path}”"),
        Text("Check the spelling, or choose the folder again.", "请检查拼写，或重新选择文件夹。"),
    ),
    "not_a_folder": ErrorText(
        Text("a folder", "一个文件夹"),
        Text("the file “{path}”", "文件“{path}”"),
        Text(
            "Choose the folder around it, or another source for this kind of file.",
            "请选择它所在的文件夹，或改用适合该文件类型的图片来源。",
        ),
    ),
    "no_such_file": ErrorText(
        Text("a file on this computer", "本机上的一个文件"),
        Text("“{path}”, which is not there or no file", "“{path}”，它不存在或不是文件"),
        Text("Check the spelling, or choose the file again.", "请检查拼写，或重新选择文件。"),
    ),
    "no_permission": ErrorText(
        Text("something that may be read", "可以读取的内容"),
        Text("“{path}”, which your account may not open", "当前账户无权打开的“{path}”"),
        Text("Change its permissions, or copy it to a place of your own.", "请修改权限，或把它复制到自己的目录。"),
    ),
    "picture_gone": ErrorText(
        Text("to read “{name}” once more", "能再次读取“{name}”"),
        Text("a file that has gone or changed since", "已经消失或被改动的文件"),
        Text("Read the data again.", "请重新读取数据。"),
    ),
    "too_many_files": ErrorText(
        Text("a folder with one sub-folder per class", "每个类别一个子文件夹的文件夹"),
        Text("“{path}”, with more than {limit:,} files and folders", "包含超过 {limit:,} 个文件和文件夹的“{path}”"),
        Text("Choose the folder that holds the pictures, further down.", "请选择更下层的、存放图片的文件夹。"),
    ),
    # --- what is in them ---
    "nothing_there": ErrorText(
        Text("pictures in one sub-folder per class", "每个类别一个子文件夹的图片"),
        Text("nothing: there is no file", "没有任何文件"),
        Text("Choose the folder or file that holds the pictures.", "请选择存放图片的文件夹或文件。"),
    ),
    "no_pictures": ErrorText(
        Text("pictures in one sub-folder per class", "每个类别一个子文件夹的图片"),
        Text(
            "none that can be used (left out: {n}, such as {examples})",
            "没有可用的图片（已排除 {n} 项，例如 {examples}）",
        ),
        _CLASS_FOLDERS,
    ),
    "one_class": ErrorText(
        Text("pictures of at least two classes", "至少两个类别的图片"),
        Text("{n} pictures of the single class “{name}”", "仅有一个类别“{name}”的 {n} 张图片"),
        Text(
            "Add a folder of pictures that show something else, or choose the folder one level higher.",
            "请加入另一类图片的文件夹，或选择上一层文件夹。",
        ),
    ),
    "part_empty": ErrorText(
        Text("pictures to train with and pictures to check with", "既有训练图片也有验证图片"),
        Text(
            "{train} for training, {validation} for validation and {test} for test",
            "训练 {train} 张、验证 {validation} 张、测试 {test} 张",
        ),
        Text(
            "Add pictures, at least two of one class, or change the shares of the split.",
            "请增加图片（某一类至少两张），或调整划分比例。",
        ),
    ),
    # --- archives ---
    "not_a_zip": ErrorText(
        Text("a complete {kind} file", "完整的 {kind} 文件"),
        Text("“{path}”, which is damaged or of another kind", "损坏或其他类型的文件“{path}”"),
        Text("Download or make the file again.", "请重新下载或重新生成该文件。"),
    ),
    "zip_bomb": ErrorText(
        Text("an archive of pictures", "图片压缩包"),
        Text("“{path}”, which would unpack to {size_gb:.0f} GB", "“{path}”，解压后将达 {size_gb:.0f} GB"),
        Text(
            "It looks like a trap and was not opened. If it is not, unpack it yourself and choose the folder.",
            "它像是恶意文件，未予打开。若确认无误，请自行解压后选择文件夹。",
        ),
    ),
    # --- arrays ---
    "npz_unreadable": ErrorText(
        Text("a NumPy file of plain arrays", "由普通数组组成的 NumPy 文件"),
        Text("“{path}”, which NumPy cannot read ({problem})", "NumPy 无法读取的“{path}”（{problem}）"),
        Text(
            "Write it again with numpy.savez(file, x_train=..., y_train=...), with arrays of numbers only.",
            "请用 numpy.savez(文件, x_train=..., y_train=...) 重新保存，数组中只含数字。",
        ),
    ),
    "npz_compressed": ErrorText(
        Text("an npz that is not compressed, which alone can be memory-mapped", "未压缩的 npz（只有它能做内存映射）"),
        Text("“{path}”, in which {name} is compressed", "“{path}”，其中的 {name} 已压缩"),
        Text(
            "Write it again with numpy.savez instead of savez_compressed, or as single npy files.",
            "请改用 numpy.savez（而不是 savez_compressed）重新保存，或分别存为 npy 文件。",
        ),
    ),
    "npz_memory": ErrorText(
        Text("arrays that fit into the free memory", "能放入可用内存的数组"),
        Text("{size_gb:.1f} GB in “{path}”", "“{path}”中的 {size_gb:.1f} GB"),
        Text(
            "Close other programs, save the pictures as uint8, or take fewer of them.",
            "请关闭其他程序、把图片存为 uint8，或减少图片数量。",
        ),
    ),
    "npz_names": ErrorText(
        Text(
            "the arrays x_train and y_train, or x and y, each x with its y",
            "数组 x_train 与 y_train，或 x 与 y，且两两成对",
        ),
        Text("the names {found}", "名称 {found}"),
        Text(
            "Name them when saving: numpy.savez(file, x_train=..., y_train=..., x_test=..., y_test=...).",
            "保存时请命名：numpy.savez(文件, x_train=..., y_train=..., x_test=..., y_test=...)。",
        ),
    ),
    "npz_shape": ErrorText(
        Text(
            "pictures of shape (n, height, width) or (n, height, width, 1, 3 or 4)",
            "形状为 (n, 高, 宽) 或 (n, 高, 宽, 1、3 或 4) 的图片",
        ),
        Text("{name} of shape {shape}", "形状为 {shape} 的 {name}"),
        Text(
            "Reshape the array; channels come last: x.reshape(n, height, width, channels) or x.transpose(0, 2, 3, 1).",
            "请调整形状，通道放在最后：x.reshape(n, 高, 宽, 通道) 或 x.transpose(0, 2, 3, 1)。",
        ),
    ),
    "npz_type": ErrorText(
        Text("pixels as numbers", "数字形式的像素"),
        Text("{name} of type {dtype}", "类型为 {dtype} 的 {name}"),
        Text("Save the array as uint8 or float32.", "请把数组存为 uint8 或 float32。"),
    ),
    "npz_nan": ErrorText(
        Text("a number for every pixel", "每个像素都是数字"),
        Text(
            "{n} pictures in {name} with NaN or infinite values, the first at index {first}",
            "{name} 中有 {n} 张图片含 NaN 或无穷大，第一张的索引为 {first}",
        ),
        Text(
            "Remove these pictures, or replace the values with numpy.nan_to_num.",
            "请删除这些图片，或用 numpy.nan_to_num 替换。",
        ),
    ),
    "npz_range": ErrorText(
        Text("pixel values from 0 to 255, or floats from 0 to 1", "0 到 255 的像素值，或 0 到 1 的浮点数"),
        Text("{name} with values from {low:g} to {high:g}", "{name} 的值为 {low:g} 到 {high:g}"),
        Text(
            "Undo the normalisation before saving: the network does its own.",
            "请在保存前撤销归一化：网络会自行归一化。",
        ),
    ),
    "npz_lengths": ErrorText(
        Text("one label per picture", "每张图片一个标签"),
        Text("{n_x} pictures in {x} and {n_y} labels in {y}", "{x} 中有 {n_x} 张图片，{y} 中有 {n_y} 个标签"),
        Text("Save pictures and labels of the same selection.", "请保存同一批图片与标签。"),
    ),
    "labels_shape": ErrorText(
        Text("labels in one column", "单列标签"),
        Text("{name} of shape {shape}", "形状为 {shape} 的 {name}"),
        _NAME_THE_CLASSES,
    ),
    "labels_type": ErrorText(
        Text("labels as whole numbers or names", "整数或名称形式的标签"),
        Text("{name} of type {dtype}", "类型为 {dtype} 的 {name}"),
        _NAME_THE_CLASSES,
    ),
    "labels_not_one_hot": ErrorText(
        Text("rows with a single 1 and zeros elsewhere", "每行只有一个 1、其余为 0"),
        Text("other values in {name}", "{name} 中含有其他值"),
        _NAME_THE_CLASSES,
    ),
    "labels_range": ErrorText(
        Text("labels that are whole numbers from 0", "从 0 开始的整数标签"),
        Text(
            "{n} others in {name}, the first {value} at index {first}",
            "{name} 中有 {n} 个不符，第一个是索引 {first} 处的 {value}",
        ),
        _NAME_THE_CLASSES,
    ),
    # --- the cache ---
    "disk_full": ErrorText(
        Text("{need_mb:.0f} MB of free space in “{path}”", "“{path}”有 {need_mb:.0f} MB 可用空间"),
        Text("{free_mb:.0f} MB", "{free_mb:.0f} MB"),
        Text(
            "Free some space, choose a smaller picture size, or set FITLAB_RUNS to a folder on another disk.",
            "请清理磁盘、选择更小的图片尺寸，或把 FITLAB_RUNS 设为其他磁盘上的文件夹。",
        ),
    ),
    "disk_full_while_writing": ErrorText(
        Text("to finish writing to “{path}”", "能在“{path}”中写完"),
        Text("a full disk", "磁盘已满"),
        Text("Free some space and read the data again.", "请清理磁盘，然后重新读取数据。"),
    ),
    "memory": ErrorText(
        Text("enough memory to read the pictures", "足够读取图片的内存"),
        Text("no more from the system", "系统内存不足"),
        Text(
            "Close other programs, or choose fewer or smaller pictures.", "请关闭其他程序，或减少图片数量、缩小尺寸。"
        ),
    ),
    "not_prepared": ErrorText(
        Text("to read the pictures to the end", "能读完所有图片"),
        Text("an error nobody foresaw ({problem})", "意料之外的错误（{problem}）"),
        Text(
            "Read the data again. If it comes back, report it with prepare.log from the data cache.",
            "请重新读取数据。若再次出现，请附上数据缓存中的 prepare.log 反馈。",
        ),
    ),
    "preparer_died": ErrorText(
        Text("to read the pictures to the end", "能读完所有图片"),
        Text("a process that was ended from outside {n} times", "被外部终止了 {n} 次的进程"),
        Text(
            "The memory may be too small: choose a smaller picture size or fewer pictures, then read the data again.",
            "可能是内存不足：请缩小图片尺寸或减少图片，然后重新读取数据。",
        ),
    ),
}

REASONS: dict[str, Text] = {
    # --- one file ---
    "empty": Text("The file is empty.", "文件为空。"),
    "not_a_picture": Text("This is not a picture, whatever its name says.", "无论文件名如何，它不是图片。"),
    "damaged": Text(
        "The picture is damaged or incomplete, or of a kind that cannot be read.",
        "图片损坏、不完整，或是无法读取的类型。",
    ),
    "gif": Text(
        "GIF files are drawings and animations and are left out, as in Keras; export it as PNG.",
        "GIF 多为图形或动画，与 Keras 一样不读取，请导出为 PNG。",
    ),
    "heic": Text(
        "Pictures in Apple's HEIC format cannot be read; export it as JPEG.",
        "无法读取 Apple 的 HEIC 格式，请导出为 JPEG。",
    ),
    "too_large": Text("The file is larger than {limit_mb} MB.", "文件大于 {limit_mb} MB。"),
    "vanished": Text("The file has vanished since it was listed.", "列出之后，文件消失了。"),
    "no_permission": Text("Your account may not open this file.", "当前账户无权打开此文件。"),
    "unreadable": Text("Reading failed: {problem}.", "读取失败：{problem}。"),
    "password": Text("It is protected with a password.", "受密码保护。"),
    "not_a_file": Text("This is no file but a device or a pipe.", "这不是文件，而是设备或管道。"),
    "broken_link": Text("The link leads nowhere.", "链接指向不存在的位置。"),
    "odd_name": Text(
        "Its name contains characters that cannot be written; rename it.", "文件名含有无法表示的字符，请重命名。"
    ),
    "unsafe_path": Text("Its path leads out of the archive.", "其路径指向压缩包之外。"),
    # --- where it lies ---
    "outside_classes": Text("It lies outside the class folders.", "不在任何类别文件夹内。"),
    "beside_parts": Text(
        "This folder lies beside train, val and test and belongs to none of them.",
        "此文件夹与 train、val、test 并列，不属于其中任何一个。",
    ),
    "empty_class": Text("This class has no usable picture.", "该类别没有可用的图片。"),
    "closed_folder": Text("Your account may not open this folder.", "当前账户无权打开此文件夹。"),
    "link_loop": Text("This link leads back to a folder above it.", "此链接指回其上层文件夹。"),
}
