// What the pipeline hands to the shell: a request as it came, and the reply to send.
import type { Rendered, WireBody } from '../wire/rendering.ts';

/** What a call may do with its client's connection. Outside of a call, connections that are quiet are closed. */
export type ClientConnection = {
  /** Where the client is. */
  address(): string;
  /** Lets it be quiet for as long as the call runs. */
  hold(): void;
  /** The call has ended: what is left to send must be taken, or another request come, in the usual time. */
  release(): void;
  /** Cuts it, for a client that has stopped reading. */
  drop(): void;
};

/** A request as the shell hands it over. The body is read only after the caller is known. */
export type Incoming = {
  readonly callId: string;
  readonly headers: Headers;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** What follows the path of a route that ends in a slash. */
  readonly rest: string;
  readBody(): Promise<WireBody>;
  readonly connection: ClientConnection;
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
