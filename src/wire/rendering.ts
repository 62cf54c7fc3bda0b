// The shapes that wire modules take and give: a request's body, a rendered answer, a stream's renderer. They belong to
// no dialect, so that several dialects and providers can share one family's translations.
import type { CallEvent, Usage } from '../core/call.ts';
import type { CallError } from '../core/errors.ts';
import type { UploadedFile } from '../core/work.ts';

/** A request's body as text, before anyone has looked at it. */
export type WireBody = {
  readonly text: string;
  readonly contentType: string;
  /** Of a form with files, on routes that take them; its other fields are the text, as a plain form. */
  readonly files?: readonly UploadedFile[];
};

/** What a request says outside of its body. */
export type RequestHead = {
  readonly headers: Headers;
  /** What stands for `{name}` in the route's path, or follows a path that ends in a slash. */
  readonly rest: string;
  /** What follows the question mark of the address. */
  readonly query: URLSearchParams;
};

/** What a renderer may say about a call beyond the answer itself. */
export type AnswerContext = {
  readonly callId: string;
  /** Seconds since 1970. */
  readonly createdAtS: number;
  /** The public model name. */
  readonly model: string;
};

/** A JSON body with its status. Headers common to all dialects are the shell's business. */
export type Rendered = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A body that is no JSON. */
export type RenderedFile = {
  readonly status: number;
  readonly file: Uint8Array | string;
  readonly contentType: string;
};

/** Writes a stream in the dialect's own frames. Texts may be empty where an event shows nothing. */
export type StreamRenderer = {
  /** That of server-sent events where absent. */
  readonly contentType?: string;
  /** What keeps the line open before the first piece and means nothing; a comment where absent. */
  readonly keepAlive?: string;
  /** Frames before the first event. */
  start(): string;
  event(event: CallEvent): string;
  /** The frames that make the answer complete for the client. They are sent only after the charge is durable. */
  end(usage: Usage): string;
  /** A failure after the stream began. It must not look like an end. */
  error(error: CallError): string;
};
