"""What setting a speaker up is made of: its sentences, the label's words, the country."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from device.set_up_words import SetUpSentence, spoken, why
from dialog.ports import Language
from provisioning.identity import WifiAccess, new_identity
from provisioning.set_up_label import SetUpLabel, hand_over, handed_over
from provisioning.wifi.country import CountryFile
from provisioning.wifi.ports import Refusal


def test_every_refusal_has_a_sentence() -> None:
    assert len({why(each) for each in Refusal}) == len(Refusal)


def test_sentences_are_said_in_both_languages_the_chosen_one_first() -> None:
    for sentence in SetUpSentence:
        english, chinese = spoken(sentence, "en", "Myna-7Q2K")
        assert spoken(sentence, "zh", "Myna-7Q2K") == (chinese, english)
        assert (english.language, chinese.language) == (Language.ENGLISH, Language.CHINESE)
        assert english.text.isascii()
        assert "{}" not in english.text + chinese.text


def test_the_label_reaches_the_service_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert handed_over() is None
    identity = new_identity()
    hand_over(identity, tmp_path)
    file = tmp_path / "myna.setup"
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    label = handed_over()
    assert label == SetUpLabel(identity.setup_ssid, identity.setup_password)
    assert identity.setup_password not in repr(label)
    file.write_text("{}")
    assert handed_over() is None


def test_the_country_of_the_bench_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(replace(new_identity(), wifi=WifiAccess("Home", "x", "AT")), tmp_path)
    assert json.loads((tmp_path / "myna.setup").read_text())["country"] == "AT"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    label = handed_over()
    assert label is not None
    assert CountryFile(None, label.country).code == "AT"


@pytest.mark.parametrize("text", ["de\n", "DEU", "", "\xff", "DE; reboot"])
def test_what_is_no_country_is_not_taken_from_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "wifi-country").write_text(text, encoding="latin-1")
    assert CountryFile(tmp_path).code == ""
    with pytest.raises(ValueError, match="two capital letters"):
        CountryFile(tmp_path).set("de")
