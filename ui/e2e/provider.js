// The npm package oidc-provider as the provider that a domain is federated with.
import { createServer } from 'node:http';
import { once } from 'node:events';

import Provider from 'oidc-provider';

/**
 * Begins to listen. serve(client) makes the provider, whose one client this is; persons are its
 * accounts by their login, with their claims; namesItself: its answers have iss (RFC 9207);
 * logins(person, login) answers its page; signOut is its page to sign out at, and the fields
 * that confirm it; stop() ends it.
 */
export async function startProvider(persons) {
  let handler = (_, res) => res.writeHead(503).end();
  const server = createServer((req, res) => handler(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  return {
    issuer,
    namesItself: true,
    logins: (person, login) => person.submit({ login, password: 'any' }),
    signOut: { at: `${issuer}/session/end`, confirmed: { logout: 'yes' } },
    serve: (client) => { handler = makeProvider(issuer, client, persons).callback(); },
    stop: () => { server.closeAllConnections(); server.close(); },
  };
}

function makeProvider(issuer, client, persons) {
  const provider = new Provider(issuer, {
    clients: [{ grant_types: ['authorization_code'], response_types: ['code'], ...client }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...persons[id] }) }),
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 300, Interaction: 600, Session: 3600, Grant: 3600 },
  });
  provider.proxy = false;
  return provider;
}
