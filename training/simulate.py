"""Writing a simulated hospital of any size to a folder, with the arguments that make it and a page of it."""

import json
from collections.abc import Iterator
from pathlib import Path

from features.sources import extract
from features.sources.simulated import PARAMETERS_FILE, parameters_of
from features.sources.simulation import MOST_AT_ONCE, Arguments, districts, hospitals, whole
from features.tables import Hospital
from training.cohort import Say
from training.hospital_page import HOSPITAL_PAGE, hospital_page


def write_simulated(arguments: Arguments, folder: Path, say: Say, most: int = MOST_AT_ONCE) -> None:
    """Write a hospital as an extract, its `simulation.json` and a page beside it; `say` is told each stage.

    A hospital of over `most` admissions is written as Parquet, a district at a time, and its page shows the
    first district; a smaller one is CSV.  Raises DataFault, before anything is simulated, for a folder that
    holds anything but an extract which Homeward wrote.
    """
    extract.refuse_to_lose(folder)
    parts = districts(arguments, most)

    def made() -> Iterator[Hospital]:
        for number, part in enumerate(parts, start=1):
            which = f"district {number} of {len(parts)}: " if len(parts) > 1 else ""
            say(f"{which}simulating {part.admissions:,} admissions")
            yield from hospitals([part])  # which keeps none

    def beside(hospital: Hospital) -> dict[str, str]:
        say("drawing the page of the hospital")
        parameters = json.dumps(parameters_of(whole(parts)), indent=1) + "\n"
        return {PARAMETERS_FILE: parameters, HOSPITAL_PAGE: hospital_page(hospital)}

    if len(parts) > 1:
        extract.write_parts(made(), folder, beside=beside)
        return
    hospital = next(made())
    texts = beside(hospital)
    say(f"writing {len(hospital.admissions):,} admissions and {len(hospital.events):,} events to {folder}")
    extract.write(hospital, folder, beside=texts)
