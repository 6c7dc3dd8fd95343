// A person whose browser runs no scripts, played by fetch.
import assert from 'node:assert/strict';

const entities = { amp: '&', lt: '<', gt: '>', quot: '"' };

function unescape(text) {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, n) => String.fromCodePoint(parseInt(n, 16)))
    .replace(/&#([0-9]+);/g, (_, n) => String.fromCodePoint(Number(n)))
    .replace(/&(amp|lt|gt|quot);/g, (_, name) => entities[name]);
}

function attributes(tag) {
  const found = [...tag.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, unescape(value)]);
  return Object.fromEntries(found);
}

export class Person {
  #cookies = new Map(); // by host name; Secure ones are sent too, as on localhost
  #away;

  /** away begins the addresses of the app: the browser stops where it would go there. */
  constructor(away) {
    this.#away = away;
  }

  async open(address) {
    await this.#go(new Request(address));
  }

  /** Sends the page's form with these fields; false if the page has no form. */
  async submit(fields) {
    const form = this.html.match(/<form[^>]*method="post"[^>]*>/);
    assert.ok(form, `${this.at} has no form`);
    const end = this.html.indexOf('</form>', form.index);
    const inputs = [...this.html.slice(form.index, end).matchAll(/<input[^>]*>/g)].map(([tag]) => attributes(tag));
    const body = new URLSearchParams(inputs.map((i) => [i.name, fields[i.name] ?? i.value ?? '']));
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const action = new URL(attributes(form[0]).action ?? this.at, this.at);
    if (this.#isAway(action)) {
      this.posted = new Request(action, { method: 'POST', body });
      return;
    }
    await this.#go(new Request(action, { method: 'POST', body }));
  }

  /** Answers the sign-in pages, consent among them if it is asked for. */
  async signIn(user) {
    this.want('signin');
    await this.submit({ username: user.user_principal_name });
    this.want('pass');
    await this.submit({ code: user.temporary_access_pass });
    if (this.page === 'consent') await this.submit({ decision: 'allow' });
  }

  want(page) {
    assert.equal(this.page, page, `at ${this.at}`);
  }

  get page() {
    return this.html?.match(/<main[^>]*data-page="([^"]*)"/)?.[1];
  }

  #isAway(url) {
    return this.#away !== undefined && url.href.startsWith(this.#away);
  }

  async #go(request) {
    this.landed = undefined;
    for (let hops = 0; hops < 20; hops++) {
      const url = new URL(request.url);
      const jar = this.#cookies.get(url.hostname) ?? new Map();
      this.#cookies.set(url.hostname, jar);
      request.headers.set('accept', 'text/html');
      request.headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
      const response = await fetch(request, { redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
        if (/max-age=-?0?(;|$)|max-age=-/i.test(line)) jar.delete(name);
        else jar.set(name, value);
      }
      this.at = url;
      this.html = await response.text();
      const location = response.headers.get('location');
      if (!location) return;
      const next = new URL(location, url);
      if (this.#isAway(next)) {
        this.landed = next;
        return;
      }
      request = new Request(next);
    }
    assert.fail(`${this.at} redirects without end`);
  }
}
