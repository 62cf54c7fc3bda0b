import requests
import json

def get_units(key):
    url = 'https://chatinfo.ru/api/gpt/units'
    parameters = {'key': key}
    payload = json.dumps(parameters)
    response = requests.post(url, data=payload)

    return response.json()
