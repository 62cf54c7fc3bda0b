// A promise of the product that a simulated history has broken.
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

/** Throws a `Violation` where `holds` is false. */
export function promise(holds: boolean, broken: () => string): asserts holds {
  if (!holds) throw new Violation(broken());
}
