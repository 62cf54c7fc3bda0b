# Calls every endpoint of OpenAI's that the gateway claims, by the official client for Python, and prints what came as one
# JSON object.
import json
import sys

import openai

address, key = sys.argv[1:]
client = openai.OpenAI(api_key=key, base_url=f"{address}/v1", max_retries=0)

MODEL = "gpt-4o"
MESSAGES = [{"role": "user", "content": "Hi"}]
PICTURE = ("a.png", bytes.fromhex("89504e470d0a1a0a"), "image/png")
SOUND = ("a.wav", bytes(1000), "audio/wav")


def response_stream():
    with client.responses.create(model=MODEL, input="Hi", stream=True) as stream:
        return "".join(event.delta for event in stream if event.type == "response.output_text.delta")


def response_helper():
    with client.responses.stream(model=MODEL, input="Hi") as stream:
        return stream.get_final_response().output[0].content[0].text


def embedding():
    made = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"], dimensions=4)
    return [[len(one.embedding), "number" if isinstance(one.embedding[0], float) else "?"] for one in made.data]


chat = client.chat.completions
images = client.images
audio = client.audio
CASES = {
    "chat": lambda: chat.create(model=MODEL, messages=MESSAGES).choices[0].message.content,
    "chatStream": lambda: "".join(
        one.choices[0].delta.content or ""
        for one in chat.create(model=MODEL, messages=MESSAGES, stream=True)
        if one.choices
    ),
    "completion": lambda: client.completions.create(model=MODEL, prompt="Hi", max_tokens=100).choices[0].text,
    "response": lambda: client.responses.create(model=MODEL, input="Hi").output_text,
    "responseStream": response_stream,
    "responseHelper": response_helper,
    "responseWithState": lambda: client.responses.create(model=MODEL, input="Hi", previous_response_id="resp_1"),
    "embedding": embedding,
    "moderation": lambda: client.moderations.create(input="Hello").results[0].flagged,
    "image": lambda: images.generate(model="dall-e-3", prompt="a cat").data[0].url.startswith(address),
    "imageInline": lambda: images.generate(model="gpt-image-1", prompt="a cat").data[0].b64_json[:11],
    "imageEdit": lambda: images.edit(model="gpt-image-1", prompt="a hat", image=PICTURE),
    "speech": lambda: len(audio.speech.create(model="tts-1", voice="alloy", input="Hi").content) > 10_000,
    "transcript": lambda: audio.transcriptions.create(model="whisper-1", file=SOUND).text[:30],
    "subtitles": lambda: audio.transcriptions.create(model="whisper-1", file=SOUND, response_format="vtt")[:6],
    "translation": lambda: audio.translations.create(model="whisper-1", file=SOUND).text[:30],
    "models": lambda: any(one.id == MODEL for one in client.models.list()),
    "absentModel": lambda: client.models.retrieve("none"),
}

found = {}
for name, run in CASES.items():
    try:
        found[name] = run()
    except openai.APIStatusError as error:
        found[name] = {"status": error.status_code, "code": error.code, "param": error.param}
print(json.dumps(found))
