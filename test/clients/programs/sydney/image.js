const axios = require('axios');

const API_KEY = 'ваш_api_ключ';
const headers = { 'Authorization': API_KEY };
const data = {
model: 'sdxl',
prompt: 'A cat at night, photorealistic '
};

axios.post('https://не-твоё-дело.понос.орг.рус/v1/image', data, { headers })
.then(response => {
console.log(response.data);
})
.catch(error => {
console.error(error);
});
