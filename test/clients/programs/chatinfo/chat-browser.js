async function chatWithAI(message) {
    const response = await fetch('https://chatinfo.ru/v1/chat/completions', {
        method: 'POST',
        headers: {
            'Authorization': 'Bearer ВАШ_API_КЛЮЧ',
            'Content-Type': 'application/json'
        },
        body: JSON.stringify({
            model: 'gpt-4o',
            messages: [
                { role: 'user', content: message }
            ]
        })
    });

    const data = await response.json();
    return data.choices[0].message.content;
}

// Использование
chatWithAI('Привет, как дела?').then(response => {
    console.log(response);
});
