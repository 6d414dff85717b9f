"""Groups, scores and frailty points of ICD-10 codes; the oracle is pycomorb, another reading of the papers."""

import itertools
import string

import numpy as np
import pandas as pd
import pycomorb
import pytest

from features.comorbidity import (
    CHARLSON_GROUPS,
    ELIXHAUSER_GROUPS,
    frailty_tenths,
    groups,
    score,
    three_characters,
)

GROUPS = {"charlson": CHARLSON_GROUPS, "elixhauser": ELIXHAUSER_GROUPS}
# Every category A00 to Z99, alone and with every fourth digit, whether in use or not.
EVERY_CODE = [
    f"{letter}{number:02d}{fourth}"
    for letter, number, fourth in itertools.product(
        string.ascii_uppercase, range(100), ["", *(f".{n}" for n in range(10))]
    )
]


def groups_of(code: str, index: str) -> set[str]:
    return set(groups(pd.Series([code]), index)["group"])


def present(held: set[str], index: str) -> pd.DataFrame:
    return pd.DataFrame([[group in held for group in GROUPS[index]]], columns=list(GROUPS[index]))


def held_by(diagnoses: pd.DataFrame, index: str) -> pd.DataFrame:
    """Return one row a patient and one boolean column a group."""
    long = diagnoses.merge(groups(diagnoses["code"], index))
    counts = pd.crosstab(long["id"], long["group"])
    return counts.reindex(index=diagnoses["id"].unique(), columns=list(GROUPS[index]), fill_value=0) > 0


def oracle(diagnoses: pd.DataFrame, index: str, **options: str) -> pd.DataFrame:
    return pycomorb.comorbidity(index, diagnoses.assign(age=40), **options).set_index("id")


