"""Every line of proof, in the order of the table.  Later work adds lines here, never another runner."""

import gates
from line import Line

LINES: tuple[Line, ...] = (*gates.lines(),)
