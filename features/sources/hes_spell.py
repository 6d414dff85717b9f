"""Which episodes make a spell, and what the facts of an episode, a spell and a person must agree on."""

from collections.abc import Iterator

import pandas as pd

from features.faults import Faults
from features.sources.hes_codes import (
    BIRTH_METHODS,
    BIRTH_TYPE,
    BORN_HERE,
    DELIVERY_TYPES,
    DIED_DESTINATION,
    DIED_METHODS,
    HOME_ON_THE_DAY,
    LEFT_METHODS,
    MATERNITY_METHODS,
    MATERNITY_TYPES,
    MOTHER_AND_BABY,
    ORDINARY,
    STILL_IN_METHOD,
    UNFINISHED_STATUS,
)

KEY = ["PSEUDO_HESID", "PROCODE3", "ADMIDATE"]
SAME_EPISODE = [*KEY, "EPISTART", "EPIEND", "EPIORDER", "DISDATE"]
WHOLE_YEAR = pd.DateOffset(years=1, days=-1)
EPOCH, NEVER = pd.Timestamp("1900-01-01"), pd.Timestamp("2200-01-01")
DAYS_A_YEAR = 365.25
LEAP_SLACK_DAYS = 2  # ages are whole years, and leap days move a birthday
Findings = Iterator[tuple[pd.Series, str]]


def in_spells(episodes: pd.DataFrame) -> pd.DataFrame:
    """Return the episodes that can be placed, ordered, with the number of their `spell` and where it ended.

    A spell is one person at one provider since one admission date; where somebody came in twice on a day,
    another begins at the EPIORDER 1 that follows a discharge.  An unfinished episode is put aside where a
    later year's file goes on with its spell: the same episode is there again.  `first` and `last` tell the
    ends of what the files hold of a spell; `left_on` is the day of its discharge on all of its rows, missing
    while it is open; `known_from` is when the first year began, `last_year` when the last did.
    """
    placed = _current(episodes)
    placed = placed[~_again(placed)]
    began = placed["EPISTART"].fillna(placed["EPIEND"]).fillna(placed["ADMIDATE"])
    order = [*KEY, "began", "EPIEND", "EPIORDER", "stayed"]
    placed = placed.assign(began=began, stayed=placed["DISDATE"].isna()).sort_values(order, kind="stable")
    left_on = _left_on(placed)
    came_back = (placed["EPIORDER"] == 1) & left_on.notna().shift(fill_value=False)
    spell = ((placed[KEY] != placed[KEY].shift()).any(axis=1) | came_back).cumsum()
    last = ~spell.duplicated(keep="last")
    left_on = left_on.where(last).groupby(spell).transform("max")
    placed = placed.assign(spell=spell, first=~spell.duplicated(), last=last, left_on=left_on)
    return placed.assign(known_from=episodes["FYEAR"].min(), last_year=episodes["FYEAR"].max())


def _current(episodes: pd.DataFrame) -> pd.DataFrame:
    placed = episodes.dropna(subset=KEY)
    continued = placed["FYEAR"] < placed.groupby(KEY)["FYEAR"].transform("max")
    return placed[~(unfinished(placed) & continued)]


def unfinished(episodes: pd.DataFrame) -> pd.Series:
    """Tell which episodes had not finished when their year's file was made."""
    return episodes["EPISTAT"].isin(UNFINISHED_STATUS)


def endless(spells: pd.DataFrame) -> pd.Series:
    """Tell which last episodes ended their spell on a day that is not known."""
    return spells["last"] & _ends(spells) & spells["left_on"].isna()


def _ends(episodes: pd.DataFrame) -> pd.Series:
    return episodes["DISMETH"].isin(LEFT_METHODS) & ~unfinished(episodes)


def _again(episodes: pd.DataFrame) -> pd.Series:
    """Tell which episodes of at least a night, or unfinished ones, repeat another under a key of their own."""
    a_night = episodes["EPIEND"].isna() | (episodes["EPIEND"] > episodes["EPISTART"])
    return a_night & episodes.duplicated(SAME_EPISODE)


def _left_on(episodes: pd.DataFrame) -> pd.Series:
    """Return the day on which an episode ended its spell; without DISDATE, EPIEND where DISMETH says it did."""
    return episodes["DISDATE"].fillna(episodes["EPIEND"].where(_ends(episodes))).where(~unfinished(episodes))