@pytest.fixture(scope="module")
def diagnoses() -> pd.DataFrame:
    """Return 3,000 patients with up to a dozen codes, most from the published lists, dotted or not."""
    rng = np.random.default_rng(20051)
    every = pd.Series(EVERY_CODE)
    in_a_list = pd.concat(
        [groups(every, index)["code"] for index in GROUPS] + [frailty_tenths(every).index.to_series()]
    )
    pool = pd.concat([in_a_list, every.sample(len(in_a_list) // 4, random_state=1)]).to_numpy()
    held = pd.DataFrame({"id": np.repeat(np.arange(3_000), rng.integers(1, 13, 3_000))})
    codes = pd.Series(rng.choice(pool, len(held)))
    return held.assign(code=codes.where(rng.random(len(held)) < 0.5, codes.str.replace(".", "")))


@pytest.mark.parametrize(
    ("code", "charlson", "elixhauser"),
    [
        ("E10.2", {"diabwc"}, {"diabc"}),
        ("E10.9", {"diab"}, {"diabunc"}),
        ("E11.6", {"diab"}, {"diabc"}),  # the two indexes draw the line differently
        ("E14.8", {"diab"}, {"diabc"}),
        ("E10", set(), set()),  # says nothing of complications
        ("E10.X", set(), set()),
        ("I21.4", {"ami"}, set()),
        ("I25.2", {"ami"}, set()),
        ("I25.1", set(), set()),
        ("I42.0", {"chf"}, {"chf"}),
        ("I42.1", set(), set()),
        ("I42.6", {"chf"}, {"chf", "alcohol"}),
        ("I13.0", {"chf"}, {"chf", "hypc"}),
        ("I13.1", {"rend"}, {"rf", "hypc"}),
        ("K70.3", {"mld"}, {"ld", "alcohol"}),
        ("K70.4", {"msld"}, {"ld"}),
        ("I85.0", {"msld"}, {"ld"}),
        ("K25.0", {"pud"}, set()),  # Elixhauser's ulcers do not bleed
        ("K25.9", {"pud"}, {"pud"}),
        ("C18.9", {"canc"}, {"solidtum"}),
        ("C44.9", set(), set()),  # skin
        ("C43.9", {"canc"}, {"solidtum"}),
        ("C77", {"metacanc"}, {"metacanc"}),
        ("C80.0", {"metacanc"}, {"metacanc"}),
        ("C90.1", {"canc"}, set()),
        ("C96.9", {"canc"}, {"lymph"}),
        ("F20.4", set(), {"psycho", "depre"}),
        ("G83.9", {"hp"}, {"para"}),
        ("B23.0", set(), set()),
        ("Z99.2", {"rend"}, {"rf"}),
        ("Z00.0", set(), set()),
    ],
)
def test_a_code_falls_in_the_groups_of_the_papers(code, charlson, elixhauser):
    assert groups_of(code, "charlson") == charlson
    assert groups_of(code, "elixhauser") == elixhauser


@pytest.mark.parametrize(
    "code",
    ["I25.2", "I252", "i25.2", " I25.2 ", "I25.20", "I25.2X", "I25.2†", "I25.2*", "I25.2D", "I25.2-", "I252A"],
)
def test_the_spelling_of_a_code_does_not_matter(code):
    assert groups_of(code, "charlson") == {"ami"}


@pytest.mark.parametrize("code", ["F00", "F00X", "F00-", "F00.-", "F00.1†", "f00.1*", "F0010"])
def test_the_spelling_of_a_frailty_code_does_not_matter(code):
    assert frailty_tenths(pd.Series([code])).to_dict() == {code: 71}
    assert three_characters(pd.Series([code])).tolist() == ["F00"]


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string"])
def test_every_kind_of_text_column_gives_the_same(dtype):
    codes = pd.Series(["E10.2", None, "C77", "E10.2", "Z00"], dtype=dtype)
    assert groups(codes, "charlson").to_numpy().tolist() == [["C77", "metacanc"], ["E10.2", "diabwc"]]
    assert three_characters(codes).fillna("none").tolist() == ["E10", "none", "C77", "E10", "Z00"]
    assert frailty_tenths(pd.Series(["R26", None, "R26"], dtype=dtype)).to_dict() == {"R26": 26}


@pytest.mark.parametrize("codes", [pd.Series([], dtype="str"), pd.Series([None, None]), pd.Series(["", "?"])])
def test_no_codes_give_no_groups_and_no_points(codes):
    for index in GROUPS:
        assert groups(codes, index).empty
        assert groups(codes, index).columns.tolist() == ["code", "group"]
    assert frailty_tenths(codes).empty
    assert frailty_tenths(codes).dtype == "int64"
    assert three_characters(codes).isna().all()


def test_three_characters_keep_the_order_and_the_index_of_the_codes():
    codes = pd.Series(["W19X", "F00.1", "W19X"], index=[5, 5, 1])
    pd.testing.assert_series_equal(
        three_characters(codes), pd.Series(["W19", "F00", "W19"], index=[5, 5, 1], name="category")
    )


@pytest.mark.parametrize(
    ("weights", "milder", "worse"),
    [
        ("charlson_1987", "mld", "msld"),
        ("charlson_1987", "diab", "diabwc"),
        ("charlson_1987", "canc", "metacanc"),
        ("charlson_quan_2011", "mld", "msld"),
        ("charlson_quan_2011", "canc", "metacanc"),
        ("elixhauser_van_walraven", "solidtum", "metacanc"),
    ],
)
def test_a_milder_group_counts_nothing_beside_the_worse_one(weights, milder, worse):
    index = weights.partition("_")[0]
    points = {held: score(present(set(held), index), weights).item() for held in [(milder,), (worse,)]}
    assert points[milder,] > 0
    assert score(present({milder, worse}, index), weights).item() == points[worse,]


@pytest.mark.parametrize(
    ("weights", "most"),
    [("charlson_1987", 29), ("charlson_quan_2011", 24), ("elixhauser_van_walraven", 66)],
)
def test_a_patient_with_every_group_scores_every_weight_that_is_not_outranked(weights, most):
    index = weights.partition("_")[0]
    assert score(present(set(GROUPS[index]), index), weights).item() == most
    assert score(present(set(), index), weights).item() == 0


def test_score_leaves_its_argument_alone_and_keeps_the_rows():
    held = present({"mld", "msld"}, "charlson").set_axis(["a patient"])
    before = held.copy()
    assert score(held[sorted(held.columns)], "charlson_1987").to_dict() == {"a patient": 3}
    pd.testing.assert_frame_equal(held, before)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (present(set(), "charlson").drop(columns="ami"), "17 groups; found 16 columns.*not boolean: ami,"),
        (present(set(), "charlson").astype({"ami": "int64"}), "not boolean: ami,"),
        (present(set(), "charlson").assign(gout=True), "unknown: gout"),
        (present(set(), "charlson")[[*CHARLSON_GROUPS, "ami"]], "found 18 columns"),
        (present(set(), "elixhauser"), "found 31 columns"),
    ],
)
def test_score_refuses_columns_that_are_not_the_groups(frame, message):
    with pytest.raises(ValueError, match=message):
        score(frame, "charlson_1987")


def test_an_unknown_index_or_weighting_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match="charlson, elixhauser; found 'gagne'"):
        groups(pd.Series(["I21"]), "gagne")
    with pytest.raises(ValueError, match=r"charlson_1987, charlson_quan_2011, .* found 'charlson'"):
        score(present(set(), "charlson"), "charlson")


