// What is taken from a vendor's error whatever family it speaks: its words, with care, and when to come again.

const MESSAGE_CHARS_MAX = 500;
const RETRY_AFTER_S_MAX = 60;

/** Cuts what could be a secret or an address out of a vendor's text. */
export function publicMessage(message: string): string {
  return message
    .slice(0, MESSAGE_CHARS_MAX)
    .replace(/https?:\/\/\S+/g, '[address]')
    .replace(/\b(?:sk|key|org|proj|Bearer)[-_ ][A-Za-z0-9_\-.*]{6,}/g, '[secret]');
}

/** The first of a vendor's words for an error that reads as a code: only such go to the log, for it may write anything. */
export function loggedWord(...words: readonly (string | undefined)[]): string | undefined {
  return words.find((word) => word !== undefined && /^(?:[a-z_.]{1,50}|\d{1,6})$/i.test(word));
}

/** Seconds until a vendor wants to be asked again, within a bound; `undefined` where it does not say. */
export function readRetryAfter(headers: Pick<Headers, 'get'>): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(Math.ceil(seconds), RETRY_AFTER_S_MAX) : undefined;
}
