"""Hospital Episode Statistics, admitted patient care (HES APC), as NHS England sends it: England, dates only.

A row is a consultant episode, and an admission is a spell of them.  What is known at the start comes from
the first episode, what is known at the end from the last: the specialty of a later episode is an event of
the day on which it began.  HES has no times: a stay begins at 00:00 of its first day and ends at 23:59 of
its last, so that a discharge is never known before it could be.  Nor does it say when a diagnosis was coded:
it is known when the record had been received (SUBDATE) or, without that, by the end of the month after the
month of discharge, when providers' submissions for the month have closed.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from features.errors import DataFault, Fault
from features.faults import Faults
from features.hospital import facts_with
from features.sources import event
from features.sources.hes_codes import MATERNITY_TYPES, NOT_A_DIAGNOSIS
from features.sources.hes_episode import diagnoses, opened, typed
from features.sources.hes_spell import WHOLE_YEAR, endless, in_spells, judge
from features.tables import Hospital, check

ZONE = "Europe/London"
DAYS_END = pd.Timedelta(hours=23, minutes=59)
SITE_CHARACTERS = 5  # of an ODS site code; shorter ones are a provider's own and not unique
NOT_KNOWN = {"ADMIMETH": "99", "ADMISORC": "99", "SEX": "X", "ETHNOS": "99", "DISMETH": "9", "DISDEST": "99"}


def read(path: Path | None) -> Hospital:
    """Return the hospital of a folder of HES APC files, `.csv` or `.csv.gz`, one or several years of them.

    Columns go by their HES names, in capitals or small letters.  What HES marks as not known comes out
    missing or as the contract's code for it.  Spells with a birth or delivery are left out; day cases and
    regular attenders keep their class.  Notes count what was left out, what was odd and what was assumed.
    Raises DataFault with every kind of fault in the columns that are read, each with its first rows.
    """
    rows, files = opened(path)
    faults, oddities = Faults("episode", files.name_row), Faults("episode", files.name_row)
    where = f"{files.where} ({len(rows):,} rows)"
    episodes = typed(rows, faults)
    spells = in_spells(episodes)
    judge(episodes, spells, faults, oddities)
    if faults.found:
        raise DataFault(where, faults.found + oddities.found)
    kept, left_out = _general(spells)
    if kept.empty:
        raise DataFault(where, ["must hold a spell that can be used", *oddities.found, *left_out])
    stays = _stays(kept)
    coded, coding_notes = _diagnoses(kept, stays)
    return check(
        stays,
        pd.concat([_specialties(kept, stays), coded], ignore_index=True),
        facts_with({"nation": "ENG", "time_zone": ZONE}),
        source="hes",
        where=where,
        notes=[*_assumptions(episodes), *left_out, *coding_notes, *_told(oddities)],
    )


def _told(oddities: Faults) -> list[str]:
    return [sentence.without_values if isinstance(sentence, Fault) else sentence for sentence in oddities.found]


def _assumptions(episodes: pd.DataFrame) -> list[str]:
    first, last = episodes["FYEAR"].min(), episodes["FYEAR"].max() + WHOLE_YEAR
    return [
        f"the files are of {first:%Y-%m-%d} to {last:%Y-%m-%d}: a stay that began before is known from then on",
        "HES has no times of day: a stay begins at 00:00 of ADMIDATE, or at 23:59 where another of the person"
        " ended on that day, and ends at 23:59 of DISDATE",
        "HES does not say when a diagnosis was coded: it is taken as known at the end of the day of SUBDATE, or"
        " else of the month after the month of discharge",
        "a working diagnosis, wards, observations and deaths after discharge are not in HES",
    ]


def _general(spells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the spells that become admissions, and how many do not, and why."""
    maternity = _somewhere(spells["EPITYPE"].isin(MATERNITY_TYPES), spells)
    ageless = ~_somewhere(spells["aged"], spells) & ~maternity
    no_end = _somewhere(endless(spells), spells) & ~maternity & ~ageless
    notes = [
        f"{spells.loc[wrong, 'spell'].nunique():,} spells of {wrong.sum():,} episodes {why}"
        for wrong, why in (
            (maternity, "hold a birth or delivery (EPITYPE 2, 3, 5 or 6) and are left out"),
            (ageless, "have no age and are left out"),
            (no_end, "ended, but on no known day, and are left out"),
        )
        if wrong.any()
    ]
    return spells[~(maternity | ageless | no_end)], notes


def _somewhere(claims: pd.Series, spells: pd.DataFrame) -> pd.Series:
    return claims.groupby(spells["spell"]).transform("any")


