// The least that a gateway on Bun can be, and so the yardstick: read the body as text, ask the upstream, answer its
// text; hand a stream over as it is. It parses nothing, checks nothing and writes nothing down.
//
// Usage: bun bench/targets/bare-proxy.ts PORT UPSTREAM_PORT
const [port, upstreamPort] = process.argv.slice(2).map(Number);
const upstream = `http://127.0.0.1:${upstreamPort}/v1/chat/completions`;
const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-bench-upstream' };

Bun.serve({
  hostname: '127.0.0.1',
  port: port ?? 0,
  idleTimeout: 0,
  async fetch(request) {
    const body = await request.text();
    const answer = await fetch(upstream, { method: 'POST', headers, body });
    const contentType = answer.headers.get('content-type') ?? '';
    const relayed = { status: answer.status, headers: { 'content-type': contentType } };
    if (contentType.startsWith('text/event-stream')) return new Response(answer.body, relayed);
    return new Response(await answer.text(), relayed);
  },
});
