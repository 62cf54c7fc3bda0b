// Clients of a gateway that may be gone at any moment: whole and streamed calls, pictures, tasks with and without names,
// cancelling, leaving, and an operator who grants. Each notes what it was told, and nothing that it was not.
import type { Customer, GatewayClient } from '../../../src/testing/gateway-client.ts';
import type { SeededRandom } from '../../../src/testing/seeded-random.ts';
import type { Grant, SeenCall, UnsureSubmission, Witness } from './witness.ts';

export const GRANT = 1_000;

export type Surroundings = {
  readonly gateway: GatewayClient;
  readonly customers: readonly Customer[];
  readonly witness: Witness;
  readonly random: SeededRandom;
  readonly webhookUrl: string;
  readonly isOver: () => boolean;
};

type Action = (at: Surroundings, customer: Customer) => Promise<unknown>;

const LIMIT_MS = 20_000;

/** One client for each line. */
const CLIENTS: readonly Action[] = [
  whole,
  whole,
  streamed,
  streamed,
  leave,
  picture,
  submit,
  submitAndCancel,
  createAndPoll,
  grant,
];

/** All clients at once, each doing its one thing again and again until the gateway is gone. */
export async function callUntilGone(at: Surroundings): Promise<void> {
  await Promise.all([giveAgain(at), ...CLIENTS.map((action) => repeat(at, action))]);
}

/** Gives again what got no answer and has a name. */
export async function giveAgain(at: Surroundings): Promise<void> {
  const { unsure, unsureGrants } = at.witness;
  const submissions = unsure.splice(0).map((submission) => send(at, submission));
  await Promise.all([...submissions, ...unsureGrants.splice(0).map((due) => give(at, due))]);
}

async function repeat(at: Surroundings, action: Action): Promise<void> {
  while (!at.isOver()) {
    await action(at, at.customers[at.random.whole(0, at.customers.length - 1)] as Customer);
    await Bun.sleep(at.random.whole(0, 4));
  }
}

export async function whole(at: Surroundings, customer: Customer): Promise<SeenCall> {
  const seen = note(at, 'chat', customer);
  await watched(async () => {
    const response = await ask(at, customer, '/v1/chat/completions', chatBody('both', seen.mark));
    await readEnd(seen, response, (text) => JSON.parse(text).choices[0].message.content === `echo ${seen.mark}`);
  });
  return seen;
}

/** An answer is complete for its client with the last event, whatever becomes of the connection afterwards. */
export async function streamed(at: Surroundings, customer: Customer): Promise<void> {
  const seen = note(at, 'chat', customer);
  await watched(async () => {
    const body = { ...chatBody('both', seen.mark), stream: true };
    const response = await ask(at, customer, '/v1/chat/completions', body);
    noteHead(seen, response);
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      if (response.ok && text.endsWith('data: [DONE]\n\n')) seen.ending = 'complete';
    }
  });
}

/** Goes away in the middle of a stream. */
async function leave(at: Surroundings, customer: Customer): Promise<void> {
  const seen = note(at, 'chat', customer);
  await watched(async () => {
    const gone = new AbortController();
    const body = { ...chatBody('both', seen.mark), stream: true };
    const response = await ask(at, customer, '/v1/chat/completions', body, {}, gone.signal);
    noteHead(seen, response);
    await response.body?.getReader().read();
    gone.abort();
    if (response.ok) seen.ending = 'left';
  });
}

export async function picture(at: Surroundings, customer: Customer): Promise<void> {
  const seen = note(at, 'image', customer);
  await watched(async () => {
    const body = { model: 'picture', prompt: seen.mark };
    await readEnd(seen, await ask(at, customer, '/v1/images/generations', body), (text) => {
      seen.picturePath = new URL(JSON.parse(text).data[0].url).pathname;
      return true;
    });
  });
}

export async function submit(at: Surroundings, customer: Customer): Promise<void> {
  await send(at, { mark: at.witness.newMark(), customer, hasWebhook: at.random.next() < 0.5 });
}

