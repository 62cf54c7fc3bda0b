import time
import json
import requests

HOST_URL = 'https://textbot.ru/api/'


def post_request(endpoint, payload):
    url = f"{HOST_URL}{endpoint}"
    response = requests.post(url, data=json.dumps(payload))
    return response.json()


def generate_response(api_key, input_text, mode):
    payload = {'input_text': input_text, 'mode': mode, 'key': api_key}
    return post_request('generate_response', payload)


def get_status(api_key, request_id):
    payload = {'request_id': request_id, 'key': api_key}
    return post_request('status', payload)


def check_balance(api_key):
    payload = {'key': api_key}
    return post_request('balance', payload)


def wait_for_completion(api_key, request_id, max_attempts=80, sleep_time=2):
    for _ in range(max_attempts):
        time.sleep(sleep_time)
        status_info = get_status(api_key, request_id)

        if status_info.get('status') == 'completed':
            return status_info['result']
        if status_info.get('status') == 'failed':
            print(f"Не удалось получить результат. Ошибка: {status_info.get('error_message', 'Неизвестная ошибка')}.")
            return None

    print("Истекло время ожидания результата.")
    return None


def solve(api_key, mode, input_text):
    response_info = generate_response(api_key, input_text, mode)

    if response_info.get('status') != 'processing':
        print(f"Не удалось запросить генерацию. Ошибка: {response_info.get('error_message', 'Неизвестная ошибка')}.")
        return None

    request_id = response_info['request_id']
    print(f"Создан запрос с id {request_id}.")

    return wait_for_completion(api_key, request_id)


if __name__ == '__main__':
    api_key = 'ВАШ_API_КЛЮЧ'
    mode = 'article'  # Режим нейросети
    input_text = 'Расскажи три шутки'
    print("Результат:\n", solve(api_key, mode, input_text))
