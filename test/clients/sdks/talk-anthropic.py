# Talks with each model by Anthropic's official client for Python, and prints what came as one JSON object.
import json
import sys

import anthropic

address, key, *models = sys.argv[1:]
client = anthropic.Anthropic(api_key=key, base_url=address, max_retries=0)

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [
    {"name": name, "description": f"Tells {name}.", "input_schema": SCHEMA} for name in ["weather", "hotels"]
]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}


def say(content):
    return {"role": "user", "content": content}


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def thought_of(message):
    return next((block.thinking for block in message.content if block.type == "thinking"), None)


def calls_of(message):
    return [[block.name, block.input] for block in message.content if block.type == "tool_use"]


def usage_of(message):
    usage = message.usage
    cached = usage.cache_read_input_tokens or 0
    return [usage.input_tokens + cached, cached, usage.output_tokens]


def cases_of(model):
    def create(content="Hi", **more):
        asked = {"model": model, "max_tokens": 100, "messages": [say(content)], **more}
        return client.messages.create(**asked)

    def gather(content="Hi", **more):
        with client.messages.stream(
            **{"model": model, "max_tokens": 100, "messages": [say(content)], **more}
        ) as stream:
            return stream.get_final_message()

    def loop(answer):
        called = answer(tools=TOOLS)
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": "+3"}
            for block in called.content
            if block.type == "tool_use"
        ]
        turns = [say("Hi"), {"role": "assistant", "content": called.content}, say(results)]
        return [called.stop_reason, calls_of(called), text_of(answer(tools=TOOLS, messages=turns))]

    def whole():
        message = create(system="Be brief.", stop_sequences=["END"])
        return [text_of(message), usage_of(message), message.stop_reason]

    def events():
        text, usage = "", None
        for event in create(stream=True):
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                text += event.delta.text
            if event.type == "message_delta":
                usage = event.usage.output_tokens
        return [text, usage]

    def helper():
        message = gather()
        return [text_of(message), usage_of(message), message.stop_reason]

    def thought():
        first = create(**THINKING)
        turns = [say("Hi"), {"role": "assistant", "content": first.content}, say("And?")]
        following = gather(**THINKING, messages=turns)
        return [thought_of(first), text_of(first), thought_of(following), text_of(following)]

    return {
        "whole": whole,
        "events": events,
        "helper": helper,
        "cut": lambda: create(max_tokens=5).stop_reason,
        "loop": lambda: loop(create),
        "streamedLoop": lambda: loop(gather),
        "chosen": lambda: calls_of(create(tools=TOOLS, tool_choice={"type": "tool", "name": "hotels"})),
        "picture": lambda: text_of(create([PICTURE, {"type": "text", "text": "What?"}])),
        "thought": thought,
        "refused": lambda: create("forbidden").stop_reason,
        "refusedStream": lambda: gather("forbidden").stop_reason,
    }


found = {}
for model in models:
    found[model] = {}
    for name, run in cases_of(model).items():
        try:
            found[model][name] = run()
        except anthropic.APIStatusError as error:
            about = {"status": error.status_code, "type": error.body["error"]["type"], "is": type(error).__name__}
            found[model][name] = about
print(json.dumps(found))
