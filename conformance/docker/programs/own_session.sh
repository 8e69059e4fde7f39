# Starts the program in a session of its own and waits for it: own_session.sh COMMAND [ARG]
setsid "$@" &
wait
