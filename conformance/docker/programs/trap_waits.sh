# A script that traps the signal, passes it on and waits. trap_waits.sh COMMAND [ARG]
note=/programs/bin/note

stop() {
    $note $$ script "got TERM"
    kill -TERM "$pid"
    wait "$pid"
    status=$?
    $note $$ script done
    exit $status
}
trap stop TERM

"$@" &
pid=$!
$note $$ script ready
wait "$pid"
