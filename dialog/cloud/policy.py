"""Whether the cloud may be asked: the one place that decides it."""

from __future__ import annotations

from datetime import datetime, time

from dialog.cloud.breaker import Breaker
from dialog.cloud.ports import Reason, Standing
from dialog.cloud.settings import CloudSettings

LEAST_TOKENS = 1200
"""What a question with its prompt and a short answer takes: with less left it is not begun."""


def reason_against(standing: Standing, breaker: Breaker, now_s: float) -> Reason | None:
    """Why the device has to answer; None when the cloud may be asked.

    The parent's word comes first: what is not allowed is not even looked into.
    """
    reasons = (
        (not standing.consent, Reason.NO_CONSENT),
        (not standing.configured, Reason.NOT_CONFIGURED),
        (standing.quiet, Reason.QUIET_HOURS),
        (standing.tokens_left < LEAST_TOKENS, Reason.BUDGET_SPENT),
        (not standing.online, Reason.OFFLINE),
        (not breaker.lets_through(now_s), Reason.RESTING),
    )
    return next((reason for holds, reason in reasons if holds), None)


def standing_of(
    settings: CloudSettings, now: datetime, *, tokens_used: int, online: bool, consent: bool
) -> Standing:
    """What holds now.

    Args:
        now: Local wall time.
        tokens_used: Today.
        online: False when the network is known to be away.
        consent: What the parents' page says beside the setting: both have to allow it.
    """
    return Standing(
        consent=settings.consent and consent,
        tell_parent=settings.tell_parent,
        configured=bool(settings.base_url and settings.model),
        online=online,
        quiet=is_quiet(settings, now),
        tokens_left=max(0, settings.tokens_per_day - tokens_used),
    )


def is_quiet(settings: CloudSettings, now: datetime) -> bool:
    """Whether `now`, local time, lies in the quiet hours, which may run over midnight.

    An unreadable time is no licence to send: it makes every hour a quiet one.
    """
    if not settings.quiet_from and not settings.quiet_until:
        return False
    try:
        start, end = (
            time.fromisoformat(text) for text in (settings.quiet_from, settings.quiet_until)
        )
    except ValueError:
        return True
    at = now.time().replace(tzinfo=None)
    if start <= end:
        return start <= at < end
    return at >= start or at < end
