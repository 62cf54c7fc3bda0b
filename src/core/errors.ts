// The closed catalogue of everything that can go wrong and be told to a client.
//
// Clients program against `code`; dialects only translate the shape. The public text never carries a key, a host, a
// prompt or a vendor's words beyond what this table allows; `detail` is for logs. docs/reference/errors.md is tested
// against this table in both directions.

import type { ErrorDetails } from './error-details.ts';

export type ErrorRow = {
  readonly status: number;
  /** The `type` field of an OpenAI error object. */
  readonly type: string;
  readonly message: string;
  /** Russian text, shown by the dialects whose documents are in Russian. */
  readonly messageRu: string;
  /** Whether the very same request may succeed later. Official SDKs obey it through `x-should-retry`. */
  readonly retryable: boolean;
};

const row = (status: number, type: string, retryable: boolean, message: string, messageRu: string): ErrorRow => ({
  status,
  type,
  message,
  messageRu,
  retryable,
});

const REQUEST = 'invalid_request_error';
const SERVER = 'server_error';

export const ERRORS = {
  // The request itself.
  invalid_json: row(
    400,
    REQUEST,
    false,
    'We could not parse the JSON body of your request.',
    'Тело запроса не является правильным JSON.',
  ),
  invalid_body: row(
    400,
    REQUEST,
    false,
    'The request body must be a JSON object.',
    'Тело запроса должно быть JSON-объектом.',
  ),
  body_too_deep: row(
    400,
    REQUEST,
    false,
    'The request body is nested too deeply.',
    'Слишком глубокая вложенность в теле запроса.',
  ),
  body_too_large: row(413, REQUEST, false, 'The request body is too large.', 'Слишком большое тело запроса.'),
  unsupported_encoding: row(
    415,
    REQUEST,
    false,
    'Compressed request bodies are not supported; send the body without Content-Encoding.',
    'Сжатые тела запросов не поддерживаются: отправьте тело без Content-Encoding.',
  ),
  missing_field: row(400, REQUEST, false, 'A required field is missing.', 'Не указано обязательное поле.'),
  invalid_field: row(400, REQUEST, false, 'A field has an invalid value.', 'Недопустимое значение поля.'),
  unsupported_parameter: row(
    400,
    REQUEST,
    false,
    'A parameter is not supported by this model.',
    'Параметр не поддерживается этой моделью.',
  ),
  key_in_query: row(
    400,
    REQUEST,
    false,
    'Send the API key in a header, never in the address.',
    'Передавайте API ключ в заголовке, а не в адресе.',
  ),
  conflicting_keys: row(
    400,
    REQUEST,
    false,
    'The request carries two different API keys.',
    'В запросе два разных API ключа.',
  ),
  not_found: row(404, REQUEST, false, 'There is no such route.', 'Такого адреса нет.'),
  method_not_allowed: row(
    405,
    REQUEST,
    false,
    'This route does not take that method.',
    'Этот адрес не принимает такой метод.',
  ),
  model_not_found: row(
    404,
    REQUEST,
    false,
    'The model does not exist or you do not have access to it.',
    'Такой модели нет или у вас нет к ней доступа.',
  ),
  task_cancelled: row(409, REQUEST, false, 'The task was cancelled.', 'Запрос отменён.'),
  task_not_found: row(404, REQUEST, false, 'There is no task with this id.', 'Запрос с таким ID не найден.'),

  // The caller.
  missing_api_key: row(
    401,
    REQUEST,
    false,
    'You did not provide an API key. Send it as "Authorization: Bearer YOUR_KEY".',
    'Не указан API ключ.',
  ),
  invalid_api_key: row(401, REQUEST, false, 'Incorrect API key provided.', 'Некорректный API ключ.'),
  account_blocked: row(403, 'permission_error', false, 'This account is blocked.', 'Аккаунт заблокирован.'),
  api_not_in_plan: row(
    403,
    'permission_error',
    false,
    'The plan of this account does not include the API.',
    'Тариф аккаунта не включает API.',
  ),
  admin_only: row(401, REQUEST, false, 'This route needs the administration token.', 'Нужен токен администратора.'),

  // Money and limits.
  model_not_priced: row(
    403,
    'permission_error',
    false,
    'This model has no price in your plan.',
    'У этой модели нет цены в вашем тарифе.',
  ),
  insufficient_quota: row(
    429,
    'insufficient_quota',
    false,
    'You have too little balance for this request. Top up the balance of your account.',
    'Недостаточно средств для запроса. Пополните баланс.',
  ),
  rate_limit_exceeded: row(
    429,
    'rate_limit_exceeded',
    true,
    'Too many requests. Try again later.',
    'Слишком много запросов. Попробуйте позже.',
  ),
  concurrency_limit_exceeded: row(
    429,
    'rate_limit_exceeded',
    true,
    'Too many of your requests are running at once. Try again when one of them has ended.',
    'Слишком много ваших запросов выполняется одновременно. Повторите, когда один из них закончится.',
  ),
  idempotency_running: row(
    409,
    REQUEST,
    true,
    'A request with this Idempotency-Key is still running.',
    'Запрос с этим Idempotency-Key ещё выполняется.',
  ),
  idempotency_mismatch: row(
    422,
    REQUEST,
    false,
    'This Idempotency-Key was used with another request.',
    'Этот Idempotency-Key уже использован с другим запросом.',
  ),
  idempotency_not_stored: row(
    409,
    REQUEST,
    false,
    'A request with this Idempotency-Key was answered and charged already, and its answer was not kept. Use a new key to ask again.',
    'Запрос с этим Idempotency-Key уже получил ответ и оплачен, но ответ не сохранён. Чтобы спросить ещё раз, возьмите новый ключ.',
  ),

  // The provider. Its own 401 or 402 is about our key, so it never reaches the customer as such.
  upstream_unreachable: row(
    502,
    SERVER,
    true,
    'The model provider could not be reached.',
    'Не удалось связаться с поставщиком модели.',
  ),
  upstream_tls_error: row(
    502,
    SERVER,
    true,
    'The model provider could not be reached safely.',
    'Не удалось безопасно связаться с поставщиком модели.',
  ),
  upstream_timeout: row(
    504,
    SERVER,
    true,
    'The model provider did not answer in time.',
    'Поставщик модели не ответил вовремя.',
  ),
  upstream_stalled: row(
    504,
    SERVER,
    true,
    'The model provider stopped sending the answer.',
    'Поставщик модели перестал передавать ответ.',
  ),
  upstream_rate_limited: row(
    503,
    SERVER,
    true,
    'The model provider is limiting requests now. Try again later.',
    'Поставщик модели ограничил число запросов. Попробуйте позже.',
  ),
  upstream_overloaded: row(
    503,
    SERVER,
    true,
    'The model provider is overloaded. Try again later.',
    'Поставщик модели перегружен. Попробуйте позже.',
  ),
  upstream_error: row(502, SERVER, true, 'The model provider failed.', 'Ошибка на стороне поставщика модели.'),
  upstream_rejected: row(
    400,
    REQUEST,
    false,
    'The model provider refused the request as invalid.',
    'Поставщик модели отклонил запрос как неверный.',
  ),
  upstream_bad_response: row(
    502,
    SERVER,
    true,
    'The model provider sent an answer that cannot be read.',
    'Поставщик модели прислал нечитаемый ответ.',
  ),
  upstream_too_large: row(
    502,
    SERVER,
    false,
    'The answer of the model provider is too large.',
    'Ответ поставщика модели слишком велик.',
  ),
  upstream_reset: row(
    502,
    SERVER,
    true,
    'The model provider broke the connection.',
    'Поставщик модели оборвал соединение.',
  ),
  upstream_truncated: row(
    502,
    SERVER,
    true,
    'The model provider ended the answer before it was complete.',
    'Ответ поставщика модели оборвался.',
  ),
  upstream_redirect: row(
    502,
    SERVER,
    false,
    'The model provider answered with a redirect.',
    'Поставщик модели ответил перенаправлением.',
  ),
  provider_unavailable: row(
    503,
    SERVER,
    true,
    'The model is not available now. Try again later.',
    'Модель сейчас недоступна. Попробуйте позже.',
  ),
  no_provider: row(
    503,
    SERVER,
    true,
    'No provider of this model answers now. Try again later.',
    'Ни один поставщик этой модели сейчас не отвечает. Попробуйте позже.',
  ),
  content_refused: row(
    400,
    REQUEST,
    false,
    'The provider refused the content of the request.',
    'Поставщик отклонил содержание запроса.',
  ),

  // Ourselves.
  overloaded: row(
    503,
    SERVER,
    true,
    'The server is overloaded. Try again later.',
    'Сервер перегружен. Попробуйте позже.',
  ),
  shutting_down: row(
    503,
    SERVER,
    true,
    'The server is restarting. Try again in a few seconds.',
    'Сервер перезапускается. Попробуйте через несколько секунд.',
  ),
  temporarily_unavailable: row(
    503,
    SERVER,
    true,
    'The service is temporarily unavailable. Try again later.',
    'Сервис временно недоступен. Попробуйте позже.',
  ),
  deadline_exceeded: row(
    504,
    SERVER,
    true,
    'The call took longer than allowed.',
    'Запрос выполнялся дольше допустимого.',
  ),
  client_closed: row(499, SERVER, false, 'The client closed the connection.', 'Клиент закрыл соединение.'),
  slow_reader: row(499, SERVER, false, 'The client stopped reading the answer.', 'Клиент перестал читать ответ.'),
  gateway_restarted: row(
    503,
    SERVER,
    true,
    'The server restarted while the call was running. Nothing was charged.',
    'Сервер перезапустился во время запроса. Ничего не списано.',
  ),
  internal_error: row(
    500,
    SERVER,
    true,
    'The server failed. The request id helps us to find out why.',
    'Внутренняя ошибка сервера.',
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** Every expected failure of a call. Anything else that is thrown is a bug and becomes `internal_error`. */
export class CallError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? ERRORS[code].message);
    this.name = 'CallError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return this.details.status ?? ERRORS[this.code].status;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  /** The text for a client who reads `language`. */
  text(language: 'en' | 'ru'): string {
    const { message, messageRu, planName } = this.details;
    if (message !== undefined) return language === 'ru' ? (messageRu ?? message) : message;
    const text = language === 'ru' ? ERRORS[this.code].messageRu : ERRORS[this.code].message;
    if (planName === undefined) return text;
    return language === 'ru' ? `${text} Тариф: ${planName}.` : `${text} The plan is "${planName}".`;
  }
}

/** A stored code; one that this version does not know is told as `internal_error`. */
export function readErrorCode(code: string | null): ErrorCode | null {
  if (code === null) return null;
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'internal_error';
}

/** Turns anything thrown into a `CallError`, keeping what was unexpected for the log only. */
export function toCallError(thrown: unknown): CallError {
  if (thrown instanceof CallError) return thrown;
  const detail = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new CallError('internal_error', { detail });
}
