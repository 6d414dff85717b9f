"""The README's pictures, made of the demonstration that is running: `make pictures` in a second terminal.

PYTHONPATH=. python tests/pictures.py [--home .homeward/demo] [--port 3000]
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from serving.demo import sign_in_link
from serving.settings import Settings
from tests.chromium import chromium

FOLDER = Path(__file__).parents[1] / "serving"
WINDOW = {"width": 1600, "height": 1000}


def main() -> None:
    """Sign in as a coordinator and take pictures of the ward with most patients, and of its first patient."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", default=".homeward/demo")
    parser.add_argument("--port", default="3000")
    given = parser.parse_args()
    settings = Settings.read({"HOMEWARD_HOME": given.home, "HOMEWARD_PORT": given.port})
    with chromium() as browser:
        page = browser.new_page(viewport=WINDOW)
        page.goto(sign_in_link(settings, datetime.now(UTC)))
        page.wait_for_url("**/board")
        rows = page.locator("tbody tr")
        counts = [int(rows.nth(place).locator("td").first.inner_text()) for place in range(rows.count())]
        rows.nth(counts.index(max(counts))).locator("a").click()
        page.wait_for_selector("table.ward")
        page.screenshot(path=FOLDER / "board.png")
        page.locator("table.ward tbody th a").first.click()
        page.wait_for_selector("#plan")
        page.screenshot(path=FOLDER / "patient.png")
    print(f"board.png and patient.png are in {FOLDER}")


if __name__ == "__main__":
    main()
