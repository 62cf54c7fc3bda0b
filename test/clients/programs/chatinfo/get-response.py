import requests
import json

def get_response(key, id):
    url = 'https://chatinfo.ru/api/gpt/get_response'
    parameters = {'key': key, 'id': id}
    payload = json.dumps(parameters)
    response = requests.post(url, data=payload)

    return response.json()