def _stays(spells: pd.DataFrame) -> pd.DataFrame:
    """Return one row a spell in the contract's columns, indexed by the row of its first episode."""
    first = spells[spells["first"]]
    known = spells.groupby("spell").first().set_index(first.index)  # the first value that was given
    at_end = spells[spells["last"]].set_index(first.index)
    begun_here = first["EPIORDER"] == 1
    admitted_at = _admitted_at(first)
    left = first["left_on"].notna()
    site = first["SITETRET"].where(begun_here & (first["SITETRET"].str.len() == SITE_CHARACTERS))
    return pd.DataFrame(
        {
            "admission_id": first["EPIKEY"],
            "patient_id": first["PSEUDO_HESID"],
            "site": site.fillna(first["PROCODE3"]),
            "admitted_at": admitted_at,
            "admission_recorded_at": admitted_at.clip(lower=_midnight(first["known_from"]).min()),
            "discharged_at": _days_end(first["left_on"]),
            "discharge_method": at_end["DISMETH"].fillna(NOT_KNOWN["DISMETH"]).where(left),
            "discharge_destination": at_end["DISDEST"].fillna(NOT_KNOWN["DISDEST"]).where(left),
            "admission_method": known["ADMIMETH"].fillna(NOT_KNOWN["ADMIMETH"]),
            "admission_source": known["ADMISORC"].fillna(NOT_KNOWN["ADMISORC"]),
            "patient_classification": at_end["CLASSPAT"],
            "intended_management": known["INTMANIG"],
            "treatment_function": _specialty(first).where(begun_here),  # never a later one: it is not known yet
            "age": known["ADMIAGE"].fillna(known["STARTAGE"]),
            "sex": known["SEX"].fillna(NOT_KNOWN["SEX"]),
            "ethnic_category": known["ETHNOS"].fillna(NOT_KNOWN["ETHNOS"]),
            "deprivation_decile": known["IMD04_DECILE"],
        }
    )


def _midnight(days: pd.Series) -> pd.Series:
    return days.dt.tz_localize(ZONE).dt.as_unit("us")


def _days_end(days: pd.Series) -> pd.Series:
    return (days + DAYS_END).dt.tz_localize(ZONE).dt.as_unit("us")


def _admitted_at(first: pd.DataFrame) -> pd.Series:
    """Return when each spell begins; after another one that ended on its first day, not before that end."""
    ordered = first.sort_values(["PSEUDO_HESID", "ADMIDATE", "left_on"], kind="stable")
    place = pd.Series(range(len(ordered)), index=ordered.index)
    soonest = place.groupby([ordered["PSEUDO_HESID"], ordered["left_on"]]).min()
    found = pd.MultiIndex.from_frame(ordered[["PSEUDO_HESID", "ADMIDATE"]])
    before = pd.Series(soonest.reindex(found).to_numpy(), index=ordered.index)
    follows = (before < place).reindex(first.index)
    return _midnight(first["ADMIDATE"]).where(~follows, _days_end(first["ADMIDATE"]))


def _specialty(episodes: pd.DataFrame) -> pd.Series:
    return episodes["TRETSPEF"].fillna(episodes["MAINSPEF"])


def _specialties(spells: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Return each episode's specialty: the first one's known at once, a later one's when its day is over."""
    began = spells.assign(specialty=_specialty(spells)).dropna(subset="specialty")
    stay = _stay_of(began, spells, stays)
    at_once = began["EPIORDER"] == 1
    at = _midnight(began["began"]).clip(lower=stay["admitted_at"])
    known = _days_end(began["began"]).where(~at_once, stay["admitted_at"]).clip(lower=stay["admitted_at"])
    return event.rows("specialty", stay["admission_id"], at, known, text=began["specialty"])


def _stay_of(rows: pd.DataFrame, spells: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    by_spell = stays.set_index(spells.loc[spells["first"], "spell"])
    return by_spell.loc[rows["spell"]].set_index(rows.index)


def _diagnoses(spells: pd.DataFrame, stays: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the coded diagnoses of ended spells, each code once, numbered from the first episode's primary."""
    ended = spells[spells["left_on"].notna()]
    ended = ended.assign(place=range(len(ended)))
    coded = pd.concat(_listed(ended)).sort_values(["place", "position"], kind="stable")
    coded = coded.drop_duplicates(["spell", "code"]).reset_index(drop=True)
    stay = _stay_of(coded, spells, stays)
    month_after = (coded["left_on"].dt.to_period("M") + 1).dt.to_timestamp(how="end").dt.normalize()
    known_on = coded["SUBDATE"].where(coded["SUBDATE"] > coded["left_on"], month_after)
    bare = coded["code"].str.rstrip("X")
    events = event.rows(
        "coded_diagnosis",
        stay["admission_id"],
        stay["discharged_at"],
        _days_end(known_on),
        number=coded.groupby("spell").cumcount() + 1,
        text=(bare.str[:3] + "." + bare.str[3:]).str.rstrip("."),
    )
    uncoded = ended["spell"].nunique() - coded["spell"].nunique()
    return events, [f"{uncoded:,} ended stays have no diagnosis, or only R69X: not coded"] if uncoded else []


def _listed(episodes: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for position, name in enumerate(diagnoses(episodes), start=1):
        codes = episodes[name].dropna()
        codes = codes[codes != NOT_A_DIAGNOSIS]
        rows = episodes.loc[codes.index, ["spell", "place", "left_on", "SUBDATE"]]
        yield rows.assign(position=position, code=codes)
