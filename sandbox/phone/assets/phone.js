/**
 * The phone page's behaviour: scanning, the bill, the PIN, the result, and which part is shown.
 * What the buyer presents instead (payment code, tap) is in present.js. It keeps nothing.
 */
import { busy, byId, call, texts, wallet, yuan } from './base.js';
import { startCode, startTap, stopCode } from './present.js';

const PARTS = ['scan', 'code-part', 'tap-part', 'bill', 'result'];
const PIN_LENGTH = 6;
const STATE_TEXTS = {
  paid: texts.statePaid,
  closed: texts.stateClosed,
  expired: texts.stateExpired,
};

const STATUS_TEXTS = {
  insufficient_funds: texts.insufficientResult,
  canceled: texts.cancelled,
  already_paid: texts.statePaid,
  closed: texts.stateClosed,
  static_code_limit: texts.staticCodeLimit,
};

let bill;

function reveal(id) {
  for (const name of PARTS) byId(name).hidden = name !== id;
  byId('message').hidden = true;
}

function show(id) {
  reveal(id);
  byId(id).focus();
}

/** Scan, show a code, or tap: what the chosen wallet's app is asked to do. */
function turnTo(mode) {
  stopCode();
  document.body.dataset.mode = mode;
  for (const link of document.querySelectorAll('[data-mode-link]')) {
    if (link.dataset.modeLink === mode) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  // The focus stays where the buyer chose: arrow keys go through the wallets.
  reveal(mode === 'scan' ? 'scan' : `${mode}-part`);
  if (mode === 'code') startCode(showCharged);
  if (mode === 'tap') startTap();
}

/** A merchant has charged the code: the bill is here to confirm, or it is paid already. */
function showCharged(charged) {
  stopCode();
  bill = charged;
  showBill();
}

function coupon() {
  const read = (id) => Math.max(0, Math.trunc(Number(byId(id).value) || 0));
  return { platform: read('coupon-platform'), merchant: read('coupon-merchant') };
}

function toPay() {
  const { platform, merchant } = coupon();
  return Math.max(0, bill.amount - platform - merchant);
}

function scan() {
  return busy(byId('scan-button'), texts.scanning, async () => {
    const amount = typedAmount();
    const body = { wallet: wallet(), code: byId('code').value };
    try {
      bill = await call('/phone/scan', amount === 0 ? body : { ...body, amount });
    } catch (error) {
      // A counter's code: the buyer types what the merchant asks for.
      if (error.code === 'amount_missing') {
        byId('counter').hidden = false;
        byId('counter-amount').focus();
      }
      throw error;
    }
    showBill();
  });
}

function typedAmount() {
  if (byId('counter').hidden) return 0;
  return Math.max(0, Math.round(Number(byId('counter-amount').value) * 100) || 0);
}

function showBill() {
  byId('payee').textContent = bill.payee;
  byId('amount').textContent = yuan(bill.amount);
  byId('coupon-platform').value = '0';
  byId('coupon-merchant').value = '0';
  byId('to-pay').textContent = yuan(toPay());
  byId('payable').hidden = bill.state !== 'payable';
  byId('state').hidden = bill.state === 'payable';
  byId('state').textContent = STATE_TEXTS[bill.state] ?? '';
  const isAcross = bill.acceptor !== wallet();
  byId('across').hidden = !isAcross;
  byId('across').textContent = texts.across.replace(
    '{wallet}',
    texts[bill.acceptor] ?? bill.acceptor,
  );
  byId('coupons').hidden = isAcross;
  show('bill');
}

function pay(outcome, button) {
  return busy(button, texts.paying, async () => {
    const answer = await call('/phone/pay', { scan: bill.scan, outcome, coupon: coupon() });
    showResult(answer);
  });
}

function showResult(answer) {
  const isPaid = answer.status === 'paid';
  byId('result').dataset.kind = isPaid ? 'paid' : 'other';
  byId('result-text').textContent = isPaid
    ? texts.paid
    : (STATUS_TEXTS[answer.status] ?? texts.otherResult);
  byId('result-amount').textContent = isPaid ? yuan(toPay()) : '';
  byId('result-payee').textContent = bill.payee;
  byId('result-status').textContent = STATUS_TEXTS[answer.status] || isPaid ? '' : answer.status;
  byId('again').hidden = isPaid;
  const back = byId('back');
  back.hidden = !/^https?:/.test(answer.return_url ?? '');
  if (!back.hidden) back.href = answer.return_url;
  show('result');
}

function showPin() {
  byId('pin-payee').textContent = bill.payee;
  byId('pin-amount').textContent = yuan(toPay());
  setPin('');
  byId('pin').showModal();
  byId('pin-input').focus();
}

function setPin(value) {
  const digits = value.replace(/\D/g, '').slice(0, PIN_LENGTH);
  byId('pin-input').value = digits;
  [...byId('dots').children].forEach((dot, index) => {
    dot.classList.toggle('filled', index < digits.length);
  });
  byId('pin-left').textContent = texts.pinLeft.replace('{n}', String(digits.length));
  if (digits.length < PIN_LENGTH) return;
  byId('pin').close();
  void pay('success', byId('confirm'));
}

byId('scan').addEventListener('submit', (event) => {
  event.preventDefault();
  void scan();
});
byId('wallets').addEventListener('change', () => {
  document.body.dataset.wallet = wallet();
  // A bill belongs to the wallet that scanned it.
  turnTo(document.body.dataset.mode);
});
byId('modes').addEventListener('click', (event) => {
  const link = event.target.closest('[data-mode-link]');
  if (link === null) return;
  event.preventDefault();
  turnTo(link.dataset.modeLink);
});
byId('code').addEventListener('input', () => {
  byId('counter').hidden = true;
  byId('counter-amount').value = '';
});
byId('confirm').addEventListener('click', showPin);
byId('insufficient').addEventListener('click', (event) =>
  pay('insufficient_funds', event.currentTarget),
);
byId('cancel').addEventListener('click', (event) => pay('cancel', event.currentTarget));
byId('again').addEventListener('click', () => showBill());
byId('bill').addEventListener('input', () => {
  byId('to-pay').textContent = yuan(toPay());
});
byId('pin-input').addEventListener('input', (event) => setPin(event.currentTarget.value));
// Digits count wherever the focus is: after a click on a key it is on that key.
byId('pin').addEventListener('keydown', (event) => {
  const pin = byId('pin-input');
  if (event.target === pin || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^\d$/.test(event.key)) setPin(pin.value + event.key);
  else if (event.key === 'Backspace') setPin(pin.value.slice(0, -1));
});
byId('pin').addEventListener('click', (event) => {
  const key = event.target.closest('button');
  const pin = byId('pin-input');
  if (key?.dataset.digit) setPin(pin.value + key.dataset.digit);
  else if (key && 'delete' in key.dataset) setPin(pin.value.slice(0, -1));
});
for (const button of document.querySelectorAll('[data-rescan]')) {
  button.addEventListener('click', () => {
    byId('code').value = '';
    byId('counter').hidden = true;
    turnTo('scan');
    byId('code').focus();
  });
}
// A code in the address is a code that the camera has just read.
if (byId('code').value !== '') void scan();
else if (document.body.dataset.mode !== 'scan') turnTo(document.body.dataset.mode);
