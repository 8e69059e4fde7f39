#!/bin/sh
trap 'echo "finished"; exit 0' TERM
echo "ready"
while :; do sleep 3600 & wait $!; done
