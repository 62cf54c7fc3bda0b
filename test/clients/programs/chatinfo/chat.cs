using System;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;
using Newtonsoft.Json;

public class ChatInfoClient
{
    private readonly HttpClient httpClient;
    private readonly string apiKey;

    public ChatInfoClient(string apiKey)
    {
        this.apiKey = apiKey;
        this.httpClient = new HttpClient();
        this.httpClient.DefaultRequestHeaders.Add("Authorization", $"Bearer {apiKey}");
    }

    public async Task<string> ChatAsync(string message)
    {
        var requestData = new
        {
            model = "gpt-4o",
            messages = new[]
            {
                new { role = "user", content = message }
            }
        };

        var json = JsonConvert.SerializeObject(requestData);
        var content = new StringContent(json, Encoding.UTF8, "application/json");

        var response = await httpClient.PostAsync("https://chatinfo.ru/v1/chat/completions", content);
        var responseJson = await response.Content.ReadAsStringAsync();
        
        dynamic result = JsonConvert.DeserializeObject(responseJson);
        return result.choices[0].message.content;
    }
}

// Использование
class Program
{
    static async Task Main(string[] args)
    {
        var client = new ChatInfoClient("ВАШ_API_КЛЮЧ");
        var response = await client.ChatAsync("Привет, как дела?");
        Console.WriteLine(response);
    }
}
