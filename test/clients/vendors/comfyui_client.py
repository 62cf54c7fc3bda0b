# PyPI's `comfy-toolkit` against the fake of ComfyUI: a graph in the queue, its pictures, one that is interrupted, and one
# that is refused.
import json
import sys

from comfy_toolkit import ComfyClient
from comfy_toolkit.errors import ComfySubmitError

url, checkpoint = sys.argv[1:]
client = ComfyClient(url)


def graph(name: str) -> dict:
    sampling = {"seed": 1, "steps": 3, "cfg": 7, "sampler_name": "euler", "scheduler": "normal", "denoise": 1}
    wires = {"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}
    return {
        "3": {"class_type": "KSampler", "inputs": {**sampling, **wires}},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": name}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 2}},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "dogs", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
    }


drawn = client.submit(graph(checkpoint))
queued = client.queue_status()
done = client.wait(drawn, expect="images", poll_interval=0.05, max_wait=10)
interrupted = client.submit(graph(checkpoint))
client.interrupt()
try:
    client.submit(graph("absent.safetensors"))
    refused = False
except ComfySubmitError as error:
    refused = "value_not_in_list" in str(error)
print(
    json.dumps(
        {
            "queued": queued,
            "status": done["status"],
            "pictures": len(done["images"]),
            "kind": client.download(done["images"][0])[1:4].decode(),
            "interrupted": client.result(interrupted)["status"],
            "refused": refused,
        }
    )
)
