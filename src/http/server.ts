// The HTTP server: probes, metrics, the operator's interface and the customers' API on one port.
import type { Server } from 'bun';
import { CallError } from '../core/errors.ts';
import { DIALECTS } from '../dialects/index.ts';
import { FILES_PATH } from '../files/open-shelf.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { ClientConnection } from '../pipeline/reply.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { AdminApi } from './admin.ts';
import { Api } from './api.ts';
import { clientAddress } from './client-address.ts';
import { errorResponse } from './error-response.ts';
import { serveFile } from './files.ts';
import { pathOf } from './request.ts';

const ADMIN = '/admin/v1/';
/** What the runtime takes. */
const TIMEOUT_MAX_S = 255;
/** A line of one megabit a second. */
const SLOWEST_BYTES_PER_S = 131_072;

export type HttpServer = { readonly url: string; stop(): Promise<void> };

/** @param dialectNames the dialects to serve; `undefined` is all. */
export function startServer(
  gateway: Gateway,
  metrics: Metrics,
  adminToken: string,
  dialectNames?: readonly string[],
): HttpServer {
  const api = new Api(
    gateway,
    DIALECTS.filter((dialect) => dialectNames?.includes(dialect.name) ?? true),
  );
  const admin = new AdminApi(gateway, adminToken);
  const { host, port, timeouts, trustedProxies } = gateway.config;
  // So that idle clients do not pile up.
  const quietS = Math.ceil(timeouts.quietClientMs / 1000);
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: quietS,
    // Bodies are bounded by those who read them (request.ts), with an error that clients understand.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    // With `development: false` the runtime shares the port unless told not to: a second gateway, or a stranger's
    // process, would silently take every other call.
    reusePort: false,
    async fetch(request, self) {
      const path = pathOf(request.url);
      const answer = await api.answer(request, path, connectionOf(self, request, quietS, trustedProxies));
      if (answer !== undefined) return answer;
      const other = path.startsWith(ADMIN)
        ? await admin.answer(request, path.slice(ADMIN.length))
        : await serveOther(gateway, metrics, request, path);
      other.headers.set('x-request-id', gateway.newCallId());
      return other;
    },
    error(error) {
      gateway.report.alarm('unhandled_in_server', { detail: `${error.name}: ${error.message}` });
      return Response.json(
        { error: { message: 'The server failed.', type: 'server_error', param: null, code: 'internal_error' } },
        { status: 500 },
      );
    },
  });
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`, stop: () => server.stop() };
}

function connectionOf(
  server: Server<undefined>,
  request: Request,
  quietS: number,
  trustedProxies: number,
): ClientConnection {
  return {
    address: () =>
      clientAddress(server.requestIP(request)?.address ?? '', request.headers.get('x-forwarded-for'), trustedProxies),
    hold: () => server.timeout(request, 0),
    release: () => server.timeout(request, quietS),
    expectBody: (bytes) => {
      const uploadS = Math.min(TIMEOUT_MAX_S, quietS + Math.ceil(bytes / SLOWEST_BYTES_PER_S));
      if (uploadS > quietS) server.timeout(request, uploadS);
    },
    // A stalled client reads nothing, so its connection is idle and ends with the shortest timeout there is.
    drop: () => server.timeout(request, 1),
  };
}

async function serveOther(gateway: Gateway, metrics: Metrics, request: Request, path: string): Promise<Response> {
  if (path.startsWith(FILES_PATH)) return serveFile(gateway, request, path.slice(FILES_PATH.length));
  switch (path) {
    case '/api/modes':
      return serveModes(gateway);
    case '/livez':
      return new Response('ok\n');
    case '/readyz':
    case '/health':
    case '/healthz':
      return serveReadiness(gateway);
    case '/metrics':
      return new Response(await metrics.registry.metrics(), {
        headers: { 'content-type': metrics.registry.contentType },
      });
    default:
      return errorResponse(new CallError('not_found', { message: `There is no route ${path.slice(0, 200)}.` }));
  }
}

/** The modes for the site: what can be asked for, not how the prompts say it. */
function serveModes(gateway: Gateway): Response {
  const modes = gateway.modes.map(({ id, title, description }) => ({ id, title, description }));
  return Response.json({ modes }, { headers: { 'access-control-allow-origin': '*' } });
}

/** Ready means that a call would be served now: the store answers and the process is not stopping. */
async function serveReadiness(gateway: Gateway): Promise<Response> {
  const isReady = !gateway.isStopping && (await gateway.store.ping().catch(() => false));
  if (isReady) return new Response('ready\n');
  return new Response(gateway.isStopping ? 'stopping\n' : 'the store does not answer\n', {
    status: 503,
    headers: { 'retry-after': '5' },
  });
}
