from openai import OpenAI

# Укажите ваш API-ключ от textbot.ru
api_key = "5668ds-1122-44432-2211-88799d932"

client = OpenAI(
    api_key=api_key,
    base_url="https://textbot.ru/v1"
)

chat_completion = client.chat.completions.create(
    messages=[
        {
            "role": "user",
            "content": "Расскажи три шутки",
        }
    ],
    model="gpt-4o"
)

print(chat_completion.choices[0].message.content)
