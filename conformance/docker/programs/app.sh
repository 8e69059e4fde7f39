# Runs until SIGTERM, then cleans up in its trap: app.sh MS NAME. Any POSIX shell.
note=/programs/bin/note
ms=$1 name=$2

stop() {
    $note $$ "$name" "got TERM"
    sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
    $note $$ "$name" done
    exit 0
}
trap stop TERM

$note $$ "$name" ready
while :; do
    sleep 3600 &
    wait $!
done
