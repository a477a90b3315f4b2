"""What the tutor makes of answers, tries, silence and trouble.

A demand has three rungs. Asked plainly; after a wrong answer the model is said slowly; after
another one only the key word is asked for, or the child says it together with Myna, and then
anything is enough to go on. Right words with one sound that needs help get one hint and one more
try, whatever comes of it.
"""

from __future__ import annotations

from dialog.commands import Command
from dialog.kinds import Judgement, Outcome, judge
from dialog.kinds.values import RIGHT
from dialog.packs.wording import aloud
from dialog.ports import Heard, Trouble, Verdict
from dialog.teaching.feedback import Hint, hint_for, is_better, is_clear, praised_word
from dialog.tutor_asking import ask, ask_easier, give_help
from dialog.tutor_commands import obey
from dialog.tutor_hearing import Asked, Named, Said, Slipped, meaning_of
from dialog.tutor_session import FAILS_IN_A_ROW, begin_session, go_on, sleep
from dialog.tutor_state import Rung
from dialog.tutor_turn import Turn

MAX_SILENCES = 3
"""The third silence in a row is a goodbye."""
MAX_MISSES = 3
"""After so many times not understood, another item comes."""
MAX_MISSES_IN_A_ROW = 6
"""After so many across items it is too noisy to go on."""
MAX_CRASHES = 3
LEAVES = (Command.STOP, Command.OTHER)
LEAVE_FROM = 0.7
"""Confidence from which Myna leaves off what it is doing: misheard, it would cost the lesson."""


def hear(turn: Turn, event: Heard) -> None:
    """Words were recognised."""
    expectation = turn.expectation
    meaning = meaning_of(event.recognition, expectation, others=turn.demand.wrong, names=turn.names)
    confidence = event.recognition.confidence
    turn.set(crashes=0)
    match meaning:
        case Asked(command) if command in LEAVES and confidence < LEAVE_FROM:
            turn.set(silences=0)
            miss(turn)
        case Asked(command):
            turn.set(misses=0, silences=0)
            obey(turn, command)
        case Named(who):
            turn.set(misses=0, silences=0)
            _greet(turn, who)
        case Said():
            turn.set(misses=0, spoke=True)
            _judge(turn, meaning, event)
            turn.set(silences=0)
        case Slipped() if turn.asking.hint is None and turn.asking.rung is not Rung.EASIER:
            turn.set(misses=0, silences=0, spoke=True)
            _one_word(turn, meaning, event)
        case _:
            turn.set(silences=0)
            miss(turn)


def hear_nothing(turn: Turn) -> None:
    """The child stayed silent."""
    silences = turn.state.silences + 1
    turn.set(silences=silences)
    if silences >= MAX_SILENCES:
        sleep(turn, "silent_goodbye")
    elif silences == 1:
        turn.speech.phrase("encourage")
        ask(turn)
    else:
        give_help(turn, "silent_help")


def fail(turn: Turn, trouble: Trouble) -> None:
    """Somebody spoke and nothing came of it."""
    turn.set(silences=0)
    if trouble is Trouble.NOT_UNDERSTOOD:
        miss(turn)
        return
    crashes = turn.state.crashes + 1
    turn.set(crashes=crashes)
    if crashes >= MAX_CRASHES:
        sleep(turn, "resting")
    else:
        turn.speech.phrase("try_again")
        ask(turn)


def miss(turn: Turn) -> None:
    """Somebody spoke and was not understood: that is Myna's fault, not the child's."""
    if turn.asking.hint is not None:
        turn.speech.phrase("praise_tried")
        _pass(turn, Verdict.RIGHT)
        return
    if turn.asking.rung is Rung.EASIER:
        turn.speech.phrase("praise_effort")
        _pass(turn, Verdict.WRONG)
        return
    misses = turn.state.misses + 1
    turn.set(misses=misses, spoke=True)
    if misses >= MAX_MISSES_IN_A_ROW:
        sleep(turn, "noisy_goodbye")
    elif misses % MAX_MISSES == 0:
        turn.speech.phrase("misheard_on")
        go_on(turn)
    elif misses % MAX_MISSES == 1:
        turn.speech.phrase("misheard")
        ask(turn)
    else:
        give_help(turn, "misheard_model")


def _greet(turn: Turn, who: int) -> None:
    """A child says who it is."""
    if who == turn.state.who:
        turn.speech.phrase("greeting_back")
        ask(turn)
    else:
        begin_session(turn, seed=turn.state.seed + 1, who=who)


def _judge(turn: Turn, said: Said, event: Heard) -> None:
    demand = turn.demand
    if demand.item is not None:
        judgement = judge(demand.item, demand.ask, said.text, event.duration_s)
    else:
        judgement = RIGHT if said.answer else Judgement(Outcome.WRONG, model=demand.ask.model)
    if turn.asking.hint is not None:
        _second_try(turn, turn.asking.hint, judgement, event)
    elif judgement.outcome is Outcome.RIGHT:
        _right(turn, said, event)
    elif turn.asking.rung is Rung.EASIER:
        _with_help(turn, said, event)
    else:
        _not_yet(turn, judgement, event)


