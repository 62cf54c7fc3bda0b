// What the pipeline hands to the shell: a request as it came, and the reply to send.
import type { Rendered, WireBody } from '../wire/rendering.ts';

/** A request as the shell hands it over. The body is read only after the caller is known. */
export type Incoming = {
  readonly callId: string;
  readonly headers: Headers;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** What follows the path of a route that ends in a slash. */
  readonly rest: string;
  /** Where the client is. */
  address(): string;
  readBody(): Promise<WireBody>;
  /** Lets the connection be quiet for as long as the call takes. */
  beQuiet(): void;
  /** Cuts the client's connection, for one that has stopped reading. */
  drop(): void;
};

/** What the shell sends. A stream's next piece is asked for only when the last one was taken. */
export type Reply = {
  readonly status: number;
  /** Made for this reply alone; the shell adds its own to them. */
  readonly headers: Record<string, string>;
  readonly body: string | AsyncGenerator<Uint8Array | string>;
};

export function jsonReply(rendered: Rendered, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: rendered.status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...rendered.headers, ...headers },
    body: JSON.stringify(rendered.body),
  };
}
