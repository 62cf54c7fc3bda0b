// What clients, providers and receivers of webhooks have seen of a gateway that is killed again and again. It is kept in
// this process, which is not killed, and compared with what the gateway's own disk says.
import type { Customer } from '../../../src/testing/gateway-client.ts';

export type Endpoint = 'chat' | 'image' | 'task';

/** What one client saw of one call. `mark` is in the text of the call, so that providers can be asked about it. */
export type SeenCall = {
  readonly mark: string;
  readonly endpoint: Endpoint;
  readonly customer: Customer;
  /** `undefined` where not even the headers of an answer came. */
  callId?: string;
  /** `complete` is all of the answer with its end; `refused` no success; `left` by the client itself; `cut` all else. */
  ending: 'complete' | 'refused' | 'left' | 'cut';
  /** Path of the picture that a complete answer promised. */
  picturePath?: string;
};

/** A task that was accepted, as far as its maker was told. */
export type SeenTask = {
  readonly mark: string;
  readonly customer: Customer;
  readonly hasWebhook: boolean;
  isCancelled: boolean;
};

/** A submission whose answer never came; its name makes it safe to send again. */
export type UnsureSubmission = { readonly mark: string; readonly customer: Customer; readonly hasWebhook: boolean };

export type Grant = { readonly grantId: string; readonly customer: Customer };

export type ProviderCall = { readonly generation: number; readonly isFailed: boolean };

export class Witness {
  /** How many processes were started so far. */
  generation = 0;
  /** Calls since the last comparison. */
  calls: SeenCall[] = [];
  readonly tasks = new Map<number, SeenTask>();
  readonly unsure: UnsureSubmission[] = [];
  readonly askedProviders = new Map<string, ProviderCall[]>();
  readonly toldWebhooks = new Map<number, string[]>();
  readonly grants: Grant[] = [];
  readonly unsureGrants: Grant[] = [];
  /** How often each refusal was told, by status and code. */
  readonly refusals: Record<string, number> = {};
  #marks = 0;

  /** Text that no other call has. */
  newMark(): string {
    this.#marks += 1;
    return `mark-${this.#marks}.`;
  }

  /** A provider was asked; `decide` says whether it fails, given how often it was asked about this before. */
  addProviderCall(mark: string, decide: (earlier: number) => boolean): boolean {
    const earlier = this.askedProviders.get(mark) ?? [];
    const isFailed = decide(earlier.length);
    this.askedProviders.set(mark, [...earlier, { generation: this.generation, isFailed }]);
    return isFailed;
  }

  addRefusal(status: number, text: string): void {
    const name = `${status} ${/"code": ?"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 100)}`;
    this.refusals[name] = (this.refusals[name] ?? 0) + 1;
  }

  addTask(taskId: number, task: SeenTask): void {
    const known = this.tasks.get(taskId);
    if (known !== undefined && known.mark !== task.mark)
      throw new Error(`task ${taskId} answers both ${known.mark} and ${task.mark}`);
    this.tasks.set(taskId, known ?? task);
  }
}

export function markOf(text: string): string {
  return /mark-\d+\./.exec(text)?.[0] ?? 'no mark';
}
