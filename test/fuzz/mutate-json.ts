// Changes JSON: values, names, structure, and the text that it is written as.
import type { SeededRandom } from '../../src/testing/seeded-random.ts';
import { raw, STRANGE_NAMES, STRANGE_NUMBERS, STRANGE_TEXTS, stringifyWithRaw } from './strange-values.ts';

/** Where a value stands in what holds it. */
type Place = { readonly holder: Record<string, unknown>; readonly name: string };

/** The text of a changed copy. `others` are values that may be grafted in. */
export function mutateJson(random: SeededRandom, value: unknown, others: readonly unknown[]): string {
  const root = { root: structuredCopy(value) };
  for (let left = random.pick([1, 1, 1, 2, 2, 3, 5]); left > 0; left--) {
    const places = placesOf(root as Record<string, unknown>);
    changeOne(random, random.pick(places), places, others);
  }
  const text = stringifyWithRaw(root.root);
  return random.next() < 0.12 ? giveTwice(random, text) : text;
}

/** A strange value of any kind, as JSON can say it or just cannot. */
export function strangeValue(random: SeededRandom): unknown {
  switch (random.whole(0, 9)) {
    case 0:
    case 1:
    case 2:
      return raw(random.pick(STRANGE_NUMBERS));
    case 3:
    case 4:
    case 5:
      return random.pick(STRANGE_TEXTS);
    case 6:
      return random.pick([null, true, false, [], {}, [null], [[]], { a: {} }, [{}], '', raw('')]);
    case 7:
      return nested(random, random.pick([2, 10, 60, 63, 64, 65, 66, 300]));
    case 8:
      return raw(
        random.pick(['"\\ud800"', '"\\u0000"', '"\\x"', '"\t"', "'a'", 'tru', 'nul', '/* */1', '"\\uD83D\\u0020"']),
      );
    default:
      return sized(random);
  }
}

/** Mostly moderate; now and then as large as a client may try. */
function sized(random: SeededRandom): unknown {
  const count = random.next() < 0.02 ? 100_000 : random.pick([10, 100, 1_000]);
  switch (random.whole(0, 3)) {
    case 0:
      return 'x'.repeat(count * 4);
    case 1:
      return Array(count).fill(0);
    case 2:
      return Object.fromEntries(Array.from({ length: Math.min(count, 5_000) }, (_, i) => [`k${i}`, i]));
    default:
      return Array(Math.min(count, 1_000)).fill({ role: 'user', content: 'x' });
  }
}

function nested(random: SeededRandom, depth: number): unknown {
  const isArray = random.next() < 0.5;
  return raw(isArray ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

function changeOne(random: SeededRandom, place: Place, places: readonly Place[], others: readonly unknown[]): void {
  const { holder, name } = place;
  switch (random.whole(0, 9)) {
    case 0:
    case 1:
    case 2:
    case 3:
      holder[name] = strangeValue(random);
      return;
    case 4:
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else if (holder !== places[0]?.holder) delete holder[name];
      return;
    case 5:
      define(holder, random.pick(STRANGE_NAMES), random.next() < 0.5 ? holder[name] : strangeValue(random));
      return;
    case 6: {
      const other = random.pick(places);
      const kept = holder[name];
      if (isWithin(kept, other.holder) || isWithin(other.holder[other.name], holder)) return;
      holder[name] = other.holder[other.name];
      other.holder[other.name] = kept;
      return;
    }
    case 7:
      holder[name] = random.pick([
        [holder[name]],
        { [random.pick(STRANGE_NAMES)]: holder[name] },
        [holder[name], holder[name]],
      ]);
      return;
    case 8:
      holder[name] = structuredCopy(random.pick(others));
      return;
    default:
      if (typeof holder[name] === 'string') holder[name] = changeText(random, holder[name] as string);
      else holder[name] = stringifyWithRaw(holder[name]);
  }
}

function changeText(random: SeededRandom, text: string): string {
  const at = random.whole(0, text.length);
  const strange = random.pick(STRANGE_TEXTS);
  return random.pick([
    text.slice(0, at) + strange + text.slice(at),
    text.slice(0, at),
    text.repeat(random.pick([2, 10, 100])),
    text.toUpperCase(),
    `${text} `,
    strange,
  ]);
}

/** Names may be `__proto__`, which an assignment would not add. */
function define(holder: Record<string, unknown>, name: string, value: unknown): void {
  if (Array.isArray(holder)) holder.push(value);
  else Object.defineProperty(holder, name, { value, enumerable: true, writable: true, configurable: true });
}

/** Writes a field once more, right behind an opening brace. */
function giveTwice(random: SeededRandom, text: string): string {
  const names = [...text.matchAll(/"([^"\\]{1,40})":/g)].map((match) => match[1] as string);
  const braces = [...text.matchAll(/\{/g)].map((match) => match.index + 1);
  if (names.length === 0 || braces.length === 0) return text;
  const at = random.pick(braces);
  const name = random.pick(names);
  const spelled = random.next() < 0.3 ? `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}` : name;
  return `${text.slice(0, at)}"${spelled}":${random.pick(['1', 'null', '"strict"', '[]', 'true'])},${text.slice(at)}`;
}

/** The first one holds the whole value. */
function placesOf(root: Record<string, unknown>): Place[] {
  const places: Place[] = [];
  const queue: Record<string, unknown>[] = [root];
  for (let at = 0; at < queue.length && places.length < 200; at++) {
    const holder = queue[at] as Record<string, unknown>;
    for (const name of Object.keys(holder).slice(0, 50)) {
      places.push({ holder, name });
      const value = holder[name];
      if (typeof value === 'object' && value !== null) queue.push(value as Record<string, unknown>);
    }
  }
  return places;
}

function isWithin(value: unknown, wanted: unknown): boolean {
  if (value === wanted) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some((item) => isWithin(item, wanted));
}

function structuredCopy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
