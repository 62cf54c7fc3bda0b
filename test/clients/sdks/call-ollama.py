# Calls every route of Ollama's own protocol by its official client for Python and prints what came as one JSON object.
import json
import sys

from ollama import Client, ResponseError

address, key = sys.argv[1:]
MODEL = "gpt-4o"
client = Client(host=address, headers={"Authorization": f"Bearer {key}"})
SAID = [{"role": "user", "content": "Hi"}]


def weather(city: str) -> str:
    """Tells the weather.

    Args:
      city: The city.
    """
    return city


cases = {
    "chat": lambda: client.chat(model=MODEL, messages=SAID).message.content,
    "chatStream": lambda: "".join(one.message.content for one in client.chat(model=MODEL, messages=SAID, stream=True)),
    "done": lambda: [one.done_reason for one in client.chat(model=MODEL, messages=SAID, stream=True)][-1],
    "counted": lambda: client.chat(model=MODEL, messages=SAID).eval_count > 0,
    "tools": lambda: client.chat(model=MODEL, messages=SAID, tools=[weather]).message.role,
    "generate": lambda: client.generate(model=MODEL, prompt="Hi").response,
    "generateStream": lambda: "".join(one.response for one in client.generate(model=MODEL, prompt="Hi", stream=True)),
    "json": lambda: isinstance(json.loads(client.generate(model=MODEL, prompt="Hi", format="json").response), dict),
    "bound": lambda: client.generate(model=MODEL, prompt="Hi", options={"num_predict": 2}).done_reason,
    "embed": lambda: [
        len(one) for one in client.embed(model="text-embedding-3-small", input=["a", "b"], dimensions=4).embeddings
    ],
    "embeddings": lambda: len(client.embeddings(model="text-embedding-3-small", prompt="a").embedding) > 0,
    "models": lambda: any(one.model == MODEL for one in client.list().models),
    "show": lambda: "completion" in client.show(MODEL).capabilities,
    "absentShow": lambda: client.show("none").capabilities,
    "absentModel": lambda: client.chat(model="none", messages=SAID),
}
found = {}
for name, run in cases.items():
    try:
        found[name] = run()
    except ResponseError as error:
        found[name] = {"status": error.status_code, "told": "none" in error.error}
print(json.dumps(found))
