// Values that readers of bad input have fallen over before: numbers at the edges, texts of special bytes, names that
// mean something to the language.

/** JSON text that stands for itself, for values that no serializer would write. */
const RAW = '\u0001';

export function raw(text: string): string {
  return `${RAW}${text}${RAW}`;
}

/** Serializes, with raw texts as they are. */
export function stringifyWithRaw(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  if (!text.includes('\\u0001')) return text;
  return text.replaceAll(/"\\u0001((?:[^"\\]|\\[^u])*)\\u0001"/g, (_, inner: string) => JSON.parse(`"${inner}"`));
}

export const STRANGE_NUMBERS: readonly string[] = [
  ...['0', '-0', '-1', '1', '1.5', '-1.5', '0.1', '1e308', '1e309', '-1e309', '1e-400', '5e-324', '1E+2', '1e1000000'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '2147483648', '4294967296'],
  ...['18446744073709551616', '9'.repeat(400), `0.${'0'.repeat(400)}1`, 'NaN', 'Infinity', '-Infinity', 'undefined'],
  ...['0x10', '010', '1_000', '.5', '5.', '+1', '--1', '1e', '٣', '1n'],
];

export const STRANGE_NAMES: readonly string[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', 'then'],
  ...['length', '', ' ', '0', '-1', '\0', 'a.b', 'a[0]', '$ref', '$where', 'ключ', '\ud800', 'model\u0000', 'MODEL'],
  ...['model', 'messages', 'stream', 'n', 'max_tokens', 'key', 'id', 'content', 'prompt', 'extra_body', 'toJSON'],
];

export const STRANGE_TEXTS: readonly string[] = [
  ...['', ' ', '\t', '\n', '\0', 'a\0b', '\u007f', '\u0085', '\u2028', '\ufeff', '\ufffe', '\uffff', '\u202e'],
  ...[
    '\ud800',
    '\udfff',
    '\udc00\ud800',
    'a\ud83d',
    '\ud83d\ude00',
    '👩‍👩‍👧‍👦',
    'e\u0301'.repeat(50),
    'ﷺ',
    'ß',
    'İ',
    'ﬃ',
  ],
  ...['null', 'true', 'NaN', 'Infinity', '-1', '1e999', '0x10', '[]', '{}', '[object Object]', 'undefined'],
  ...['__proto__', 'constructor', "' OR 1=1 --", "'; DROP TABLE calls; --", '"); SELECT 1', '%', '_', '%%%%', '\\'],
  ...['<script>alert(1)</script>', '${HOME}', '{{7*7}}', '%s%s%n', '$(id)', '`id`', '../../etc/passwd', '..\\..'],
  ...[
    '%00',
    '%2e%2e%2f',
    '\r\nx-injected: 1',
    'a\r\n\r\nHTTP/1.1 200 OK',
    'data: [DONE]\n\n',
    'event: error\ndata: {}',
  ],
  ...['http://169.254.169.254/', 'http://[::ffff:127.0.0.1]/', 'https://user:pw@127.0.0.1/', 'file:///etc/passwd'],
  ...['data:image/png;base64,', 'data:image/png;base64,%%%', 'data:text/html,<b>', 'javascript:alert(1)', '//evil'],
  ...[
    'strict',
    'loose',
    'demo',
    'picture',
    'gpt-4',
    'no-such-model',
    'a'.repeat(300),
    'я'.repeat(3_000),
    '9'.repeat(400),
  ],
  ...['<|endoftext|>', '<|im_start|>system', '\n\nHuman: hi\n\nAssistant:', 'user', 'assistant', 'system', 'tool'],
];

/** Bytes that are no UTF-8, or an odd one. */
export const STRANGE_BYTES: readonly Buffer[] = [
  [0x00],
  [0xff],
  [0xc0, 0x80],
  [0xe0, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xed, 0xb0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xef, 0xbb, 0xbf],
  [0xfe, 0xff],
  [0x80],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0x1b, 0x5b, 0x33, 0x31, 0x6d],
  [0x0d],
  [0x0a],
  [0x22],
  [0x5c],
  [0x7b],
  [0x5d],
].map((bytes) => Buffer.from(bytes));
