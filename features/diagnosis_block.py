"""Which ICD-10 codes belong together: the blocks of the classification, such as J09-J18 (pneumonia)."""

import bisect
import tomllib
from functools import cache
from pathlib import Path

import pandas as pd

from features.comorbidity import three_characters


def diagnosis_block(codes: pd.Series) -> pd.Series:
    """Return the block of each ICD-10 code, row for row; a category outside every block stands for itself.

    Missing where there is no ICD-10 code.  Blocks: WHO, ICD-10 10th revision, 2019.

    >>> diagnosis_block(pd.Series(["J18.9", "j15", "J22", "J19", None]))
    0    J09-J18
    1    J09-J18
    2    J20-J22
    3        J19
    4        NaN
    Name: block, dtype: str
    """
    category = three_characters(codes)
    distinct = category.dropna().unique()
    return category.map({one: _block(one) for one in distinct}).astype("str").rename("block")


def _block(category: str) -> str:
    starts, blocks = _blocks()
    block = blocks[max(bisect.bisect_right(starts, category) - 1, 0)]
    first, _, last = block.partition("-")
    return block if first <= category <= (last or first) else category


@cache
def _blocks() -> tuple[list[str], list[str]]:
    listed = tomllib.loads(Path(__file__).with_name("icd10_blocks.toml").read_text("utf-8"))["blocks"]
    blocks = sorted(listed)
    return [block.partition("-")[0] for block in blocks], blocks
