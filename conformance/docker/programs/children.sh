# Starts N children in the background and waits for them, without a trap: children.sh N COMMAND [ARG]
number=$1
shift
while [ "$number" -gt 0 ]; do
    "$@" "child-$number" &
    number=$((number - 1))
done
wait
