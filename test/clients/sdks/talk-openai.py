# Talks with each model by OpenAI's official client for Python, over chat completions and over responses, and prints what
# came as one JSON object.
import json
import sys

import openai

address, key, *models = sys.argv[1:]
client = openai.OpenAI(api_key=key, base_url=f"{address}/v1", max_retries=0)

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
FUNCTIONS = [
    {"name": name, "description": f"Tells {name}.", "parameters": SCHEMA, "strict": True}
    for name in ["weather", "hotels"]
]
TOOLS = [{"type": "function", "function": one} for one in FUNCTIONS]
OFFERED = [{"type": "function", **one} for one in FUNCTIONS]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "trip", "schema": SCHEMA, "strict": True}}


def say(content):
    return {"role": "user", "content": content}


def called(message):
    return [[call.function.name, json.loads(call.function.arguments)] for call in message.tool_calls]


def chat_cases(model):
    completions = client.chat.completions

    def create(content="Hi", **more):
        return completions.create(**{"model": model, "messages": [say(content)], **more}).choices[0]

    def gather(content="Hi", **more):
        stream = getattr(completions, "stream", None) or client.beta.chat.completions.stream
        with stream(**{"model": model, "messages": [say(content)], **more}) as events:
            return events.get_final_completion().choices[0]

    def loop(answer):
        first = answer(tools=TOOLS)
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": "+3"} for call in first.message.tool_calls
        ]
        after = answer(tools=TOOLS, messages=[say("Hi"), first.message, *results])
        return [first.finish_reason, called(first.message), after.message.content]

    def told(usage):
        details = usage.prompt_tokens_details
        return [usage.prompt_tokens, details.cached_tokens if details else 0, usage.completion_tokens]

    def whole():
        turns = [{"role": "system", "content": "Be brief."}, say("Hi")]
        made = completions.create(model=model, messages=turns, temperature=0.5, stop=["END"], max_tokens=100)
        return [made.choices[0].message.content, told(made.usage), made.choices[0].finish_reason]

    def events():
        text, usage = "", None
        asked = {"model": model, "messages": [say("Hi")], "stream_options": {"include_usage": True}}
        for one in completions.create(**asked, stream=True):
            text += (one.choices[0].delta.content or "") if one.choices else ""
            usage = one.usage or usage
        return [text, told(usage)]

    return {
        "whole": whole,
        "events": events,
        "helper": lambda: gather().message.content,
        "cut": lambda: create(max_completion_tokens=5).finish_reason,
        "loop": lambda: loop(create),
        "streamedLoop": lambda: loop(gather),
        "json": lambda: json.loads(create(response_format=FORMAT).message.content),
        "picture": lambda: create([{"type": "text", "text": "What?"}, PICTURE]).message.content,
        "refused": lambda: create("forbidden").finish_reason,
        "refusedStream": lambda: gather("forbidden").finish_reason,
    }


def reason_of(response):
    details = response.incomplete_details
    return [response.status, details.reason if details else None]


def response_cases(model):
    def create(**more):
        return client.responses.create(**{"model": model, "input": "Hi", "store": False, **more})

    def gather(**more):
        with client.responses.stream(**{"model": model, "input": "Hi", "store": False, **more}) as stream:
            return stream.get_final_response()

    def loop(answer):
        first = answer(tools=OFFERED)
        calls = [item for item in first.output if item.type == "function_call"]
        results = [{"type": "function_call_output", "call_id": call.call_id, "output": "+3"} for call in calls]
        sent = [item.model_dump(exclude={"parsed_arguments"}, exclude_none=True) for item in first.output]
        after = answer(tools=OFFERED, input=[say("Hi"), *sent, *results])
        return [[[call.name, json.loads(call.arguments)] for call in calls], after.output_text]

    def told(made):
        usage = made.usage
        counts = [usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.output_tokens]
        return [made.output_text, counts, made.status]

    return {
        "whole": lambda: told(create(instructions="Be brief.", max_output_tokens=100)),
        "helper": lambda: told(gather()),
        "loop": lambda: loop(create),
        "streamedLoop": lambda: loop(gather),
        "json": lambda: json.loads(
            create(text={"format": {"type": "json_schema", **FORMAT["json_schema"]}}).output_text
        ),
        "refused": lambda: reason_of(create(input="forbidden")),
    }


found = {}
for model in models:
    found[model] = {"chat": {}, "responses": {}}
    for kind, cases in {"chat": chat_cases(model), "responses": response_cases(model)}.items():
        for name, run in cases.items():
            try:
                found[model][kind][name] = run()
            except openai.APIStatusError as error:
                about = {"status": error.status_code, "code": error.code, "is": type(error).__name__}
                found[model][kind][name] = about
            except openai.ContentFilterFinishReasonError:
                # The helper for streams throws where others tell the reason.
                found[model][kind][name] = "content_filter"
print(json.dumps(found))
