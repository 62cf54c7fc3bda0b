// What a dialect is: an inbound wire protocol, as pure translations. It never opens a socket, reads a clock or asks a
// store. A dialect lists its routes; each route names one action of the pipeline and brings the translations that the
// action needs. Adding a dialect is one file and one line in index.ts.
import type { Answer, ChatCall, ImageCall, ModelKind, Usage } from '../core/call.ts';
import type { CallError, ErrorCode } from '../core/errors.ts';
import type { Balance } from '../core/ledger.ts';
import type { Moderation, ModerationRequest } from '../core/moderation/index.ts';
import type { WorkCalls, WorkKind, WorkResults } from '../core/work.ts';
import type {
  AnswerContext,
  Rendered,
  RenderedFile,
  RequestHead,
  StreamRenderer,
  WireBody,
} from '../wire/rendering.ts';
import type { TaskDetails } from '../wire/task-body.ts';

/** What error texts may name besides the error itself. */
export type ErrorContext = {
  readonly requestId: string;
  /** The configured address of this service, without a slash at its end. */
  readonly publicUrl: string;
  /** The request's: one path may be asked by clients of several families. */
  readonly headers?: Headers;
};

export type ErrorRenderer = (error: CallError, context: ErrorContext) => Rendered;

type RouteBase = {
  /** One that ends in a slash, or has `{name}` in it, stands for many: `rest` of the request's head is the difference. */
  readonly path: string;
  /** The name that plans use for prices and limits of this route. */
  readonly endpoint: string;
  /** Whether its body may be a form with files. */
  readonly takesFiles?: true;
  /** Where this route's errors have another shape than the dialect's. */
  readonly error?: ErrorRenderer;
  /** Where clients of another family ask this route as well: that of theirs. */
  readonly requestIdHeader?: string;
};

/** A route whose body carries the key in a field `key`, as two of the documents ask. Headers work as well. */
type KeyInBody = {
  /** The body's key, if it has one. Throws when the body cannot be read at all. */
  readKey(body: WireBody): string | undefined;
};

export type CallRoute = RouteBase & {
  readonly action: 'call';
  readonly method: 'POST';
  /** Throws `CallError` with the field's name when the body cannot be a call. */
  read(body: WireBody, head: RequestHead): ChatCall;
  answer(answer: Answer, context: AnswerContext, call: ChatCall): Rendered;
  /** Absent where the document knows no streams; `stream` of such a call is never true. */
  stream?(call: ChatCall, context: AnswerContext, head: RequestHead): StreamRenderer;
};

export type PublicModel = {
  readonly name: string;
  readonly ownedBy: string;
  readonly kind: ModelKind;
  readonly createdAtS: number;
  readonly active: boolean;
};

export type ModelsRoute = RouteBase & {
  readonly action: 'models';
  readonly method: 'GET';
  /** `headers` are the request's: one path may be asked by clients of two families. */
  render(models: readonly PublicModel[], headers: Headers): Rendered;
};

export type ModelRoute = RouteBase & {
  readonly action: 'model';
  render(model: PublicModel, headers: Headers): Rendered;
} & (
    | {
        readonly method: 'GET';
        /** Ends in `/`; what follows is the model's name, which may itself contain slashes. */
        readonly path: string;
      }
    | {
        readonly method: 'POST';
        /** Where the body names the model. Throws where it names none. */
        readName(body: WireBody): string;
      }
  );

/** What a task was asked to do: a mode's id and the text. */
export type TaskRequest = { readonly modeId: string; readonly text: string };

export type CreateTaskRoute = RouteBase &
  KeyInBody & {
    readonly action: 'createTask';
    readonly method: 'POST';
    /** @param modeIds the modes that there are, for the error text. @param hasKey whether any carrier brings a key. */
    read(body: WireBody, modeIds: readonly string[], hasKey: boolean): TaskRequest;
    render(taskId: number, balance: Balance): Rendered;
  };

