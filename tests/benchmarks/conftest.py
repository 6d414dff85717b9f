"""The benchmarks import one another by name, as they do when one is run."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
