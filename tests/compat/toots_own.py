"""`make compat`: the tests that the client toot has of its own, from its source package, against a server started here.

They expect a server at http://localhost:3000 that lets anybody sign up at once. Arguments go to pytest.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from client import Server  # noqa: E402

URL = "http://localhost:3000"
LOCKED = re.compile(r"^toot==[\d.]+ \\\n(?: +--hash=\S+(?: \\)?\n)+", re.MULTILINE)


def unpack(folder: Path) -> Path:
    """The folder of toot's source, in the version that requirements-dev.lock names."""
    found = LOCKED.search((ROOT / "requirements-dev.lock").read_text())
    assert found, "requirements-dev.lock does not name toot"
    wanted = folder / "requirements.txt"
    wanted.write_text(found[0])
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "toot"]
    subprocess.run([*pip, "--dest", folder, "--requirement", wanted], check=True)
    with tarfile.open(next(folder.glob("toot-*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("toot-*/"))


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        source = unpack(Path(name))
        server = Server(Path(name) / "data", env={"CHIRRUP_PORT": "3000", "CHIRRUP_URL": URL})
        server.url = URL
        with server:
            pytest = [sys.executable, "-m", "pytest", "-q", "-W", "ignore", "tests/integration", *sys.argv[1:]]
            env = os.environ | {"TOOT_TEST_BASE_URL": URL, "PYTHONPATH": str(source)}
            return subprocess.run(pytest, cwd=source, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
