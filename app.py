"""FitLab's entry: hands over to the shell around all pages. `python app.py` starts itself under Streamlit."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from streamlit import runtime

if __name__ == "__main__" and not runtime.exists():
    os.chdir(Path(__file__).resolve().parent)  # Streamlit reads .streamlit/config.toml from where it starts
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", "app.py", *sys.argv[1:]])

from pages._ui import shell

shell.run()
