"""Messages of `engine.augment`: errors, used as ``"augment.NAME"``; notes that are printed; and warnings about what is
allowed but unlikely.
"""

from engine.texts import ErrorText, Text

VALUE = Text("{value}", "{value}")
RECEIVED = Text("{received}", "{received}")

ERRORS: dict[str, ErrorText] = {
    # --- arguments ---
    "not_a_number": ErrorText(
        Text("a finite number for {name}", "{name}为一个有限的数字"),
        VALUE,
        Text("Write it with digits, for example 0.5.", "请用数字书写，例如 0.5。"),
    ),
    "not_a_count": ErrorText(
        Text("a whole number of at least 1 for {name}", "{name}为不小于 1 的整数"),
        VALUE,
        Text("Choose for example 32.", "例如可以取 32。"),
    ),
    "not_a_seed": ErrorText(
        Text("a whole number from 0 to 4294967295 as seed, or None", "随机种子为 0 到 4294967295 之间的整数，或 None"),
        VALUE,
        Text("Any number in this range will do, for example 7.", "此范围内任何数字都可以，例如 7。"),
    ),
    "not_a_strength": ErrorText(
        Text("a number above 0 for {name}, or 0 for off", "{name}为大于 0 的数字，或 0 表示关闭"),
        VALUE,
        Text(
            "Give the largest change; it is drawn in both directions anyway.",
            "请给出最大变化量；它本来就会向两个方向随机抽取。",
        ),
    ),
    "not_positive": ErrorText(
        Text("a number above 0 for {name}", "{name}为大于 0 的数字"),
        VALUE,
        Text("Choose a small one, for example 1e-6.", "请取一个较小的数，例如 1e-6。"),
    ),
    "shear_too_large": ErrorText(
        Text("a shear_range below 90 degrees", "shear_range 小于 90 度"),
        VALUE,
        Text("At 90 degrees nothing is left of a picture; try 10.", "到 90 度时图片就什么也不剩了；可以试试 10。"),
    ),
    "not_a_shift": ErrorText(
        Text(
            "for {name} a share of the side below 1, a number of pixels, or a list of shifts to choose from",
            "{name}为小于 1 的边长比例、像素数，或一列可供抽取的平移量",
        ),
        VALUE,
        Text(
            "Write 0.1 for a tenth of the side, 4.0 for up to four pixels.",
            "0.1 表示边长的十分之一，4.0 表示最多四个像素。",
        ),
    ),
    "not_a_zoom": ErrorText(
        Text(
            "for zoom_range a number from 0 to below 1, or two factors above 0, the smaller one first",
            "zoom_range 为 0 到 1（不含 1）的数字，或两个大于 0 的系数（小的在前）",
        ),
        VALUE,
        Text("Write 0.2, or (0.8, 1.2), which means the same.", "请写 0.2，或与之等价的 (0.8, 1.2)。"),
    ),
    "not_a_brightness": ErrorText(
        Text(
            "for brightness_range two factors of at least 0, the smaller one first, or None",
            "brightness_range 为两个不小于 0 的系数（小的在前），或 None",
        ),
        VALUE,
        Text("Write for example (0.8, 1.2); 1 leaves a picture as it is.", "例如 (0.8, 1.2)；1 表示图片不变。"),
    ),
    "not_a_function": ErrorText(
        Text("a function or None as preprocessing_function", "preprocessing_function 为函数或 None"),
        VALUE,
        Text(
            "Pass the function itself, without calling it.",
            "请传入函数本身，而不是调用它的结果。",
        ),
    ),
    "not_a_data_format": ErrorText(
        Text(
            '"channels_last" or "channels_first" as data_format', 'data_format 为 "channels_last" 或 "channels_first"'
        ),
        VALUE,
        Text(
            'Pictures of shape (height, width, channels) are "channels_last".',
            '形状为（高，宽，通道）的图片属于 "channels_last"。',
        ),
    ),
    "not_a_fraction": ErrorText(
        Text("a validation_split from 0 to below 1", "validation_split 在 0 到 1（不含 1）之间"),
        VALUE,
        Text("Write 0.2 to hold back one picture in five.", "写 0.2 表示每五张图片留出一张。"),
    ),
    "not_an_order": ErrorText(
        Text(
            "0 (nearest pixel), 1 (bilinear) or 2 to 5 (splines) as interpolation_order",
            "interpolation_order 为 0（最近像素）、1（双线性）或 2 到 5（样条）",
        ),
        VALUE,
        Text("Leave it at 1 for photographs; use 0 for masks.", "照片请保持 1；掩码请用 0。"),
    ),
    "not_a_float_type": ErrorText(
        Text("a floating-point type as dtype, or None", "dtype 为浮点类型，或 None"),
        VALUE,
        Text('Write "float32".', '请写 "float32"。'),
    ),
    "not_a_pair": ErrorText(
        Text("two numbers for {name}, the smaller one first", "{name}为两个数字（小的在前）"),
        VALUE,
        Text("Write for example (0.8, 1.2).", "例如 (0.8, 1.2)。"),
    ),
    "not_axes": ErrorText(
        Text(
            "three different axes as row_axis, col_axis and channel_axis",
            "row_axis、col_axis 和 channel_axis 为三个不同的轴",
        ),
        VALUE,
        Text(
            "Pictures of shape (height, width, channels) have 0, 1 and 2.",
            "形状为（高，宽，通道）的图片依次为 0、1、2。",
        ),
    ),
    "not_a_type": ErrorText(
        Text("a type of numbers as dtype, or None", "dtype 为数字类型，或 None"),
        VALUE,
        Text('Write "float32".', '请写 "float32"。'),
    ),
    "not_a_matrix": ErrorText(
        Text("a matrix of 3 rows and 3 columns", "3 行 3 列的矩阵"),
        Text("shape {value}", "形状 {value}"),
        Text("Write numpy.eye(3) for no change.", "numpy.eye(3) 表示不变。"),
    ),
    "not_statistics": ErrorText(
        Text("numbers as {name}, or None", "{name}为数字，或 None"),
        VALUE,
        Text("Call fit(x), or set one number per channel.", "请调用 fit(x)，或为每个通道设一个数字。"),
    ),
    "statistics_do_not_fit": ErrorText(
        Text(
            "mean, std and zca_whitening_matrix that fit the pictures", "与图片相符的 mean、std 和 zca_whitening_matrix"
        ),
        Text("pictures of shape {received}, which they do not fit", "形状为 {received} 的图片，与之不符"),
        Text(
            "Call fit(x) with pictures of this shape, or set one number per channel.",
            "请用此形状的图片调用 fit(x)，或为每个通道设一个数字。",
        ),
    ),
    "unknown_format": ErrorText(
        Text("a kind of picture file that Pillow writes", "Pillow 可以写入的图片格式"),
        VALUE,
        Text('Write "png" or "jpeg".', '请写 "png" 或 "jpeg"。'),
    ),
    "not_saved": ErrorText(
        Text("“{name}” as a place to save pictures", "可以保存图片的位置“{name}”"),
        Text("an error in writing there ({reason})", "写入时的错误（{reason}）"),
        Text("Check the path, the permissions and the options.", "请检查路径、权限和选项。"),
    ),
    "ragged_rows": ErrorText(
        Text("rows of one shape in {name}", "{name} 中各行形状一致"),
        Text("several shapes", "多种形状"),
        Text("Bring all rows to one shape.", "请使各行形状一致。"),
    ),
    "not_weights": ErrorText(
        Text("numbers as sample_weight", "sample_weight 为数字"),
        RECEIVED,
        Text("Convert them with numpy.asarray(weights, float).", "请用 numpy.asarray(weights, float) 转换。"),
    ),
    "not_an_axis": ErrorText(
        Text("0, 1 or 2 as axis", "axis 为 0、1 或 2"),
        VALUE,
        Text(
            "Columns of a picture (height, width, channels) lie along axis 1.",
            "形状为（高，宽，通道）的图片，列沿轴 1 排列。",
        ),
    ),
    "not_a_shape": ErrorText(
        Text("a picture's shape of three whole numbers as img_shape", "img_shape 为由三个整数组成的图片形状"),
        VALUE,
        Text("Write for example (32, 32, 3), or x.shape.", "例如 (32, 32, 3)，或 x.shape。"),
    ),
    "not_a_path": ErrorText(
        Text("a path as {name}", "{name}为路径"),
        VALUE,
        Text('Write it as text, for example "data/train".', '请以文本书写，例如 "data/train"。'),
    ),
    "not_a_generator": ErrorText(
        Text("an ImageDataGenerator of engine.augment, or None", "engine.augment 的 ImageDataGenerator，或 None"),
        VALUE,
        Text("Make one with ImageDataGenerator().", "请用 ImageDataGenerator() 创建。"),
    ),
    "not_a_table": ErrorText(
        Text("a pandas.DataFrame or another table with named columns", "pandas.DataFrame 或其他带列名的表格"),
        VALUE,
        Text("Read a file with pandas.read_csv first.", "请先用 pandas.read_csv 读取文件。"),
    ),
    "not_parameters": ErrorText(
        Text("a dictionary of transform parameters ({known})", "由变换参数（{known}）组成的字典"),
        VALUE,
        Text("Take one from get_random_transform.", "可由 get_random_transform 得到。"),
    ),
    "unknown_parameters": ErrorText(
        Text("only the transform parameters {known}", "只有变换参数 {known}"),
        Text("also {unknown}", "还有 {unknown}"),
        Text("Remove or correct the unknown names.", "请删除或更正未知的名称。"),
    ),
    # --- pictures ---
    "not_numbers": ErrorText(
        Text("pictures as one array of numbers", "图片为一个数字数组"),
        RECEIVED,
        Text(
            "Bring all pictures to one size and stack them with numpy.stack.",
            "请把所有图片缩放到同一尺寸，再用 numpy.stack 叠成一个数组。",
        ),
    ),
    "not_a_batch": ErrorText(
        Text(
            "pictures with four axes, (number, height, width, channels)", "具有四个维度的图片：（数量，高，宽，通道）"
        ),
        Text("an array of shape {received}", "形状为 {received} 的数组"),
        Text(
            "Write x[..., None] to give grey pictures their channel axis, x[None] to make one picture a batch.",
            "灰度图片可用 x[..., None] 补上通道维；单张图片可用 x[None] 变成一批。",
        ),
    ),
    "not_a_picture": ErrorText(
        Text("one picture with three axes, (height, width, channels)", "一张具有三个维度的图片：（高，宽，通道）"),
        Text("an array of shape {received}", "形状为 {received} 的数组"),
        Text(
            "Write x[..., None] to give a grey picture its channel axis; for many pictures use flow.",
            "灰度图片可用 x[..., None] 补上通道维；多张图片请使用 flow。",
        ),
    ),
    "no_pictures": ErrorText(
        Text("at least one picture with at least one pixel", "至少一张图片，且至少有一个像素"),
        Text("an array of shape {received}", "形状为 {received} 的数组"),
        Text("Check how the pictures were selected.", "请检查图片是如何选取的。"),
    ),
    "not_finite": ErrorText(
        Text("finite numbers in every picture", "每张图片都只含有限的数字"),
        Text("NaN or infinity in picture {index}", "第 {index} 张图片中有 NaN 或无穷大"),
        Text(
            "Leave that picture out, or replace the values with numpy.nan_to_num.",
            "请去掉该图片，或用 numpy.nan_to_num 替换这些值。",
        ),
    ),
    "file_shortened": ErrorText(
        Text("the file “{path}” to stay as it was when it was mapped", "文件“{path}”自映射后保持不变"),
        Text("one that has become shorter since", "此后变短的文件"),
        Text(
            "Open it again with numpy.load(..., mmap_mode='r') when whoever writes it has finished.",
            "请在写入完成后用 numpy.load(..., mmap_mode='r') 重新打开它。",
        ),
    ),
    "length_differs": ErrorText(
        Text("{n} rows in {name}, one per picture", "{name} 有 {n} 行，每张图片一行"),
        RECEIVED,
        Text(
            "All of the arrays in one flow belong together row by row, `x` (images tensor) and `y` (labels) and weights: select them with the same indices.",
            "同一个 flow 中的数组逐行对应：`x`（图片）、`y`（标签）和权重；请用相同的索引选取。",
        ),
    ),
    "weights_without_labels": ErrorText(
        Text("labels y together with sample_weight", "sample_weight 与标签 y 一起给出"),
        Text("weights alone", "只有权重"),
        Text("Pass y, or leave sample_weight out.", "请传入 y，或去掉 sample_weight。"),
    ),
    "shape_changed": ErrorText(
        Text(
            "a picture of shape {expected} from preprocessing_function",
            "preprocessing_function 返回形状为 {expected} 的图片",
        ),
        Text("shape {received}", "形状 {received}"),
        Text(
            "Resize pictures before flow, and keep their shape in the function.",
            "请在 flow 之前缩放图片，函数内保持形状不变。",
        ),
    ),
    # --- picture files ---
    "no_such_picture": ErrorText(
        Text("the picture file “{name}”", "图片文件“{name}”"),
        Text("nothing: it is not there", "空：该文件不存在"),
        Text(
            "Check the path; if the file was there before, leave files alone while they are read.",
            "请检查路径；如果文件原先存在，请不要在读取期间移动或删除文件。",
        ),
    ),
    "not_a_picture_file": ErrorText(
        Text("a picture that can be decoded in “{name}”", "“{name}”中有可以解码的图片"),
        Text("what Pillow refuses ({reason})", "Pillow 无法读取的内容（{reason}）"),
        Text("Replace the file, or take it out of the data.", "请替换该文件，或将其从数据中移除。"),
    ),
    "channels_for_a_file": ErrorText(
        Text("a picture with 1, 3 or 4 channels", "具有 1、3 或 4 个通道的图片"),
        Text("{n} channels", "{n} 个通道"),
        Text(
            'Choose the channels to show, for example x[..., :3]; is data_format "channels_first" meant?',
            '请选择要显示的通道，例如 x[..., :3]；data_format 是否应为 "channels_first"？',
        ),
    ),
    "unknown_color_mode": ErrorText(
        Text('"rgb", "rgba" or "grayscale" as color_mode', 'color_mode 为 "rgb"、"rgba" 或 "grayscale"'),
        VALUE,
        Text("Check the spelling.", "请检查拼写。"),
    ),
    "unknown_interpolation": ErrorText(
        Text("one of {names} as interpolation", "interpolation 为 {names} 之一"),
        VALUE,
        Text('Write "bilinear" for photographs.', '照片请写 "bilinear"。'),
    ),
    "not_a_size": ErrorText(
        Text("a height and a width in pixels as target_size", "target_size 为以像素表示的高和宽"),
        VALUE,
        Text("Write for example (224, 224).", "例如 (224, 224)。"),
    ),
    # --- pictures from folders and tables ---
    "no_such_directory": ErrorText(
        Text("a folder that holds one folder per class", "一个包含各类别子文件夹的文件夹"),
        Text("“{path}”, which cannot be read ({reason})", "无法读取的“{path}”（{reason}）"),
        Text("Check the spelling and the permissions.", "请检查拼写和访问权限。"),
    ),
    "not_class_names": ErrorText(
        Text("a list of names as classes, or None", "classes 为名称列表，或 None"),
        VALUE,
        Text('Write for example ["cats", "dogs"].', '例如 ["cats", "dogs"]。'),
    ),
    "unknown_class_mode": ErrorText(
        Text("one of {names} or None as class_mode", "class_mode 为 {names} 之一，或 None"),
        VALUE,
        Text(
            'Write "categorical" for one-hot labels, "sparse" for class numbers.',
            '独热标签请写 "categorical"，类别编号请写 "sparse"。',
        ),
    ),
    "two_data_formats": ErrorText(
        Text("the generator's own data_format, {expected}", "与生成器相同的 data_format，即 {expected}"),
        VALUE,
        Text("Give data_format to ImageDataGenerator alone.", "请只在 ImageDataGenerator 中指定 data_format。"),
    ),
    "no_such_column": ErrorText(
        Text("a column of the table: {names}", "表格中的列：{names}"),
        VALUE,
        Text(
            "Set x_col, y_col and weight_col to the table's own names.",
            "请把 x_col、y_col、weight_col 设为表格的列名。",
        ),
    ),
    "not_file_names": ErrorText(
        Text("file names as text in column “{name}” (x_col)", "“{name}”列（x_col）为文本形式的文件名"),
        VALUE,
        Text("Convert the column with astype(str), or drop such rows.", "请用 astype(str) 转换该列，或删除这些行。"),
    ),
    "not_a_column": ErrorText(
        Text('the name of one column as y_col for class_mode "{mode}"', 'class_mode 为 "{mode}" 时 y_col 为一个列名'),
        VALUE,
        Text('For several columns write class_mode="raw".', '若有多列，请写 class_mode="raw"。'),
    ),
    "no_columns": ErrorText(
        Text('at least one column as y_col for class_mode "{mode}"', 'class_mode 为 "{mode}" 时 y_col 至少有一列'),
        Text("none", "一列也没有"),
        Text(
            "Name the columns of the targets, or write class_mode=None.", "请给出目标所在的列，或写 class_mode=None。"
        ),
    ),
    "not_columns": ErrorText(
        Text(
            'a list of columns as y_col for class_mode "multi_output"',
            'class_mode 为 "multi_output" 时 y_col 为列名列表',
        ),
        VALUE,
        Text('For one column write class_mode="raw".', '若只有一列，请写 class_mode="raw"。'),
    ),
    "not_labels": ErrorText(
        Text(
            'labels as text in column “{name}” (y_col), or lists of names for class_mode "categorical"',
            '“{name}”列（y_col）为文本标签；class_mode 为 "categorical" 时也可为名称列表',
        ),
        Text("{value} in row {row}", "第 {row} 行为 {value}"),
        Text(
            'Convert the column with astype(str), or write class_mode="raw" for numbers.',
            '请用 astype(str) 转换该列；若标签为数字，请写 class_mode="raw"。',
        ),
    ),
    "not_two_classes": ErrorText(
        Text('two classes for class_mode "binary"', 'class_mode 为 "binary" 时有两个类别'),
        Text("{n}", "{n} 个"),
        Text('Write class_mode="sparse" or "categorical" instead.', '请改用 class_mode="sparse" 或 "categorical"。'),
    ),
    "ragged_column": ErrorText(
        Text("values of one shape in “{name}” (y_col)", "“{name}”（y_col）中的值形状一致"),
        Text("several shapes", "多种形状"),
        Text("Bring all values to one shape.", "请使所有值的形状一致。"),
    ),
    "weights_not_numbers": ErrorText(
        Text("numbers in column “{name}” (weight_col)", "“{name}”列（weight_col）为数字"),
        Text("values of another type", "其他类型的值"),
        Text("Convert the column with astype(float).", "请用 astype(float) 转换该列。"),
    ),
    "weight_not_finite": ErrorText(
        Text("finite numbers in column “{name}” (weight_col)", "“{name}”列（weight_col）为有限的数字"),
        Text("NaN or infinity in row {row}", "第 {row} 行为 NaN 或无穷大"),
        Text("Fill in or drop such rows.", "请填补或删除这些行。"),
    ),
    "no_split": ErrorText(
        Text("a generator with a validation_split for subset", "使用 subset 时生成器带有 validation_split"),
        Text("subset={value} without one", "subset={value}，但没有 validation_split"),
        Text(
            "Make it with ImageDataGenerator(validation_split=0.2), or leave subset out.",
            "请用 ImageDataGenerator(validation_split=0.2) 创建，或去掉 subset。",
        ),
    ),
    # --- flow ---
    "unknown_subset": ErrorText(
        Text('"training", "validation" or None as subset', 'subset 为 "training"、"validation" 或 None'),
        VALUE,
        Text("Check the spelling.", "请检查拼写。"),
    ),
    "empty_subset": ErrorText(
        Text("a validation_split that leaves pictures on both sides", "validation_split 使两边都有图片"),
        Text("{split} of {n} pictures", "{n} 张图片的 {split}"),
        Text(
            "Make it with ImageDataGenerator(validation_split=0.2), or leave subset out.",
            "请用 ImageDataGenerator(validation_split=0.2) 创建，或去掉 subset。",
        ),
    ),
    "classes_differ": ErrorText(
        Text("the same classes in the training and validation subset", "训练与验证子集含有相同的类别"),
        Text("class {classes} on one side only", "类别 {classes} 只出现在一边"),
        Text(
            "Training and validation subsets have different number of classes after the split where the data is sorted: shuffle pictures and labels together before flow, or pass ignore_class_split=True.",
            "数据若按类别排序，切分后两边的类别就会不同：请在 flow 之前把图片和标签一起打乱，或传入 ignore_class_split=True。",
        ),
    ),
    "nothing_to_read": ErrorText(
        Text("at least one picture", "至少一张图片"),
        Text("none", "一张也没有"),
        Text("Check where the pictures should come from.", "请检查图片的来源。"),
    ),
    "no_such_batch": ErrorText(
        Text("a batch number from 0 to {last}", "批次编号在 0 到 {last} 之间"),
        VALUE,
        Text("len(flow) says how many batches there are.", "len(flow) 给出批次总数。"),
    ),
}

