#include <iostream>
#include <string>
#include <curl/curl.h>
#include <nlohmann/json.hpp>

using json = nlohmann::json;

struct APIResponse {
    std::string data;
};

size_t WriteCallback(void* contents, size_t size, size_t nmemb, APIResponse* response) {
    response->data.append((char*)contents, size * nmemb);
    return size * nmemb;
}

std::string chatWithAI(const std::string& message, const std::string& apiKey) {
    CURL* curl;
    CURLcode res;
    APIResponse response;

    curl = curl_easy_init();
    if(curl) {
        json requestData;
        requestData["model"] = "gpt-4o";
        requestData["messages"] = json::array({{{"role", "user"}, {"content", message}}});

        std::string jsonString = requestData.dump();

        struct curl_slist* headers = nullptr;
        std::string authHeader = "Authorization: Bearer " + apiKey;
        headers = curl_slist_append(headers, "Content-Type: application/json");
        headers = curl_slist_append(headers, authHeader.c_str());

        curl_easy_setopt(curl, CURLOPT_URL, "https://chatinfo.ru/v1/chat/completions");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, jsonString.c_str());
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, WriteCallback);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response);

        res = curl_easy_perform(curl);
        curl_easy_cleanup(curl);
        curl_slist_free_all(headers);
    }

    json responseJson = json::parse(response.data);
    return responseJson["choices"][0]["message"]["content"];
}

int main() {
    std::string response = chatWithAI("Привет, как дела?", "ВАШ_API_КЛЮЧ");
    std::cout << response << std::endl;
    return 0;
}