def judge(episodes: pd.DataFrame, spells: pd.DataFrame, faults: Faults, oddities: Faults) -> None:
    """Note what cannot be true in `faults`, and in `oddities` what is wrong but leaves the stays usable.

    `spells` comes from `in_spells(episodes)`.  Only columns that an admission is made of are judged, and
    what HES itself derives from them.
    """
    for findings, noted in (
        (_impossible(episodes), faults),
        (_impossible_lengths(episodes), faults),
        (_impossible_in_spells(spells), faults),
        (_unused(episodes), oddities),
        (_odd_dates(episodes), oddities),
        (_odd_codes(episodes), oddities),
        (_odd_spells(spells), oddities),
        (_odd_people(spells), oddities),
    ):
        for wrong, sentence in findings:
            noted.rows(wrong.index[wrong].sort_values(), sentence)


def _impossible(e: pd.DataFrame) -> Findings:
    yield e["DISDATE"] < e["ADMIDATE"], "DISDATE must not be before ADMIDATE"
    yield e["EPIEND"] < e["EPISTART"], "EPIEND must not be before EPISTART"
    yield e["EPISTART"] < e["ADMIDATE"], "EPISTART must not be before ADMIDATE: an episode lies in its spell"
    yield e["EPIEND"] > e["DISDATE"], "EPIEND must not be after DISDATE: an episode lies in its spell"
    dates = e[["ADMIDATE", "DISDATE", "EPISTART", "EPIEND"]]
    outside = dates.gt(e["FYEAR"] + WHOLE_YEAR, axis=0).any(axis=1) | (e["EPIEND"] < e["FYEAR"])
    yield outside, "EPIEND must lie in the year of FYEAR (April to March), and no date after it"
    left = e["DISDATE"].notna()
    yield unfinished(e) & left, "DISDATE must be empty where the episode is unfinished (EPISTAT 1 or 9)"
    yield left & (e["DISMETH"] == STILL_IN_METHOD), "DISDATE must be empty where DISMETH is 8 (not finished)"


def _impossible_lengths(e: pd.DataFrame) -> Findings:
    """Find durations, which HES derives itself, that its own dates contradict: one of them was altered."""
    wrong = _differ(e["EPIDUR"], e["EPIEND"] - e["EPISTART"])
    yield wrong, "EPIDUR must be the days from EPISTART to EPIEND; fetch the rows again, one was altered"
    to_end = _differ(e["SPELDUR"], e["EPIEND"] - e["ADMIDATE"])
    to_discharge = _differ(e["SPELDUR"], e["DISDATE"] - e["ADMIDATE"]) | e["DISDATE"].isna()
    wrong = _ends(e) & to_end & to_discharge
    yield (
        wrong,
        "SPELDUR must be the days from ADMIDATE to EPIEND where DISMETH ends the spell; fetch them again",
    )


def _impossible_in_spells(s: pd.DataFrame) -> Findings:
    yield _twice(s), "EPIORDER must be unique in a spell (one PSEUDO_HESID, PROCODE3 and ADMIDATE)"
    elsewhere = ~s["last"] & s["DISDATE"].notna() & (s["DISDATE"] != s["left_on"])
    yield elsewhere, "DISDATE must be that of the spell's last episode, or empty"
    beyond = ~s["last"] & (s["began"] > s["left_on"]) | (s["EPIEND"] > s["left_on"]) & s["DISDATE"].isna()
    yield beyond, "EPISTART and EPIEND must not be after the DISDATE of the spell's last episode"


def _unused(e: pd.DataFrame) -> Findings:
    yield ~e["placed"], "PSEUDO_HESID and ADMIDATE should be given; the row is not used"
    ageless = ~e["aged"] & ~e["EPITYPE"].isin(MATERNITY_TYPES)
    yield ageless, "STARTAGE should be given; a spell without an age is not used"
    again = _again(_current(e))
    yield again, "an episode should not be repeated under another EPIKEY; the first is used"


def _odd_dates(e: pd.DataFrame) -> Findings:
    ends, first, left = _ends(e), e["EPIORDER"] == 1, e["DISDATE"].notna()
    wrong = unfinished(e) == e["EPIEND"].notna()
    yield wrong, "EPIEND should be given where EPISTAT is 3, and only there"
    yield ends & ~left, "DISDATE should be given where DISMETH ends the spell; EPIEND is taken for it"
    yield e["DISDATE"] > e["EPIEND"], "DISDATE should be the EPIEND of the spell's last episode"
    yield first & (e["EPISTART"] > e["ADMIDATE"]), "EPISTART should be ADMIDATE where EPIORDER is 1"
    stayed = e["CLASSPAT"].isin(HOME_ON_THE_DAY) & (e["DISDATE"] > e["ADMIDATE"])
    yield stayed, "a day case or day attender (CLASSPAT 2 or 3) should leave on the day of ADMIDATE"
    told = e["SPELEND"].notna() & e["DISMETH"].isin([*LEFT_METHODS, STILL_IN_METHOD])
    wrong = told & ((e["SPELEND"] == "Y") != ends)
    yield wrong, "SPELEND should be Y where DISMETH ends the spell, and only there"
    told = e["SPELBGIN"].notna() & e["EPIORDER"].notna()
    wrong = told & ((e["SPELBGIN"] == "0") == first)
    yield wrong, "SPELBGIN should be 1 or 2 where EPIORDER is 1, otherwise 0"


