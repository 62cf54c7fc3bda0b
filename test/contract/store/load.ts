// A load of calls that insists: what is refused as unavailable is given again until it is answered, as the gateway
// does with a settle. So afterwards every call must have been charged exactly once.
import type { OutcomeOf, Store, WriteOperation } from '../../../src/store/store.ts';
import { hold, settle } from './operations.ts';

export type Load = { readonly callers: number; readonly callsEach: number; readonly accounts: readonly string[] };

/** Answers the ids of all calls. Callers take the stores in turn, so that several stores meet on each account. */
export async function runLoad(stores: readonly Store[], { callers, callsEach, accounts }: Load): Promise<string[]> {
  const caller = async (number: number) => {
    const ids: string[] = [];
    for (let i = 0; i < callsEach; i++) {
      const callId = `call-${number}-${i}`;
      const accountId = accounts[(number + i) % accounts.length] as string;
      const store = stores[(number + i) % stores.length] as Store;
      const held = await insist(store, hold(callId, 3, { accountId }));
      if (held.kind !== 'held') throw new Error(`the hold of ${callId} answered ${held.kind}`);
      const final = await insist(store, settle(callId, 2, { accountId }));
      if (final.kind !== 'final') throw new Error(`the settle of ${callId} answered ${final.kind}`);
      ids.push(callId);
    }
    return ids;
  };
  return (await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)))).flat();
}

async function insist<O extends WriteOperation>(store: Store, operation: O): Promise<OutcomeOf<O>> {
  for (;;) {
    try {
      return await store.write(operation);
    } catch {
      await Bun.sleep(20);
    }
  }
}
