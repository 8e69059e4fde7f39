# Starts a daemon that needs a second to clean up beside a program that needs less: daemon.sh COMMAND [ARG]
/programs/bin/daemonize "$@" 1000 daemon
exec "$@" 300 main
