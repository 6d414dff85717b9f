"""Every line of proof, in the order of the table.  Later work adds lines here, never another runner."""

import access_lines
import calendar_lines
import canary_lines
import contract_lines
import drift_lines
import fault_lines
import gate_lines
import gates
import load_lines
import look_ahead
import model_lines
import page_lines
import quiet_lines
import reason_lines
import round_lines
import service_lines
import speed
import store_lines
import truth_lines
from line import Line

LINES: tuple[Line, ...] = (
    *gates.lines(),
    *truth_lines.lines(),
    *look_ahead.lines(),
    *model_lines.lines(),
    *drift_lines.lines(),
    *reason_lines.lines(),
    *gate_lines.lines(),
    *round_lines.lines(),
    *service_lines.lines(),
    *store_lines.lines(),
    *fault_lines.lines(),
    *calendar_lines.lines(),
    *speed.lines(),
    *load_lines.lines(),
    *contract_lines.lines(),
    *access_lines.lines(),
    *canary_lines.lines(),
    *quiet_lines.lines(),
    *page_lines.lines(),
)
CHAPTERS = {
    "G": "Is the simulated hospital like published ones, and as hard to foretell?",
    "O": "Is the truth about it true?",
    "T": "Can the predictions be trusted?",
    "R": "Can a ward system depend on the service?",
    "S": "What does simulating a hospital cost?",
    "P": "What do the feature table and a prediction cost?",
}
"""What the lines of each letter ask."""
