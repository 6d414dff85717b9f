"""Every line of proof, in the order of the table.  Later work adds lines here, never another runner."""

import gates
import reason_lines
import speed
import truth_lines
from line import Line

LINES: tuple[Line, ...] = (*gates.lines(), *truth_lines.lines(), *speed.lines(), *reason_lines.lines())
CHAPTERS = {
    "G": "Is the simulated hospital like published ones, and as hard to foretell?",
    "O": "Is the truth about it true?",
    "S": "What does simulating a hospital cost?",
    "P": "What does the feature table cost?",
    "T": "Can the predictions be trusted?",
}
"""What the lines of each letter ask."""
