# Sber's own client against the fake of GigaChat: an answer, a stream, a function and its result, a picture that is drawn
# and one that is looked at, vectors.
import base64
import json
import sys

from gigachat import GigaChat
from gigachat.models import Chat, Function, FunctionParameters, Messages, MessagesRole

url, credentials = sys.argv[1:]
with GigaChat(
    base_url=f"{url}/api/v1",
    auth_url=f"{url}/api/v2/oauth",
    credentials=credentials,
    scope="GIGACHAT_API_PERS",
    model="GigaChat-2",
) as client:
    said = client.chat("Привет")
    user = Messages(role=MessagesRole.USER, content="Погода?")
    weather = Function(name="weather", parameters=FunctionParameters(properties={}))
    called = client.chat(Chat(messages=[user], functions=[weather], function_call="auto")).choices[0]
    result = Messages(role=MessagesRole.FUNCTION, name="weather", content='{"t": 21}')
    after = client.chat(Chat(messages=[user, called.message, result], functions=[weather]))
    drawn = client.chat(Chat(messages=[Messages(role=MessagesRole.USER, content="Нарисуй кота")], function_call="auto"))
    pixel = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
    kept = client.upload_file(("pixel.png", pixel, "image/png"), purpose="general")
    look = Messages(role=MessagesRole.USER, content="Что тут?", attachments=[kept.id_])
    seen = client.chat(Chat(messages=[look], model="GigaChat-2-Max"))
    vectors = client.embeddings(["Кот", "Собака"], model="EmbeddingsGigaR").data
    print(json.dumps({
        "text": said.choices[0].message.content,
        "usage": said.usage.model_dump(),
        "stream": "".join(chunk.choices[0].delta.content for chunk in client.stream("Привет")),
        "call": [called.finish_reason, called.message.function_call.name, called.message.function_call.arguments],
        "after": after.choices[0].message.content,
        "drawn": drawn.choices[0].message.content.split('"')[0],
        "seen": seen.choices[0].message.content,
        "deleted": client.delete_file(kept.id_).deleted,
        "vectors": [[one.index, len(one.embedding), one.usage.prompt_tokens] for one in vectors],
        "models": len(client.get_models().data),
    }, ensure_ascii=False))
