# A wrapper that ends in exec: the program takes the shell's place. exec.sh COMMAND [ARG]
exec "$@"
