// The ChatInfo dialect: create a request, poll for its answer, ask for units. Source: ChatInfo's API document. The
// chat completions of that document are the OpenAI dialect's.
//
// Every answer that is no success has `error`, because the document's client programs index it.
import type { CallError } from '../core/errors.ts';
import { CallError as Failure } from '../core/errors.ts';
import type { Balance } from '../core/ledger.ts';
import { readBodyKey, readFlatBody, readLong } from '../wire/flat-body.ts';
import type { Rendered, WireBody } from '../wire/rendering.ts';
import type { Dialect, ErrorContext, TaskRequest, TaskView } from './dialect.ts';

const TOO_OFTEN = 'Кажется, вы отправляете запросы слишком часто. Обновите страницу, чтобы продолжить';
const DEFAULT_MODE = 'chat';

/** «1 API Unit = 2 обычных запроса». */
function unitsOf(requests: number): number {
  return Math.floor(requests / 2);
}

export const chatinfo: Dialect = {
  name: 'chatinfo',
  language: 'ru',
  routes: [
    {
      action: 'createTask',
      method: 'POST',
      path: '/api/gpt/create_request',
      endpoint: 'task',
      readKey: readBodyKey,
      read: readRequest,
      render: (taskId, balance) => success({ units: unitsOf(balance.requests), id: taskId }),
    },
    {
      action: 'readTask',
      method: 'POST',
      path: '/api/gpt/get_response',
      endpoint: 'status',
      readKey: readBodyKey,
      readTaskId,
      render: renderTask,
      // What is wrong with the task is told with its state; what is wrong with the caller, as on the other routes.
      error: (error, context) => renderError(error, context, isOfTask(error) ? { solving: false } : {}),
    },
    {
      action: 'balance',
      method: 'POST',
      path: '/api/gpt/units',
      endpoint: 'balance',
      readKey: readBodyKey,
      render: (balance: Balance) => success({ units: unitsOf(balance.requests) }),
    },
  ],
  error: renderError,
};

function readRequest(body: WireBody, modeIds: readonly string[]): TaskRequest {
  const { content, mode } = readFlatBody(body);
  if (typeof content !== 'string' || content.trim() === '') {
    throw new Failure('missing_field', { param: 'content', message: 'Не указан параметр content: текст запроса.' });
  }
  const modeId = mode === undefined || mode === null || mode === '' ? DEFAULT_MODE : mode;
  if (typeof modeId !== 'string' || !modeIds.includes(modeId)) {
    throw new Failure('invalid_field', {
      param: 'mode',
      message: `Неизвестный mode. Допустимые значения: ${modeIds.join(', ')}.`,
    });
  }
  return { modeId, text: content };
}

function readTaskId(body: WireBody): number {
  const id = readLong(readFlatBody(body)['id']);
  if (id === undefined)
    throw new Failure('invalid_field', { param: 'id', message: 'Параметр id должен быть целым положительным числом.' });
  return id;
}

function renderTask(task: TaskView): Rendered {
  switch (task.status) {
    case 'queued':
      return { status: 202, body: { success: false, solving: true } };
    case 'completed':
      return { status: 200, body: { success: true, solving: false, result: task.result ?? '' } };
    case 'failed':
      return { status: 200, body: { success: false, solving: false, error: failureText(task) } };
  }
}

function isOfTask({ code }: CallError): boolean {
  return code === 'task_not_found' || code === 'invalid_field';
}

function failureText(task: TaskView): string {
  const reason = new Failure(task.errorCode ?? 'internal_error').text('ru');
  return `Не удалось получить ответ нейросети: ${reason} API Unit возвращен.`;
}

function success(fields: Record<string, unknown>): Rendered {
  return { status: 200, body: { success: true, ...fields } };
}

function renderError(
  error: CallError,
  { publicUrl }: ErrorContext,
  more: Readonly<Record<string, unknown>> = {},
): Rendered {
  const fail = (status: number, text: string, fields = more): Rendered => ({
    status,
    body: { success: false, ...fields, error: text },
  });
  switch (error.code) {
    case 'missing_api_key':
    case 'invalid_api_key':
      return fail(403, `Неверный ключ доступа API. Получить ключ можно на странице ${publicUrl}/subscription`);
    case 'account_blocked':
      return fail(403, `Аккаунт заблокирован. Подробности на странице ${publicUrl}/subscription`);
    case 'api_not_in_plan':
      return fail(
        403,
        `Использовать API можно только на тарифе Престиж. Ваш тариф: ${error.details.planName ?? 'неизвестен'}.`,
      );
    case 'insufficient_quota':
      return fail(403, `Недостаточно API Units для создания запроса. Купить еще: ${publicUrl}/prices`, {
        units: unitsOf(error.details.balance ?? 0),
      });
    case 'rate_limit_exceeded':
      return fail(429, TOO_OFTEN);
    default:
      return fail(error.status, error.text('ru'));
  }
}
