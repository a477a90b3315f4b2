"""Stable identities from what the kernel, PortAudio and the sound server say."""

import os
import sys
from pathlib import Path

import pytest

from audio import cards
from audio.cards import (
    AlsaCard,
    Card,
    PortAudioDevice,
    ServerPort,
    Surroundings,
    choose,
    identify,
    parse_alsa_cards,
    parse_server_ports,
    quiet_stderr,
)
from core.errors import AudioError, DeviceLost

ASOUND_CARDS = """\
 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi
                      vc4-hdmi
 1 [seeed2micvoicec]: seeed2micvoicec - seeed2micvoicecard
                      seeed2micvoicecard
10 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-xhci-1.4, full speed
"""
DEVICES = [
    PortAudioDevice(0, "vc4-hdmi: MAI PCM i2s-hifi-0 (hw:0,0)", 0, 8, 44_100),
    PortAudioDevice(1, "seeed2micvoicecard: bcm2835-i2s-wm8960-hifi (hw:1,0)", 2, 2, 44_100),
    PortAudioDevice(2, "USB PnP Sound Device: Audio (hw:10,0)", 1, 2, 48_000),
    PortAudioDevice(3, "USB PnP Sound Device: Audio #1 (hw:10,1)", 0, 2, 48_000),
    PortAudioDevice(4, "default", 32, 32, 44_100, is_default_input=True, is_default_output=True),
]
SOURCES = """[
 {"name": "alsa_output.usb.monitor", "description": "Monitor of USB",
  "sample_specification": "s16le 2ch 48000Hz", "properties": {"device.class": "monitor"}},
 {"name": "alsa_input.usb-C-Media", "description": "USB microphone",
  "sample_specification": "s16le 1ch 44100Hz", "properties": {"device.class": "sound"}}]"""


def pi(**around: object) -> list[Card]:
    return identify(DEVICES, Surroundings(alsa=parse_alsa_cards(ASOUND_CARDS), **around))


def test_the_kernel_s_list_is_read() -> None:
    assert parse_alsa_cards(ASOUND_CARDS) == {
        0: AlsaCard("vc4hdmi", "vc4-hdmi"),
        1: AlsaCard("seeed2micvoicec", "seeed2micvoicecard"),
        10: AlsaCard("Device", "USB PnP Sound Device"),
    }
    assert parse_alsa_cards("--- no soundcards ---\n") == {}


def test_ids_come_from_the_kernel_and_carry_no_number_of_a_card() -> None:
    assert [card.id for card in pi()] == [
        "alsa:vc4hdmi",
        "alsa:seeed2micvoicec",
        "alsa:Device",
        "alsa:Device,1",
        "portaudio:default",
    ]


def test_ids_stay_when_cards_are_found_in_another_order() -> None:
    moved = identify(
        [PortAudioDevice(0, "USB PnP Sound Device: Audio (hw:0,0)", 1, 2, 48_000)],
        Surroundings(alsa={0: AlsaCard("Device", "USB PnP Sound Device")}),
    )
    assert choose(moved, "alsa:Device", is_input=True).device == 0
    assert choose(pi(), "alsa:Device", is_input=True).device == 2


def test_the_server_s_ports_are_cards_of_their_own_and_monitors_are_not() -> None:
    ports = parse_server_ports(SOURCES, is_input=True)
    assert ports == (
        ServerPort("alsa_input.usb-C-Media", "USB microphone", 1, 44_100, is_input=True),
    )
    devices = [*DEVICES, PortAudioDevice(5, "pulse", 32, 32, 44_100)]
    found = identify(devices, Surroundings(server=ports))
    card = choose(found, "usb microphone", is_input=True)
    assert (card.id, card.device, card.server_name, card.rate_hz, card.outputs) == (
        "pulse:alsa_input.usb-C-Media",
        5,
        "alsa_input.usb-C-Media",
        44_100,
        0,
    )
    default = choose(found, "", is_input=True)
    assert (default.id, default.rate_hz) == ("portaudio:default", 16_000)


@pytest.mark.parametrize(
    ("wanted", "is_input", "id_"),
    [
        ("", True, "portaudio:default"),
        ("alsa:seeed2micvoicec", True, "alsa:seeed2micvoicec"),
        ("seeed2micvoicec", False, "alsa:seeed2micvoicec"),
        ("SEEED", True, "alsa:seeed2micvoicec"),
        ("pnp sound", True, "alsa:Device"),
        ("device", False, "alsa:Device"),
        ("hdmi", False, "alsa:vc4hdmi"),
        ("Device,1", False, "alsa:Device,1"),
    ],
)
def test_a_card_is_chosen_by_id_or_part_of_its_name(wanted: str, is_input: bool, id_: str) -> None:
    assert choose(pi(), wanted, is_input=is_input).id == id_


def test_a_udev_link_is_a_name_too() -> None:
    alsa = {10: AlsaCard("Device", "USB", ("usb-C-Media_0001-00", "pci-0000:01-usb-0:1.4"))}
    found = identify(DEVICES, Surroundings(alsa=alsa))
    assert choose(found, "usb-C-Media_0001-00", is_input=True).device == 2


def test_udev_links_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "by-id").mkdir()
    (tmp_path / "controlC10").touch()
    (tmp_path / "by-id" / "usb-C-Media-00").symlink_to("../controlC10")
    (tmp_path / "cards").write_text(ASOUND_CARDS)
    monkeypatch.setattr(cards, "ASOUND_CARDS", tmp_path / "cards")
    monkeypatch.setattr(cards, "SOUND_LINKS", (tmp_path / "by-id", tmp_path / "by-path"))
    monkeypatch.setenv("PATH", str(tmp_path))  # no pactl: no server
    around = cards.look_around()
    assert around.alsa[10].aliases == ("usb-C-Media-00",)
    assert around.alsa[0].aliases == ()
    assert around.server == ()


def test_words_that_fit_several_cards_are_refused_with_their_ids() -> None:
    with pytest.raises(AudioError, match=r"fits 2 cards \(alsa:Device, alsa:Device,1\)") as caught:
        choose(pi(), "USB", is_input=False)
    assert not caught.value.retryable


def test_a_card_of_the_wrong_direction_does_not_count() -> None:
    with pytest.raises(DeviceLost, match="no microphone fits") as caught:
        choose(pi(), "hdmi", is_input=True)
    assert caught.value.code == "audio.card_missing"
    assert "alsa:seeed2micvoicec" in str(caught.value)


def test_no_card_at_all_is_said_with_the_remedy() -> None:
    with pytest.raises(DeviceLost, match="virtual room") as caught:
        choose([], "", is_input=False)
    assert caught.value.code == "audio.no_card"
    assert caught.value.retryable


def test_what_libraries_print_is_swallowed_and_stderr_comes_back(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_stderr():
        os.write(2, b"ALSA lib confmisc.c: cannot find card\n")
    os.write(2, b"after\n")
    sys.stderr.flush()
    assert capfd.readouterr().err == "after\n"
