# A client of Stability's older API that somebody else made, against the fake of it: pictures by an engine, and a refusal.
import asyncio
import base64
import json
import sys

from stabilityai.client import AsyncStabilityClient
from stabilityai.models import Engine, TextPrompt

url, key = sys.argv[1:]
ENGINE = Engine(id="stable-diffusion-xl-1024-v1-0", name="SDXL", description="", type="PICTURE")
PROMPTS = [TextPrompt(text="Кот", weight=1.0), TextPrompt(text="собаки", weight=-1.0)]


async def main():
    async with AsyncStabilityClient(api_host=url, api_key=key) as stability:
        drawn = await stability.text_to_image(
            text_prompts=PROMPTS, engine=ENGINE, width=1024, height=1024, samples=2
        )
    async with AsyncStabilityClient(api_host=url, api_key="wrong") as stability:
        try:
            await stability.text_to_image(text_prompts=PROMPTS, engine=ENGINE, width=1024, height=1024)
        except Exception as error:
            failure = type(error).__name__
    pictures = [[str(getattr(one.finishReason, "value", one.finishReason)), base64.b64decode(one.base64)[:4].hex()] for one in drawn.artifacts]
    print(json.dumps({"pictures": pictures, "failure": failure}))


asyncio.run(main())
