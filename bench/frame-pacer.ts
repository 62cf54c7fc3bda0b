// Spaces the frames of many streams evenly in time. A ring with one slot per millisecond of the gap spreads the
// streams, so that a target sees single frames arriving rather than a burst of all streams at once.

export type PacedStream = {
  readonly gapMs: number;
  /** Sends one frame; `false` when that was the last. */
  sendNext(): boolean;
};

type Ring = { readonly slots: Set<PacedStream>[]; nextTickMs: number; nextSlot: number };

export class FramePacer {
  readonly #rings = new Map<number, Ring>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #streams = 0;

  add(stream: PacedStream): void {
    let ring = this.#rings.get(stream.gapMs);
    if (ring === undefined) {
      ring = { slots: Array.from({ length: stream.gapMs }, () => new Set()), nextTickMs: nowMs() + 1, nextSlot: 0 };
      this.#rings.set(stream.gapMs, ring);
    }
    ring.slots[ring.nextSlot]?.add(stream);
    ring.nextSlot = (ring.nextSlot + 1) % stream.gapMs;
    this.#streams += 1;
    this.#timer ??= setInterval(() => this.#tick(), 1);
  }

  remove(stream: PacedStream): void {
    for (const slot of this.#rings.get(stream.gapMs)?.slots ?? []) {
      if (slot.delete(stream)) this.#streams -= 1;
    }
    if (this.#streams > 0 || this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#rings.clear();
  }

  #tick(): void {
    const now = nowMs();
    for (const ring of [...this.#rings.values()]) {
      for (; ring.nextTickMs <= now; ring.nextTickMs++) {
        for (const stream of ring.slots[ring.nextTickMs % ring.slots.length] ?? []) {
          if (!stream.sendNext()) this.remove(stream);
        }
      }
    }
  }
}

function nowMs(): number {
  return Math.floor(performance.now());
}
