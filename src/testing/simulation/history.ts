// What happened in a simulated history, line by line, and a hash over all of it: two runs of one seed are equal to the
// byte, or something in the program depends on more than the seed.
export class History {
  readonly lines: string[] = [];
  readonly #hash = new Bun.CryptoHasher('sha256');

  note(line: string): void {
    this.lines.push(line);
    this.#hash.update(`${line}\n`);
  }

  /** Ends the history. */
  hash(): string {
    return this.#hash.digest('hex');
  }
}
