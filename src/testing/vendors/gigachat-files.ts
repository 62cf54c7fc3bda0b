// The files of GigaChat's customers: kept by a form, seen by the client alone that brought them, and deleted by a POST.
// Source: the vendor's page on work with files and its own Python client.
import type { Asked } from './fake-vendor.ts';
import { formOf, refuse } from './fake-vendor.ts';
import { describePicture } from './heard.ts';

const PICTURE_BYTES_MAX = 15 * 1024 * 1024;
const PICTURES: readonly string[] = ['image/jpeg', 'image/jpg', 'image/png', 'image/tiff', 'image/bmp'];

type Kept = { readonly bytes: Uint8Array<ArrayBuffer>; readonly contentType: string; readonly clientId: string | null };

export class FileStore {
  readonly #files = new Map<string, Kept>();
  /** How many were brought. */
  brought = 0;
  /** Whether it fails to delete, and how it fails to keep. */
  isStuck = false;
  /** How long deleting takes. */
  deleteMs = 0;
  refusesWith: number | undefined;
  /** What happens once a file was brought. */
  onBring: () => void = () => undefined;

  get count(): number {
    return this.#files.size;
  }

  keep(bytes: Uint8Array, contentType: string, clientId: string | null): string {
    const id = crypto.randomUUID();
    this.#files.set(id, { bytes: new Uint8Array(bytes), contentType, clientId });
    return id;
  }

  /** What a picture is, or the refusal to show it. */
  describe(id: string, { headers }: Asked): string | Response {
    const kept = this.#files.get(id);
    if (kept === undefined) return refuse(404, { status: 404, message: 'No such file' });
    if (kept.clientId !== headers.get('x-client-id'))
      return refuse(403, { status: 403, message: `Access to file '${id}' is denied` });
    return describePicture(kept.contentType, kept.bytes);
  }

  async answer(asked: Asked): Promise<Response> {
    const [, id = '', action] = /^\/api\/v1\/files(?:\/([\w-]+)(?:\/(content|delete))?)?$/.exec(asked.path) ?? [];
    if (id === '') return asked.method === 'POST' ? this.#bring(asked) : refuse(405, {});
    const described = this.describe(id, asked);
    if (described instanceof Response) return described;
    const kept = this.#files.get(id) as Kept;
    if (action === 'content') return new Response(kept.bytes, { headers: { 'content-type': kept.contentType } });
    if (action !== 'delete' || asked.method !== 'POST') return Response.json({ id });
    if (this.isStuck) return refuse(500, { status: 500, message: 'Internal Server Error' });
    await Bun.sleep(this.deleteMs);
    this.#files.delete(id);
    return Response.json({ id, deleted: true });
  }

  async #bring(asked: Asked): Promise<Response> {
    const form = await formOf(asked).catch(() => undefined);
    const file = form?.get('file');
    const purpose = form?.get('purpose');
    if (!(file instanceof File) || purpose !== 'general')
      return refuse(400, { status: 400, message: 'file and purpose are needed' });
    const type = file.type.split(';')[0] ?? '';
    if (!PICTURES.includes(type)) return refuse(400, { status: 400, message: 'Unsupported file format' });
    if (file.size > PICTURE_BYTES_MAX) return refuse(413, { status: 413, message: 'File is too big' });
    if (this.refusesWith !== undefined) return refuse(this.refusesWith, { status: this.refusesWith, message: 'no' });
    this.brought += 1;
    this.onBring();
    const bytes = new Uint8Array(await file.arrayBuffer());
    const id = this.keep(bytes, type, asked.headers.get('x-client-id'));
    const about = { object: 'file', created_at: 1_790_000_000, purpose, access_policy: 'private' };
    return Response.json({ id, bytes: bytes.length, filename: file.name, ...about });
  }
}
