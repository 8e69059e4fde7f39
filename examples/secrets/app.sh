#!/bin/sh
# Shows that it has the secret without showing the secret.
trap 'echo "finished"; exit 0' TERM
echo "user $DB_USER of uid $(id -u), password of ${#DB_PASSWORD} characters"
cat /run/secrets/db_password 2>/dev/null && echo "and it can read the file"
echo "ready"
while :; do sleep 3600 & wait $!; done
