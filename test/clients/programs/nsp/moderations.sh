curl https://ai.nspcloud.ru/api/v1/moderations \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $API_KEY" \
  -d '{
    "input": "I want to kill them."
  }'
