"""A speaker that is being set up, without one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from provisioning.portal.ports import Phase, SetUpView, Wish
from provisioning.wifi.ports import Band, Network, Security

NEIGHBOURHOOD = (
    Network("Müller & <Söhne>".encode(), 82, Security.WPA2, frozenset(Band)),
    Network("小明的家".encode(), 67, Security.WPA3, frozenset({Band.LOW})),
    Network(b"Cafe", 44, Security.OPEN, frozenset({Band.LOW})),
    Network(b"Fast-5G", 40, Security.WPA2, frozenset({Band.HIGH})),
    Network(b"School", 31, Security.ENTERPRISE, frozenset({Band.LOW})),
    Network(b"Attic", 12, Security.WEP, frozenset({Band.LOW})),
)


@dataclass
class FakeSetUp:
    """Honours `SetUp`; remembers what was wanted and does nothing about it."""

    now: SetUpView = field(
        default_factory=lambda: SetUpView(
            Phase.OPEN, "Myna-AB12", NEIGHBOURHOOD, frozenset({Band.LOW})
        )
    )
    wishes: list[Wish] = field(default_factory=list)
    looks: int = 0

    def view(self) -> SetUpView:
        return self.now

    def join(self, wish: Wish) -> bool:
        if self.now.phase is not Phase.OPEN:
            return False
        self.wishes.append(wish)
        self.now = replace(self.now, phase=Phase.TRYING)
        return True

    def look_again(self) -> bool:
        if self.now.phase is not Phase.OPEN:
            return False
        self.looks += 1
        self.now = replace(self.now, phase=Phase.LOOKING)
        return True
