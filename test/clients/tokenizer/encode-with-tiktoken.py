# Encodes texts with PyPI's `tiktoken`. Standard input has a JSON object {"encoding", "text"} on each line; standard
# output answers each with the list of its ids. The first line of output is the package's own table of models.
# `tiktoken` finds its vocabularies in TIKTOKEN_CACHE_DIR and refuses a file that has not the SHA-256 it expects.
import json
import sys

import tiktoken
from tiktoken.model import MODEL_PREFIX_TO_ENCODING, MODEL_TO_ENCODING

print(json.dumps({**MODEL_TO_ENCODING, **MODEL_PREFIX_TO_ENCODING}))
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(tiktoken.get_encoding(request["encoding"]).encode_ordinary(request["text"])))
