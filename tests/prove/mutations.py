"""What can happen to a release on a disk or a network: one mutation of its folder at a time, by a seed."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from models.sealed import LISTING, digest, listing, seal_file, sealed

HUGE_BYTES = 2**40  # sparse: no disk holds it


def _one(folder: Path, random: Random) -> Path:
    return random.choice([folder / name for name in sorted(_digests(folder))])


def _digests(folder: Path) -> dict[str, str]:
    digests: dict[str, str] = json.loads((folder / LISTING).read_bytes())
    return digests


def flipped_bit(folder: Path, random: Random) -> None:
    _flip(_one(folder, random), random)


def flipped_bit_of_the_listing(folder: Path, random: Random) -> None:
    _flip(folder / LISTING, random)


def _flip(file: Path, random: Random) -> None:
    content = bytearray(file.read_bytes())
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    file.write_bytes(content)


def truncated(folder: Path, random: Random) -> None:
    file = _one(folder, random)
    os.truncate(file, random.randrange(file.stat().st_size))


def truncated_listing(folder: Path, random: Random) -> None:
    os.truncate(folder / LISTING, random.randrange((folder / LISTING).stat().st_size))


def lengthened(folder: Path, random: Random) -> None:
    with random.choice([_one(folder, random), folder / LISTING]).open("ab") as file:
        file.write(random.choice([b"\n", b" ", b"\0", b"{}"]))


def swapped_files(folder: Path, random: Random) -> None:
    one, other = random.sample(sorted(_digests(folder)), 2)
    (folder / one).rename(folder / "between")
    (folder / other).rename(folder / one)
    (folder / "between").rename(folder / other)


def missing_file(folder: Path, random: Random) -> None:
    random.choice([_one(folder, random), folder / LISTING]).unlink()


def missing_file_and_line(folder: Path, random: Random) -> None:
    file, digests = _one(folder, random), _digests(folder)
    file.unlink()
    (folder / LISTING).write_bytes(listing({name: each for name, each in digests.items() if name != file.name}))


def extra_file(folder: Path, random: Random) -> None:
    (folder / random.choice(["extra.pkl", ".hidden", "leave.txt.bak", "model.yaml2", "a\nb", "ü"])).write_text(
        "x"
    )


def extra_file_and_line(folder: Path, random: Random) -> None:
    name = random.choice(["extra.txt", "leave2.txt", "model.yaml"])
    (folder / name).write_text("x")
    (folder / LISTING).write_bytes(listing({**_digests(folder), name: digest(b"x")}))


def extra_folder(folder: Path, random: Random) -> None:
    (folder / random.choice(["more", ".git"])).mkdir()


def renamed_file(folder: Path, random: Random) -> None:
    file = _one(folder, random)
    file.rename(folder / random.choice([file.name.upper(), f"{file.name} ", f"{file.stem}.bin"]))


def link_to_the_same_bytes(folder: Path, random: Random) -> None:
    file = random.choice([_one(folder, random), folder / LISTING])
    outside = folder.parent / f"outside-{folder.name}"
    shutil.move(file, outside)
    file.symlink_to(outside)


def link_to_nowhere(folder: Path, random: Random) -> None:
    file = _one(folder, random)
    file.unlink()
    file.symlink_to(random.choice(["/dev/zero", "/dev/stdin", "/nowhere", file.name]))


def pipe(folder: Path, random: Random) -> None:
    file = random.choice([_one(folder, random), folder / LISTING])
    file.unlink()
    os.mkfifo(file)


def folder_for_a_file(folder: Path, random: Random) -> None:
    file = random.choice([_one(folder, random), folder / LISTING])
    file.unlink()
    file.mkdir()


def huge_file(folder: Path, random: Random) -> None:
    os.truncate(random.choice([_one(folder, random), folder / LISTING]), HUGE_BYTES)


def path_in_the_listing(folder: Path, random: Random) -> None:
    name = random.choice(["../outside", "/etc/hostname", "./card.md", "..", "", "a/b", "card.md\0"])
    (folder / LISTING).write_bytes(listing({**_digests(folder), name: digest(b"")}))


def key_twice_in_the_listing(folder: Path, random: Random) -> None:
    lines = (folder / LISTING).read_text().splitlines()
    lines.insert(1, lines[random.randrange(1, len(lines) - 2)])
    (folder / LISTING).write_text("\n".join(lines) + "\n")


def other_form_of_the_listing(folder: Path, random: Random) -> None:
    digests = _digests(folder)
    forms: list[Callable[[], str]] = [
        lambda: json.dumps(digests),
        lambda: json.dumps(list(digests)),
        lambda: json.dumps(dict(reversed(digests.items())), indent=1) + "\n",
        lambda: json.dumps({name: each.upper() for name, each in digests.items()}, indent=1) + "\n",
        lambda: json.dumps({name: [each] for name, each in digests.items()}, indent=1) + "\n",
        lambda: json.dumps(dict.fromkeys(digests)),
        lambda: "[" * 60_000,
        lambda: "",
        lambda: "NaN",
        lambda: "\ufeff" + json.dumps(digests, indent=1) + "\n",
    ]
    (folder / LISTING).write_text(random.choice(forms)(), "utf-8")


def listing_that_fits_the_altered_file(folder: Path, random: Random) -> None:
    file, digests = _one(folder, random), _digests(folder)
    _flip(file, random)
    (folder / LISTING).write_bytes(listing({**digests, file.name: digest(file.read_bytes())}))


def key_twice_in_a_file_that_fits(folder: Path, random: Random) -> None:
    file = folder / random.choice(["release.json", "reference.json", "golden.json"])
    digests, content = _digests(folder), file.read_bytes()
    file.write_bytes(content.replace(b"{", b'{"name": "other", "name": "another",', 1))
    (folder / LISTING).write_bytes(listing({**digests, file.name: digest(file.read_bytes())}))


def other_digest_beside_it(folder: Path, random: Random) -> None:
    text = random.choice(["", "0" * 64, sealed(folder).digest[:-1], sealed(folder).digest.upper() + "\0"])
    seal_file(folder).write_text(text)


MUTATIONS: tuple[Callable[[Path, Random], None], ...] = (
    *(flipped_bit, truncated) * 4,  # what disks do
    flipped_bit_of_the_listing,
    truncated_listing,
    lengthened,
    swapped_files,
    missing_file,
    missing_file_and_line,
    extra_file,
    extra_file_and_line,
    extra_folder,
    renamed_file,
    link_to_the_same_bytes,
    link_to_nowhere,
    pipe,
    folder_for_a_file,
    huge_file,
    path_in_the_listing,
    key_twice_in_the_listing,
    other_form_of_the_listing,
    listing_that_fits_the_altered_file,
    key_twice_in_a_file_that_fits,
    other_digest_beside_it,
)


def mutated(release: Path, place: Path, number: int) -> tuple[Path, str]:
    """Return a copy of a release with one mutation, as its number says, and what was done to it."""
    mutation = MUTATIONS[number % len(MUTATIONS)]
    folder = Path(shutil.copytree(release, place / f"mutant-{number}"))
    seal_file(folder).write_text(sealed(release).digest)
    mutation(folder, Random(number))
    return folder, mutation.__name__
