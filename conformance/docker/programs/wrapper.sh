# A wrapper without exec, as people write it: the program is a child of the shell. wrapper.sh COMMAND [ARG]
"$@"
exit $?
