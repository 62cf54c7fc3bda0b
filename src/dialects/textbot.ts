// The TextBot dialect: ask for an answer, poll its status, ask for the balance. Source: TextBot's API document. The chat
// completions of that document are the OpenAI dialect's.
import type { CallError } from '../core/errors.ts';
import { CallError as Failure } from '../core/errors.ts';
import type { Balance } from '../core/ledger.ts';
import { readBodyKey, readFlatBody, readLong } from '../wire/flat-body.ts';
import type { Rendered, WireBody } from '../wire/rendering.ts';
import type { Dialect, ErrorContext, TaskRequest, TaskView } from './dialect.ts';

const DEFAULT_MODE = 'chat';

export const textbot: Dialect = {
  name: 'textbot',
  language: 'ru',
  routes: [
    {
      action: 'createTask',
      method: 'POST',
      path: '/api/generate_response',
      endpoint: 'task',
      readKey: readBodyKey,
      read: readRequest,
      render: (taskId, balance) => ({
        status: 200,
        body: { request_id: taskId, status: 'processing', balance: balance.requests },
      }),
    },
    {
      action: 'readTask',
      method: 'POST',
      path: '/api/status',
      endpoint: 'status',
      readKey: readBodyKey,
      readTaskId,
      render: renderTask,
    },
    {
      action: 'balance',
      method: 'POST',
      path: '/api/balance',
      endpoint: 'balance',
      readKey: readBodyKey,
      render: (balance: Balance) => ({ status: 200, body: { balance: balance.requests } }),
      // The document shows the balance's error without a `status`.
      error: (error, context) => ({ status: statusOf(error), body: { error_message: errorText(error, context) } }),
    },
  ],
  error: renderError,
};

/** All missing parameters are named at once, in the document's order; `mode` may be absent. */
function readRequest(body: WireBody, modeIds: readonly string[], hasKey: boolean): TaskRequest {
  const { input_text: text, mode } = readFlatBody(body);
  const isText = typeof text === 'string' && text.trim() !== '';
  const missing = [...(isText ? [] : ['input_text']), ...(hasKey ? [] : ['key'])];
  if (!isText || missing.length > 0) throw missingParameters(missing);
  const modeId = mode === undefined || mode === null || mode === '' ? DEFAULT_MODE : mode;
  if (typeof modeId !== 'string' || !modeIds.includes(modeId)) {
    throw new Failure('invalid_field', {
      param: 'mode',
      message: `Неизвестный mode. Допустимые значения: ${modeIds.join(', ')}.`,
    });
  }
  return { modeId, text };
}

function readTaskId(body: WireBody): number {
  const { request_id: value } = readFlatBody(body);
  if (value === undefined || value === null || value === '') throw missingParameters(['request_id']);
  const id = readLong(value);
  if (id === undefined)
    throw new Failure('invalid_field', {
      param: 'request_id',
      message: 'Параметр request_id должен быть целым положительным числом.',
    });
  return id;
}

function missingParameters(names: readonly string[]): Failure {
  return new Failure('missing_field', {
    param: names.join(','),
    message: `Отсутствуют необходимые параметры: ${names.join(', ')}`,
  });
}

function renderTask(task: TaskView): Rendered {
  const head = { request_id: task.taskId };
  switch (task.status) {
    case 'queued':
      return { status: 200, body: { ...head, status: 'processing' } };
    case 'completed':
      return { status: 200, body: { ...head, status: 'completed', result: task.result ?? '' } };
    case 'failed':
      return {
        status: 200,
        body: { ...head, status: 'failed', error_message: new Failure(task.errorCode ?? 'internal_error').text('ru') },
      };
  }
}

function renderError(error: CallError, context: ErrorContext): Rendered {
  const balance = error.code === 'insufficient_quota' ? { balance: error.details.balance ?? 0 } : {};
  return { status: statusOf(error), body: { status: 'failed', error_message: errorText(error, context), ...balance } };
}

/** An absent key is a missing parameter (400), a wrong one is forbidden (403). */
function statusOf(error: CallError): number {
  switch (error.code) {
    case 'missing_api_key':
      return 400;
    case 'invalid_api_key':
    case 'insufficient_quota':
    case 'account_blocked':
      return 403;
    default:
      return error.status;
  }
}

function errorText(error: CallError, { publicUrl }: ErrorContext): string {
  switch (error.code) {
    case 'missing_api_key':
      return 'Отсутствуют необходимые параметры: key';
    case 'invalid_api_key':
      return `Некорректный API ключ. Получить можно на ${publicUrl}/account`;
    case 'insufficient_quota': {
      const { balance = 0, needed = 2 } = error.details;
      return `Недостаточно запросов для генерации. Баланс: ${balance}. Нужно: ${needed}. Оплатить запросы: ${publicUrl}/price`;
    }
    case 'task_not_found':
      return 'Запрос с таким ID не найден';
    case 'api_not_in_plan':
      return `Тариф «${error.details.planName ?? ''}» не включает API. Подключить платные запросы: ${publicUrl}/price`;
    default:
      return error.text('ru');
  }
}
