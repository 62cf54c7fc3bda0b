import json
import requests
HOST_URL = 'https://textbot.ru/api/'


def post_request(endpoint, payload):
    url = f"{HOST_URL}{endpoint}"
    response = requests.post(url, data=json.dumps(payload))
    return response.json()


def get_status(api_key, request_id):
    payload = {'request_id': request_id, 'key': api_key}
    return post_request('status', payload)
