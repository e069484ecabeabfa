#!/bin/sh
# Installs the servers and the browser the tests run against, from Debian, where this user may.
# Where not, says which tests are left out; with CI set that is a failure.
set -eu

missing=$(.venv/bin/python tests/servers.py)
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root='sudo -n'
if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
    echo "Installing from Debian:" $missing
    # The tests start servers of their own: keep these from being started as services (Debian policy 9.3.3).
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap '$as_root rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
        $as_root chmod +x $policy
    fi
    { $as_root apt-get -qq update && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o Acquire::Retries=3 install --yes --no-install-recommends $missing; } </dev/null >/dev/null ||
        echo "apt-get failed: see above" >&2
    missing=$(.venv/bin/python tests/servers.py)
    [ -n "$missing" ] || exit 0
fi

echo "Left out: the tests that need" $missing "(as root: apt-get install" $missing")" >&2
[ -z "${CI:-}" ] || { echo "CI is set, so nothing may be left out." >&2; exit 1; }
