import requests
import json

def create_request(key, mode, content):
    url = 'https://chatinfo.ru/api/gpt/create_request'
    parameters = {'key': key, 'mode': mode, 'content': content}
    payload = json.dumps(parameters)
    response = requests.post(url, data=payload)

    return response.json()
