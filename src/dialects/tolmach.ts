// Our own addition: tasks that any chat call can be, with names for requests, cancelling, and webhooks. Error objects are
// those of OpenAI, so that its clients' error handling works.
import type { ChatCall } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { invalid, optionalString, unsupported } from '../core/fields.ts';
import { parseObject } from '../core/json-guard.ts';
import { renderError } from '../wire/openai/errors.ts';
import { readChat } from '../wire/openai/read-chat.ts';
import type { Rendered, WireBody } from '../wire/rendering.ts';
import type { TaskDetails } from '../wire/task-body.ts';
import { taskBody } from '../wire/task-body.ts';
import type { Dialect, TaskSubmission } from './dialect.ts';

const URL_CHARS_MAX = 2_048;
/** Fields of ours in the body of a chat call, which no provider may see. */
const OWN_FIELDS: readonly string[] = ['webhook_url', 'mode', 'input'];
const DEFAULT_MODE = 'chat';

export const tolmach: Dialect = {
  name: 'tolmach',
  language: 'en',
  routes: [
    { action: 'submitTask', method: 'POST', path: '/v1/tasks', endpoint: 'task', read: readSubmission, render },
    {
      action: 'webhookSecret',
      method: 'GET',
      path: '/v1/webhook_secret',
      endpoint: 'status',
      render: (secret) => ({ status: 200, body: { object: 'webhook_secret', secret } }),
    },
    { action: 'showTask', method: 'GET', path: '/v1/tasks/', endpoint: 'status', render },
    { action: 'cancelTask', method: 'DELETE', path: '/v1/tasks/', endpoint: 'status', render },
  ],
  error: (error) => renderError(error),
};

function render(task: TaskDetails): Rendered {
  return { status: 200, body: taskBody(task) };
}

function readSubmission(body: WireBody, modeIds: readonly string[]): TaskSubmission {
  const { value } = parseObject(body.text);
  const url = optionalString(value, 'webhook_url');
  if (url !== undefined && url.length > URL_CHARS_MAX) throw invalid('webhook_url', '"webhook_url" is too long.');
  const webhook = url === undefined ? {} : { webhookUrl: url };
  if (value['input'] !== undefined && value['input'] !== null) return { ...webhook, asked: readMode(value, modeIds) };
  return { ...webhook, call: readCall(body, value) };
}

function readMode(value: JsonObject, modeIds: readonly string[]) {
  if (value['messages'] !== undefined) throw invalid('input', 'Give either "messages" or "input", not both.');
  const text = optionalString(value, 'input') ?? '';
  if (text.trim() === '') throw new CallError('missing_field', { param: 'input', message: '"input" is empty.' });
  const modeId = optionalString(value, 'mode') ?? DEFAULT_MODE;
  if (!modeIds.includes(modeId)) throw invalid('mode', `"mode" must be one of: ${modeIds.join(', ')}.`);
  return { modeId, text };
}

/** A task answers with one text, so what would need another shape is refused by name. */
function readCall(body: WireBody, value: JsonObject): ChatCall {
  const { source: _, ...call } = readChat(body);
  if (call.stream) throw unsupported('stream', 'A task does not stream.');
  if ((call.options.n ?? 1) > 1) throw unsupported('n', 'A task has one answer.');
  if (call.options.tools !== undefined) throw unsupported('tools', 'A task cannot call tools.');
  if (value['mode'] !== undefined && value['mode'] !== null) throw invalid('mode', '"mode" goes with "input".');
  const extra = Object.fromEntries(Object.entries(call.extra).filter(([name]) => !OWN_FIELDS.includes(name)));
  return { ...call, extra };
}
