"""Error messages and notes of `engine.training`; each error key is used as ``"training.NAME"``.

`NOTES` are warnings: training goes on, but the person should know.
"""

from engine.texts import ErrorText, Text

ERRORS: dict[str, ErrorText] = {
    "no_device": ErrorText(
        Text("a device that this computer has", "这台计算机上存在的设备"),
        Text("{name!r}", "{name!r}"),
        Text("Choose auto, which takes the best one there is.", "请选择 auto，它会使用现有的最佳设备。"),
    ),
    "not_a_network": ErrorText(
        Text("a torch.nn.Module as network", "一个 torch.nn.Module 作为网络"),
        Text("{kind}", "{kind}"),
        Text(
            "Build one with engine.networks, or pass your own module.",
            "请用 engine.networks 构建网络，或传入自己的模块。",
        ),
    ),
    "not_compiled": ErrorText(
        Text("a compiled model", "已编译的模型"),
        Text("one without optimizer and loss", "没有优化器和损失函数的模型"),
        Text(
            'Call model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]) first.',
            '请先调用 model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])。',
        ),
    ),
    "not_a_part": ErrorText(
        Text(
            "{what} by name, or an object that follows the same rule",
            "以名称给出的{what}，或符合相同规则的对象",
        ),
        Text("{kind}", "{kind}"),
        Text("Use one of the names {choices}.", "请使用以下名称之一：{choices}。"),
    ),
    "not_a_source": ErrorText(
        Text(
            "arrays, a Sequence, a generator or a DataLoader",
            "数组、Sequence、生成器或 DataLoader",
        ),
        Text("{kind}", "{kind}"),
        Text(
            "Pass x and y as arrays, or something that yields (x, y) batches.",
            "请以数组传入 x 和 y，或传入能产生 (x, y) 批次的对象。",
        ),
    ),
    "several_targets": ErrorText(
        Text("one target per picture: networks here have one output", "每张图片一个目标：此处的网络只有一个输出"),
        Text('a list of {n} targets (class_mode "multi_output")', '{n} 个目标的列表（class_mode "multi_output"）'),
        Text(
            'Choose one column as y_col with class_mode="raw", or several, which then stand side by side.',
            '请用 class_mode="raw" 并把 y_col 设为一列，或设为多列（各列会并排组成一个目标）。',
        ),
    ),
    "no_labels": ErrorText(
        Text("labels y beside the pictures x", "与图片 x 对应的标签 y"),
        Text("pictures alone", "只有图片"),
        Text("Pass y as well: one label per picture.", "请同时传入 y：每张图片一个标签。"),
    ),
    "labels_beside_stream": ErrorText(
        Text(
            "x alone, because a generator or Sequence brings its own labels and weights",
            "只有 x（生成器或 Sequence 自带标签和权重）",
        ),
        Text("also y or sample_weight", "还有 y 或 sample_weight"),
        Text(
            "Let the generator yield (x, y) or (x, y, sample_weight).",
            "请让生成器产生 (x, y) 或 (x, y, sample_weight)。",
        ),
    ),
    "empty": ErrorText(
        Text("at least one picture", "至少一张图片"),
        Text("none", "没有图片"),
        Text("Check where the data comes from.", "请检查数据来源。"),
    ),
    "lengths": ErrorText(
        Text("as many labels and weights as pictures", "标签、权重与图片数量相同"),
        Text("{sizes}", "{sizes}"),
        Text("Cut or complete them so that row i belongs to picture i.", "请截断或补全，使第 i 行对应第 i 张图片。"),
    ),
    "not_numbers": ErrorText(
        Text("numbers in {what}", "{what}由数字组成"),
        Text("values of type {dtype}", "类型为 {dtype} 的值"),
        Text("Turn names into numbers first, for example 0, 1, 2.", "请先把名称转换为数字，例如 0、1、2。"),
    ),
    "not_finite": ErrorText(
        Text("finite numbers in {what}", "{what}均为有限数值"),
        Text(
            "{n} values that are NaN or infinite, the first in row {row}",
            "{n} 个 NaN 或无穷大的值，第一个在第 {row} 行",
        ),
        Text("Remove or repair these rows.", "请删除或修复这些行。"),
    ),
    "ragged": ErrorText(
        Text("rows of one shape", "所有行形状相同"),
        Text("the shapes {shapes}", "形状 {shapes}"),
        Text("Resize or cut the pictures to one size.", "请把图片缩放或裁剪为同一尺寸。"),
    ),
    "not_yes_or_no": ErrorText(
        Text("targets from 0 to 1 for binary_crossentropy", "binary_crossentropy 的目标介于 0 与 1 之间"),
        Text("{target} in row {row}", "第 {row} 行的 {target}"),
        Text(
            "For more than two classes use sparse_categorical_crossentropy, with one output per class.",
            "超过两个类别时请使用 sparse_categorical_crossentropy，每个类别一个输出。",
        ),
    ),
    "label_range": ErrorText(
        Text(
            "whole labels from 0 to {last}, because the network has {n_classes} outputs",
            "0 到 {last} 的整数标签（网络有 {n_classes} 个输出）",
        ),
        Text("the label {label} in row {row}", "第 {row} 行的标签为 {label}"),
        Text(
            "Number the classes from 0, or give the network as many outputs as there are classes.",
            "请从 0 开始给类别编号，或让网络的输出数等于类别数。",
        ),
    ),
    "target_shape": ErrorText(
        Text("targets of shape {expected} per picture for this loss", "此损失函数要求每张图片的目标形状为 {expected}"),
        Text("{shape}", "{shape}"),
        Text(
            "Use a loss that fits the targets: sparse_categorical_crossentropy for whole numbers, categorical_crossentropy for one-hot rows.",
            "请选用与目标匹配的损失：整数标签用 sparse_categorical_crossentropy，独热行用 categorical_crossentropy。",
        ),
    ),
    "metric_shape": ErrorText(
        Text(
            "targets that the metric {name} can compare with outputs of shape {outputs} per picture",
            "指标 {name} 能与每张图片形状为 {outputs} 的输出比较的目标",
        ),
        Text("shape {targets}", "形状 {targets}"),
        Text(
            "Choose a metric for such targets: accuracy, precision, recall, AUC and F1 take classes as numbers.",
            "请选用适合此类目标的指标：准确率、精确率、召回率、AUC 和 F1 接受整数类别。",
        ),
    ),
    "input_shape": ErrorText(
        Text("pictures of the shape that the network takes", "图片形状符合网络的要求"),
        Text("shape {shape}, which the network refuses: {problem}", "形状 {shape}，网络拒绝了它：{problem}"),
        Text(
            "Build the network for this shape, or resize the pictures; with data_format channels_last a picture is (height, width, channels).",
            "请按此形状构建网络，或调整图片尺寸；在 channels_last 格式下，图片为（高, 宽, 通道）。",
        ),
    ),
    "batch_shape": ErrorText(
        Text(
            "batches of pictures of shape {expected}, as in the first one", "各批图片的形状与第一批相同，为 {expected}"
        ),
        Text(
            "shape {shape} in batch {step} of the epoch (counted from 0), which the network refuses: {problem}",
            "该轮第 {step} 批（从 0 计）的形状为 {shape}，网络拒绝了它：{problem}",
        ),
        Text("Bring all pictures to one size before they become batches.", "请先把所有图片调整为同一尺寸再组成批次。"),
    ),
    "negative_weight": ErrorText(
        Text("sample weights of 0 or more", "不小于 0 的样本权重"),
        Text("{weight} in row {row}", "第 {row} 行的 {weight}"),
        Text("A weight of 0 leaves a picture out.", "权重为 0 即不使用该图片。"),
    ),
    "all_frozen": ErrorText(
        Text("weights that can be trained", "可训练的权重"),
        Text("a network without any, or with all of them frozen", "没有权重或权重全部冻结的网络"),
        Text(
            "Call requires_grad_(True) on what should learn, then compile again.",
            "请对需要学习的部分调用 requires_grad_(True)，然后重新编译。",
        ),
    ),
    "no_mixed_precision": ErrorText(
        Text("a device that computes in bfloat16, for mixed_bfloat16", "支持 bfloat16 的设备（mixed_bfloat16 需要）"),
        Text("{device}", "{device}"),
        Text("Leave precision out to compute in float32.", "省略 precision 即以 float32 计算。"),
    ),
    "batch_form": ErrorText(
        Text("batches of the form (x, y) or (x, y, sample_weight)", "形如 (x, y) 或 (x, y, sample_weight) 的批次"),
        Text("{form}", "{form}"),
        Text("Let the generator yield one such tuple per batch.", "请让生成器每批产生一个这样的元组。"),
    ),
    "validation_form": ErrorText(
        Text(
            "validation_data as (x, y), (x, y, sample_weight), a Sequence or a generator",
            "validation_data 为 (x, y)、(x, y, sample_weight)、Sequence 或生成器",
        ),
        Text("{form}", "{form}"),
        Text("Put the arrays into a tuple of two or three.", "请把数组放入两个或三个元素的元组。"),
    ),
    "empty_split": ErrorText(
        Text("validation_split to leave pictures on both sides", "validation_split 使两边都有图片"),
        Text(
            "{fraction:g} of {n}, which leaves {n_train} to train on and {n_validation} to validate",
            "{n} 张的 {fraction:g}，即训练 {n_train} 张、验证 {n_validation} 张",
        ),
        Text("Choose another fraction, or more data.", "请更换比例，或使用更多数据。"),
    ),
    "split_of_stream": ErrorText(
        Text("arrays where validation_split is used", "使用 validation_split 时的数据为数组"),
        Text("{kind}", "{kind}"),
        Text("Pass validation_data instead.", "请改用 validation_data。"),
    ),
    "no_steps": ErrorText(
        Text("a whole number of at least 1 for {name}", "{name}为不小于 1 的整数"),
        Text("{steps}", "{steps}"),
        Text(
            "With fewer pictures than one batch, len(x) // batch_size is 0: leave {name} out, or make the batch smaller.",
            "图片少于一批时，len(x) // batch_size 为 0：请省略 {name}，或减小批大小。",
        ),
    ),
    "steps_needed": ErrorText(
        Text("{name}, because a generator does not say when an epoch ends", "{name}（生成器不会说明一轮何时结束）"),
        Text("None", "None"),
        Text(
            "Pass the number of batches, for example len(x) // batch_size.", "请传入批次数，例如 len(x) // batch_size。"
        ),
    ),
    "no_batches": ErrorText(
        Text("a generator that yields at least one batch", "至少产生一个批次的生成器"),
        Text("one that ended at once", "立即结束的生成器"),
        Text(
            "Make a new generator: one that has been read to its end stays empty.",
            "请新建生成器：读完的生成器不会再产生数据。",
        ),
    ),
    "not_outputs": ErrorText(
        Text("a network that gives one tensor of outputs, (B, ...)", "网络返回一个输出张量，形状为 (B, ...)"),
        Text("{kind}", "{kind}"),
        Text(
            "Wrap it in a module whose forward returns only what should be trained.",
            "请用一个模块包装它，其 forward 只返回要训练的输出。",
        ),
    ),
    "not_a_tensor": ErrorText(
        Text("a {what} function that returns a tensor", "返回张量的{what}函数"),
        Text("{kind}", "{kind}"),
        Text("Let it return a value per picture, (B,), as a tensor.", "请让它以张量返回每张图片的值，形状为 (B,)。"),
    ),
    "not_scores": ErrorText(
        Text("one row of scores per picture, (B, C), for {loss}", "{loss} 需要每张图片一行得分，形状为 (B, C)"),
        Text("outputs of shape {shape} per picture", "每张图片形状为 {shape} 的输出"),
        Text(
            "Flatten or pool what the network gives, or pass a loss function of your own.",
            "请展平或池化网络的输出，或传入自定义损失函数。",
        ),
    ),
    "single_picture": ErrorText(
        Text(
            "batches of at least two pictures, because the network normalises over a batch",
            "每批至少两张图片（因为网络按批次做归一化）",
        ),
        Text(
            "a single one in batch {step} of the epoch (counted from 0): {problem}",
            "本轮第 {step} 批（从 0 数）只有一张：{problem}",
        ),
        Text(
            "Choose a batch_size that does not leave a remainder of one picture.",
            "请选择不会余下一张图片的 batch_size。",
        ),
    ),
    "no_gradient": ErrorText(
        Text("a loss that follows from weights that can be trained", "由可训练权重计算得到的损失"),
        Text("one without any gradient", "没有梯度的损失"),
        Text(
            "Compute it from the outputs with torch operations, without detach() or no_grad(), "
            "and let the weights that are not frozen have a part in the outputs.",
            "请用 torch 运算由输出计算损失，不要使用 detach() 或 no_grad()，并让未冻结的权重参与计算输出。",
        ),
    ),
    "other_parameters": ErrorText(
        Text("an optimizer over the network's parameters", "以该网络的参数构建的优化器"),
        Text("{kind} over others", "以其他参数构建的 {kind}"),
        Text(
            "Build it from the parameters() of the network that the model was made with.",
            "请用构建模型的网络的 parameters() 创建优化器。",
        ),
    ),
    "needs_closure": ErrorText(
        Text("an optimizer that makes a step from gradients alone", "仅凭梯度即可更新的优化器"),
        Text("{kind}, which wants to compute the loss again by itself", "需要自行重新计算损失的 {kind}"),
        Text(
            "Use one of {choices}, or another of torch.optim.", "请使用 {choices} 之一，或 torch.optim 中的其他优化器。"
        ),
    ),
    "not_a_function": ErrorText(
        Text("a function for {name}", "{name}为一个函数"),
        Text("{kind}", "{kind}"),
        Text("Pass the function itself, for example a lambda.", "请传入函数本身，例如 lambda。"),
    ),
    "scalar_loss": ErrorText(
        Text("one loss per picture where weights are used", "使用权重时每张图片一个损失值"),
        Text("a loss function that returns a single number", "只返回一个数的损失函数"),
        Text(
            'Let it return a value per picture (in PyTorch: reduction="none").',
            '请让它为每张图片返回一个值（PyTorch 中为 reduction="none"）。',
        ),
    ),
    "class_weight": ErrorText(
        Text(
            "class_weight to map class numbers from 0 to {last} to weights of 0 or more",
            "class_weight 把 0 到 {last} 的类别编号映射到不小于 0 的权重",
        ),
        Text("{key!r}: {weight!r}", "{key!r}: {weight!r}"),
        Text("For example {{0: 1.0, 1: 2.5}}.", "例如 {{0: 1.0, 1: 2.5}}。"),
    ),
    "class_weight_form": ErrorText(
        Text("class_weight as a dict from class numbers to weights", "class_weight 为从类别编号到权重的字典"),
        Text("{kind}", "{kind}"),
        Text("For example {{0: 1.0, 1: 2.5}}.", "例如 {{0: 1.0, 1: 2.5}}。"),
    ),
    "loss_not_finite": ErrorText(
        Text("a finite loss", "有限的损失值"),
        Text(
            "{loss} in epoch {epoch}, first at step {step}, at a learning rate of {rate:.3g}",
            "第 {epoch} 轮的损失为 {loss}，首次出现于第 {step} 步（当时的学习率为 {rate:.3g}）",
        ),
        Text(
            "The weights are spoiled: start over with a learning rate a tenth as large, or load an earlier checkpoint.",
            "权重已损坏：请把学习率降到十分之一重新开始，或载入较早的检查点。",
        ),
    ),
    "several_values": ErrorText(
        Text("a single number for {monitor!r}, to compare it", "{monitor!r}为单个数字，以便比较"),
        Text("{n} values", "{n} 个值"),
        Text(
            'Give the metric an average or one threshold, such as F1Score(average="macro").',
            '请为该指标设置平均方式或单一阈值，例如 F1Score(average="macro")。',
        ),
    ),
    "no_direction": ErrorText(
        Text(
            "mode min or max, to know whether {monitor!r} should fall or rise",
            "mode 为 min 或 max，以确定 {monitor!r} 应下降还是上升",
        ),
        Text("{mode!r}", "{mode!r}"),
        Text('Add mode="min" or mode="max".', '请加上 mode="min" 或 mode="max"。'),
    ),
    "bad_factor": ErrorText(
        Text("a factor between 0 and 1, so that the rate falls", "介于 0 与 1 之间的 factor，使学习率下降"),
        Text("{factor}", "{factor}"),
        Text("For example 0.1.", "例如 0.1。"),
    ),
    "bad_rate": ErrorText(
        Text("a schedule that returns a number of at least 0", "返回不小于 0 的数的学习率函数"),
        Text("{rate!r}", "{rate!r}"),
        Text("Return the new learning rate as a float.", "请以浮点数返回新的学习率。"),
    ),
    "not_offered": ErrorText(
        Text("{name}={only}, because nothing else is offered", "{name}={only}（不提供其他选择）"),
        Text("{value}", "{value}"),
        Text("Leave {name} out.", "请省略 {name}。"),
    ),
    "no_tensorboard": ErrorText(
        Text(
            "the package tensorboard, which the callback TensorBoard needs", "回调 TensorBoard 所需的软件包 tensorboard"
        ),
        Text("{problem}", "{problem}"),
        Text(
            "Install it with: pip install tensorboard. The app shows every run without it.",
            "请用 pip install tensorboard 安装；应用无需它也能显示每次训练。",
        ),
    ),
    "not_a_schedule": ErrorText(
        Text("a function of the epoch as schedule", "以轮次为参数的函数作为 schedule"),
        Text("{kind}", "{kind}"),
        Text("For example lambda epoch: 0.01 * 0.9**epoch.", "例如 lambda epoch: 0.01 * 0.9**epoch。"),
    ),
    "bad_separator": ErrorText(
        Text("a single character as separator", "单个字符作为 separator"),
        Text("{value}", "{value}"),
        Text('Use "," or ";".', '请使用 "," 或 ";"。'),
    ),
    "bad_file_name": ErrorText(
        Text("only names from the logs in the file name {path!r}", "文件名 {path!r} 中只使用日志里的名称"),
        Text("{name}", "{name}"),
        Text("Available are {known}.", "可用的名称有 {known}。"),
    ),
    "not_positive": ErrorText(
        Text("a number above 0 for {name}", "{name}为大于 0 的数"),
        Text("{value}", "{value}"),
        Text("Leave {name} out to get the usual value.", "省略 {name} 即使用通常的值。"),
    ),
    "not_a_share": ErrorText(
        Text("a number from 0 to 1 for {name}", "{name}为 0 到 1 之间的数"),
        Text("{value}", "{value}"),
        Text("Leave {name} out to get the usual value.", "省略 {name} 即使用通常的值。"),
    ),
    "not_below_one": ErrorText(
        Text("a number of at least 0 and below 1 for {name}", "{name}为不小于 0 且小于 1 的数"),
        Text("{value}", "{value}"),
        Text("Leave {name} out to get the usual value.", "省略 {name} 即使用通常的值。"),
    ),
    "one_clip": ErrorText(
        Text("one way of clipping at most", "最多一种裁剪方式"),
        Text("{given}", "{given}"),
        Text(
            "Keep the one you want; global_clipnorm is the usual one.", "请只保留需要的一种；通常用 global_clipnorm。"
        ),
    ),
    "bad_boundaries": ErrorText(
        Text("ascending boundaries, and one value more than boundaries", "升序的边界，且值比边界多一个"),
        Text("the boundaries {boundaries} and {n} values", "边界 {boundaries} 和 {n} 个值"),
        Text(
            "For example boundaries=[1000, 2000], values=[0.1, 0.01, 0.001].",
            "例如 boundaries=[1000, 2000]，values=[0.1, 0.01, 0.001]。",
        ),
    ),
    "rate_by_schedule": ErrorText(
        Text("a learning rate that nothing else governs", "不受其他机制控制的学习率"),
        Text("an optimizer whose rate follows {schedule}", "学习率由 {schedule} 控制的优化器"),
        Text(
            "Compile with a plain number as learning_rate, or leave out what sets the rate.",
            "请用普通数值作为 learning_rate 编译，或去掉设置学习率的部分。",
        ),
    ),
    "negative": ErrorText(
        Text("a number of at least 0 for {name}", "{name}为不小于 0 的数"),
        Text("{value}", "{value}"),
        Text("Leave {name} out to get the usual value.", "省略 {name} 即使用通常的值。"),
    ),
    "not_a_count": ErrorText(
        Text("a whole number of at least {least} for {name}", "{name}为不小于 {least} 的整数"),
        Text("{value}", "{value}"),
        Text("Leave {name} out to get the usual value.", "省略 {name} 即使用通常的值。"),
    ),
    "no_epochs": ErrorText(
        Text("a whole number of at least 0 for {name}", "{name}为不小于 0 的整数"),
        Text("{value}", "{value}"),
        Text("epochs is the index at which training ends, such as 10.", "epochs 是训练结束时的轮次序号，例如 10。"),
    ),
    "not_callbacks": ErrorText(
        Text("a list of callbacks", "由回调组成的列表"),
        Text("{kind}", "{kind}"),
        Text("Write callbacks=[...], even for a single one.", "即使只有一个，也请写成 callbacks=[...]。"),
    ),
    "file_exists": ErrorText(
        Text("a name that is not taken, because of overwrite=False", "未被占用的文件名（因为 overwrite=False）"),
        Text("{path}, which exists", "已存在的 {path}"),
        Text("Choose another name, or leave overwrite out.", "请更换文件名，或省略 overwrite。"),
    ),
    "not_a_model_file": ErrorText(
        Text("a file written by model.save", "由 model.save 写出的文件"),
        Text("{path}: {problem}", "{path}：{problem}"),
        Text(
            "Choose a file of a finished run, such as best.safetensors.",
            "请选择训练产生的文件，例如 best.safetensors。",
        ),
    ),
    "weights_do_not_fit": ErrorText(
        Text("weights of the same network", "相同网络的权重"),
        Text("{problem}", "{problem}"),
        Text("Build the network with the settings it was trained with.", "请按训练时的设置构建网络。"),
    ),
}

