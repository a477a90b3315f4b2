"""The parents' pages with a fake household: signing in, what is shown, what is changed."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
import yaml

from core.errors import StoreError
from provisioning.parents import codes
from provisioning.parents.fakes import LILY, TOM
from provisioning.parents.family_file import FILE_NAME, FamilyFile, Purpose
from provisioning.parents.pages import degraded_key
from provisioning.parents.ports import Note, PlatformView
from provisioning.parents.sessions import IDLE_S
from provisioning.parents.words import keys
from tests.provisioning.parents.site import Site

SHOWN = ("today", "practice", "limits", "consent", "children", "data", "device")
PACKAGE = Path(importlib.util.find_spec("provisioning.parents").submodule_search_locations[0])  # type: ignore[union-attr,index]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def inside(site: Site) -> Site:
    assert site.sign_in().status_code == 303
    return site


# --------------------------------------------------------------------------- signing in


@pytest.mark.parametrize("page", ["", *SHOWN, "openapi.json", "nothing-here"])
def test_without_a_session_there_is_nothing_but_the_way_in(site: Site, page: str) -> None:
    answer = site.phone.get(f"/{page}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert answer.text == ""


def test_a_code_signs_in_once(site: Site) -> None:
    code = site.pages.new_code()
    spaced = f"{code[:4]} {code[4:]}"
    assert site.phone.post("/sign-in", data={"code": spaced}).status_code == 303
    assert site.phone.get("/today").status_code == 200
    assert site.browser().post("/sign-in", data={"code": code}).status_code == 403


def test_a_code_lives_ten_minutes(site: Site) -> None:
    code = site.pages.new_code()
    site.later(codes.LIFE_S)
    answer = site.phone.post("/sign-in", data={"code": code})
    assert answer.status_code == 403
    assert "too old" in answer.text


def test_five_wrong_codes_lock_one_phone_and_not_the_other(site: Site) -> None:
    code = site.pages.new_code()
    wrong = [site.phone.post("/sign-in", data={"code": "x"}).status_code for _ in range(5)]
    assert wrong == [403, 403, 403, 403, 429]
    assert site.phone.post("/sign-in", data={"code": code}).status_code == 429
    other = site.browser("192.168.1.8")
    assert other.post("/sign-in", data={"code": code}).status_code == 303
    site.later(codes.LOCK_S)
    assert site.sign_in().status_code == 303


def test_a_code_dies_of_guesses_from_everywhere(site: Site) -> None:
    code = site.pages.new_code()
    for number in range(codes.TRIES_OF_ALL):
        site.browser(f"10.0.0.{number + 1}").post("/sign-in", data={"code": "x"})
    assert site.browser("10.0.1.1").post("/sign-in", data={"code": code}).status_code == 403
    assert codes.BLIND_GUESS < 1e-6


def test_a_cookie_is_out_of_reach_of_scripts_and_of_other_sites(site: Site) -> None:
    said = site.sign_in().headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in said.split(";")}
    assert len(site.phone.cookies["myna"]) >= 43


def test_sessions_end(inside: Site) -> None:
    inside.later(IDLE_S + 1)
    assert inside.phone.get("/today").status_code == 303
    inside.sign_in()
    token = inside.phone.cookies["myna"]
    assert inside.send("/sign-out").status_code == 303
    again = inside.browser()
    again.cookies.set("myna", token)
    assert again.get("/today").status_code == 303


# ------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", ["sign-in", *SHOWN])
def test_each_page_is_small_and_needs_nothing_from_outside(
    inside: Site, page: str, language: str
) -> None:
    answer = inside.phone.get(f"/{page}?lang={language}")
    assert answer.status_code == 200
    assert f'<html lang="{language}' in answer.text
    assert len(answer.content) < 150_000
    assert re.findall(r'(?:src|href|action)="(?!/|#|\?)[^"]*"', answer.text) == []
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
    assert nonce
    assert f'<style nonce="{nonce[1]}">' in answer.text


def test_what_a_family_typed_is_text_and_never_markup(inside: Site) -> None:
    page = inside.phone.get("/today").text
    assert "Where is the &lt;cat&gt;?" in page
    assert "<cat>" not in page


def test_every_text_is_there_in_both_languages_and_used() -> None:
    texts = yaml.safe_load((PACKAGE / "words.yaml").read_text(encoding="utf-8"))
    assert [key for key, each in texts.items() if set(each) != {"en", "zh"}] == []
    both = {key: (each["en"], each["zh"]) for key, each in texts.items()}
    assert [key for key, (en, zh) in both.items() if en.count("{}") != zh.count("{}")] == []
    sources = " ".join(
        path.read_text(encoding="utf-8")
        for path in [*PACKAGE.glob("*.py"), *PACKAGE.glob("templates/*.html")]
    )
    made = {"standing_", "level_", "note_", "reach_", "pairing_", "degraded_"}
    unused = [
        key
        for key in keys()
        if not re.search(rf"['\"]{re.escape(key)}['\"]", sources)
        and not any(key.startswith(prefix) for prefix in made)
        and key.removesuffix("_what") not in {each.value for each in Purpose}
    ]
    assert unused == []


def test_limits_are_kept_over_a_restart(inside: Site, tmp_path: Path) -> None:
    wishes = {"minutes_per_day": "20", "quiet_from": "19:30", "quiet_until": "07:00"}
    assert inside.send("/limits", **wishes, pack="farm").status_code == 200
    limits = FamilyFile(tmp_path, inside.clock.wall).family.limits
    assert (limits.minutes_per_day, limits.quiet_from, limits.pack) == (20, "19:30", "farm")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "wish",
    [
        {"minutes_per_day": "-1"},
        {"minutes_per_day": "1e9"},
        {"minutes_per_day": "٣"},
        {"quiet_from": "25:00", "quiet_until": "07:00"},
        {"quiet_from": "19:30"},
        {"pack": "../etc"},
        {"level": "c2"},
        {"wake_phrase": "open sesame"},
        {"rate_percent": "59"},
    ],
)
def test_a_limit_that_is_none_changes_nothing(inside: Site, wish: dict[str, str]) -> None:
    before = inside.family.family
    assert inside.send("/limits", **wish).status_code == 422
    assert inside.family.family == before


def test_consents_are_off_dated_revocable_and_logged(inside: Site) -> None:
    assert not any(inside.family.family.consents(each) for each in Purpose)
    inside.send("/consent", purpose="cloud_answers", given="yes")
    inside.later(86_400)
    inside.sign_in()
    assert inside.family.family.consents(Purpose.CLOUD_ANSWERS)
    page = inside.send("/consent", purpose="cloud_answers", given="no").text
    assert "Taken back on 2026-01-06." in page
    assert not inside.family.family.consents(Purpose.CLOUD_ANSWERS)
    assert [line.given for line in inside.family.family.log] == [True, False]


def test_a_consent_that_cannot_be_written_is_not_given_but_taken_back(
    inside: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside.family.decide(Purpose.RECORDINGS, True)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("provisioning.parents.family_file.write_private", full)
    assert inside.send("/consent", purpose="telemetry", given="yes").status_code == 503
    assert not inside.family.family.consents(Purpose.TELEMETRY)
    with pytest.raises(StoreError, match="free some space"):
        inside.family.decide(Purpose.RECORDINGS, False)
    assert not inside.family.family.consents(Purpose.RECORDINGS)


def test_a_damaged_file_means_no_consent_and_is_kept(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"format": 1, "log": [["recordings", tr', encoding="utf-8")
    family = FamilyFile(tmp_path, Site().clock.wall)
    assert not family.family.consents(Purpose.RECORDINGS)
    assert family.degraded is not None
    assert (tmp_path / "family.damaged").exists()


def test_children_are_named(inside: Site) -> None:
    inside.send("/children", names="Lily\n\n 小明 \n", present="小明")
    assert inside.family.family.children == ("Lily", "小明")
    assert inside.family.family.present == "小明"
    for names in ("Lily\nlily", "a" * 25, "<b>", "\n".join("abcdefghi")):
        assert inside.send("/children", names=names).status_code == 422


def test_a_note_that_a_child_may_need_help_stays_until_it_is_read(inside: Site) -> None:
    assert "Please talk with your child" not in inside.phone.get("/today").text
    inside.household.unread.append(Note("2026-01-05", "hurt_by_others"))
    assert "being hurt by somebody" in inside.phone.get("/today").text
    assert inside.send("/notes").headers["location"] == "/today"
    assert "being hurt by somebody" not in inside.phone.get("/today").text


def test_everything_can_be_taken_away(inside: Site) -> None:
    answer = inside.send("/export")
    assert answer.headers["content-type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["family.json"]


def test_nothing_is_deleted_by_one_touch(inside: Site) -> None:
    assert inside.send("/forget", child=LILY.id).status_code == 422
    assert inside.household.forgotten == []
    inside.send("/forget", child=LILY.id, sure="yes")
    assert inside.household.forgotten == [LILY.id]
    assert inside.send("/forget", child=LILY.id, sure="yes").status_code == 422
    assert [child.id for child in inside.household.family] == [TOM.id]
    inside.send("/limits", minutes_per_day="20")
    inside.send("/forget", child="all", sure="yes")
    assert inside.household.forgotten == [LILY.id, None]
    assert inside.family.family.limits.minutes_per_day == 0


def test_the_sound_check_tells_what_it_found_or_why_not(inside: Site) -> None:
    assert "takes 24 dB" in inside.send("/sound-check").text
    inside.household.busy = True
    answer = inside.send("/sound-check")
    assert answer.status_code == 409
    assert "somebody practises" in answer.text


def test_a_parent_has_a_voice_learnt_now_or_next_or_hears_why_not(inside: Site) -> None:
    assert "Learn a child" in inside.phone.get("/children").text
    assert "asks for it now" in inside.send("/teach-wake").text
    inside.household.busy = True
    assert "when she is woken next" in inside.send("/teach-wake").text
    assert inside.household.lessons == 2
    inside.household.unteachable = True
    answer = inside.send("/teach-wake")
    assert answer.status_code == 409
    assert "cannot be taught" in answer.text
    assert inside.household.lessons == 2


def test_a_page_that_fails_says_so_without_details(
    inside: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("Lily said secret")

    monkeypatch.setattr(inside.household, "children", broken)
    answer = inside.phone.get("/today")
    assert answer.status_code == 500
    assert "Lily" not in answer.text + caplog.text


def test_a_voice_is_heard_chosen_and_kept(inside: Site, tmp_path: Path) -> None:
    page = inside.phone.get("/voices?lang=en").text
    for title in ("A natural voice (lessac, en-US)", "A woman&#39;s voice (3)"):
        assert title in page
    assert "女声（3）" in inside.phone.get("/voices?lang=zh").text
    sound = inside.phone.get("/voices/espeak:f3")
    assert (sound.headers["content-type"], sound.content) == ("audio/wav", b"RIFFespeak:f3")
    for nothing in ("espeak:f9", "%2e%2e", "piper:x", "a/b"):
        assert inside.phone.get(f"/voices/{nothing}").status_code == 404
    assert inside.browser().get("/voices/espeak:f3").status_code == 303
    assert inside.send("/voices", voice="espeak:f9").status_code == 422
    assert inside.send("/voices").status_code == 422
    assert "espeak:m2" in inside.phone.get("/limits").text
    assert inside.send("/voices", voice="espeak:m2").status_code == 200
    assert FamilyFile(tmp_path, inside.clock.wall).family.limits.voice == "espeak:m2"
    assert inside.send("/voices", voice="").status_code == 200
    assert inside.family.family.limits.voice == ""


def test_what_is_degraded_is_told_in_both_languages(inside: Site) -> None:
    inside.household.busy = True
    english, chinese = (inside.phone.get(f"/device?lang={each}").text for each in ("en", "zh"))
    assert "Plug it in again; Myna goes on by herself." in english
    assert "请重新插上" in chinese
    assert "card: the sound card is gone" in chinese  # for a technician
    assert degraded_key("board.mute") == "degraded_board_mute"
    assert degraded_key("something.new") == "degraded_other"


def test_the_description_is_of_the_forms_that_are_read(inside: Site) -> None:
    paths = json.loads(inside.phone.get("/openapi.json").text)["paths"]
    form = paths["/limits"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    assert set(form["schema"]["properties"]) == {"csrf", *inside.family.family.limits.as_dict()}


def test_a_platform_is_asked_shown_and_left(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.sign_in()
    desk = site.household.platform
    assert "Pair with it" in site.phone.get("/device").text
    assert site.send("/pair", platform="no address").status_code == 422
    assert site.send("/pair", platform="https://hub.example").status_code == 303
    shown = site.phone.get("/device")
    assert "7KMX-2QHP" in shown.text
    assert "provisional" in shown.text
    assert shown.headers["refresh"].startswith("4;")
    assert site.send("/pair/stop").status_code == 303
    desk.shown = PlatformView("paired", address="https://hub.example", family="The <Lins>")
    page = site.phone.get("/device")
    assert "The &lt;Lins&gt;" in page.text
    assert "refresh" not in page.headers
    assert site.send("/give-up").status_code == 422
    assert site.send("/give-up", sure="yes").status_code == 303
    assert desk.asked == ["pair https://hub.example", "stop", "give up"]
    assert "not confirmed yet" in site.phone.get("/data").text
    desk.shown = PlatformView("alone", deletions_confirmed=site.clock.wall())
    assert "has confirmed" in site.phone.get("/data").text


def test_why_pairing_did_not_go_on_is_told_in_both_languages(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.sign_in()
    codes = "address network certificate platform denied taken expired busy nowhere alone odd"
    for code in codes.split():
        site.household.platform.shown = PlatformView("alone", trouble=f"pairing.{code}")
        english = site.phone.get("/device?lang=en").text
        chinese = site.phone.get("/device?lang=zh").text
        assert 'role="alert"' in english
        assert english.split('role="alert">')[1][:20] != chinese.split('role="alert">')[1][:20]


def test_myna_s_own_voice_is_there_beside_a_recording_and_for_nothing_else(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert site.phone.get(f"/voice/{LILY.id}/0").status_code == 303  # not without a session
    site.sign_in()
    page = site.phone.get("/practice").text
    assert f"/voice/{LILY.id}/0" in page
    assert f"/voice/{LILY.id}/1" not in page  # no recording, nothing to compare
    sound = site.phone.get(f"/voice/{LILY.id}/0")
    assert (sound.headers["content-type"], sound.content) == ("audio/wav", b"RIFFI think so.")
    for nothing in (f"{LILY.id}/2", f"{TOM.id}/0", f"{LILY.id}/-1", f"{LILY.id}/x", "x/0"):
        assert site.phone.get(f"/voice/{nothing}").status_code == 404
