# A script that traps the signal but can't run its trap before its foreground child ends. trap_foreground.sh COMMAND [ARG]
note=/programs/bin/note

stop() {
    $note $$ script "got TERM"
    # The trap's own foreground child is the clean-up: it must not be told to stop.
    sleep 0.3
    $note $$ script done
    exit 7
}
trap stop TERM

$note $$ script ready
"$@"
exit 8
