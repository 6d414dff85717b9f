"""Every line of proof, in the order of the table.  Later work adds lines here, never another runner."""

import gates
import speed
import truth_lines
from line import Line

LINES: tuple[Line, ...] = (*gates.lines(), *truth_lines.lines(), *speed.lines())
"""G: is the simulated hospital like published ones, and as hard to predict?  O: is the truth about it true?
S and P: what do simulated hospitals and the feature table cost?"""
