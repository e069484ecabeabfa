"""A repeated error is logged once a minute for each place in the code, whoever causes it."""

import json
import socket
import subprocess
import sys

from client import ROOT, Server

SCRIPT = """
import logging
import structlog
from chirrup import logs

logs.configure("info")
log = structlog.get_logger()

def fail(where):
    try:
        return {}[where] if where == "key" else 1 / 0
    except Exception as error:
        log.error("unexpected error", exc_info=error)

for _ in range(50):
    fail("key")
for _ in range(7):
    fail("number")
for n in range(5):
    log.warning("no error", n=n)
    logging.getLogger("library").warning("about %d", n)
    try:
        raise OSError
    except OSError:
        logging.getLogger("library").exception("failed")
logs.AGAIN_S = 0.0
fail("key")
fail("key")
"""


def test_one_place_is_told_once_a_minute_with_how_often_it_was_left_out():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    errors = [(line["exception"].split("\n")[-1], line.get("left_out")) for line in lines if "exception" in line]
    assert errors == [
        ("KeyError: 'key'", None),
        ("ZeroDivisionError: division by zero", None),
        ("OSError", None),
        ("KeyError: 'key'", 49),
        ("KeyError: 'key'", None),
    ]
    assert [line["n"] for line in lines if line["event"] == "no error"] == [0, 1, 2, 3, 4]
    assert [line["event"] for line in lines if line.get("logger") == "library"] == ["about 0", "failed"]


def test_requests_that_are_none_fill_no_log(server: Server):
    before = server.log().count("Invalid HTTP request")

    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
            raw.sendall(b"this is not HTTP\r\n\r\n")
            assert b" 400 " in raw.recv(1000)

    assert server.log().count("Invalid HTTP request") <= before + 1
