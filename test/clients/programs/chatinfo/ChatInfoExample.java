import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.client.OpenAIClient;
import com.openai.models.ChatModel;
import com.openai.models.chat.completions.*;

public class ChatInfoExample {
    public static void main(String[] args) {
        // Создание клиента с настройкой на наш эндпоинт
        OpenAIClient client = OpenAIOkHttpClient.builder()
            .apiKey("ВАШ_API_КЛЮЧ")
            .baseUrl("https://chatinfo.ru/v1/")
            .build();

        // Создание запроса
        ChatCompletion response = client.chat().completions().create(
            ChatCompletionCreateParams.builder()
                .model(ChatModel.GPT_4_O)
                .addMessage(ChatCompletionMessageParam.ofChatCompletionUserMessageParam(
                    ChatCompletionUserMessageParam.builder()
                        .content("Привет, как дела?")
                        .build()
                ))
                .build()
        );

        // Получение ответа
        String aiResponse = response.choices().get(0).message().content();
        System.out.println(aiResponse);
    }
}
