#!/bin/sh
# The mistake: no exec. The shell stays in front of the program, and nobody tells the program to stop.
echo "entrypoint: preparing"
/app.sh
echo "entrypoint: the app ended with $?"
