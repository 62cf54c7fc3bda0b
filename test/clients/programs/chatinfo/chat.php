<?php
function chatWithAI($message, $apiKey) {
    $url = 'https://chatinfo.ru/v1/chat/completions';
    
    $data = array(
        'model' => 'gpt-4o',
        'messages' => array(
            array('role' => 'user', 'content' => $message)
        )
    );
    
    $options = array(
        'http' => array(
            'header'  => "Content-Type: application/json\r\n" .
                        "Authorization: Bearer " . $apiKey . "\r\n",
            'method'  => 'POST',
            'content' => json_encode($data)
        )
    );
    
    $context = stream_context_create($options);
    $result = file_get_contents($url, false, $context);
    $response = json_decode($result, true);
    
    return $response['choices'][0]['message']['content'];
}

// Использование
$response = chatWithAI('Привет, как дела?', 'ВАШ_API_КЛЮЧ');
echo $response;
?>
