// The fields of a form that carries files. Values are text on the wire; those that read as numbers or as yes and no become
// such, and names that end in `[]` are lists.
import { CallError } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { givenTwice } from '../core/json-guard.ts';
import type { UploadedFile } from '../core/work.ts';
import type { WireBody } from './rendering.ts';

/** The fields whose values are no texts. */
const TYPED: readonly string[] = ['temperature', 'stream', 'n'];
const LISTS: readonly string[] = ['timestamp_granularities', 'include'];

export type Upload = {
  readonly fields: JsonObject;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly files: readonly UploadedFile[];
};

export function readUpload(body: WireBody): Upload {
  if (body.files === undefined)
    throw new CallError('invalid_body', { message: 'Send the file as a form of the type multipart/form-data.' });
  const fields: JsonObject = {};
  const lists = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body.text)) {
    const bare = name.replace(/\[\]$/, '');
    if (LISTS.includes(bare)) lists.set(bare, [...(lists.get(bare) ?? []), value]);
    else if (Object.hasOwn(fields, name)) throw givenTwice(name);
    else fields[name] = TYPED.includes(name) ? typed(value) : value;
  }
  const files = body.files.map((file) => ({ ...file, field: file.field.replace(/\[\]$/, '') }));
  return { fields, lists, files };
}

function typed(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}
