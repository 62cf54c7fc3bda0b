# Calls Google's native endpoints by the official client for Python, under both versions of the API, and prints what came as
# one JSON object.
import json
import sys

from google import genai
from google.genai import errors, types

address, key = sys.argv[1:]
MODEL = "gpt-4o"


def weather(city: str) -> str:
    """Tells the weather."""
    return city


FORCED = types.GenerateContentConfig(
    tools=[weather],
    tool_config=types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode="ANY")),
    automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
)
AS_JSON = types.GenerateContentConfig(response_mime_type="application/json", response_schema={"type": "OBJECT"})
SHORT = types.EmbedContentConfig(output_dimensionality=4)

found = {}
for version in ["v1", "v1beta"]:
    client = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=address, api_version=version))
    models = client.models
    cases = {
        "content": lambda: models.generate_content(model=MODEL, contents="Hi").text,
        "stream": lambda: "".join(
            one.text or "" for one in models.generate_content_stream(model=MODEL, contents="Hi")
        ),
        "chat": lambda: client.chats.create(model=MODEL).send_message("Hi").text,
        "call": lambda: models.generate_content(model=MODEL, contents="Hi", config=FORCED).function_calls[0].name,
        "json": lambda: "object"
        if isinstance(json.loads(models.generate_content(model=MODEL, contents="Hi", config=AS_JSON).text), dict)
        else "?",
        "tokens": lambda: models.count_tokens(model=MODEL, contents="Hi").total_tokens > 0,
        "embedding": lambda: [
            len(one.values)
            for one in models.embed_content(
                model="text-embedding-3-small", contents=["a", "b"], config=SHORT
            ).embeddings
        ],
        "models": lambda: any(one.name == f"models/{MODEL}" for one in models.list()),
        "absentModel": lambda: models.generate_content(model="none", contents="Hi"),
    }
    found[version] = {}
    for name, run in cases.items():
        try:
            found[version][name] = run()
        except errors.APIError as error:
            found[version][name] = {"status": error.code}
print(json.dumps(found))
