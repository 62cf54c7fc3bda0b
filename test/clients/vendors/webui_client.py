# PyPI's `webuiapi` against the fake of AUTOMATIC1111's API.
import json
import sys

import webuiapi

port, user, password = sys.argv[1:]
api = webuiapi.WebUIApi(host="127.0.0.1", port=int(port))
api.set_auth(user, password)
drawn = api.txt2img(prompt="cat", negative_prompt="dog", width=64, height=64, steps=3)
api.interrupt()
print(json.dumps({"size": drawn.image.size, "seed": drawn.info["seed"]}))
