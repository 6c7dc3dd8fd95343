// Dex as the provider that a domain is federated with: the program in the folder of that name.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const password = 'any';

/** As startProvider does, with Dex. */
export async function startDex(persons) {
  const dir = await mkdtemp(join(tmpdir(), 'latchkey-dex-'));
  const program = join(dir, 'dex');
  await promisify(execFile)('go', ['build', '-o', program, '.'], { cwd: fileURLToPath(new URL('dex', import.meta.url)) });
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const issuer = (await lines.next()).value;
  return {
    issuer,
    namesItself: false,
    logins: (person, login) => person.submit({ login: persons[login].email, password }),
    signOut: { at: `${issuer}/logout`, confirmed: {} },
    serve: async (client) => {
      child.stdin.end(JSON.stringify({ client: spelled(client), people: Object.entries(persons).map(account), password }));
      await lines.next();
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const spelled = (client) => ({
  id: client.client_id, secret: client.client_secret, name: 'Latchkey', redirectURIs: client.redirect_uris,
  postLogoutRedirectURIs: client.post_logout_redirect_uris, backchannelLogoutURI: client.backchannel_logout_uri,
});

const account = ([login, claims]) => ({
  userID: login, username: login, name: claims.name, email: claims.email, emailVerified: claims.email_verified,
});
