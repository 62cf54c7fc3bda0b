curl -X POST "https://chatinfo.ru/v1/chat/completions" \
  -H "Authorization: Bearer ВАШ_API_КЛЮЧ" \
  -H "Content-Type: application/json" \
  -d '{
    "model": "gpt-4o",
    "messages": [
      {
        "role": "user",
        "content": "Привет, как дела?"
      }
    ]
  }'
