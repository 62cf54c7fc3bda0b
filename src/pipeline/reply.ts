// What the pipeline hands to the shell: a request as it came, and the reply to send.
import type { Rendered, RequestHead, WireBody } from '../wire/rendering.ts';

/** What a call may do with its client's connection. Outside of a call, connections that are quiet are closed. */
export type ClientConnection = {
  /** Where the client is. */
  address(): string;
  /** Lets it be quiet for as long as the call runs. */
  hold(): void;
  /**
   * A body of so many bytes comes now. The time that a client may be quiet counts for the whole body, however steadily
   * it comes, so that a large one is given what it takes on a slow line.
   */
  expectBody(bytes: number): void;
  /** The call has ended: what is left to send must be taken, or another request come, in the usual time. */
  release(): void;
  /** Cuts it, for a client that has stopped reading. */
  drop(): void;
};

/** A request as the shell hands it over. The body is read only after the caller is known. */
export type Incoming = RequestHead & {
  readonly callId: string;
  /** Fires when the client goes away. */
  readonly signal: AbortSignal;
  /** @param accountId whose it is; where that is not known, because its key is in it, there is less room for it. */
  readBody(accountId?: string): Promise<WireBody>;
  readonly connection: ClientConnection;
};

/** A piece of a streamed answer. */
export type Piece = Uint8Array | string;

/** The client's side of a streamed answer. */
export interface Client {
  /** Sends at once. A promise means that there is no room: nothing may follow until it resolves, or the client leaves. */
  write(piece: Piece): Promise<void> | undefined;
  /** What is written after the client has left goes nowhere. */
  readonly hasLeft: boolean;
}

/** The body of a streamed answer. */
export type StreamedBody = {
  /** Resolves when everything was written. It does not reject: failures are told to the client in the stream itself. */
  send(client: Client): Promise<void>;
  /** The client has left. */
  cancel(): void;
};

/** What the shell sends. */
export type Reply = {
  readonly status: number;
  /** Made for this reply alone; the shell adds its own to them. */
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array | StreamedBody;
};

export function jsonReply(rendered: Rendered, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: rendered.status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...rendered.headers, ...headers },
    body: JSON.stringify(rendered.body),
  };
}
