# Пример на питоне
import requests

API_KEY = 'ваш_api_ключ'
headers = {
'Authorization': API_KEY
}
data = {
'model': ''claude-2-100k",
'prompt': '\n\nHuman: Переведите следующий английский текст на французский: "Hello, how are you?\n\nAssistant: "'
}

response = requests.post('https://не-твоё-дело.понос.орг.рус/v1/prompt', headers=headers, json=data)
print(response.json())
