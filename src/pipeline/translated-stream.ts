// A provider's stream told in another dialect: the provider's reader makes neutral events, the dialect's renderer
// writes them.
import type { AnswerStream } from '../core/answer-stream.ts';
import type { CallError } from '../core/errors.ts';
import type { Meter } from '../core/meter.ts';
import type { EventReader } from '../providers/provider.ts';
import type { StreamRenderer } from '../wire/rendering.ts';

export class TranslatedStream implements AnswerStream {
  readonly #reader: EventReader;
  readonly #renderer: StreamRenderer;
  readonly #meter: Meter;
  #hasStarted = false;

  constructor(reader: EventReader, renderer: StreamRenderer, meter: Meter) {
    this.#reader = reader;
    this.#renderer = renderer;
    this.#meter = meter;
  }

  get isComplete(): boolean {
    return this.#reader.isComplete;
  }

  get fault(): CallError | undefined {
    return this.#reader.fault;
  }

  push(bytes: Uint8Array): string {
    let out = '';
    for (const event of this.#reader.push(bytes)) {
      this.#meter.addEvent(event);
      out += this.#renderer.event(event);
    }
    if (out === '' || this.#hasStarted) return out;
    this.#hasStarted = true;
    return this.#renderer.start() + out;
  }

  end(): string {
    return (this.#hasStarted ? '' : this.#renderer.start()) + this.#renderer.end(this.#meter.usage());
  }

  error(error: CallError): string {
    return this.#renderer.error(error);
  }
}
