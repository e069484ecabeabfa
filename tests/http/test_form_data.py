"""Files in forms go to the disk while they arrive."""

import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

from chirrup.http import forms

MB = 1024 * 1024


async def test_a_large_file_takes_no_memory_and_has_no_name(tmp_path: Path):
    async def pieces() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="description"\r\n\r\nwaves\r\n'
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        for n in range(40):
            yield bytes([n]) * MB
        yield b"\r\n--x--\r\n"

    tracemalloc.start()
    sent = await forms.read(pieces(), "multipart/form-data; boundary=x", tmp_path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 8 * MB
    assert sent["description"] == "waves"
    assert sent["file"].size_bytes == 40 * MB
    assert sent["file"].file.read(1) == b"\0"
    assert sent["file"].file.seek(39 * MB) and sent["file"].file.read(1) == b"\x27"
    assert os.listdir(tmp_path) == []