def _right(turn: Turn, said: Said, event: Heard) -> None:
    """The right words: praise, and perhaps one hint on how they were said."""
    demand, plainly = turn.demand, turn.asking.rung is Rung.ASK
    sound = demand.item.sound if demand.item is not None else ""
    praised = praised_word(
        event.pronunciation, sound, {each.phone: each for each in turn.child.sounds}
    )
    turn.attempt(Verdict.RIGHT, event)
    turn.ask(pronunciation=event.pronunciation)
    _learn(turn, said)
    hint = hint_for(event.pronunciation, sound=sound)
    if hint is not None and plainly and demand.item is not None and not turn.state.hinted:
        turn.speech.phrase("praise_first")
        _give_hint(turn, hint)
        return
    if is_clear(event.pronunciation):
        turn.speech.phrase("praise_clear")
    elif praised and plainly:
        turn.speech.phrase("praise_sound", aloud(praised))
    else:
        turn.speech.phrase("praise_first" if plainly else "praise_again")
    _reply(turn)
    _pass(turn, Verdict.RIGHT, said.text)


def _give_hint(turn: Turn, hint: Hint) -> None:
    """One sound, shown slowly, set once against what it sounded like, and a second try."""
    turn.ask(hint=hint)
    turn.set(hinted=True)
    turn.speech.text(hint.tip.in_language(turn.tutor.language))
    if hint.instead:
        turn.speech.phrase("contrast", aloud(hint.example), other=aloud(hint.instead).rstrip("."))
        if hint.example != hint.word:
            turn.speech.english(aloud(hint.word), slow=True)
    else:
        turn.speech.phrase("try_sound", aloud(hint.word))
    turn.speech.phrase("your_turn")


def _second_try(turn: Turn, hint: Hint, judgement: Judgement, event: Heard) -> None:
    """After a hint: better or not, it is praised for what it is, and the lesson goes on."""
    if judgement.outcome is Outcome.RIGHT:
        turn.attempt(Verdict.RIGHT, event)
        # The hint's second try is no second try at the words.
        turn.ask(most_tries=turn.asking.most_tries - 1)
    better = judgement.outcome is Outcome.RIGHT and is_better(hint, event.pronunciation)
    turn.speech.phrase("praise_better" if better else "praise_tried")
    _reply(turn)
    _pass(turn, Verdict.RIGHT)


def _with_help(turn: Turn, said: Said, event: Heard) -> None:
    """At the easier step anything is enough; the key word is praised as what it is."""
    turn.attempt(Verdict.PARTLY, event)
    if said.text == turn.demand.key:
        _learn(turn, said)
        turn.speech.phrase("praise_key")
    else:
        turn.speech.phrase("praise_effort")
    _pass(turn, Verdict.PARTLY)


def _not_yet(turn: Turn, judgement: Judgement, event: Heard) -> None:
    """Not the answer: the one thing that helps most, and one rung down."""
    nearly = judgement.outcome is Outcome.NEARLY
    turn.attempt(Verdict.PARTLY if nearly else Verdict.WRONG, event)
    if _down_to_easier(turn):
        if nearly:
            turn.speech.phrase("praise_nearly")
        ask_easier(turn)
        return
    model = judgement.model or turn.demand.ask.model
    remark = judgement.remark.in_language(turn.tutor.language)
    if not nearly and not remark and not judgement.instead:
        turn.speech.phrase("model", model)
        return
    turn.speech.phrase("praise_nearly" if nearly else "good_try")
    if remark:
        turn.speech.text(remark)
    if judgement.instead:
        turn.speech.phrase("contrast", model, other=aloud(judgement.instead).rstrip("."))
        turn.speech.phrase("your_turn")
    else:
        turn.speech.phrase("listen_now", model)


def _down_to_easier(turn: Turn) -> bool:
    """One rung down: whether to the easier task already, or else to the model."""
    easier = turn.asking.rung is Rung.MODEL or turn.state.fails >= FAILS_IN_A_ROW
    turn.ask(rung=Rung.EASIER if easier else Rung.MODEL)
    return easier


def _one_word(turn: Turn, slipped: Slipped, event: Heard) -> None:
    """All of an answer but one word: that word, and then the whole, slowly."""
    turn.attempt(Verdict.PARTLY, event)
    turn.speech.phrase("praise_nearly")
    if _down_to_easier(turn):
        ask_easier(turn)
        return
    turn.speech.phrase(f"slip_{slipped.slip.kind}", aloud(slipped.slip.word))
    turn.speech.phrase("listen_now", _model_of(turn, slipped.answer))


def _model_of(turn: Turn, answer: str) -> str:
    """A right answer as Myna says it."""
    ask_ = turn.demand.ask
    return ask_.model if answer == ask_.answers[0] else aloud(answer)


def _reply(turn: Turn) -> None:
    demand = turn.demand
    if demand.item is not None and demand.item.reply and demand.last:
        turn.speech.english(demand.item.reply)


def _pass(turn: Turn, verdict: Verdict, answer: str = "") -> None:
    """To the item's next question; when there is none, or this one went wrong, to what follows."""
    if verdict is Verdict.RIGHT and not turn.demand.last:
        turn.ask(stage=turn.asking.stage + 1, rung=Rung.ASK, tries=0, hint=None)
        ask(turn)
        return
    if turn.asking.hint is None:
        turn.set(hinted=False)
    turn.close(verdict)
    go_on(turn, answer)


def _learn(turn: Turn, said: Said) -> None:
    model = _model_of(turn, said.text) if said.answer else turn.demand.ask.model
    turn.set(learnt=(*turn.state.learnt, model))
