// Этот код можно выполнить прямо в браузере.

async function getCompletion() {
  // ВАЖНО: Не размещайте реальный API-ключ в коде на стороне клиента в продакшене!
  const apiKey = "5668ds-1122-44432-2211-88799d932";
  const url = "https://textbot.ru/v1/chat/completions";

  const data = {
    model: "gpt-4o",
    messages: [
      {
        role: "user",
        content: "Расскажи три шутки"
      }
    ]
  };

  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Authorization': `Bearer ${apiKey}`
      },
      body: JSON.stringify(data)
    });

    if (!response.ok) {
      const errorBody = await response.text();
      throw new Error(`HTTP error! status: ${response.status}, body: ${errorBody}`);
    }

    const result = await response.json();

    // Проверяем, что ответ содержит ожидаемые данные
    if (result.choices && result.choices.length > 0 && result.choices[0].message) {
      // Возвращаем только текст ответа
      return result.choices[0].message.content;
    } else {
      throw new Error("Получен некорректный формат ответа от API.");
    }

  } catch (error) {
    console.error("Ошибка внутри getCompletion:", error);
    // Пробрасываем ошибку дальше, чтобы ее можно было отловить снаружи
    throw error;
  }
}

// --- Основная логика ---
// Создаем главную async-функцию для вызова getCompletion
async function main() {
  try {
    console.log("Запрашиваем ответ...");
    // Здесь мы `await` самого метода getCompletion
    const completionText = await getCompletion();
    // А здесь печатаем полученный ответ в консоль
    console.log("Ответ от нейросети:", completionText);
  } catch (error) {
    console.error("Не удалось получить ответ от нейросети.");
  }
}

// Вызываем главную функцию, чтобы запустить весь процесс
main();
