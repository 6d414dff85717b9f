"""How hard a text is to read: two well-known formulas, and words that would name a cause."""

import re
from collections.abc import Sequence

VOWELS = re.compile(r"[aeiouy]+")
WORD = re.compile(r"[A-Za-z0-9][\w'./^&-]*")
POLYSYLLABIC = 3
AGE_OF_GRADE = 5  # a pupil in US grade g is g + 5 to g + 6 years old
CAUSES = re.compile(
    r"\b(because|cause[sd]?|due to|owing to|thanks to|lead(s|ing)? to|led to|result(s|ed)? (in|from)|therefore"
    r"|thus|hence|so that|as a result|makes?|making|drives?|driven|explains?|why|effect|affects?"
    r"|impact|increases?|reduces?|raises?|lowers|adds?|takes off|consequence|since you)\b",
    re.IGNORECASE,
)


def syllables(word: str) -> int:
    """Return the syllables of a word by its groups of vowels; a silent e at the end does not count.

    Numbers, codes and units count as one, as in the tools that schools use.

    >>> [syllables(word) for word in ("age", "patients", "average", "frailty", "2.1", "mmol/L", "little")]
    [1, 2, 3, 2, 1, 1, 2]
    """
    plain = word.lower().strip("'.").replace("'", "")
    if not plain.isalpha():
        return max(1, *(syllables(part) if part else 1 for part in re.split(r"[^a-z]+", plain)))
    silent = plain.endswith("e") and not re.search(r"([aeiouy]|[^aeiouy]l)e$", plain)
    silent |= bool(re.search(r"[^aeiouytd]ed$", plain))
    return max(1, len(VOWELS.findall(plain)) - silent)


def words_of(text: str) -> list[str]:
    """Return the words of a text, numbers among them."""
    return WORD.findall(text)


def flesch_kincaid(sentences: Sequence[str], colon_ends: bool = False) -> float:
    """Return the US school grade that can read the sentences (Kincaid et al. 1975); reading age is 5 more.

    With `colon_ends` a colon ends a unit of speech, as Flesch counts (How to Write Plain English, 1979); the
    grade is then lower, so that without it is the stricter.
    """
    units = [part for one in sentences for part in (one.split(": ") if colon_ends else [one])]
    words = [word for unit in units for word in words_of(unit)]
    spoken = sum(map(syllables, words))
    return 0.39 * len(words) / len(units) + 11.8 * spoken / len(words) - 15.59


def smog(sentences: Sequence[str]) -> float:
    """Return the SMOG grade (McLaughlin 1969), which stands for full understanding and so reads higher."""
    hard = sum(syllables(word) >= POLYSYLLABIC for sentence in sentences for word in words_of(sentence))
    return 1.0430 * (30 * hard / len(sentences)) ** 0.5 + 3.1291
