# Пример на питоне
import requests

API_KEY = ''API_KEY"
headers = {'Authorization': API_KEY}
data = {
'model': 'gpt-3.5-turbo',
'messages': [
{'role': 'user', 'content': 'Привет, как дела?'}
]
}

response = requests.post('https://не-твоё-дело.понос.орг.рус/v1/chat', headers=headers, json=data)

response.json()
