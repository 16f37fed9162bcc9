"""A browser's side of a Streamlit session, without the browser: what it is sent, and how long it waits for it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

LARGEST = 64 * 2**20  # bytes of a message


@dataclass(frozen=True)
class Answer:
    """What one run of the page's script sent."""

    seconds: float
    size: int  # bytes, before the line compresses them
    messages: tuple[ForwardMsg, ...]


@dataclass
class Session:
    """One visitor's line to the server: opens a page, moves its sliders; keeps large messages as a browser does.

    A context manager. RuntimeError if the server ends a run with an exception, TimeoutError if it does not end it.
    """

    address: str  # http://host:port
    query: str = ""
    patience: float = 300.0  # seconds
    line: ClientConnection | None = None
    sliders: dict[str, Any] = field(default_factory=dict)  # by their labels, as the server last sent them
    states: dict[str, WidgetState] = field(default_factory=dict)  # by their ids
    kept: dict[str, ForwardMsg] = field(default_factory=dict)  # messages that come again by their hash alone

    async def __aenter__(self) -> Session:
        host = urlsplit(self.address).netloc
        self.line = await connect(
            f"ws://{host}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=self.address,  # type: ignore[arg-type]
            max_size=LARGEST,
        )
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self.line is not None
        await self.line.close()

    async def open(self) -> Answer:
        """The first run of the page."""
        return await self._run()

    async def move(self, label: str, value: str) -> Answer:
        """A slider of this label goes to the option that reads so."""
        slider = self.sliders[label]
        state = WidgetState(id=slider.id)
        state.string_array_value.data.append(value)
        self.states[slider.id] = state
        return await self._run()

    async def _run(self) -> Answer:
        assert self.line is not None
        state = ClientState(query_string=self.query, cached_message_hashes=list(self.kept))
        state.widget_states.widgets.extend(self.states.values())
        state.context_info.timezone = "UTC"
        start = time.perf_counter()
        await self.line.send(BackMsg(rerun_script=state).SerializeToString())
        return await asyncio.wait_for(self._heard(start), self.patience)

    async def _heard(self, start: float) -> Answer:
        assert self.line is not None
        size, messages = 0, []
        while True:
            packet = await self.line.recv()
            assert isinstance(packet, bytes)
            size += len(packet)
            message = ForwardMsg.FromString(packet)
            kind = message.WhichOneof("type")
            if kind == "ref_hash":
                message = self.kept[message.ref_hash]
            elif message.metadata.cacheable and message.hash:
                self.kept[message.hash] = message
            messages.append(message)
            self._note(message)
            if kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise RuntimeError("the page's script does not compile")
                return Answer(time.perf_counter() - start, size, tuple(messages))

    def _note(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") != "delta" or message.delta.WhichOneof("type") != "new_element":
            return
        element = message.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise RuntimeError(f"the page shows an exception: {element.exception.message}")
        if kind == "slider":
            self.sliders[element.slider.label] = element.slider
