// Bad requests that were answered wrongly once, as the campaign printed them. Each is sent again in every run.
import type { Credentials } from './mutate-request.ts';
import { KEY_MARK } from './valid-requests.ts';

export const ADMIN_MARK = '{{admin-token}}';

export type Regression = {
  readonly why: string;
  readonly method: string;
  readonly target: string;
  readonly text: string;
};

export const REGRESSIONS: readonly Regression[] = [
  {
    why: 'the address was parsed with a host that is none, to read its query',
    method: 'GET',
    target: '/admin/v1/plans',
    text: `GET /admin/v1/plans HTTP/1.1\r\nhost: gateway.example[\r\nauthorization: Bearer ${ADMIN_MARK}\r\ncontent-length: 0\r\n\r\n`,
  },
  {
    why: 'the same with an escaped NUL',
    method: 'DELETE',
    target: '/admin/v1/keys/key_none',
    text: `DELETE /admin/v1/keys/key_none HTTP/1.1\r\nhost: %00\r\nauthorization: Bearer ${ADMIN_MARK}\r\ncontent-length: 0\r\n\r\n`,
  },
];

/** The bytes as they go over the wire. */
export function regressionBytes({ text }: Regression, { keys, adminToken }: Credentials): Buffer {
  return Buffer.from(text.replaceAll(KEY_MARK, keys[0] ?? '').replaceAll(ADMIN_MARK, adminToken), 'latin1');
}
