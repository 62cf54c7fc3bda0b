curl https://ai.nspcloud.ru/api/v1/models \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $API_KEY"
