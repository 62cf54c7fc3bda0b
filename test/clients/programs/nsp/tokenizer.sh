curl https://ai.nspcloud.ru/api/v1/tokenizer \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $API_KEY" \
  -d '{
    "prompt": "Hello world!"
  }'
