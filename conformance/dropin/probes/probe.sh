#!/bin/sh
# Proves that the command ran and with which arguments; its exit code is one that no init uses.
printf '<%s>' "$0" "$@" >"$PROBE_OUT"
exit 42