# pycomorb's Quan lists are ours code for code, and in the same order, so that nothing is left out.
@pytest.mark.parametrize("index", ["charlson", "elixhauser"])
def test_every_code_is_in_the_same_groups_as_in_pycomorb(index):
    every = pd.DataFrame({"id": EVERY_CODE, "code": EVERY_CODE})
    theirs = oracle(every, index, return_categories=True).loc[EVERY_CODE]
    theirs = theirs.drop(columns=theirs.columns[theirs.columns.str.contains("Score|Index|^Age$")])
    np.testing.assert_array_equal(held_by(every, index), theirs.astype(bool))


@pytest.mark.parametrize(
    ("weights", "index", "options", "column"),
    [
        ("charlson_1987", "charlson", {"weights": "charlson"}, "Charlson Comorbidity Index"),
        ("charlson_quan_2011", "charlson", {"weights": "quan"}, "Charlson Comorbidity Index"),
        (
            "elixhauser_van_walraven",
            "elixhauser",
            {"weights": "van_walraven"},
            "Elixhauser Comorbidity Index",
        ),
    ],
)
def test_scores_of_random_patients_are_those_of_pycomorb(diagnoses, weights, index, options, column):
    ours = score(held_by(diagnoses, index), weights)
    assert ours.nunique() > 10
    assert ours.to_dict() == oracle(diagnoses, index, **options)[column].to_dict()


def test_frailty_of_random_patients_is_that_of_pycomorb(diagnoses):
    once = diagnoses.assign(category=three_characters(diagnoses["code"])).drop_duplicates(["id", "category"])
    tenths = once["category"].map(frailty_tenths(once["category"])).fillna(0).astype(int)
    theirs = (oracle(diagnoses, "hfrs")["HFRS Score"] * 10).round().astype(int)
    assert tenths.groupby(once["id"]).sum().to_dict() == theirs.to_dict()


def test_the_109_frailty_categories_make_173_point_2():
    tenths = frailty_tenths(pd.Series([code for code in EVERY_CODE if "." not in code]))
    assert (len(tenths), tenths.sum()) == (109, 1732)
    theirs = oracle(pd.DataFrame({"id": tenths.index, "code": tenths.index}), "hfrs")["HFRS Score"]
    assert tenths.to_dict() == (theirs * 10).round().astype(int).to_dict()
