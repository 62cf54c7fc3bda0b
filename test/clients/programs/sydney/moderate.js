const axios = require('axios');
const headers = {
'Authorization':'ddosxd-api-1jq4e9xbzu2ilgn'
};
const data = {
q:'Привет, как дела?',
filters:['nsfw','политика']
};
axios.post('https://не-твоё-дело.понос.орг.рус/v1/moderate', {
headers,data
}) .then(res =>
console.log(res.data)
).catch(err =>
console.log(err)
);
