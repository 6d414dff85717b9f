"""What HES's values mean in the contract's codes; where today's list has no such code, the choice is explained.

Values follow the HES data dictionary (admitted patient care); a value mapped to None is HES's own way of
saying that something is not known.
"""

from collections.abc import Mapping

NULL_DATES = ("1800-01-01", "1801-01-01", "1600-01-01", "1582-10-15")  # null or invalid date submitted
NULL_NUMBERS = ("999", "8888", "9998", "9999")
NULL_WORDS = ("", "-", "&", "null", "not known", "not applicable")  # in small letters, in any column
BABY_AGES = range(7001, 7008)  # under a day, 1 to 6 days, ... 273 days to a year

UNFINISHED_STATUS = ("1", "9")  # still under that consultant at the end of 31 March; 9 was derived
MATERNITY_TYPES = ("2", "3", "5", "6")  # deliveries and births
BIRTH_TYPE, DELIVERY_TYPES = "3", ("2", "5")
BORN_HERE, BIRTH_METHODS = "82", ("82", "83", "2C")
MATERNITY_METHODS = ("31", "32")
LEFT_METHODS = ("1", "2", "3", "4", "5", "6", "7")
STILL_IN_METHOD, DIED_METHODS, DIED_DESTINATION = "8", ("4", "5"), "79"
ORDINARY, MOTHER_AND_BABY, HOME_ON_THE_DAY = "1", "5", ("2", "3")
NOT_A_DIAGNOSIS = "R69X"  # what HES writes where a provider sent no primary diagnosis


def _same(codes: str) -> dict[str, str | None]:
    return {code: code for code in codes.split()}


_PLACES: dict[str, str | None] = {
    **_same("19 29 30 37 38 39 40 41 42 48 49 50 51 52 53 54 65 66 79 84 85 87 88 98 99"),
    "69": "65",  # local authority home or care, now two codes
    "86": "85",  # non-NHS nursing home, now one code with other care homes
    "89": "99",  # "non-NHS institution", which says neither care home nor hospital
}
_TENTHS = ("Most deprived 10%", *(f"More deprived {n}0-{n + 1}0%" for n in range(1, 5)))
_OTHER_TENTHS = (*(f"Less deprived {n}0-{n + 1}0%" for n in range(4, 0, -1)), "Least deprived 10%")

CODES: Mapping[str, Mapping[str, str | None]] = {
    "EPISTAT": _same("1 3 9"),
    "EPITYPE": _same("1 2 3 4 5 6"),
    "SPELBGIN": _same("0 1 2"),
    "SPELEND": _same("Y N"),
    "CLASSPAT": {**_same("1 2 3 4 5"), "8": None, "9": None},
    "INTMANIG": _same("1 2 3 4 5 8 9"),
    "ADMIMETH": {
        **_same("11 12 13 21 22 23 24 25 28 2A 2B 2C 2D 31 32 81 82 83 98 99"),
        "84": "98",  # to a high security psychiatric hospital, which today's list does not tell apart
        "89": "98",
    },
    "ADMISORC": _PLACES,
    "DISMETH": _same("1 2 3 4 5 6 7 8 9"),
    "DISDEST": _PLACES,
    "SEX": {"1": "1", "2": "2", "9": "9", "0": "X"},
    "ETHNOS": {
        **_same("A B C D E F G H J K L M N P R S Z 99"),
        "X": "99",
        # Until 2001 the classes of the 1991 census: only the broad group compares, White taken as British.
        **{"0": "A", "1": "M", "2": "N", "3": "P", "4": "H", "5": "J", "6": "K", "7": "R", "8": "S", "9": "Z"},
    },
    "IMD04_DECILE": {
        **{str(tenth): str(tenth) for tenth in range(1, 11)},
        **{words: str(tenth) for tenth, words in enumerate((*_TENTHS, *_OTHER_TENTHS), start=1)},
    },
}
