import requests

headers = {'Authorization':'ddosxd-api-1jq4e9xbzu2ilgn'}

data = {'q':'Привет, как дела?','filters':['nsfw','политика']}

r = requests.post('https://не-твоё-дело.понос.орг.рус/v1/moderate',headers=headers, json=data)

r.json()
