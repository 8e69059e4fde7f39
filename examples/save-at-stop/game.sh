#!/bin/sh
# Counts its rounds; the world is consistent only at the end of a round, so a stop waits for that.
trap 'stop=yes' TERM
round=$(cat /work/world)
echo "ready, round $round"
while [ -z "$stop" ]; do
    round=$((round + 1))
    echo "half of round $round" > /work/world
    sleep 0.1
    echo "$round" > /work/world
done
echo "ended after round $round"
