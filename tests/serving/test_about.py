"""What answers here, in plain words."""

from models.card import NOT_FOR
from serving.about_page import about_page
from serving.release import Loaded
from tests.serving.builders import client, nobody, parts
from tests.serving.doors import signed_in


def test_it_says_what_must_not_be_done_with_suggestions_to_whoever_has_signed_in(tmp_path):
    of = parts(tmp_path)
    for shown in (signed_in(of), signed_in(of, "data scientist"), signed_in(of, "safety officer")):
        text = nobody(of).get("/about", **shown).text
        assert all(use.partition("'")[0] in text for use in NOT_FOR)
    assert "could not be checked" in client(of).get("/about").text
    assert nobody(of).get("/about").status_code == 401


def test_its_figures_are_those_that_were_kept_with_the_release(small_release, small_release_folder):
    told = about_page(Loaded(small_release, "d" * 64, small_release_folder))
    assert told.release == small_release.release
    assert "simulated patients" in told.learnt_from
    assert any(" days off on average, and within one day for " in sentence for sentence in told.figures)
    assert len(told.figures) == 5
