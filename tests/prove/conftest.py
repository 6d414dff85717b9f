"""The modules of this folder import each other plainly, as `python tests/prove` lets them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
