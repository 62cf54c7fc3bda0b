# Calls every endpoint of Anthropic's that the gateway claims, by the official client for Python, and prints what came as
# one JSON object.
import json
import sys

import anthropic

address, key = sys.argv[1:]
client = anthropic.Anthropic(api_key=key, base_url=address, max_retries=0)

MODEL = "claude-sonnet-4-6"
ASK = {"model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": "Hi"}]}
WEATHER = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
CALL = {"tools": [WEATHER], "tool_choice": {"type": "any"}}
COMPLETE = {"model": MODEL, "prompt": "\n\nHuman: Hi\n\nAssistant:", "max_tokens_to_sample": 200}


def events():
    kinds, text = [], ""
    for event in client.messages.create(**ASK, stream=True):
        if event.type not in kinds and event.type != "ping":
            kinds.append(event.type)
        if event.type == "content_block_delta":
            text += event.delta.text
    return [text, kinds]


def final(**more):
    with client.messages.stream(**{**ASK, **more}) as stream:
        return stream.get_final_message()


def text_stream():
    with client.messages.stream(**ASK) as stream:
        return "".join(stream.text_stream)


def completion():
    # Clients since 1.0 have lost it.
    if not hasattr(client, "completions"):
        return None
    return client.completions.create(**COMPLETE).completion.strip()


def completion_stream():
    if not hasattr(client, "completions"):
        return None
    return "".join(one.completion for one in client.completions.create(**COMPLETE, stream=True)).strip()


CASES = {
    "message": lambda: client.messages.create(**ASK).content[0].text,
    "events": events,
    "helper": lambda: final().content[0].text,
    "helperText": text_stream,
    "call": lambda: client.messages.create(**ASK, **CALL).content[0].name,
    "streamedCall": lambda: final(**CALL).content[0].name,
    "tokens": lambda: client.messages.count_tokens(
        model=MODEL, messages=ASK["messages"], tools=[WEATHER]
    ).input_tokens
    > 0,
    "models": lambda: any(one.id == MODEL for one in client.models.list()),
    "model": lambda: client.models.retrieve(MODEL).id,
    "completion": completion,
    "completionStream": completion_stream,
    "requestId": lambda: "string" if isinstance(client.messages.create(**ASK)._request_id, str) else "?",
    "absentModel": lambda: client.messages.create(**{**ASK, "model": "none"}),
    "absentModelStream": lambda: final(model="none"),
    "retrievedAbsent": lambda: client.models.retrieve("none"),
    "wrongKey": lambda: anthropic.Anthropic(api_key="wrong", base_url=address, max_retries=0).messages.create(**ASK),
}

found = {}
for name, run in CASES.items():
    try:
        found[name] = run()
    except anthropic.APIStatusError as error:
        found[name] = {
            "status": error.status_code,
            "type": error.body["error"]["type"],
            "isTyped": isinstance(error, (anthropic.AuthenticationError, anthropic.NotFoundError)),
            "hasRequestId": isinstance(error.request_id, str),
        }
print(json.dumps(found))
