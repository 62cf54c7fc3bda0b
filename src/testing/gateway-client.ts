// An operator and customers of a running gateway, over HTTP.
import type { AuditReport, UsageRow } from '../store/store.ts';

export const ADMIN_TOKEN = 'test-admin-token-0123456789-abcdefgh';

export type Customer = { readonly accountId: string; readonly keyId: string; readonly key: string };

/** An answer of the API, read. */
export type Told = { readonly status: number; readonly body: Record<string, unknown>; readonly headers: Headers };

export class GatewayClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async admin<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T;
    if (!response.ok) throw new Error(`admin ${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** An account with a key, and with requests or roubles granted. */
  async customer(plan = 'requests', grants: { requests?: number; rub?: string } = {}): Promise<Customer> {
    const { id } = await this.admin<{ id: string }>('POST', 'accounts', {
      email: `${crypto.randomUUID()}@test.org`,
      plan,
    });
    const key = await this.admin<{ id: string; key: string }>('POST', `accounts/${id}/keys`, {});
    if (grants.requests !== undefined) await this.admin('POST', `accounts/${id}/grants`, { requests: grants.requests });
    if (grants.rub !== undefined) await this.admin('POST', `accounts/${id}/grants`, { rub: grants.rub });
    return { accountId: id, keyId: key.id, key: key.key };
  }

  balance(customer: Customer): Promise<{ requests: number; microRub: number }> {
    return this.admin('GET', `accounts/${customer.accountId}/balance`);
  }

  /** Ended calls, newest first. */
  async usage(customer: Customer): Promise<UsageRow[]> {
    return (await this.admin<{ calls: UsageRow[] }>('GET', `accounts/${customer.accountId}/usage?limit=1000`)).calls;
  }

  /** A chat call as plain HTTP. */
  chat(customer: Customer | undefined, body: unknown, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: {
        ...(customer === undefined ? {} : { authorization: `Bearer ${customer.key}` }),
        'content-type': 'application/json',
        ...(init.headers as Record<string, string> | undefined),
      },
    });
  }

  /** A POST with a JSON body; a text or bytes go as they are. No content type is told unless `headers` have one. */
  async ask(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const bytes = Buffer.from(isRaw ? body : JSON.stringify(body));
    const response = await fetch(`${this.url}${path}`, { method: 'POST', body: bytes, headers: { ...headers } });
    return { status: response.status, body: (await response.json()) as Told['body'], headers: response.headers };
  }

  audit(): Promise<AuditReport> {
    return this.admin('POST', 'audit');
  }
}
