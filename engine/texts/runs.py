"""Error messages of `engine.runs` and `engine.worker`; each key is used as ``"runs.NAME"``.

`NOTES` are what a script that trains tells its user.
"""

from engine.texts import ErrorText, Text

ERRORS: dict[str, ErrorText] = {
    "no_home": ErrorText(
        Text("a folder for the runs that can be written", "一个可写入的训练文件夹"),
        Text("{folder}: {problem}", "{folder}：{problem}"),
        Text(
            "Set the variable FITLAB_RUNS to a folder of your own, then start FitLab again.",
            "请把环境变量 FITLAB_RUNS 设为您自己的文件夹，然后重新启动 FitLab。",
        ),
    ),
    "missing": ErrorText(
        Text("a run named {run_id}", "名为 {run_id} 的训练"),
        Text("a name that {folder} does not hold", "{folder} 中不存在的名称"),
        Text("It may have been deleted: choose another run.", "它可能已被删除，请选择其他训练。"),
    ),
    "no_spec": ErrorText(
        Text("the run's settings in {path}", "{path} 中的训练设置"),
        Text("{problem}", "{problem}"),
        Text("Start a new run, or restore the file from a copy.", "请新建训练，或从备份恢复该文件。"),
    ),
    "no_database": ErrorText(
        Text("the run's curves and state in {path}", "{path} 中的训练曲线与状态"),
        Text("{problem}", "{problem}"),
        Text(
            "Checkpoints and train.log in the same folder may still be good. Start a new run with the same settings.",
            "同一文件夹中的检查点和 train.log 可能仍然可用。请用相同的设置新建训练。",
        ),
    ),
    "database_gone": ErrorText(
        Text("the run's curves and state in {path}", "{path} 中的训练曲线与状态"),
        Text("a folder without this file", "缺少该文件的文件夹"),
        Text(
            "Put it back if there is a copy. Settings, log and weights in the same folder are still good: start a new "
            "run with the same settings to see curves again.",
            "如有备份，请把它放回原处。同一文件夹中的设置、日志和权重仍然可用：用相同的设置新建训练，即可重新看到曲线。",
        ),
    ),
    "not_waiting": ErrorText(
        Text("a run that waits to be started", "等待开始的训练"),
        Text("{run_id}, which was started before", "已经启动过的 {run_id}"),
        Text("Start a new run with the same settings.", "请用相同的设置新建训练。"),
    ),
    "still_active": ErrorText(
        Text("a run that has ended", "已经结束的训练"),
        Text("{run_id}, which is still at work", "仍在进行的 {run_id}"),
        Text("Stop it first, then delete it.", "请先停止，再删除。"),
    ),
    "lost": ErrorText(
        Text("the training process to run to its end", "训练进程运行到结束"),
        Text("no sign of life since {when}", "自 {when} 起没有任何动静"),
        Text(
            "The process was ended from outside: by hand, by the system for lack of memory, or by a restart of the "
            "computer. Curves and checkpoints up to then are kept; the last lines of the log may say more.",
            "进程被外部终止：手动结束、系统内存不足或计算机重启。此前的曲线与检查点均已保留，日志的最后几行可能有更多说明。",
        ),
    ),
    "did_not_start": ErrorText(
        Text("the training process to start", "训练进程启动"),
        Text("its end after {seconds:.0f} s, with exit code {code}", "它在 {seconds:.0f} 秒后退出，退出码 {code}"),
        Text("The log says why. Try again once that is put right.", "原因见日志，修正后请重试。"),
    ),
    "cannot_write": ErrorText(
        Text("to be able to write to {folder}", "能够写入 {folder}"),
        Text("the answer: {problem}", "系统的答复：{problem}"),
        Text(
            "Free some disk space, then start again. Curves and checkpoints up to now are kept.",
            "请清理磁盘空间后重新开始。此前的曲线与检查点均已保留。",
        ),
    ),
    "out_of_memory": ErrorText(
        Text("the training to fit into memory", "训练能放入内存"),
        Text("a request for more than there is", "超出可用内存的请求"),
        Text(
            "Choose a smaller batch size, smaller pictures or a smaller network.",
            "请减小批大小、图片尺寸，或换用更小的网络。",
        ),
    ),
    "unexpected": ErrorText(
        Text("the training to run without a fault", "训练无故障运行"),
        Text("{kind}: {problem}", "{kind}：{problem}"),
        Text(
            "This is a fault of the program, or of the network's own code. The log holds the details.",
            "这是程序或自定义网络代码的错误，详情见日志。",
        ),
    ),
}

NOTES: dict[str, Text] = {
    "watch": Text("Watch it live: {address}/watch?run={run_id}", "实时查看：{address}/watch?run={run_id}"),
    "watch_later": Text(
        "Recorded as run {run_id}. To watch it live, start the app (python app.py); the run strip leads there.",
        "已记录为训练 {run_id}。要实时查看，请启动应用（python app.py），通过顶部的训练条进入。",
    ),
    "not_published": Text(
        "The training goes on, but cannot be watched from here on: {problem}",
        "训练会继续，但从此无法查看：{problem}",
    ),
}
