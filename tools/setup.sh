#!/bin/sh
# tools/setup.sh LOCK: makes .venv where there is none, installs LOCK into it with every hash checked,
# and Chirrup itself as it lies here. Only plain Python 3.11 or newer is needed.
set -eu
lock=$1

find_python() {  # the first Python that is new enough and can make a virtual environment
    without_venv=
    for python in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$python" -c 'import ensurepip, venv' 2>/dev/null && { echo "$python"; return; }
        without_venv=$python
    done
    if [ -n "$without_venv" ]; then
        echo "Chirrup needs a virtual environment, and $without_venv here cannot make one." >&2
        echo "On Debian and Ubuntu: apt-get install python3-venv    Then run the same command again." >&2
    else
        echo "Chirrup needs Python 3.11 or newer; none of ${PYTHON:-python3.11 to python3.14 and python3} is." >&2
        echo "On Debian and Ubuntu: apt-get install python3 python3-venv    A Python elsewhere: PYTHON=/path/to/python3" >&2
    fi
    return 1
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "Making .venv with $python"
    "$python" -m venv --clear .venv
fi
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check --no-input "$@"; }

echo "Installing $lock into .venv"
pip install --require-hashes --requirement "$lock"
pip install --no-deps --no-build-isolation --editable .  # builds with setuptools from the lock: no download
