# OpenAI's client as the vendor's page on compatibility sets it up, against the fake of Yandex AI Studio.
import json
import sys

import openai

url, key, folder = sys.argv[1:]
client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, project=folder)
ask = dict(model=f"gpt://{folder}/yandexgpt/latest", messages=[{"role": "user", "content": "Привет"}])
said = client.chat.completions.create(**ask)
stream = client.chat.completions.create(**ask, stream=True)
drawn = client.images.generate(model=f"art://{folder}/aliceai-image-art-3.0/latest", prompt="Кот")
vector = client.embeddings.create(
    model=f"emb://{folder}/text-search-doc/latest", input="Кот", encoding_format="float"
)
print(json.dumps({
    "text": said.choices[0].message.content,
    "stream": "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices),
    "pictures": len(drawn.data),
    "vector": len(vector.data[0].embedding),
}))
