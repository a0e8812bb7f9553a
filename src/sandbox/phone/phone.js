/** The phone page's behaviour. It knows two calls, /phone/scan and /phone/pay; keeps nothing. */
const byId = (id) => document.getElementById(id);
const texts = JSON.parse(byId('texts').textContent);
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
};

let bill;

function yuan(fen) {
  const text = (fen / 100).toFixed(2);
  return `¥${text.replace(/\B(?=(\d{3})+\.)/g, ',')}`;
}

async function call(path, body) {
  let answer;
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    answer = await response.json();
  } catch {
    throw new Error(texts.offline);
  }
  if (answer.error) throw new Error(refusalText(answer.error));
  return answer;
}

/** In the buyer's language, with the city's own words behind it for whoever repairs it. */
function refusalText({ code, message }) {
  const known = texts[`error_${code}`];
  return known === undefined ? `${message} (${code})` : `${known} (${message})`;
}

/** One thing at a time: buttons rest while the city works; a refusal is shown, not swallowed. */
async function busy(button, label, work) {
  const before = button.textContent;
  const buttons = [...document.querySelectorAll('main button')];
  for (const each of buttons) each.disabled = true;
  button.textContent = label;
  byId('message').hidden = true;
  try {
    await work();
  } catch (error) {
    byId('message').textContent = error.message;
    byId('message').hidden = false;
  } finally {
    for (const each of buttons) each.disabled = false;
    button.textContent = before;
  }
}

function show(id) {
  for (const name of ['scan', 'bill', 'result']) byId(name).hidden = name !== id;
  byId('message').hidden = true;
  if (id === 'scan') byId('code').focus();
  else byId(id).focus();
}

function wallet() {
  return document.querySelector('input[name="wallet"]:checked')?.value;
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
    bill = await call('/phone/scan', { wallet: wallet(), code: byId('code').value });
    byId('payee').textContent = bill.payee;
    byId('amount').textContent = yuan(bill.amount);
    byId('coupon-platform').value = '0';
    byId('coupon-merchant').value = '0';
    byId('to-pay').textContent = yuan(toPay());
    byId('payable').hidden = bill.state !== 'payable';
    byId('state').hidden = bill.state === 'payable';
    byId('state').textContent = STATE_TEXTS[bill.state] ?? '';
    show('bill');
  });
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
byId('scan').addEventListener('change', () => {
  document.body.dataset.wallet = wallet() ?? '';
});
byId('confirm').addEventListener('click', showPin);
byId('insufficient').addEventListener('click', (event) =>
  pay('insufficient_funds', event.currentTarget),
);
byId('cancel').addEventListener('click', (event) => pay('cancel', event.currentTarget));
byId('again').addEventListener('click', () => void scan());
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
    show('scan');
  });
}
// A code in the address is a code that the camera has just read.
if (byId('code').value !== '') void scan();
