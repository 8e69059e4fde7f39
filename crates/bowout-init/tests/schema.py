"""Says of each TOML file whether it passes a JSON Schema: `schema.py SCHEMA FILE…`, one line each.

Exit code 3: a module is not there.
"""

import json
import sys

try:
    import jsonschema
    import tomllib
except ImportError:
    sys.exit(3)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        configuration = tomllib.load(file)
    error = next(validator.iter_errors(configuration), None)
    where = ".".join(map(str, error.absolute_path)) if error else ""
    print(f"fails: {where}: {error.message[:80]!r}" if error else "passes")
