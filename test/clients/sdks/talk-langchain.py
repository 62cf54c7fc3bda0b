# Talks with each model by LangChain, through each of its chat models, and prints what came as one JSON object.
import json
import sys

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

address, key, *models = sys.argv[1:]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}


class Trip(BaseModel):
    """A trip."""

    city: str
    days: int


@tool
def weather(city: str, days: int) -> str:
    """Tells weather."""
    return f"+{days}"


@tool
def hotels(city: str, days: int) -> str:
    """Tells hotels."""
    return f"+{days}"


def google(model, **more):
    # Since 4.0 it speaks HTTP by itself.
    place = (
        {"base_url": address}
        if "base_url" in ChatGoogleGenerativeAI.model_fields
        else {"client_options": {"api_endpoint": address}, "transport": "rest"}
    )
    more["max_output_tokens"] = more.pop("max_tokens", None)
    # It tells from the name what a model can do.
    return ChatGoogleGenerativeAI(model=f"gemini-2.5-{model}", google_api_key=key, max_retries=1, **place, **more)


MAKERS = {
    "chat": lambda model, **more: ChatOpenAI(
        model=model, api_key=key, base_url=f"{address}/v1", max_retries=0, stream_usage=True, **more
    ),
    "responses": lambda model, **more: ChatOpenAI(
        model=model,
        api_key=key,
        base_url=f"{address}/v1",
        max_retries=0,
        use_responses_api=True,
        model_kwargs={"store": False},
        **more,
    ),
    "anthropic": lambda model, **more: ChatAnthropic(
        model=model, api_key=key, base_url=address, max_retries=0, **{"max_tokens": 100, **more}
    ),
    "google": google,
}


def text_of(message):
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(block if isinstance(block, str) else block.get("text", "") for block in content)


def usage_of(message):
    usage = message.usage_metadata
    return [usage["input_tokens"], usage.get("input_token_details", {}).get("cache_read", 0), usage["output_tokens"]]


def gathered(stream):
    whole = None
    for chunk in stream:
        whole = chunk if whole is None else whole + chunk
    return whole


def cases_of(make):
    chat = make()
    bound = chat.bind_tools([weather, hotels])

    def loop(answer):
        asked = [HumanMessage("Hi")]
        first = answer(asked)
        results = [
            ToolMessage(f"+{call['args']['days']}", tool_call_id=call["id"], name=call["name"])
            for call in first.tool_calls
        ]
        after = answer([*asked, first, *results])
        return [[[call["name"], call["args"]] for call in first.tool_calls], text_of(after)]

    def told(message):
        return [text_of(message), usage_of(message)]

    return {
        "whole": lambda: told(chat.invoke([SystemMessage("Be brief."), HumanMessage("Hi")])),
        "stream": lambda: told(gathered(chat.stream("Hi"))),
        "batch": lambda: [text_of(one) for one in chat.batch(["Hi", "Hi"])],
        "cut": lambda: text_of(make(max_tokens=5).invoke("Hi")),
        "loop": lambda: loop(bound.invoke),
        "streamedLoop": lambda: loop(lambda messages: gathered(bound.stream(messages))),
        "structured": lambda: chat.with_structured_output(Trip).invoke("Hi").model_dump(),
        "structuredByCall": lambda: chat.with_structured_output(Trip, method="function_calling")
        .invoke("Hi")
        .model_dump(),
        "picture": lambda: text_of(
            chat.invoke([HumanMessage(content=[{"type": "text", "text": "What?"}, PICTURE])])
        ),
        "refused": lambda: text_of(chat.invoke("forbidden")),
    }


def status_of(error):
    """Each library has its own name for it, and Google's are wrapped in LangChain's."""
    while error is not None:
        for name in ("status_code", "code"):
            value = getattr(error, name, None)
            value = getattr(value, "value", value)
            if isinstance(value, int):
                return {"status": value}
        error = error.__cause__
    return None


found = {}
for model in models:
    found[model] = {}
    for name, make in MAKERS.items():
        results = {}
        for what, run in cases_of(lambda **more: make(model, **more)).items():
            try:
                results[what] = run()
            except Exception as error:
                results[what] = status_of(error) or {"failure": type(error).__name__}
        found[model][name] = results
print(json.dumps(found))
