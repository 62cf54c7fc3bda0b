// What is done for calls and waited for by none of them: a vendor is told to end work that nobody wants any more, or to
// delete a file of a customer. Stopping waits for it, or it would be lost with the process.

export class Asides {
  readonly #running = new Set<Promise<void>>();

  /** Lets it run. A failure is for whoever began it to tell of. */
  add(work: Promise<void>): void {
    const ended = work.catch(() => undefined).finally(() => this.#running.delete(ended));
    this.#running.add(ended);
  }

  /** Resolves when all that runs now has ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }
}
