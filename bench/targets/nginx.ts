// nginx as a plain reverse proxy: one worker, connections to the upstream kept open, no logs, streams not buffered.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isListening, PinnedProcess } from '../pinned-process.ts';
import { UPSTREAM_MODEL } from '../workload.ts';
import type { Target } from './target.ts';
import { CHAT_PATH, START_LIMIT_MS, TargetMissing } from './target.ts';

const DEBIAN_PATH = '/usr/sbin/nginx';
const STREAM_PREFIX = '/stream';

export const nginx: Target = {
  name: 'nginx',
  async start({ upstreamPort, workDir, cores }) {
    const binary = Bun.which('nginx') ?? (existsSync(DEBIAN_PATH) ? DEBIAN_PATH : undefined);
    if (binary === undefined) throw new TargetMissing('nginx is not installed');
    const port = freePort();
    const prefix = join(workDir, 'nginx');
    mkdirSync(prefix, { recursive: true });
    writeFileSync(join(prefix, 'nginx.conf'), configuration(port, upstreamPort));
    const process_ = new PinnedProcess({
      name: 'nginx',
      command: [binary, '-p', prefix, '-c', 'nginx.conf', '-e', 'error.log'],
      core: cores.target,
      logFile: join(workDir, 'nginx.log'),
    });
    await process_.waitUntil(() => isListening(port), START_LIMIT_MS);
    return {
      name: 'nginx',
      port,
      callPath: CHAT_PATH,
      streamPath: STREAM_PREFIX + CHAT_PATH,
      headers: {},
      model: UPSTREAM_MODEL,
      process: process_,
    };
  },
};

/** The keepalive limits are out of reach, so that no connection is closed in the middle of a measure. */
function configuration(port: number, upstreamPort: number): string {
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  default_type application/json;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  tcp_nodelay on;
  upstream backend {
    server 127.0.0.1:${upstreamPort};
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    keepalive_time 24h;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Authorization "Bearer sk-bench-upstream";
    location / { proxy_pass http://backend; }
    location ${STREAM_PREFIX}/ {
      proxy_buffering off;
      proxy_pass http://backend/;
    }
  }
}
`;
}