NOTES: dict[str, Text] = {
    "found_pictures": Text(
        "Found {n} images belonging to {n_classes} classes.", "找到 {n} 张图片，共 {n_classes} 个类别。"
    ),
    "found_rows": Text("Found {n} {validated} image filenames.", "找到 {n} 个图片文件名（{validated}）。"),
    "found_rows_of_classes": Text(
        "Found {n} {validated} image filenames belonging to {n_classes} classes.",
        "找到 {n} 个图片文件名（{validated}），共 {n_classes} 个类别。",
    ),
}

WARNINGS: dict[str, Text] = {
    "files_left_out": Text(
        'Found {n} invalid image filename(s) in x_col="{name}": missing, or not with a picture\'s ending. These rows are '
        "left out.",
        'x_col="{name}" 中有 {n} 个无效的图片文件名（文件不存在或扩展名不是图片）。这些行被跳过。',
    ),
    "classes_unused": Text(
        "`classes` has no meaning for class_mode={class_mode} and is ignored.",
        "class_mode={class_mode} 时 `classes` 没有意义，将被忽略。",
    ),
    "old_argument": Text(
        "{name} is an argument of older Keras versions and does nothing.",
        "{name} 是旧版 Keras 的参数，不起作用。",
    ),
    "folder_left_out": Text(
        "The folder “{path}” cannot be read ({reason}); its pictures are left out.",
        "无法读取文件夹“{path}”（{reason}），其中的图片被跳过。",
    ),
    "small_shear": Text(
        "shear_range={value} means up to {value} degrees, which nobody can see. If it comes from an example written in "
        "radians, 0.2 there means 11.5 degrees.",
        "shear_range={value} 表示最多 {value} 度，肉眼无法看出。若取自以弧度书写的示例，其中的 0.2 相当于 11.5 度。",
    ),
    "shift_of_one": Text(
        "{name}=1 means a whole number of pixels below 1, so it never shifts. Write 1.0 for up to one pixel, or 0.1 for "
        "a tenth of the side.",
        "{name}=1 表示小于 1 的整数像素，因此不会平移。写 1.0 表示最多一个像素，0.1 表示边长的十分之一。",
    ),
    "centres_too": Text(
        "{name}=True works on centred pictures, so {center} is switched on as well. Write {center}=True to say so.",
        "{name}=True 需要先中心化，因此同时开启了 {center}。可写明 {center}=True。",
    ),
    "whitens_instead": Text(
        "zca_whitening=True scales pictures itself, so featurewise_std_normalization is switched off.",
        "zca_whitening=True 本身已调整尺度，因此关闭了 featurewise_std_normalization。",
    ),
    "not_fitted": Text(
        "A featurewise step is switched on, but {names} is not known: call fit(x) first. The step is left out.",
        "已开启按特征处理的步骤，但尚无 {names}：请先调用 fit(x)。该步骤被跳过。",
    ),
    "grayscale_argument": Text(
        'grayscale=True is the old name of color_mode="grayscale"; write that instead.',
        'grayscale=True 是 color_mode="grayscale" 的旧写法；请改用后者。',
    ),
    "opacity_lost": Text(
        "A JPEG cannot hold opacity: the picture is written without it.",
        "JPEG 无法保存透明度：图片将不带透明度写入。",
    ),
    "odd_channels": Text(
        "Pictures of shape {shape} have {n} channels; usual are 1, 3 or 4. Is data_format right?",
        "形状为 {shape} 的图片有 {n} 个通道；通常为 1、3 或 4。data_format 是否正确？",
    ),
}
