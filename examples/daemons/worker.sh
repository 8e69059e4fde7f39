# Works until it is told to stop, and says so.
trap 'echo worker: clean shutdown; exit 0' TERM
echo "worker: $$"
while :; do
    sleep 1000 &
    wait $!
done
