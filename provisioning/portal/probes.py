"""What phones and computers ask to find out whether a network leads anywhere.

Each maker asks a host of its own; in the access point every name leads to the speaker. Whatever is
not the answer that the maker expects makes the device open its window for signing in, and a
redirect says where to. The list is for the tests and for people: the guard answers every foreign
name alike, so that a new maker's probe works, too.
"""

from __future__ import annotations

PROBES: dict[str, str] = {
    "http://connectivitycheck.gstatic.com/generate_204": "Android",
    "http://clients3.google.com/generate_204": "Android, older",
    "http://www.google.com/gen_204": "Android, second try",
    "http://connect.rom.miui.com/generate_204": "Xiaomi",
    "http://connectivitycheck.platform.hicloud.com/generate_204": "Huawei",
    "http://wifi.vivo.com.cn/generate_204": "vivo",
    "http://conn1.oppomobile.com/generate_204": "OPPO",
    "http://captive.apple.com/hotspot-detect.html": "iOS and macOS",
    "http://www.apple.com/library/test/success.html": "iOS, older",
    "http://www.msftconnecttest.com/connecttest.txt": "Windows 10 and 11",
    "http://www.msftconnecttest.com/redirect": "Windows, the window itself",
    "http://www.msftncsi.com/ncsi.txt": "Windows 7 and 8",
    "http://detectportal.firefox.com/canonical.html": "Firefox",
    "http://detectportal.firefox.com/success.txt?ipv4": "Firefox, older",
    "http://nmcheck.gnome.org/check_network_status.txt": "GNOME",
    "http://connectivity-check.ubuntu.com/": "Ubuntu",
    "http://spectrum.s3.amazonaws.com/kindle-wifi/wifistub.html": "Kindle",
}
