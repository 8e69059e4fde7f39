#!/bin/sh
# As nginx: SIGQUIT finishes the requests in hand, SIGTERM drops them.
trap 'echo "finishing"; sleep 1; echo "finished"; exit 0' QUIT
trap 'echo "dropped"; exit 1' TERM
echo "ready"
while :; do sleep 0.2; done
