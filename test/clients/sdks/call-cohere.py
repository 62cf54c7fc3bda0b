# Ranks by both of the official clients for Python and prints what came as one JSON object.
import json
import sys

import cohere
from cohere.core.api_error import ApiError

address, key = sys.argv[1:]
found = {}
for name, make in {"v1": cohere.Client, "v2": cohere.ClientV2}.items():
    client = make(key, base_url=address)
    made = client.rerank(model="demo-rerank", query="white cat", documents=["red dog", "a white cat"], top_n=1)
    found[name] = {"best": [one.index for one in made.results]}
    try:
        client.rerank(model="none", query="a", documents=["b"])
    except ApiError as error:
        found[name]["absentModel"] = {"status": error.status_code}
print(json.dumps(found))
