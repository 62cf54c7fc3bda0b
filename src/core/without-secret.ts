// A vendor may say our own key back in the words of an error, in any form of key: it is cut out before anybody reads them.
import { CallError } from './errors.ts';

/** Shorter keys are those of a server that checks none, and may be words. */
const SECRET_CHARS_MIN = 8;

/** The error with the secret cut out of all its texts; the very same error where it is in none. */
export function withoutSecret(error: CallError, secret: string | undefined): CallError {
  if (secret === undefined || secret.length < SECRET_CHARS_MIN) return error;
  const { message, messageRu, param, detail } = error.details;
  const texts = { message, messageRu, param, detail };
  const told = Object.entries(texts).filter(([, text]) => text?.includes(secret));
  if (told.length === 0) return error;
  const cut = told.map(([name, text]) => [name, text?.replaceAll(secret, '[secret]')]);
  return new CallError(error.code, { ...error.details, ...Object.fromEntries(cut) });
}
