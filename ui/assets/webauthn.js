// What pages that use WebAuthn share: options and answers in their JSON forms (WebAuthn Level 3,
// section 5.1), also in browsers that cannot do that themselves.

export function bytes(base64url) {
  const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

export function base64url(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const decoded = (list = []) => list.map((c) => ({ ...c, id: bytes(c.id) }));

export function requestOptions(options) {
  const own = PublicKeyCredential.parseRequestOptionsFromJSON;
  return own ? own.call(PublicKeyCredential, options)
    : { ...options, challenge: bytes(options.challenge), allowCredentials: decoded(options.allowCredentials) };
}

export function creationOptions(options) {
  const own = PublicKeyCredential.parseCreationOptionsFromJSON;
  return own ? own.call(PublicKeyCredential, options) : {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: decoded(options.excludeCredentials),
  };
}

/** What toJSON gives, also of browsers without it, and of password managers whose own fails. */
export function asJSON(credential) {
  try {
    return credential.toJSON();
  } catch {
    const { id, rawId, type, response: r } = credential;
    const response = {};
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (r[name]) response[name] = base64url(r[name]);
    }
    if (r.getTransports) response.transports = r.getTransports();
    return { id, rawId: base64url(rawId), type, response, clientExtensionResults: credential.getClientExtensionResults() };
  }
}
