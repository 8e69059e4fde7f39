# A script that traps the signal, passes it on, waits, and then cleans up itself. trap_waits.sh COMMAND [ARG]
note=/programs/bin/note

stop() {
    $note $$ script "got TERM"
    kill -TERM "$pid"
    wait "$pid"
    status=$?
    # A foreground child inside the trap: who looks again now must not take it for a blocked trap.
    sleep 0.3
    $note $$ script done
    exit $status
}
trap stop TERM

"$@" &
pid=$!
$note $$ script ready
wait "$pid"
