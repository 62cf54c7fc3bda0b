import json
import requests
HOST_URL = 'https://textbot.ru/api/'


def post_request(endpoint, payload):
    url = f"{HOST_URL}{endpoint}"
    response = requests.post(url, data=json.dumps(payload))
    return response.json()


def check_balance(api_key):
    payload = {'key': api_key}
    return post_request('balance', payload)
