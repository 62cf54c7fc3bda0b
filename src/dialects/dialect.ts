// What a dialect is: an inbound wire protocol, as pure translations. It never opens a socket, reads a clock or asks a
// store. A dialect lists its routes; each route names one action of the pipeline and brings the translations that the
// action needs. Adding a dialect is one file and one line in index.ts.
import type { Answer, Call } from '../core/call.ts';
import type { CallError } from '../core/errors.ts';
import type { AnswerContext, Rendered, StreamRenderer, WireBody } from '../wire/rendering.ts';

export type CallRoute = {
  readonly action: 'call';
  readonly method: 'POST';
  readonly path: string;
  /** The name that plans use for prices and limits of this route. */
  readonly endpoint: string;
  /** Throws `CallError` with the field's name when the body cannot be a call. */
  read(body: WireBody): Call;
  answer(answer: Answer, context: AnswerContext): Rendered;
  stream(call: Call, context: AnswerContext): StreamRenderer;
};

export type PublicModel = {
  readonly name: string;
  readonly ownedBy: string;
  readonly createdAtS: number;
  readonly active: boolean;
};

export type ModelsRoute = {
  readonly action: 'models';
  readonly method: 'GET';
  readonly path: string;
  readonly endpoint: string;
  render(models: readonly PublicModel[]): Rendered;
};

export type ModelRoute = {
  readonly action: 'model';
  readonly method: 'GET';
  /** Ends in `/`; what follows is the model's name, which may itself contain slashes. */
  readonly path: string;
  readonly endpoint: string;
  render(model: PublicModel): Rendered;
};

export type Route = CallRoute | ModelsRoute | ModelRoute;

export type Dialect = {
  readonly name: string;
  readonly language: 'en' | 'ru';
  readonly routes: readonly Route[];
  /** An error in the dialect's own shape. `requestId` is shown where the shape has room for it. */
  error(error: CallError, requestId: string): Rendered;
};
