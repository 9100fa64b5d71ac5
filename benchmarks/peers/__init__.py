"""What is measured, beside whom: one module per topic, with its `TITLE`, `CASES`, `ROWS` and the `BARS` between them.

A row is a function that prepares a case and returns a step: a function that does some work and returns for how many
pictures. Each row runs in a process of its own, so packages are imported inside the rows, and one that is missing skips
its rows only. A bar is what our rate should be at least, in times that of a row. A topic may also have `ONLY` (the rows
of a case that not all can do) and `COMPANY` (rows that work inside a context).
"""
