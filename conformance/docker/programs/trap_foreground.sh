# A script that traps the signal but can't run the trap before its foreground child ends: trap_foreground.sh COMMAND [ARG]
note=/programs/bin/note
trap '$note $$ script "got TERM"; $note $$ script done; exit 7' TERM
$note $$ script ready
"$@"
exit 8
