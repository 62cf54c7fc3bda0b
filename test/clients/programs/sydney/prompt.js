// Пример запроса на жс
const axios = require('axios');

const API_KEY = 'ваш_api_ключ';
const headers = { 'Authorization': API_KEY };
const data = {
model: 'claude-2-100k',
prompt: '\n\nHuman: Переведите следующий английский текст на французский: "Hello, how are you?"\n\nAssistant: '
};

axios.post('https://не-твоё-дело.понос.орг.рус/v1/prompt', data, { headers })
.then(response => {
console.log(response.data);
})
.catch(error => {
console.error(error);
});
