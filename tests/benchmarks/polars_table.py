"""The feature table as somebody would write it by hand in Polars, to hold ours against.

It shares no code with `features`: only the published lists, the event names and the bank holidays, which
are data.  Run with a folder of Parquet (`admissions/`, `events/`, `moments.parquet`) and a file to write.
"""

import argparse
import json
import time
import tomllib
from pathlib import Path

import polars as pl

DATA = Path(__file__).parents[2] / "features"
ZONE = "Europe/London"
HOUR, DAY = 3_600_000_000, 86_400_000_000
AS_THEY_ARE = (
    *("age", "sex", "admission_method", "admission_source", "intended_management", "treatment_function"),
    *("site", "deprivation_decile", "usual_residence"),
)
LEAVING = ("discharge_method", "discharge_destination")


def feature_table(admissions: pl.DataFrame, events: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    """Return one row a row of `moments` (admission_id, at), in order: all but the hospital's state."""
    rows = moments.with_row_index("row").join(admissions, on="admission_id", how="left")
    left = pl.col("discharge_recorded_at") <= pl.col("at")
    told = [pl.when(left).then(name).alias(name) for name in LEAVING]
    rows = rows.with_columns(*told, until=pl.when(left).then("discharged_at").otherwise("at"))
    table = rows.select("row", *AS_THEY_ARE, *LEAVING, *clock(rows))
    parts = [*stays(admissions, rows), diagnoses(admissions, events, rows), *observed(events, rows, names())]
    for part in [*parts, *carried(admissions, events, rows)]:
        table = table.join(part, on="row", how="left")
    counted = ["earlier_stays", "readmissions_before", "emergency_stays_30_days", "emergency_stays_6_months"]
    counted += ["emergency_stays_year", "stays_year", "bed_days_year", "back_within_30_days"]
    hours = [f"{name}_hours" for name, event in names().items() if event["kind"] == "spell"]
    return table.sort("row").drop("row").with_columns(pl.col(*counted, *hours).fill_null(0))


def clock(rows: pl.DataFrame) -> list[pl.Series]:
    """Return the columns that only need the row's own instants."""
    local, admitted = (pl.col(name).dt.convert_time_zone(ZONE) for name in ("at", "admitted_at"))
    holidays = pl.read_csv(DATA / "bank_holidays.csv", try_parse_dates=True).filter(nation="ENG")["on"]
    weekday = local.dt.weekday() - 1
    free = (weekday >= 5) | local.dt.date().is_in(holidays.implode())
    return rows.select(
        diagnosis_group=pl.col("provisional_diagnosis").str.slice(0, 3),
        hours_so_far=(pl.col("until") - pl.col("admitted_at")).dt.total_microseconds() / HOUR,
        hour=local.dt.hour(),
        admitted_hour=admitted.dt.hour(),
        weekday=weekday,
        admitted_weekday=admitted.dt.weekday() - 1,
        working_day=~free,
    ).get_columns()


def stays(admissions: pl.DataFrame, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return what earlier stays and readmissions say, for the rows that have any."""
    codes = tomllib.loads((DATA / "codes.toml").read_text("utf-8"))
    emergency = pl.col("admission_method").is_in(codes["ENG"]["admission_method"]["emergency"])
    asked = rows.lazy().select("row", "patient_id", "until", came="admitted_at", urgent=emergency)
    ended = admissions.lazy().filter(pl.col("discharge_recorded_at").is_not_null())
    ended = ended.with_columns(emergency=emergency, days=pl.col("discharged_at") - pl.col("admitted_at"))
    before = asked.join(ended, on="patient_id").filter(pl.col("discharge_recorded_at") < pl.col("until"))
    ago = pl.col("until") - pl.col("discharge_recorded_at")
    window = {days: ago < pl.duration(days=days) for days in (30, 182, 365)}
    gap = (pl.col("came") - pl.col("discharged_at").max()).first().dt.total_microseconds() / DAY
    last = pl.col("days").sort_by("discharge_recorded_at", "admitted_at").last()
    history = before.group_by("row").agg(
        earlier_stays=pl.len(),
        last_stay_days=last.dt.total_microseconds() / DAY,
        emergency_stays_30_days=(pl.col("emergency") & window[30]).sum(),
        emergency_stays_6_months=(pl.col("emergency") & window[182]).sum(),
        emergency_stays_year=(pl.col("emergency") & window[365]).sum(),
        stays_year=window[365].sum(),
        bed_days_year=pl.col("days").filter(window[365]).sum().dt.total_microseconds() / DAY,
        days_since_discharge=gap.clip(lower_bound=0),
        back_within_30_days=(pl.col("urgent").first() & (gap.clip(lower_bound=0) < 30)).cast(pl.Float64),
    )
    ordered = admissions.lazy().sort("patient_id", "admitted_at", "admission_id")
    person, previous = pl.col("patient_id"), pl.col("discharged_at").shift()
    pause = pl.col("admitted_at") - previous
    back = ordered.with_columns(
        known=pl.max_horizontal("admission_recorded_at", pl.col("discharge_recorded_at").shift())
    )
    back = back.filter(
        (person == person.shift()) & emergency & (pause >= pl.duration()) & (pause < pl.duration(days=30))
    )
    times = asked.join(back.select("patient_id", "known"), on="patient_id")
    times = times.filter(pl.col("known") <= pl.col("until")).group_by("row").agg(readmissions_before=pl.len())
    return pl.collect_all([history, times])


def diagnoses(admissions: pl.DataFrame, events: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return comorbidity and frailty of the rows whose person has been coded before."""
    lists = tomllib.loads((DATA / "comorbidity.toml").read_text("utf-8"))
    coded = events.filter(pl.col("name") == "coded_diagnosis", pl.col("text").is_not_null())
    coded = coded.join(admissions.select("admission_id", "patient_id"), on="admission_id")
    asked = rows.select("row", "patient_id", "until")
    known = asked.join(coded.select("patient_id", "recorded_at", "text"), on="patient_id")
    known = known.filter(pl.col("recorded_at") < pl.col("until"))
    recent = known.filter(pl.col("until") - pl.col("recorded_at") <= pl.duration(days=730))
    codes = coded.select(pl.col("text").unique())
    bare = pl.col("text").str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    codes = codes.with_columns(bare.alias("bare"), category=bare.str.extract(r"^([A-Z]\d[A-Z\d])"))
    charlson = lists["charlson"]["groups"]
    others = {name: lists["elixhauser"]["groups"][name] for name in ("alcohol", "drug", "psycho", "depre")}
    every = {**charlson, **others}
    listed = [(start, group) for group, spans in every.items() for span in spans for start in spelt(span)]
    beginnings = pl.DataFrame(listed, schema=["beginning", "group"], orient="row")
    tall = pl.concat(codes.select("text", beginning=pl.col("bare").str.slice(0, n)) for n in (3, 4))
    of_code = tall.join(beginnings, on="beginning").select("text", "group").unique()
    flags = (
        codes.select("text")
        .join(of_code, on="text")
        .group_by("text")
        .agg((pl.col("group") == name).any().alias(f"had_{name}") for name in every)
    )
    ill = recent.join(flags, on="text").group_by("row").agg(pl.col(f"had_{name}").any() for name in every)
    tenths = lists["frailty_tenths"]
    points = pl.DataFrame({"category": list(tenths), "tenths": list(tenths.values())})
    frail = recent.join(codes.join(points, on="category").select("text", "category", "tenths"), on="text")
    frail = (
        frail.unique(["row", "category"]).group_by("row").agg(frailty_risk_score=pl.col("tenths").sum() / 10)
    )
    ever = known.select("row").unique().join(ill, on="row", how="left").join(frail, on="row", how="left")
    ever = ever.with_columns(pl.col(f"had_{name}").fill_null(False) for name in every)
    worse = lists["charlson"]["outranked_by"]
    counted = {name: pl.col(f"had_{name}") for name in charlson}
    counted |= {mild: counted[mild] & ~counted[severe] for mild, severe in worse.items()}
    weights = lists["charlson"]["weights"]["charlson_1987"]
    score = pl.sum_horizontal(counted[name].cast(pl.Int64) * weights[name] for name in charlson)
    return ever.with_columns(pl.col("frailty_risk_score").fill_null(0.0), charlson=score)


def carried(admissions: pl.DataFrame, events: pl.DataFrame, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return a table a carried name: what the last earlier stay with a value knew when its end was recorded."""
    shipped = tomllib.loads((DATA / "hospital.toml").read_text("utf-8"))["events"]
    wanted = {name: event for name, event in shipped.items() if event.get("carried")}
    ended = admissions.filter(pl.col("discharge_recorded_at").is_not_null())
    ended = ended.with_columns(at="discharge_recorded_at").with_row_index("row")
    asked = rows.select("row", "patient_id", "until")
    tables = []
    for name, part in zip(wanted, observed(events, ended, wanted), strict=True):
        known = ended.join(part, on="row").drop("row").select("patient_id", "at", "admitted_at", name)
        before = asked.join(known, on="patient_id").filter(pl.col("at") < pl.col("until"))
        last = before.sort("at", "admitted_at").group_by("row").agg(pl.col(name).last().alias(f"{name}_before"))
        tables.append(last)
    return tables


def spelt(span: str) -> list[str]:
    """Return the beginnings of codes of an entry such as I50, E10.2 or I60-I69."""
    first, _, last = span.replace(".", "").partition("-")
    numbers = range(int(first[1:]), int((last or first)[1:]) + 1)
    return [f"{first[0]}{number:0{len(first) - 1}d}" for number in numbers]


def names() -> dict[str, dict]:
    """Return the event names that become features."""
    shipped = tomllib.loads((DATA / "hospital.toml").read_text("utf-8"))["events"]
    return {name: event for name, event in shipped.items() if event.get("feature", True)}


def observed(events: pl.DataFrame, rows: pl.DataFrame, wanted: dict[str, dict]) -> list[pl.DataFrame]:
    """Return a table a name of event: what was known of it at each row's moment."""
    ends = [event["ends"] for event in wanted.values() if "ends" in event]
    known = events.lazy().filter(pl.col("name").cast(pl.String).is_in([*wanted, *ends]))
    known = known.join(rows.lazy().select("row", "admission_id", "at"), on="admission_id")
    void = pl.col("text").eq_missing("cancelled")
    numeric = [name for name, event in wanted.items() if event["kind"] in ("number", "flag")]
    counts = ~void & pl.col("name").cast(pl.String).is_in(numeric)
    known = known.filter(pl.col("recorded_at") <= pl.col("at")).with_columns(
        void=void, number=pl.when(counts).then("number"), text=pl.when(~void & ~counts).then("text")
    )
    order = ["name", "row", "recorded_at", "happened_at", "number", "text"]
    states = replayed(known.select(*order, "at", "void").collect().sort(order, nulls_last=True))
    same = (pl.col("name") == pl.col("name").shift()) & (pl.col("row") == pl.col("row").shift())
    value = pl.struct("number", "text")
    changed = ~same | value.ne_missing(value.shift())
    day_before = pl.col("recorded_at") <= pl.col("at") - pl.duration(hours=24)
    ago = (pl.col("at") - pl.col("happened_at")).dt.total_microseconds() / HOUR
    now = (
        states.with_columns(changed=changed.fill_null(True), ago=ago)
        .group_by("name", "row")
        .agg(
            pl.col("number", "text", "ago").last(),
            so=pl.col("ago").filter("changed").last(),
            earlier=pl.col("number").filter(day_before).last(),
        )
    )
    now = now.filter(pl.col("ago").is_not_null())  # it is null where all that was recorded is void
    by_name = {str(name): part for (name,), part in now.partition_by("name", as_dict=True).items()}
    none = now.clear()
    return [
        wide(name, event, by_name.get(name, none), by_name.get(event.get("ends", ""), none))
        for name, event in wanted.items()
    ]


def replayed(known: pl.DataFrame) -> pl.DataFrame:
    """Return the current value after each record, where some were voided or came out of order."""
    group = ["name", "row"]
    same = (pl.col("name") == pl.col("name").shift()) & (pl.col("row") == pl.col("row").shift())
    untidy = pl.col("void") | (same & (pl.col("happened_at") < pl.col("happened_at").shift()))
    messy = known.filter(untidy).select(group).unique()
    tidy = known.join(messy, on=group, how="anti", maintain_order="left")
    mess = known.join(messy, on=group, how="semi", maintain_order="left")
    mess = mess.with_columns(step=pl.int_range(pl.len()).over(group))
    steps = mess.select(*group, "recorded_at", "at", "step")
    heard = steps.join(mess.drop("recorded_at", "at"), on=group, suffix="_heard")
    heard = heard.filter(pl.col("step_heard") <= pl.col("step")).sort("step_heard")
    standing = heard.group_by(*group, "step", "happened_at").last().filter(~pl.col("void"))
    newest = standing.sort("happened_at").group_by(*group, "step").last()
    after = steps.join(
        newest.select(*group, "step", "happened_at", "number", "text"), on=[*group, "step"], how="left"
    )
    columns = [*group, "recorded_at", "at", "happened_at", "number", "text"]
    return pl.concat([tidy.select(columns), after.sort(*group, "step").select(columns)])


def wide(name: str, event: dict, now: pl.DataFrame, ended: pl.DataFrame) -> pl.DataFrame:
    """Return the columns that one name of event makes, for the rows that know of it."""
    ago, so, kind = pl.col("ago"), pl.col("so"), event["kind"]
    if kind == "number":
        change = pl.col("number") - pl.col("earlier")
        columns = {name: pl.col("number"), f"{name}_days_ago": (ago / 24).floor(), f"{name}_change": change}
        return now.select("row", **columns)
    if kind == "spell":
        closed = ended.select("row", closed="ago")
        now = now.join(closed, on="row", how="left")
        still = now.filter(~(pl.col("closed") <= ago).fill_null(False))
        return still.select("row", **{name: pl.col("text"), f"{name}_hours": ago})
    value = pl.col("number") if kind == "flag" else pl.col("text")
    return now.select("row", **{name: value, f"{name}_hours": so})


def main() -> None:
    """Read a folder, write the table, and print as JSON the quickest time and the most memory held (Linux)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("times", type=int)
    given = parser.parse_args()
    tables = [pl.read_parquet(given.folder / name) for name in ("admissions", "events", "moments.parquet")]
    took = []
    for _ in range(given.times):
        began = time.perf_counter()
        table = feature_table(*tables)
        took.append(time.perf_counter() - began)
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    table.write_parquet(given.out)
    print(json.dumps({"seconds": min(took), "peak_bytes": peak}))


if __name__ == "__main__":
    main()