export type TaskView = {
  readonly taskId: number;
  readonly status: 'queued' | 'completed' | 'failed';
  /** The answer of a completed task. */
  readonly result: string | null;
  /** Why a failed task failed. */
  readonly errorCode: ErrorCode | null;
};

export type ReadTaskRoute = RouteBase &
  KeyInBody & {
    readonly action: 'readTask';
    readonly method: 'POST';
    readTaskId(body: WireBody): number;
    render(task: TaskView): Rendered;
  };

/** A task of our own routes: a whole chat call, or a mode and a text. */
export type TaskSubmission = { readonly webhookUrl?: string } & (
  | { readonly call: ChatCall }
  | { readonly asked: TaskRequest }
);

export type SubmitTaskRoute = RouteBase & {
  readonly action: 'submitTask';
  readonly method: 'POST';
  read(body: WireBody, modeIds: readonly string[]): TaskSubmission;
  render(task: TaskDetails): Rendered;
};

export type ShowTaskRoute = RouteBase & {
  readonly action: 'showTask';
  readonly method: 'GET';
  /** Ends in `/`; what follows is the task's id. */
  readonly path: string;
  render(task: TaskDetails): Rendered;
};

export type CancelTaskRoute = RouteBase & {
  readonly action: 'cancelTask';
  readonly method: 'DELETE';
  /** Ends in `/`; what follows is the task's id. */
  readonly path: string;
  render(task: TaskDetails): Rendered;
};

export type WebhookSecretRoute = RouteBase & {
  readonly action: 'webhookSecret';
  readonly method: 'GET';
  render(secret: string): Rendered;
};

export type BalanceRoute = RouteBase &
  KeyInBody & {
    readonly action: 'balance';
    readonly method: 'POST';
    render(balance: Balance): Rendered;
  };

/** Free moderation: one judgement for each text. */
export type ModerateRoute = RouteBase & {
  readonly action: 'moderate';
  readonly method: 'POST';
  /** The key in the body, where a dialect knows clients that put it there. Asked only when the headers have none. */
  readKey?(body: WireBody): string | undefined;
  read(body: WireBody): ModerationRequest;
  render(moderation: Moderation, requestId: string): Rendered;
};

/** Free tokenizer. The vocabularies load at first use, so the answer is a promise. */
export type TokenizeRoute = RouteBase & {
  readonly action: 'tokenize';
  readonly method: 'POST';
  answer(body: WireBody): Promise<Rendered>;
};

export type ImageRoute = RouteBase & {
  readonly action: 'image';
  readonly method: 'POST';
  read(body: WireBody): ImageCall;
  /** @param urls where the pictures can be fetched without a key until they expire; of inline ones, `data:` URLs. */
  render(urls: readonly string[], context: AnswerContext): Rendered;
};

/** Work that is answered whole by one result: the same path for every kind. */
export type WorkRoute<K extends WorkKind> = RouteBase & {
  readonly action: 'work';
  readonly method: 'POST';
  readonly kind: K;
  read(body: WireBody, head: RequestHead): WorkCalls[K];
  render(
    result: WorkResults[K],
    context: AnswerContext & { readonly usage: Usage },
    call: WorkCalls[K],
  ): Rendered | RenderedFile;
};

export type Route =
  | CallRoute
  | ModelsRoute
  | ModelRoute
  | CreateTaskRoute
  | ReadTaskRoute
  | SubmitTaskRoute
  | ShowTaskRoute
  | CancelTaskRoute
  | WebhookSecretRoute
  | BalanceRoute
  | ModerateRoute
  | TokenizeRoute
  | ImageRoute
  | { [K in WorkKind]: WorkRoute<K> }[WorkKind];

export type Dialect = {
  readonly name: string;
  readonly language: 'en' | 'ru';
  readonly routes: readonly Route[];
  /** The header in which this dialect's clients look for the id of their request, beside `x-request-id`. */
  readonly requestIdHeader?: string;
  /** An error in the dialect's own shape. */
  readonly error: ErrorRenderer;
};
