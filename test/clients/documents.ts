// The example programs of the four documents, byte for byte, and what has to be replaced in them to reach a gateway:
// the service's address, the key that the document shows, and where no interpreter would take the text, a listed slip.
import { join } from 'node:path';

const PROGRAMS = join(import.meta.dir, 'programs');

const HOSTS = [
  'https://chatinfo.ru',
  'https://textbot.ru',
  'https://ai.nspcloud.ru',
  'https://не-твоё-дело.понос.орг.рус',
  'https://api.ddosxd.ru',
] as const;

/** The Sydney document gives everybody this key. */
export const UNIVERSAL_KEY = 'ddosxd-api-1jq4e9xbzu2ilgn';

/** Each as the documents write it. The quoted `'API_KEY'` stands beside a variable of that name. */
const KEYS = [
  'ВАШ_API_КЛЮЧ',
  'ВАШ_КЛЮЧ',
  'ваш_api_ключ',
  '5668ds-1122-44432-2211-88799d932',
  UNIVERSAL_KEY,
  '$API_KEY',
  "'API_KEY'",
] as const;

export type Patch = { readonly from: string; readonly to: string };

/** Slips of the documents that keep a program from being read at all. Nothing else in a program is changed. */
export const PATCHES: Readonly<Record<string, { readonly why: string; readonly patches: readonly Patch[] }>> = {
  'sydney/chat.py': {
    why: "the quotes of ''API_KEY\" are mended",
    patches: [{ from: "''API_KEY\"", to: "'API_KEY'" }],
  },
  'sydney/prompt.py': {
    why: "the quotes of ''claude-2-100k\" are mended",
    patches: [{ from: "''claude-2-100k\"", to: "'claude-2-100k'" }],
  },
  'chatinfo/ChatInfoExample.java': {
    why: 'three names are those of openai-java 2',
    patches: [
      { from: 'ChatModel.GPT_4_O', to: 'ChatModel.GPT_4O' },
      { from: '.ofChatCompletionUserMessageParam(', to: '.ofUser(' },
      { from: '.message().content();', to: '.message().content().get();' },
    ],
  },
};

/** Every program, and every body that the documents show for a request, by its path below `programs`. */
export function listPrograms(): string[] {
  return [...new Bun.Glob('**/*').scanSync(PROGRAMS)].sort();
}

/** The text of a program with another address and key, and mended where it has to be. */
export async function programFor(path: string, url: string, key: string): Promise<string> {
  let text = await unmendedProgramFor(path, url, key);
  for (const { from, to } of PATCHES[path]?.patches ?? []) {
    if (text.split(from).length !== 2) throw new Error(`${path} should have ${from} once`);
    text = text.replace(from, () => to);
  }
  return withKey(text, key);
}

/** The text of a program with another address and key, and not one more character changed. */
export async function unmendedProgramFor(path: string, url: string, key: string): Promise<string> {
  let text = await Bun.file(join(PROGRAMS, path)).text();
  for (const host of HOSTS) text = text.replaceAll(host, url);
  return withKey(text, key);
}

function withKey(text: string, key: string): string {
  return KEYS.reduce((done, shown) => done.replaceAll(shown, shown.startsWith("'") ? `'${key}'` : key), text);
}
