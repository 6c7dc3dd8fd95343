// The service worker of the authenticator. A push says nothing but that there is something: the
// app fetches it, with its keys. texts stands before this script, in the language of the person.
const page = '/authenticator';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

const windows = () => self.clients.matchAll({ type: 'window', includeUncontrolled: true });

async function wake() {
  for (const client of await windows()) client.postMessage('fetch');
  // Shown in any case: browsers take the subscription away from those that stay silent.
  await self.registration.showNotification(texts.title, { body: texts.text, icon: texts.icon, tag: 'sign-in', renotify: true });
}

async function open() {
  const [client] = (await windows()).filter((c) => new URL(c.url).pathname === page);
  if (!client) return self.clients.openWindow(page);
  client.postMessage('fetch');
  return client.focus();
}

self.addEventListener('push', (event) => event.waitUntil(wake()));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open());
});
