// The demo, built from this checkout and run on free ports.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Agent, setGlobalDispatcher } from 'undici';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts the demo; command() is Latchkey's command line on it, stop() ends it and
 * removes its data. With tls it serves https, and certificate is what to trust, as fetch does
 * from then on.
 */
export async function startDemo({ tls = false } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'));
  const program = join(dir, 'latchkey');
  await promisify(execFile)('go', ['build', '-o', program, './cmd/latchkey'], { cwd: root });
  const data = join(dir, 'data');
  const file = join(dir, 'report.json');
  const child = spawn(program, [
    'demo', '--listen', 'localhost:0', '--app-listen', '127.0.0.1:0', '--inbox-listen', '127.0.0.1:0', '--metrics-listen', 'localhost:0',
    '--data', data, '--json', file, `--tls=${tls}`,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  // It greets once all is ready, the report included; or it ends without.
  const greeted = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!greeted) {
    await stop();
    throw new Error('the demo did not start; what it said stands above');
  }
  child.stdout.resume();
  const command = async (...args) => {
    const { stdout } = await promisify(execFile)(program, [...args, '--data', data, '--json']);
    return JSON.parse(stdout);
  };
  const certificate = tls ? await readFile(join(data, 'demo-certificate.pem'), 'utf8') : undefined;
  // As NODE_EXTRA_CA_CERTS would, which must be set before Node starts.
  if (tls) setGlobalDispatcher(new Agent({ connect: { ca: certificate } }));
  return { report: JSON.parse(await readFile(file, 'utf8')), certificate, stop, command };
}

/** Whom the demo invites to Contoso: the one of its users who has no pass, and is in no report. */
export const demoGuest = 'robin_partner.example#EXT#@contoso.example';

/** The Contoso tenant of a report, with its clients and users found by name. */
export function contoso(report) {
  const tenant = report.tenants.find((t) => t.domain === 'contoso.example');
  return {
    ...tenant,
    client: (name) => tenant.clients.find((c) => c.name === name),
    user: (name) => tenant.users.find((u) => u.user_principal_name === `${name}@contoso.example`),
  };
}
