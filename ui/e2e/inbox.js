// The inbox of the demo, in which all mail arrives.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

const link = /https?:\/\/\S+\/redeem\?\S+/, code = /^[0-9]{8}$/m;

/** What a person's mail program shows: mails of the demo to one address. */
export class Inbox {
  #url;
  #address;
  #seen = 0; // how many mails were read, the oldest first

  constructor(report, address) {
    this.#url = report.inbox_url;
    this.#address = address;
  }

  /** The link of the next invitation. */
  invitation() {
    return this.#next(link);
  }

  /** The next code. */
  code() {
    return this.#next(code);
  }

  /** What is looked for in the next mail, once that has come. */
  async #next(wanted) {
    for (let looked = 0; looked < 1500; looked++) {
      const response = await fetch(`${this.#url}/messages`);
      const mails = (await response.json()).filter(({ to }) => to === this.#address).reverse();
      if (mails.length > this.#seen) {
        const { subject, text } = mails[this.#seen++];
        const found = text.match(wanted);
        assert.ok(found, `${subject}: ${text}`);
        return found[0];
      }
      await setTimeout(20);
    }
    assert.fail(`no mail came for ${this.#address}`);
  }
}
