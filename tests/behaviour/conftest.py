"""The measures of `tests/prove` are tested here in their small form."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "prove"))
