// Sends bad requests over many connections at once, each judged by itself, and gathers what was wrong.

import { judge } from './judge.ts';
import type { Outcome } from './lane.ts';
import { Lane } from './lane.ts';
import type { BadRequest, Credentials } from './mutate-request.ts';
import { badRequest } from './mutate-request.ts';
import type { ValidRequest } from './valid-requests.ts';
import { KEY_MARK } from './valid-requests.ts';

/** So long an answer may take on a machine that does other things as well. */
const ANSWER_MS = 20_000;
/** So long a connection is watched whose bytes are no whole request. */
const UNFRAMED_MS = 20;
const FAILURES_MAX = 20;

export type Failure = {
  readonly number: number;
  readonly from: string;
  readonly problem: string;
  readonly bytes: string;
};
export type CampaignReport = {
  readonly sent: number;
  readonly failures: readonly Failure[];
  readonly statuses: ReadonlyMap<number, number>;
  /** Requests that got no answer, which only badly framed or headed ones may. */
  readonly unanswered: number;
};

export type Campaign = {
  readonly port: number;
  readonly valid: readonly (readonly ValidRequest[])[];
  readonly credentials: Credentials;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  readonly lanes: number;
};

export async function runCampaign(campaign: Campaign): Promise<CampaignReport> {
  const { port, valid, credentials, seed, first, count } = campaign;
  const statuses = new Map<number, number>();
  const failures: Failure[] = [];
  let next = first;
  let unanswered = 0;
  const drive = async () => {
    const lane = new Lane(port);
    while (next < first + count && failures.length < FAILURES_MAX) {
      const request = badRequest(seed, next++, valid, credentials);
      const outcome = await send(lane, request);
      for (const { status } of outcome.answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (outcome.answers.length === 0) unanswered++;
      const problem = judge(request, outcome);
      if (problem !== undefined)
        failures.push({ number: request.number, from: request.from, problem, bytes: shown(request, credentials) });
    }
    lane.close();
  };
  await Promise.all(Array.from({ length: campaign.lanes }, drive));
  return { sent: next - first, failures, statuses, unanswered };
}

function send(lane: Lane, { bytes, method, isFramed }: BadRequest): Promise<Outcome> {
  return lane.exchange(bytes, { isHead: method === 'HEAD', isFramed, waitMs: isFramed ? ANSWER_MS : UNFRAMED_MS });
}

/** The bytes as a text that can be kept, with a mark where the key was. */
function shown({ bytes }: BadRequest, { keys, adminToken }: Credentials): string {
  let text = bytes.toString('latin1');
  for (const key of keys) text = text.replaceAll(key, KEY_MARK);
  return JSON.stringify(text.replaceAll(adminToken, '{{admin-token}}')).slice(0, 4_000);
}