def _odd_codes(e: pd.DataFrame) -> Findings:
    whole = e["PROCODE5"].notna()
    yield whole & (e["PROCODE5"].str[:3] != e["PROCODE3"]), "PROCODE3 should be how PROCODE5 begins"
    told = e["DISDEST"].notna() & e["DISMETH"].notna()
    wrong = told & (e["DISMETH"].isin(DIED_METHODS) != (e["DISDEST"] == DIED_DESTINATION))
    yield wrong, "DISDEST should be 79 where DISMETH is 4 or 5 (died), and only there"
    birth, first = e["EPITYPE"] == BIRTH_TYPE, e["EPIORDER"] == 1
    unborn = birth & ~e["ADMIMETH"].isin(BIRTH_METHODS) & e["ADMIMETH"].notna()
    wrong = first & (unborn | (e["ADMIMETH"] == BORN_HERE) & ~birth)
    yield wrong, "EPITYPE should be 3 (birth) where ADMIMETH is 82 and EPIORDER 1, and only for a birth"
    yield birth & (e["STARTAGE"] > 0), "STARTAGE should be that of a baby where EPITYPE is 3 (birth)"
    mother = e["EPITYPE"].isin(DELIVERY_TYPES) | e["ADMIMETH"].isin(MATERNITY_METHODS)
    yield mother & (e["SEX"] == "1"), "SEX should not be 1 where EPITYPE or ADMIMETH is of a mother"
    only = (e["CLASSPAT"] == MOTHER_AND_BABY) & ~e["EPITYPE"].isin(MATERNITY_TYPES)
    yield only, "EPITYPE should be a birth or delivery where CLASSPAT is 5 (delivery facilities only)"


def _odd_spells(s: pd.DataFrame) -> Findings:
    spell = s["spell"]
    follows = s["EPIORDER"].groupby(spell).shift().fillna(0) + 1
    begun_here = ~s["first"] | (s["ADMIDATE"] >= s["known_from"])
    gap = s["EPIORDER"].notna() & (s["EPIORDER"] != follows) & begun_here & ~_twice(s)
    yield gap, "EPIORDER should run 1, 2, 3, ...; a spell without its first episode has no first specialty"
    before = s["EPIEND"].groupby(spell).shift()
    yield s["began"] < before, "EPISTART should not be before the EPIEND of the spell's episode before"
    methods = s["ADMIMETH"].groupby(spell).transform("nunique")
    yield methods > 1, "ADMIMETH should be the same in all episodes of a spell; the first is taken"
    still_in = unfinished(s) & (s["FYEAR"] == s["last_year"])
    lost = s["last"] & s["left_on"].isna() & ~still_in & ~endless(s)
    yield lost, "a spell should end, or be unfinished in the last year; it is taken as open: is a file missing?"


def _twice(s: pd.DataFrame) -> pd.Series:
    return s["EPIORDER"].notna() & s.duplicated(["spell", "EPIORDER"], keep=False)


def _odd_people(s: pd.DataFrame) -> Findings:
    person = s["PSEUDO_HESID"]
    sexes = s["SEX"].where(s["SEX"].isin(["1", "2"])).groupby(person).transform("nunique")
    yield sexes > 1, "SEX should be the same in all rows of a person"
    born_by = (s["began"] - EPOCH).dt.days - s["STARTAGE"] * DAYS_A_YEAR + LEAP_SLACK_DAYS
    born_after = born_by - DAYS_A_YEAR - 2 * LEAP_SLACK_DAYS
    apart = born_after.groupby(person).transform("max") > born_by.groupby(person).transform("min")
    yield apart, "STARTAGE should fit one date of birth in all rows of a person"
    yield _overlapping(s), "a person should not be in two ordinary spells of one provider (PROCODE3) at once"


def _overlapping(s: pd.DataFrame) -> pd.Series:
    ordinary = s[s["first"] & (s["CLASSPAT"] == ORDINARY)].sort_values([*KEY, "left_on"])
    beds = [ordinary[name] for name in ("PSEUDO_HESID", "PROCODE3")]
    latest = ordinary["left_on"].fillna(NEVER).groupby(beds).cummax()
    return ordinary["ADMIDATE"] < latest.groupby(beds).shift()


def _differ(days: pd.Series, between: pd.Series) -> pd.Series:
    return days.notna() & between.notna() & (days != between.dt.days)
