// Reads and writes forms of many parts that carry files. One linear pass over the bytes: the runtime's own parser stops
// everything else for a second where a form has very many parts. Source: RFC 7578 and RFC 2046, section 5.1.
import { CallError } from '../core/errors.ts';
import type { UploadedFile } from '../core/work.ts';

const PARTS_MAX = 200;
const HEAD_BYTES_MAX = 8 * 1024;
const BOUNDARY = '----tolmach-form-part';

export type MultipartForm = { readonly fields: [name: string, value: string][]; readonly files: UploadedFile[] };

export function readMultipart(bytes: Buffer, contentType: string): MultipartForm {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw unreadable();
  const form: MultipartForm = { fields: [], files: [] };
  const delimiter = `--${boundary}`;
  let at = bytes.indexOf(delimiter);
  for (let parts = 0; at >= 0; parts++) {
    const start = at + delimiter.length;
    if (bytes.toString('latin1', start, start + 2) === '--') return form;
    if (parts === PARTS_MAX) throw new CallError('body_too_large', { message: `A form may have ${PARTS_MAX} parts.` });
    const headStart = bytes.indexOf('\r\n', start) + 2;
    const headEnd = bytes.indexOf('\r\n\r\n', headStart - 2);
    const end = bytes.indexOf(`\r\n${delimiter}`, headEnd);
    if (headStart < 2 || headEnd < 0 || end < 0 || headEnd - start > HEAD_BYTES_MAX) throw unreadable();
    addPart(form, bytes.toString('utf8', headStart, headEnd), bytes.subarray(headEnd + 4, end));
    at = end + 2;
  }
  throw unreadable();
}

function addPart(form: MultipartForm, head: string, bytes: Buffer): void {
  const field = parameterOf(head, 'name');
  if (field === undefined) throw unreadable();
  const name = parameterOf(head, 'filename');
  if (name === undefined) {
    form.fields.push([field, bytes.toString('utf8')]);
    return;
  }
  const contentType = /^content-type:[ \t]*([\w.+-]+\/[\w.+-]+)/im.exec(head)?.[1] ?? 'application/octet-stream';
  form.files.push({ field, name, contentType: contentType.toLowerCase(), bytes });
}

/** A parameter of the part's disposition. Browsers escape quotes with a percent sign, others with a backslash. */
function parameterOf(head: string, name: string): string | undefined {
  const pattern = new RegExp(
    `^content-disposition:[^\\r\\n]*;[ \\t]*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`,
    'im',
  );
  const [, quoted, plain] = pattern.exec(head) ?? [];
  return quoted === undefined ? plain : quoted.replace(/\\(["\\])/g, '$1').replaceAll('%22', '"');
}

function unreadable(): CallError {
  return new CallError('invalid_body', {
    message: 'The multipart form cannot be read.',
    messageRu: 'Форму multipart не удалось прочитать.',
  });
}

/** The form as a provider takes it. Its boundary is no part of any file. */
export function writeMultipart(
  fields: readonly (readonly [name: string, value: string])[],
  files: readonly UploadedFile[],
): { readonly contentType: string; readonly bytes: Uint8Array } {
  const parts: Buffer[] = fields.map(([name, value]) => Buffer.from(`${disposition(name)}\r\n\r\n${value}`));
  for (const { field, name, contentType, bytes } of files) {
    const head = `${disposition(field)}; filename="${quote(name)}"\r\ncontent-type: ${contentType}\r\n\r\n`;
    parts.push(Buffer.concat([Buffer.from(head), bytes]));
  }
  let boundary = BOUNDARY;
  for (let i = 0; parts.some((part) => part.includes(boundary)); i++) boundary = `${BOUNDARY}-${i}`;
  const pieces = parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
  };
}

function disposition(name: string): string {
  return `content-disposition: form-data; name="${quote(name)}"`;
}

/** A line end or a quote in a customer's file name must not begin a header or a part of its own. */
function quote(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}
