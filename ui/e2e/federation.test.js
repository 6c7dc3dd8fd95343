// A provider that nobody here wrote signs in the people of a domain.
import assert from 'node:assert/strict';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { contoso, startDemo } from './demo.js';
import { Person } from './person.js';
import { startProvider } from './provider.js';

const domain = 'npm.example';
const secret = 'a secret of the provider: with+signs/';
let demo, provider, tenant, federation, dir;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'latchkey-federation-'));
  demo = await startDemo();
  tenant = contoso(demo.report);
  provider = await startProvider({
    sam: { email: `sam@${domain}`, email_verified: true, name: 'Sam' },
    eve: { email: `eve@${domain}`, email_verified: false, name: 'Eve' },
  });
  const at = ['--tenant', 'contoso.example'];
  await demo.command('domain', 'add', domain, ...at);
  for (const name of ['sam', 'eve', 'kim']) await demo.command('user', 'create', `${name}@${domain}`, ...at);
  const file = join(dir, 'secret');
  await writeFile(file, `${secret}\n`);
  const add = ['federation', 'add', provider.issuer, '--name', 'Elsewhere', '--domain', domain, '--client-id', 'latchkey', '--client-secret-file', file, ...at];
  await assert.rejects(demo.command(...add), /status is not 200/); // it does not serve yet
  federation = await demo.command(...add, '--unchecked', '--sign-out');
  provider.serve({
    client_id: 'latchkey', client_secret: secret, redirect_uris: [federation.redirect_uri],
    backchannel_logout_uri: federation.backchannel_logout_uri, backchannel_logout_session_required: true,
    post_logout_redirect_uris: [federation.post_logout_redirect_uri],
  });
});

after(async () => {
  provider?.stop();
  await demo?.stop();
  await rm(dir, { recursive: true, force: true });
});

const app = 'http://127.0.0.1:5555/callback';

function authorize(parameters) {
  const q = new URLSearchParams({ client_id: tenant.client('web').client_id, redirect_uri: app, response_type: 'code', scope: 'openid', state: 's', ...parameters });
  return `${tenant.issuer.replace('/v2.0', '')}/oauth2/v2.0/authorize?${q}`;
}

/** Signs in at the provider, which asks for leave the first time. */
async function signInThere(person, login) {
  assert.ok(person.at.href.startsWith(provider.issuer), `at ${person.at}`);
  await person.submit({ login, password: 'any' });
  if (person.at.href.startsWith(provider.issuer)) await person.submit({});
}

async function comeAs(login, name = login) {
  const person = new Person(app);
  await person.open(authorize({ login_hint: `${name}@${domain}` }));
  await signInThere(person, login);
  return person;
}

test('it is one, says the command', async () => {
  const report = await demo.command('federation', 'test', domain, '--tenant', 'contoso.example');
  assert.equal(report.issuer, provider.issuer);
  assert.ok(report.keys >= 1 && report.iss_parameter && report.backchannel_logout, JSON.stringify(report));
});

test('a person of the domain signs in there, and is linked', async () => {
  const person = await comeAs('sam');
  if (person.page === 'consent') await person.submit({ decision: 'allow' });
  assert.ok(person.landed.searchParams.get('code'));
  const identities = await demo.command('federation', 'identities', `sam@${domain}`);
  assert.equal(identities.length, 1);
  assert.deepEqual([identities[0].issuer, identities[0].subject], [provider.issuer, 'sam']);
});

test('an address that is not verified links nobody', async () => {
  const person = await comeAs('eve');
  person.want('federated');
  assert.match(person.html, /data-problem="federation.unverified"/);
  assert.match(person.html, /Elsewhere/);
});

test('whoever is somebody else there is told so', async () => {
  const person = await comeAs('sam', 'kim');
  assert.match(person.html, /data-problem="federation.other"/);
});

test('signing out there signs out here, and the other way round', async () => {
  const person = await comeAs('sam');
  if (person.page === 'consent') await person.submit({ decision: 'allow' });
  const silent = async () => {
    await person.open(authorize({ prompt: 'none' }));
    return person.landed.searchParams.get('error') ?? 'signed in';
  };
  assert.equal(await silent(), 'signed in');
  await person.open(`${provider.issuer}/session/end`);
  await person.submit({ logout: 'yes' });
  assert.equal(await silent(), 'login_required');

  const again = await comeAs('sam');
  assert.ok(again.landed);
  await again.open(`${tenant.issuer.replace('/v2.0', '')}/oauth2/v2.0/logout`);
  await again.submit({ decision: 'sign-out' });
  assert.ok(again.at.href.startsWith(`${provider.issuer}/session/end`), `at ${again.at}`);
  await again.submit({ logout: 'yes' });
  again.want('signed-out');
});

test('with a pass, nobody is sent there', async () => {
  await demo.command('pass', 'create', `kim@${domain}`);
  const person = new Person(app);
  await person.open(authorize({ login_hint: `kim@${domain}`, domain_hint: domain }));
  person.want('pass');
});
