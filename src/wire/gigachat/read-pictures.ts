// The pictures of a call as the files that GigaChat takes. What it would not look at is refused by name before anything is
// brought. Sources: the vendor's pages on work with files and on chats (formats, 15 MB a picture, 20 MB and ten pictures
// a request), and LiteLLM's page on GigaChat (which models see).
import type { Message } from '../../core/call.ts';
import { unsupported } from '../../core/fields.ts';
import type { UploadedFile } from '../../core/work.ts';

const SEEING_MODELS = /-(?:Pro|Max)\b/i;
const PICTURES_MAX = 10;
const MEGABYTE = 1024 * 1024;
const PICTURE_MEGABYTES_MAX = 15;
const PICTURES_MEGABYTES_MAX = 20;

/** Formats that the vendor takes, with the endings of their files' names. */
const ENDINGS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/tiff': 'tiff',
  'image/bmp': 'bmp',
};

export function readPictures(messages: readonly Message[], model: string): UploadedFile[] {
  const urls = messages.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'image' ? [part.url] : [])));
  if (urls.length === 0) return [];
  if (!SEEING_MODELS.test(model)) throw refused('Pictures in messages are not supported by this model.');
  if (urls.length > PICTURES_MAX) throw refused(`This model looks at ${PICTURES_MAX} pictures in a call at the most.`);
  const files = urls.map(readPicture);
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  if (bytes > PICTURES_MEGABYTES_MAX * MEGABYTE)
    throw refused(`All pictures of a call may have ${PICTURES_MEGABYTES_MAX} MB together for this model.`);
  return files;
}

function readPicture(url: string, i: number): UploadedFile {
  const data = /^data:([\w.+/-]+);base64,/.exec(url);
  if (data === null) throw refused('Addresses of pictures are not supported by this model: send a data: URL.');
  const contentType = (data[1] ?? '').toLowerCase().replace('image/jpg', 'image/jpeg');
  const ending = ENDINGS[contentType];
  if (ending === undefined) throw refused('This model looks at pictures in JPEG, PNG, TIFF and BMP alone.');
  const bytes = Buffer.from(url.slice(data[0].length), 'base64');
  if (bytes.length === 0) throw refused('A picture has no bytes.');
  if (bytes.length > PICTURE_MEGABYTES_MAX * MEGABYTE)
    throw refused(`A picture may have ${PICTURE_MEGABYTES_MAX} MB for this model.`);
  return { field: 'file', name: `picture-${i + 1}.${ending}`, contentType, bytes };
}

function refused(message: string): Error {
  return unsupported('messages', message);
}
