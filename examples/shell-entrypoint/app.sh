#!/bin/sh
# A program that does everything right: on SIGTERM it cleans up, which takes a second.
trap 'echo "app: told"; sleep 1; echo "app: finished"; exit 0' TERM
echo "app: ready"
while :; do sleep 3600 & wait $!; done