async function submitAndCancel(at: Surroundings, customer: Customer): Promise<void> {
  const taskId = await send(at, { mark: at.witness.newMark(), customer, hasWebhook: false });
  if (taskId === undefined || at.isOver()) return;
  try {
    const response = await ask(at, customer, `/v1/tasks/${taskId}`, undefined, { method: 'DELETE' });
    const { status } = (await response.json()) as { status: string };
    const task = at.witness.tasks.get(taskId);
    if (task !== undefined && status === 'cancelled') task.isCancelled = true;
  } catch {
    // The gateway has gone. Whether it was cancelled is for the ledger to say.
  }
}

/** A submission has a name, so that one whose answer was lost can be given again. Answers the task's id. */
export async function send(at: Surroundings, submission: UnsureSubmission): Promise<number | undefined> {
  const { mark, customer, hasWebhook } = submission;
  const body = { ...chatBody('strict', mark), ...(hasWebhook ? { webhook_url: at.webhookUrl } : {}) };
  try {
    const response = await ask(at, customer, '/v1/tasks', body, { headers: { 'idempotency-key': mark } });
    const answer = (await response.json()) as { id: number };
    if (!response.ok) throw new Error(`a submission answered ${response.status}`);
    at.witness.addTask(answer.id, { mark, customer, hasWebhook, isCancelled: false });
    return answer.id;
  } catch {
    at.witness.unsure.push(submission);
    return undefined;
  }
}

/** The ChatInfo way, which has no names: what is not answered may have been accepted all the same. */
async function createAndPoll(at: Surroundings, customer: Customer): Promise<void> {
  const seen = note(at, 'task', customer);
  await watched(async () => {
    const asked = { content: seen.mark, key: customer.key };
    const response = await ask(at, customer, '/api/gpt/create_request', asked);
    noteHead(seen, response);
    const { id } = (await response.json()) as { id: number };
    if (!response.ok) return;
    seen.ending = 'complete';
    at.witness.addTask(id, { mark: seen.mark, customer, hasWebhook: false, isCancelled: false });
    await (await ask(at, customer, '/api/gpt/get_response', { id, key: customer.key })).text();
  });
}

export async function grant(at: Surroundings, customer: Customer): Promise<void> {
  await give(at, { grantId: at.witness.newMark(), customer });
}

/** A grant whose answer was lost is given again, under the same name, when there is a gateway. */
async function give(at: Surroundings, due: Grant): Promise<void> {
  const { grantId, customer } = due;
  try {
    await at.gateway.admin('POST', `accounts/${customer.accountId}/grants`, { requests: GRANT, grantId });
    at.witness.grants.push(due);
  } catch {
    at.witness.unsureGrants.push(due);
  }
}

const chatBody = (model: string, mark: string) => ({ model, messages: [{ role: 'user', content: mark }] });

function note(at: Surroundings, endpoint: SeenCall['endpoint'], customer: Customer): SeenCall {
  const seen: SeenCall = { mark: at.witness.newMark(), endpoint, customer, ending: 'cut' };
  at.witness.calls.push(seen);
  return seen;
}

/** Whatever breaks is a gateway that has gone; what was noted until then stays. */
async function watched(call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch {
    // `ending` stays `cut`.
  }
}

function noteHead(seen: SeenCall, response: Response): void {
  const callId = response.headers.get('x-request-id');
  if (callId !== null) seen.callId = callId;
  if (!response.ok) seen.ending = 'refused';
}

async function readEnd(seen: SeenCall, response: Response, isComplete: (text: string) => boolean): Promise<void> {
  noteHead(seen, response);
  const text = await response.text();
  if (response.ok && isComplete(text)) seen.ending = 'complete';
}

async function ask(
  { gateway, witness }: Surroundings,
  customer: Customer,
  path: string,
  body: unknown,
  init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  signal: AbortSignal = AbortSignal.timeout(LIMIT_MS),
): Promise<Response> {
  const response = await fetch(`${gateway.url}${path}`, {
    method: init.method ?? 'POST',
    signal,
    headers: { authorization: `Bearer ${customer.key}`, 'content-type': 'application/json', ...init.headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return response;
  const text = await response.text();
  witness.addRefusal(response.status, text);
  return new Response(text, response);
}
