// пример на nodejs
const axios = require('axios');

const API_KEY = 'ваш_api_ключ';
const headers = {
'Authorization': API_KEY
};
const data = {
model: 'gpt-3.5-turbo',
messages: [
{
role: 'user',
content: 'Привет, как дела?'
}
]
};

axios.post('https://не-твоё-дело.понос.орг.рус/v1/chat', data, { headers })
.then(response => {
console.log(response.data);
}).catch(error => {
console.error(error);
});
