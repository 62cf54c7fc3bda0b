from openai import OpenAI

# Инициализация клиента с нашим API
client = OpenAI(
    api_key="ВАШ_API_КЛЮЧ",
    base_url="https://chatinfo.ru/v1"
)

# Отправка запроса
response = client.chat.completions.create(
    model="gpt-4o",
    messages=[
        {"role": "user", "content": "Привет, как дела?"}
    ]
)

print(response.choices[0].message.content)
