// Tells the browser which passkeys of this person work here, and what they are called, so
// that it offers no others. Browsers that do not take it stay as they are.
const { rpId, userHandle: userId, credentials, name, displayName } = document.querySelector('main').dataset;
const { PublicKeyCredential } = window;

async function signal(what, details) {
  try {
    await PublicKeyCredential?.[what]?.({ rpId, userId, ...details });
  } catch {
    // It is only a hint.
  }
}

await signal('signalAllAcceptedCredentials', { allAcceptedCredentialIds: credentials.split(' ').filter(Boolean) });
await signal('signalCurrentUserDetails', { name, displayName });
