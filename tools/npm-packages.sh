#!/bin/sh
# Installs the provider of OpenID Connect that a test logs in at, from npm, where Node is here. Else that test is left out.
set -eu
folder=tests/oidc_provider
cmp -s $folder/package-lock.json $folder/node_modules/installed-lock && exit 0
if command -v npm >/dev/null && npm ci --prefix $folder --silent --no-audit --no-fund --ignore-scripts; then
    cp $folder/package-lock.json $folder/node_modules/installed-lock
else
    echo "Left out: the test that needs oidc-provider (Node 20 or newer, and npm)" >&2
fi
