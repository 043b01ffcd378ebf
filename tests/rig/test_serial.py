"""serial: what is waited for is found only after the mark, and a dead guest is not waited for."""

import socket
import threading
from pathlib import Path
from typing import List

import pytest

from .serial import SerialConsole


@pytest.fixture
def console(tmp_path: Path) -> SerialConsole:
    return SerialConsole(tmp_path / "log", tmp_path / "sock")


def test_a_match_before_the_mark_does_not_count(console: SerialConsole) -> None:
    console.log.write_text("one login:\n")
    mark = console.end()
    with pytest.raises(TimeoutError, match="was not on the console"):
        console.wait("login:", 0, mark, lambda: True)
    with open(console.log, "a", encoding="ascii") as log:
        log.write("two login:")
    assert console.wait(r"(\w+) login:", 0, mark, lambda: True).group(1) == "two"


def test_a_dead_guest_ends_the_wait_at_once_with_the_log(console: SerialConsole) -> None:
    console.log.write_text("Kernel panic\n")
    with pytest.raises(TimeoutError, match=r"(?s)QEMU ended.*Kernel panic"):
        console.wait("login:", 600, 0, lambda: False)


def test_the_last_words_of_a_dead_guest_are_found(console: SerialConsole) -> None:
    console.log.write_text("reboot: Power down\n")
    assert console.wait("Power down", 0, 0, lambda: False)


def test_the_tail_is_readable(console: SerialConsole) -> None:
    console.log.write_bytes(b"\x1b[2J\x1b[1;1Ha\r\nb\r\nc\r\n")
    assert console.tail(2) == "b\nc"


def test_keys_are_sent_in_order_and_in_small_pieces(console: SerialConsole, tmp_path: Path) -> None:
    received: List[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "sock"))
        server.listen()

        def read() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(64):
                    received.append(data)

        reader = threading.Thread(target=read)
        reader.start()
        console.type("set default=1\n")
        reader.join(10)
    assert b"".join(received) == b"set default=1\n"
    assert max(map(len, received)) <= 4
