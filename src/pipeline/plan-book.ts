// The plans in force: the built-in ones, those of the configuration file over them, and those made through the admin
// API over both, unless the file pins them.
import type { Plan } from '../core/plan.ts';

export class PlanBook {
  readonly #pinned: ReadonlyMap<string, Plan>;
  readonly #plans = new Map<string, Plan>();

  constructor(presets: readonly Plan[], pinned: readonly Plan[]) {
    this.#pinned = new Map(pinned.map((plan) => [plan.id, plan]));
    for (const plan of [...presets, ...pinned]) this.#plans.set(plan.id, plan);
  }

  /** Takes plans from the store, those that are newer than what is known. A plan of the file stays as the file says. */
  load(stored: readonly Plan[]): void {
    for (const plan of stored) {
      const isNewer = plan.version > (this.#plans.get(plan.id)?.version ?? 0);
      if (isNewer && !this.#pinned.has(plan.id)) this.#plans.set(plan.id, plan);
    }
  }

  isPinned(planId: string): boolean {
    return this.#pinned.has(planId);
  }

  find(planId: string): Plan | undefined {
    return this.#plans.get(planId);
  }

  list(): Plan[] {
    return [...this.#plans.values()];
  }
}

/** How a charge names the price it was made by. */
export function priceVersion(plan: Plan): string {
  return `${plan.id}@${plan.version}`;
}