NOTES: dict[str, Text] = {
    "logits_chosen": Text(
        "{loss} takes the network's outputs as logits, because its last module is {last}, neither softmax nor sigmoid. "
        "A loss object with from_logits= decides it otherwise.",
        "{loss} 把网络输出视为 logits，因为最后一个模块是 {last}，不是 softmax 或 sigmoid。如需更改，请使用带 from_logits= 的损失对象。",
    ),
    "probabilities_chosen": Text(
        "{loss} takes the network's outputs as probabilities, because its last module is {last}. "
        "A loss object with from_logits= decides it otherwise.",
        "{loss} 把网络输出视为概率，因为最后一个模块是 {last}。如需更改，请使用带 from_logits= 的损失对象。",
    ),
    "logits_sum_to_one": Text(
        "{loss} takes the network's outputs as logits, but those of the first batch lie between 0 and 1 and sum to 1, "
        "as probabilities do. If the network ends in a softmax, pass losses.{loss}(from_logits=False).",
        "{loss} 把网络输出视为 logits，但第一批的输出介于 0 与 1 之间且和为 1，像是概率。若网络以 softmax 结尾，请传入 losses.{loss}(from_logits=False)。",
    ),
    "no_probabilities": Text(
        "{loss} takes the network's outputs as probabilities, but those of the first batch do not lie between 0 and 1. "
        "If the network ends in raw scores, pass losses.{loss}(from_logits=True).",
        "{loss} 把网络输出视为概率，但第一批的输出不在 0 与 1 之间。若网络输出原始分数，请传入 losses.{loss}(from_logits=True)。",
    ),
    "stream_ended": Text(
        "The generator ended: epoch {epoch} wanted {wanted} batches and got {came}. Training stops here; "
        "let the generator loop for ever, or lower steps_per_epoch.",
        "生成器已结束：第 {epoch} 轮需要 {wanted} 个批次，得到 {came} 个。训练到此停止；请让生成器无限循环，或减小 steps_per_epoch。",
    ),
    "validation_ended": Text(
        "The validation generator ended: {wanted} batches wanted, {came} came. Those are used in every epoch.",
        "验证生成器已结束：需要 {wanted} 个批次，得到 {came} 个。每轮都使用这些批次。",
    ),
    "evaluation_ended": Text(
        "The generator ended: {wanted} batches wanted, {came} came. The result is over those.",
        "生成器已结束：需要 {wanted} 个批次，得到 {came} 个。结果只基于这些批次。",
    ),
    "classes_without_weight": Text(
        "class_weight says nothing about the classes {classes}: they count 1.",
        "class_weight 没有提到类别 {classes}：它们的权重为 1。",
    ),
    "one_reader": Text(
        "A plain generator is read by one thread, so that no batch is lost or doubled; workers={workers} is not used.",
        "普通生成器只由一个线程读取，以免批次丢失或重复；workers={workers} 不起作用。",
    ),
    "not_recorded": Text(
        "The training steps of this network are not recorded as a CUDA graph, which would be faster: {reason}.",
        "此网络的训练步骤不会录制为 CUDA 图（录制后会更快）：{reason}。",
    ),
    "threads_instead": Text(
        "use_multiprocessing is not needed: batches are prepared by threads.",
        "无需 use_multiprocessing：批次由线程准备。",
    ),
    "fewer_threads": Text(
        "Other programs use the processor: while they do, PyTorch computes with one thread, which is faster then."
        " The last bits of results may differ from those of an undisturbed training.",
        "其他程序正在使用处理器：在此期间 PyTorch 只用一个线程计算，这样更快。结果的最后几位可能与未受干扰的训练不同。",
    ),
    "keras_file": Text(
        "Models are stored as safetensors: names ending in .h5 or .keras become NAME.safetensors, here and in load.",
        "模型以 safetensors 格式保存：以 .h5 或 .keras 结尾的文件名会变为 NAME.safetensors，载入时也一样。",
    ),
    "broken_backup": Text(
        "The backup {path} cannot be read; the one before it is used.",
        "备份 {path} 无法读取，改用它之前的备份。",
    ),
    "missing_metric": Text(
        "{callback} watches {monitor!r}, which this epoch does not have; there are {known}.",
        "{callback} 监视的 {monitor!r} 在本轮不存在；现有 {known}。",
    ),
    "other_optimizer": Text(
        "The file was saved with {saved}, the model uses {used}: weights are loaded, the optimizer starts afresh.",
        "文件保存时使用 {saved}，模型使用 {used}：已载入权重，优化器重新开始。",
    ),
}
