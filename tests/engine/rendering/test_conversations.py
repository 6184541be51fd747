"""Messages of WebSockets are given again in their order, and no sooner than the page asks."""

import json
from typing import Any

from crawler.engine.rendering.answers import Answers
from crawler.engine.rendering.conversations import conversations

URL = "ws://shop.example/reviews"


def frame(direction: str, **payload: Any) -> dict[str, Any]:
    return {"url": URL, "time": "2026-11-23T00:00:00Z", "direction": direction, "opcode": 1, **payload}


FRAMES = (
    frame("received", text="欢迎"),
    frame("sent", text="商品7"),
    frame("received", text="好评一"),
    frame("received", opcode=2, base64="AAE="),
    frame("received", opcode=9, base64="cGluZw=="),  # a ping is no message
    frame("sent", text="下一页"),
    frame("received", text="好评二"),
)
ARTEFACT = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in FRAMES).encode()


def test_what_follows_a_message_waits_for_it() -> None:
    talk = conversations(ARTEFACT)[URL]
    assert talk.opened() == ["欢迎"]
    assert talk.answer() == ["好评一", b"\0\1"]
    assert talk.opened() == []  # connected again: nobody has spoken
    assert talk.answer() == ["好评二"]
    assert talk.answer() == []


def test_a_socket_that_was_not_recorded_is_refused_and_noted() -> None:
    answers = Answers((), ARTEFACT)
    assert answers.conversation(URL) is not None
    assert answers.conversation("ws://other.example/") is None
    assert answers.refused == ["ws://other.example/"]
