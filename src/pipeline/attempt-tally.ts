// Counts the attempts of a call, and those among them that a provider may bill and no charge pays for: the operator's
// likely loss.
export class AttemptTally {
  #count = 0;
  #unpaid = 0;
  /** Whether the latest attempt may be billed. */
  #mayBeBilled = false;

  get count(): number {
    return this.#count;
  }

  get unpaid(): number {
    return this.#unpaid;
  }

  begin(): void {
    // The attempt before was not the last one, so what it cost is nobody's but the operator's.
    if (this.#mayBeBilled) this.#unpaid += 1;
    this.#count += 1;
    this.#mayBeBilled = true;
  }

  /** The latest attempt has surely cost nothing. */
  forgive(): void {
    this.#mayBeBilled = false;
  }

  /** The call has ended, and its charge pays for the latest attempt or for nothing. */
  close(isCharged: boolean): void {
    if (!isCharged && this.#mayBeBilled) this.#unpaid += 1;
    this.#mayBeBilled = false;
  }
}
