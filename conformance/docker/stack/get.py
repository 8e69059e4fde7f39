"""Gets a page through nginx and prints it."""

import sys
import urllib.request

with urllib.request.urlopen("http://127.0.0.1:8080" + sys.argv[1], timeout=30) as answer:
    print(answer.read().decode())
