// Providers that nobody here wrote sign in the people of a domain.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import * as oidc from 'openid-client';

import { contoso, startDemo } from './demo.js';
import { startDex } from './dex.js';
import { Person } from './person.js';
import { startProvider } from './provider.js';

const secret = 'a secret of the provider: with+signs/';
const app = 'http://127.0.0.1:5555/callback';
const providers = [
  { name: 'oidc-provider', start: startProvider, domain: 'npm.example' },
  { name: 'Dex', start: startDex, domain: 'dex.example' },
];
let demo, tenant, dir, client, config;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-federation-'));
  demo = await startDemo();
  tenant = contoso(demo.report);
  // Before anything is asked of the tenant: for a second the server remembers whose domains are whose.
  for (const { domain } of providers) await demo.command('domain', 'add', domain, '--tenant', tenant.domain);
  client = await demo.command('client', 'create', 'Told by whom', '--redirect-uri', app, '--claims', 'entra', '--tenant', tenant.domain);
  config = await oidc.discovery(new URL(tenant.issuer), client.client_id, undefined, oidc.ClientSecretBasic(client.client_secret), {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });
});

after(async () => {
  await demo?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function secretFile(text) {
  const file = join(dir, 'secret');
  await writeFile(file, `${text}\n`);
  return ['--client-secret-file', file];
}

/** Waits for what others do in their own time. */
async function comesTrue(condition) {
  for (let tries = 0; tries < 80; tries++) {
    if (await condition()) return;
    await setTimeout(250);
  }
  assert.fail('it did not come true in 20 seconds');
}

for (const { name, start, domain } of providers) {
  describe(name, () => {
    let provider;

    const desk = (...args) => demo.command(...args, '--tenant', 'contoso.example');
    const identities = (user) => demo.command('federation', 'identities', `${user}@${domain}`);

    before(async () => {
      provider = await start({
        sam: { email: `sam@${domain}`, email_verified: true, name: 'Sam' },
        eve: { email: `eve@${domain}`, email_verified: false, name: 'Eve' },
      });
      for (const user of ['sam', 'eve', 'kim']) await desk('user', 'create', `${user}@${domain}`);
      const add = ['federation', 'add', provider.issuer, '--name', 'Elsewhere', '--domain', domain, '--client-id', 'latchkey', ...await secretFile(secret)];
      await assert.rejects(desk(...add), /: discovery: /); // it does not serve yet
      const federation = await desk(...add, '--unchecked', '--sign-out');
      await provider.serve({
        client_id: 'latchkey', client_secret: secret, redirect_uris: [federation.redirect_uri],
        backchannel_logout_uri: federation.backchannel_logout_uri, backchannel_logout_session_required: true,
        post_logout_redirect_uris: [federation.post_logout_redirect_uri],
      });
    });

    after(() => provider?.stop());

    function authorize(parameters) {
      const q = new URLSearchParams({ client_id: client.client_id, redirect_uri: app, response_type: 'code', scope: 'openid', state: 's', ...parameters });
      return `${tenant.issuer.replace('/v2.0', '')}/oauth2/v2.0/authorize?${q}`;
    }

    const isThere = (person) => person.at.href.startsWith(provider.issuer);

    /** Signs in at the provider, which asks for leave the first time. */
    async function comeAs(login, user = login) {
      const person = new Person(app);
      await person.open(authorize({ login_hint: `${user}@${domain}` }));
      assert.ok(isThere(person), `at ${person.at}`);
      await provider.logins(person, login);
      if (isThere(person)) await person.submit({});
      if (person.page === 'consent') await person.submit({ decision: 'allow' });
      return person;
    }

    /** Expects that the app is told who this is, and by whose word. */
    async function wantTold(person, user) {
      const tokens = await oidc.authorizationCodeGrant(config, person.landed, { expectedState: 's', idTokenExpected: true });
      const { preferred_username: name, idp, amr } = tokens.claims();
      assert.deepEqual({ name, idp, amr }, { name: `${user}@${domain}`, idp: provider.issuer, amr: ['fed'] });
    }

    /** What became of the newest sign-in, by the log. */
    async function newestSignIn() {
      const file = join(dir, `sign-ins-${randomUUID()}.jsonl`);
      await desk('audit', 'export', '--log', 'sign-ins', '--output', file);
      const { result, reason } = JSON.parse((await readFile(file, 'utf8')).trimEnd().split('\n').at(-1));
      return { result, reason };
    }

    function wantProblem(person, problem) {
      person.want('federated');
      assert.match(person.html, new RegExp(`data-problem="federation.${problem}"`));
      assert.match(person.html, /Elsewhere/);
    }

    test('it is one, says the command', async () => {
      const found = await desk('federation', 'test', domain);
      assert.deepEqual(found.filter((f) => f.result !== 'ok'), []);
      assert.match(found.find((f) => f.check === 'iss').seen, provider.namesItself ? /names itself/ : /does not name itself/);
    });

    test('a person of the domain signs in there, and is linked', async () => {
      await wantTold(await comeAs('sam'), 'sam');
      const linked = await identities('sam');
      assert.deepEqual(linked.map((i) => i.issuer), [provider.issuer]);
      await wantTold(await comeAs('sam'), 'sam');
      assert.deepEqual(await identities('sam'), linked);
    });

    test('an address that is not verified links nobody', async () => {
      wantProblem(await comeAs('eve'), 'unverified');
      assert.deepEqual(await identities('eve'), []);
    });

    test('whoever is somebody else there is told so', async () => {
      wantProblem(await comeAs('sam', 'kim'), 'other');
    });

    test('signing out there signs out here, and the other way round', async () => {
      const person = await comeAs('sam');
      const silent = async () => {
        await person.open(authorize({ prompt: 'none' }));
        return person.landed.searchParams.get('error') ?? 'signed in';
      };
      assert.equal(await silent(), 'signed in');
      await person.open(provider.signOut.at);
      await person.submit(provider.signOut.confirmed);
      await comesTrue(async () => await silent() === 'login_required');

      const again = await comeAs('sam');
      assert.ok(again.landed);
      await again.open(`${tenant.issuer.replace('/v2.0', '')}/oauth2/v2.0/logout`);
      await again.submit({ decision: 'sign-out' });
      if (isThere(again)) await again.submit(provider.signOut.confirmed);
      again.want('signed-out');
      await again.open(authorize({ login_hint: `sam@${domain}` }));
      assert.ok(isThere(again) && /name="login"/.test(again.html), 'signed in there still');
    });

    test('with a pass, nobody is sent there', async () => {
      await demo.command('pass', 'create', `kim@${domain}`);
      const person = new Person(app);
      await person.open(authorize({ login_hint: `kim@${domain}`, domain_hint: domain }));
      person.want('pass');
    });

    test('a secret that is wrong lets nobody in, and the log says why', async () => {
      const linked = await identities('sam');
      await desk('federation', 'set', domain, ...await secretFile('another'));
      wantProblem(await comeAs('sam'), 'rejected');
      assert.deepEqual(await newestSignIn(), { result: 'failure', reason: 'rejected: token endpoint: "invalid_client"' });
      assert.deepEqual(await identities('sam'), linked);
      await desk('federation', 'set', domain, ...await secretFile(secret));
      assert.ok((await comeAs('sam')).landed);
    });

    test('when it is gone, its name and the other ways are there, and a pass lets in', async () => {
      await provider.stop();
      const person = new Person(app);
      await comesTrue(async () => { // it is taken to be there for ten seconds after it was
        await person.open(authorize({ login_hint: `sam@${domain}` })).catch(() => {});
        return person.page === 'federated';
      });
      wantProblem(person, 'down');
      assert.match(person.html, /id="use-pass"/);
      const { temporary_access_pass: code } = await demo.command('pass', 'create', `sam@${domain}`);
      await person.open(authorize({ login_hint: `sam@${domain}` }));
      person.want('pass');
      await person.submit({ code });
      assert.ok(person.landed);
    });
  });
}
