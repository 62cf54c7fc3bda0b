# FusionBrain's own client against the fake of it: the pipelines, an order, its picture.
import json
import sys

from fusionbrain_sdk_python import FBClient, PipelineType

url, key, secret = sys.argv[1:]
client = FBClient(x_key=key, x_secret=secret)
client.API_HOST = f"{url}/"
pipeline = client.get_pipelines_by_type(PipelineType.TEXT2IMAGE)[0]
order = client.run_pipeline(pipeline_id=pipeline.id, prompt="Кот", negative_prompt="собаки", width=1024, height=576)
done = client.wait_for_completion(request_id=order.uuid, initial_delay=0)
print(json.dumps({"status": done.status.value, "files": len(done.result.files), "censored": done.result.censored}))
