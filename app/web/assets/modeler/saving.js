// Keeps the draft on the server in step with what is drawn. Nothing typed or drawn is ever dropped:
// a save that cannot be made is told, tried again, and asked about where two people were at work.
import { _ } from './words.js';

const CHECK_AFTER = 600;
const SAVE_AFTER = 3000;
const TRY_AGAIN_AFTER = 5000;
const TRIAL_AFTER = 4000; // a trial takes seconds of the server: it waits until the hand rests longer

export class SessionOver extends Error {}

/** A request to the workshop that is answered with JSON. */
export async function ask(address, method, body) {
  const response = await fetch(address, {
    method,
    credentials: 'same-origin',
    headers: {
      Accept: 'application/json',
      ...(body ? { 'Content-Type': 'application/json' } : {}),
      'X-CSRF-Token': document.querySelector('meta[name="csrf-token"]')?.content ?? '',
    },
    body: body && JSON.stringify(body),
  });
  const json = (response.headers.get('Content-Type') ?? '').includes('json');
  if (response.redirected || (!json && [200, 400, 401, 403].includes(response.status))) throw new SessionOver();
  if (!json) throw new Error(`${method} ${address}: ${response.status}`);
  return { status: response.status, answer: await response.json() };
}

/** After somebody signed in again in another window, the page takes over the new session's token. */
export async function renewToken() {
  const response = await fetch(window.location.href, { credentials: 'same-origin' });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const fresh = page.querySelector('meta[name="csrf-token"]');
  if (response.redirected || !fresh) return false;
  document.querySelector('meta[name="csrf-token"]').content = fresh.content;
  return true;
}

/**
 * States: saved, changed, saving, conflict, offline, expired, refused (the server cannot keep the
 * text), blocked (the file was not read completely).
 */
export class Saving {
  #check = 0;
  #save = 0;
  #running = null;
  #asked = 0;
  #trial = 0;

  constructor({ content, check, trial, text, onChange, onFindings, onTrial, onConflict, onExpired }) {
    Object.assign(this, { content, check, trial, text, onChange, onFindings, onTrial, onConflict, onExpired });
    this.state = 'saved';
    this.detail = '';
    this.revision = 0;
    this.change = 0;
    this.kept = 0;
  }

  /** The draft as the server has it. */
  async load() {
    const { status, answer } = await ask(this.content, 'GET');
    if (status !== 200) throw new Error(answer.text);
    this.revision = answer.revision;
    return answer;
  }

  /** Another text is shown: what is still being asked was about the one before. */
  forget() {
    clearTimeout(this.#check);
    this.#asked += 1;
  }

  get dirty() { return this.change !== this.kept; }

  #become(state, detail = '') {
    this.state = state;
    this.detail = detail;
    this.onChange();
  }

  block(detail) { this.#become('blocked', detail); }

  unblock() { this.#become('saved'); }

  /** Something was changed: check soon, save when the hand rests. */
  touched() {
    this.change += 1;
    clearTimeout(this.#check);
    clearTimeout(this.#trial);
    this.#check = setTimeout(() => this.look(), CHECK_AFTER);
    if (this.state === 'blocked' || this.state === 'conflict' || this.state === 'expired') return;
    if (this.state !== 'saving') this.#become('changed');
    clearTimeout(this.#save);
    this.#save = setTimeout(() => this.save(), SAVE_AFTER);
  }

  /** Ask the checker about what is drawn now, without saving. */
  async look() {
    clearTimeout(this.#check);
    const { change } = this;
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const { status, answer } = await ask(this.check, 'POST', { content: await this.text() });
      if (change !== this.change || asked !== this.#asked) return;
      this.onFindings(status === 200 ? answer.findings : [{ severity: 'error', code: 'unreadable', text: answer.text }]);
    } catch { /* the next save tells what is wrong with the connection */ }
  }

  /** Run the scenarios of what was saved, and tell what came of them. */
  async tryOut() {
    const { change } = this;
    this.onTrial(null);
    try {
      const { status, answer } = await ask(this.trial, 'GET');
      if (change === this.change && status === 200) this.onTrial(answer);
    } catch { /* the next save tells what is wrong with the connection */ }
  }

  /** Save now; resolves when there is nothing left to save or a person must decide. */
  save() {
    clearTimeout(this.#save);
    this.#running ??= this.#keep().finally(() => { this.#running = null; });
    return this.#running;
  }

  async #keep() {
    while (this.dirty && !['blocked', 'conflict', 'expired'].includes(this.state)) {
      const change = this.change;
      this.#become('saving');
      try {
        const { status, answer } = await ask(this.content, 'PUT', { revision: this.revision, content: await this.text() });
        if (status === 200) {
          this.revision = answer.revision;
          this.kept = change;
          if (change === this.change) this.onFindings(answer.findings);
          this.#become(this.dirty ? 'changed' : 'saved');
          clearTimeout(this.#trial);
          this.#trial = setTimeout(() => this.tryOut(), TRIAL_AFTER);
        } else if (status === 409 && answer.content !== undefined) {
          this.#become('conflict');
          this.onConflict(answer);
        } else {
          this.#become('refused', answer.text);
          return;
        }
      } catch (error) {
        if (error instanceof SessionOver) {
          this.#become('expired');
          this.onExpired();
        } else {
          this.#become('offline', _('连不上服务器，稍后自动重试。'));
          this.#save = setTimeout(() => this.save(), TRY_AGAIN_AFTER);
        }
        return;
      }
    }
  }

  /** Go on after a conflict or an expired session: what is drawn is saved upon `revision`. */
  resume(revision = this.revision) {
    this.revision = revision;
    this.#become('changed');
    return this.save();
  }

  /** What is drawn now is what the server has. */
  settled(revision) {
    this.revision = revision;
    this.kept = this.change;
    this.#become('saved');
  }
}
