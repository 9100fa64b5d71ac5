"""Error messages of `engine.spec` and `engine.catalog`; each key is used as ``"spec.NAME"``."""

from engine.texts import ErrorText, Text

ERRORS: dict[str, ErrorText] = {
    "not_a_number": ErrorText(
        Text("a number for {name}", "{name}为一个数字"),
        Text("{value!r}", "{value!r}"),
        Text("Type it in digits, for example {example}.", "请用数字输入，例如 {example}。"),
    ),
    "not_whole": ErrorText(
        Text("a whole number for {name}", "{name}为整数"),
        Text("{value!r}", "{value!r}"),
        Text("Drop the decimals, for example {example}.", "请去掉小数，例如 {example}。"),
    ),
    "out_of_range": ErrorText(
        Text("{name} between {minimum:.10g} and {maximum:.10g}", "{name}介于 {minimum:.10g} 与 {maximum:.10g} 之间"),
        Text("{value:.10g}", "{value:.10g}"),
        Text("Choose a value inside that range.", "请在此范围内取值。"),
    ),
    "not_a_choice": ErrorText(
        Text("{name} to be one of {choices}", "{name}为 {choices} 之一"),
        Text("{value!r}", "{value!r}"),
        Text("Check the spelling.", "请检查拼写。"),
    ),
    "not_a_switch": ErrorText(
        Text("{name} to be true or false", "{name}为 true 或 false"),
        Text("{value!r}", "{value!r}"),
        Text("Write true or false.", "请写 true 或 false。"),
    ),
    "not_text": ErrorText(
        Text("text for {name}", "{name}为文字"),
        Text("{value!r}", "{value!r}"),
        Text("Put it in quotes.", "请加上引号。"),
    ),
    "unknown_fields": ErrorText(
        Text("only the settings {known}", "只有设置 {known}"),
        Text("also {unknown}", "还有 {unknown}"),
        Text("Remove or correct the unknown names.", "请删除或更正未知的名称。"),
    ),
    "not_a_spec": ErrorText(
        Text("a run's settings as a JSON object", "以 JSON 对象表示的训练设置"),
        Text("{problem}", "{problem}"),
        Text("Start a new run, or restore spec.json from a copy.", "请新建训练，或从备份恢复 spec.json。"),
    ),
    "no_path": ErrorText(
        Text("the path of a {source}", "{source}的路径"),
        Text("nothing", "空"),
        Text("Choose one on the Data page.", "请在“数据”页选择。"),
    ),
    "too_much_held_out": ErrorText(
        Text("validation and test together at most 90 %", "验证与测试合计不超过 90 %"),
        Text("{percent:g} %", "{percent:g} %"),
        Text("Leave more pictures for training.", "请为训练留出更多图片。"),
    ),
    "fit_with_augmentation": ErrorText(
        Text("no augmentation in mode fit, which trains on the pictures as they are", "fit 模式不做增强（按原图训练）"),
        Text("{active} switched on", "已打开 {active}"),
        Text(
            "Switch to fit_generator, or choose the preset Off on the Augment page.",
            "请改用 fit_generator，或在“增强”页选择“关闭”预设。",
        ),
    ),
}
