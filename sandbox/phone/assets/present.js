/**
 * What the buyer presents: the payment code, new every minute, and the tap. While a code is shown
 * the phone asks whether a merchant has charged it and the wallet wants its buyer to confirm.
 */
import { busy, byId, call, can, texts, wallet, yuan } from './base.js';

const ASK_EVERY_MS = 2_000;
let timer;
let shown = { code: '', untilMs: 0, askedAtMs: 0 };
/** Which showing this is: an answer that comes after the buyer left it counts for nothing. */
let showing = 0;

export function startCode(onCharged) {
  stopCode();
  const has = can('code');
  byId('code-empty').hidden = has;
  byId('code-card').hidden = !has;
  if (!has) return;
  const mine = showing;
  void renew(mine);
  timer = setInterval(() => void tick(mine, onCharged), 500);
}

export function stopCode() {
  showing += 1;
  clearInterval(timer);
  shown = { code: '', untilMs: 0, askedAtMs: 0 };
}

async function renew(mine) {
  // Known before the answer comes, so that the next tick does not ask again.
  shown = { code: '', untilMs: performance.now() + 5_000, askedAtMs: performance.now() };
  try {
    const made = await call('/phone/code', { wallet: wallet() });
    if (mine !== showing) return;
    byId('code-digits').textContent = made.shown;
    byId('code-picture').innerHTML = made.picture;
    shown = {
      code: made.auth_code,
      untilMs: performance.now() + made.valid_seconds * 1_000,
      askedAtMs: performance.now(),
    };
    byId('code-error').hidden = true;
  } catch (error) {
    if (mine !== showing) return;
    byId('code-error').textContent = error.message;
    byId('code-error').hidden = false;
  }
  count();
}

function count() {
  const seconds = Math.max(0, Math.ceil((shown.untilMs - performance.now()) / 1_000));
  byId('code-left').textContent = texts.codeLeft.replace('{n}', String(seconds));
}

async function tick(mine, onCharged) {
  const nowMs = performance.now();
  if (nowMs >= shown.untilMs) return renew(mine);
  count();
  if (shown.code === '' || nowMs - shown.askedAtMs < ASK_EVERY_MS) return;
  shown.askedAtMs = nowMs;
  try {
    const bill = await call('/phone/scan', { wallet: wallet(), code: shown.code });
    if (mine === showing) onCharged(bill);
  } catch (error) {
    // Nobody has charged it yet: that is what waiting looks like.
    if (mine !== showing || error.code === 'code_not_recognized') return;
    byId('code-error').textContent = error.message;
    byId('code-error').hidden = false;
  }
}

export function startTap() {
  const has = can('tap');
  byId('tap-empty').hidden = has;
  byId('tap').hidden = !has;
  byId('tap-result').hidden = true;
}

function fenOf(text) {
  const match = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (match === null) return 0;
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

/** The gateway's own lines where it gives them, else whatever it gave, name by name. */
function transcriptText({ transcript, trace, field55, ...rest }) {
  const told = transcript ?? trace;
  if (typeof told === 'string') return told;
  const lines = Array.isArray(told) ? told : Object.entries({ ...rest });
  return lines
    .map((line) => (typeof line === 'string' ? line : JSON.stringify(line, null, 1)))
    .join('\n');
}

byId('tap').addEventListener('submit', (event) => {
  event.preventDefault();
  void busy(byId('tap-button'), texts.tapping, async () => {
    const amount = fenOf(byId('tap-amount').value);
    if (amount < 1) throw new Error(texts.amountUnreadable);
    const tapped = await call('/phone/tap', { amount });
    byId('tap-shown').textContent = yuan(amount);
    byId('tap-field55').textContent = tapped.field55;
    byId('tap-transcript').textContent = transcriptText(tapped);
    byId('tap-result').hidden = false;
    byId('tap-result').focus();
  });
});
