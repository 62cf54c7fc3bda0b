import json
import requests
HOST_URL = 'https://textbot.ru/api/'


def post_request(endpoint, payload):
    url = f"{HOST_URL}{endpoint}"
    response = requests.post(url, data=json.dumps(payload))
    return response.json()


def generate_response(api_key, input_text, mode):
    payload = {'input_text': input_text, 'mode': mode, 'key': api_key}
    return post_request('generate_response', payload)
