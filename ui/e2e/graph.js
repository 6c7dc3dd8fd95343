// Microsoft's client of Graph at the demo, which must have TLS: it sends tokens over https only.
import assert from 'node:assert/strict';

import { Client } from '@microsoft/microsoft-graph-client';

/** The client at the demo, as docs/graph.md has it. */
export function graphAt(base, options) {
  const at = { baseUrl: `${base}/`, customHosts: new Set([new URL(base).hostname]), ...options };
  return typeof options.authProvider === 'function' ? Client.init(at) : Client.initWithMiddleware(at);
}

/** The client with a token of the demo's "graph", which has every permission, by nobody's library. */
export async function graphOfApp(base, tenant) {
  const { client_id: id, client_secret: secret } = tenant.client('graph');
  const response = await fetch(`${base}/${tenant.id}/oauth2/v2.0/token`, {
    method: 'POST', headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: `${base}/.default` }),
  });
  const body = await response.json();
  assert.equal(response.status, 200, body.error_description);
  return graphAt(base, { authProvider: (done) => done(null, body.access_token) });
}
