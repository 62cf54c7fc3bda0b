// What a route of the operator's interface is.
import type { Gateway } from '../pipeline/gateway.ts';

export type Params = Readonly<Record<string, string>>;
export type Handler = (gateway: Gateway, params: Params, body: unknown, query: URLSearchParams) => Promise<unknown>;
export type AdminRoute = { readonly method: string; readonly path: RegExp; readonly handle: Handler };
