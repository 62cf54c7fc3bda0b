# Calls, streams, batches, embeds and fails by LangChain, and prints what came as one JSON object.
import json
import sys

from langchain_anthropic import ChatAnthropic
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings

address, key = sys.argv[1:]
OPENAI = {"api_key": key, "base_url": f"{address}/v1", "max_retries": 0}
OLD_GOOGLE = {"client_options": {"api_endpoint": address}, "transport": "rest"}


def google_place(kind):
    return {"base_url": address} if "base_url" in kind.model_fields else OLD_GOOGLE


MAKERS = {
    "chat": lambda model="gpt-4o": ChatOpenAI(model=model, **OPENAI),
    "responses": lambda model="gpt-4o": ChatOpenAI(model=model, use_responses_api=True, **OPENAI),
    # Several prompts in one call are refused, so that each goes in its own.
    "completion": lambda model="text-davinci-003": OpenAI(model=model, batch_size=1, **OPENAI),
    "anthropic": lambda model="claude-sonnet-4-6": ChatAnthropic(
        model=model, api_key=key, base_url=address, max_retries=0
    ),
    "google": lambda model="gemini-2.5-flash": ChatGoogleGenerativeAI(
        model=model, google_api_key=key, max_retries=1, **google_place(ChatGoogleGenerativeAI)
    ),
}
VECTORS = {
    # Otherwise it fetches a vocabulary from elsewhere to count tokens.
    "openai": lambda: OpenAIEmbeddings(
        model="text-embedding-3-small", check_embedding_ctx_length=False, **OPENAI
    ),
    "google": lambda: GoogleGenerativeAIEmbeddings(
        model="models/text-embedding-3-small", google_api_key=key, **google_place(GoogleGenerativeAIEmbeddings)
    ),
}


def text_of(said):
    content = said if isinstance(said, str) else said.content
    if isinstance(content, str):
        return content.strip()
    return "".join(block if isinstance(block, str) else block.get("text", "") for block in content).strip()


def pieces_of(chunk):
    content = chunk if isinstance(chunk, str) else chunk.content
    if isinstance(content, str):
        return content
    return "".join(block if isinstance(block, str) else block.get("text", "") for block in content)


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


def tried(run):
    try:
        return run()
    except Exception as error:
        return status_of(error) or {"failure": f"{type(error).__name__}: {error}"}


found = {"text": {}, "stream": {}, "batch": {}, "absentModel": {}, "embedding": {}, "embeddings": {}}
for name, make in MAKERS.items():
    found["text"][name] = tried(lambda: text_of(make().invoke("Hi")))
    found["stream"][name] = tried(lambda: "".join(pieces_of(one) for one in make().stream("Hi")).strip())
    found["batch"][name] = tried(lambda: [text_of(one) for one in make().batch(["Hi", "Hi"])])
    found["absentModel"][name] = tried(lambda: make("gemini-none").invoke("Hi"))
for name, make in VECTORS.items():
    found["embedding"][name] = tried(lambda: len(make().embed_query("a")) > 0)
    found["embeddings"][name] = tried(lambda: len(make().embed_documents(["a", "b"])))
print(json.dumps(found))
