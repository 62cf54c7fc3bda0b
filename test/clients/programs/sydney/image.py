import requests

API_KEY = 'ваш_api_ключ'
headers = {'Authorization': API_KEY}
data = {
'model': 'sdxl',
'prompt': 'A cat at night, photorealistic, ultradetalized'
}

response = requests.post('https://не-твоё-дело.понос.орг.рус/v1/image', headers=headers, json=data)
print(response.json())
