"""Scripts by others are byte for byte those named in `vendored.json` beside them."""

import hashlib
import json
from pathlib import Path

import chirrup.web

STATIC = Path(chirrup.web.__file__).parent / "static"
VENDORED = json.loads((STATIC / "vendored.json").read_text("utf-8"))


def test_every_vendored_file_is_the_one_that_its_maker_ships():
    found = {one["file"]: hashlib.sha256((STATIC / one["file"]).read_bytes()).hexdigest() for one in VENDORED}

    assert found == {one["file"]: one["sha256"] for one in VENDORED}
    for one in VENDORED:
        assert one.keys() == {"file", "name", "version", "source", "licence", "sha256"}
        assert one["version"] in one["source"]
        head = (STATIC / one["file"]).read_text("utf-8")
        assert one["version"] in head, "the version that the file itself names"


def test_every_script_is_ours_or_listed():
    minified = {file.name for file in STATIC.glob("**/*.min.*")}
    long_lines = {file.name for file in STATIC.glob("**/*.js") if max(map(len, file.read_text().splitlines())) > 5000}

    assert minified | long_lines == {one["file"] for one in VENDORED}


def test_what_tells_of_the_files_is_not_served(visitor):
    assert [visitor.get(f"/static/{name}").status_code for name in ("vendored.json", "README.md")] == [404, 404]
