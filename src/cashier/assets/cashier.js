/**
 * The cashier's script: counts down, opens the wallet once, and shows what the payment's own state
 * says. What a wallet's bridge answers is never believed; it only makes the page ask again.
 * Everything here is a comfort: the page works without it.
 */

const AGAIN_MS = 5000;
const CONFIRM_MS = 1500;
const RETURN_MS = 3000;
const live = document.getElementById('live');
let source = null;
let timers = [];
let asking = false;

const one = (selector) => document.querySelector(selector);
const later = (work, delayMs) => timers.push(setTimeout(work, delayMs));
const main = () => document.getElementById('main');

/** True once a tab for this name: going back must not send the buyer away again. */
function firstTime(name) {
  try {
    if (sessionStorage.getItem(name)) return false;
    sessionStorage.setItem(name, '1');
    return true;
  } catch (_error) {
    return false;
  }
}

/** Fetches this page and shows it where the payment has moved on. */
async function refresh() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(location.pathname, { credentials: 'same-origin' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const next = page.getElementById('main');
    if (next && answer.ok) show(page, next);
  } catch (_error) {
    // Offline for a moment: the next event or tick asks again.
  } finally {
    asking = false;
  }
}

function show(page, next) {
  const now = main();
  const { version, screen } = next.dataset;
  if (version === now.dataset.version && screen === now.dataset.screen) return;
  const hadFocus = now.contains(document.activeElement);
  now.replaceWith(document.adoptNode(next));
  document.title = page.title;
  live.textContent = next.dataset.title || '';
  if (hadFocus) next.focus();
  start();
}

function countdown() {
  const { left } = main().dataset;
  const clock = one('[data-countdown]');
  if (!left || !clock) return;
  const end = performance.now() + Number(left);
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    const pad = (value) => String(value).padStart(2, '0');
    const hours = Math.floor(seconds / 3600);
    const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
    clock.textContent = hours > 0 ? `${pad(hours)}:${rest}` : rest;
    if (seconds > 0) later(tick, 1000 - (performance.now() % 1000) + 5);
    else later(refresh, 1000);
  };
  tick();
}

/** Live status; a browser without server-sent events asks every few seconds. */
function listen() {
  if (source) source.close();
  source = null;
  if (!main().dataset.live) return;
  if (!window.EventSource) {
    const again = () => refresh().then(() => later(again, AGAIN_MS));
    later(again, AGAIN_MS);
    return;
  }
  const stream = new EventSource(`${location.pathname}/events?v=${main().dataset.version}`);
  source = stream;
  stream.addEventListener('change', refresh);
  stream.addEventListener('end', () => {
    stream.close();
    refresh();
  });
  stream.onerror = () => {
    // A refusal is not retried by the browser itself.
    if (stream.readyState === EventSource.CLOSED) later(listen, AGAIN_MS);
  };
}

function nextAction() {
  const block = document.getElementById('next-action');
  return block ? JSON.parse(block.textContent) : null;
}

function confirming() {
  const state = one('[data-state]');
  if (state) {
    const waiting = state.textContent;
    state.textContent = state.dataset.confirming;
    later(() => {
      state.textContent = waiting;
    }, AGAIN_MS);
  }
  later(refresh, CONFIRM_MS);
}

/** The bridge object, now or when the wallet's browser has made it. */
function whenReady(name, use, fail) {
  if (window[name]) {
    use(window[name]);
    return;
  }
  const missing = setTimeout(fail, 3000);
  const ready = () => {
    clearTimeout(missing);
    use(window[name]);
  };
  document.addEventListener(`${name}Ready`, ready, { once: true });
}

function invoke(button, params) {
  const fail = () => {
    const state = one('[data-state]');
    if (state) state.textContent = button.dataset.failed;
  };
  if (button.dataset.go === 'wechatpay') {
    const pay = (bridge) => bridge.invoke('getBrandWCPayRequest', params, confirming);
    whenReady('WeixinJSBridge', pay, fail);
  } else if (button.dataset.go === 'alipay') {
    const pay = (bridge) => bridge.call('tradePay', { tradeNO: params.trade_no }, confirming);
    whenReady('AlipayJSBridge', pay, fail);
  } else {
    fail();
  }
}

function go(target, action) {
  if (action.type === 'form') target.submit();
  else if (action.type === 'redirect') location.assign(action.url);
  else if (action.type === 'invoke') invoke(target, action.params);
}

function openWallet() {
  const target = one('[data-go]');
  const action = nextAction();
  if (!target || !action) return;
  if (action.type === 'invoke') target.addEventListener('click', () => go(target, action));
  const { auto } = main().dataset;
  if (auto && firstTime(`go:${auto}`)) go(target, action);
}

/** Inside a wallet's own app its choice is made for the buyer; going back leaves it to them. */
function startHere() {
  const own = one('[data-start]');
  if (own && firstTime(`start:${location.pathname}`)) own.click();
}

function comeBack() {
  const link = one('[data-return]');
  if (link && firstTime(`return:${link.dataset.return}`)) {
    later(() => location.assign(link.href), RETURN_MS);
  }
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  const told = one('[data-copied]');
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    told.textContent = button.dataset.done;
  } catch (_error) {
    told.textContent = document.execCommand('copy') ? button.dataset.done : button.dataset.failed;
  }
}

function start() {
  for (const timer of timers) clearTimeout(timer);
  timers = [];
  for (const element of document.querySelectorAll('[data-script]')) element.hidden = false;
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => copy(button));
  }
  const again = one('[data-refresh]');
  if (again) {
    again.addEventListener('click', (event) => {
      event.preventDefault();
      confirming();
    });
  }
  countdown();
  listen();
  openWallet();
  startHere();
  comeBack();
}

// Back from a wallet's app, or out of the browser's page cache: the state may have moved on.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && main().dataset.live) refresh();
});
window.addEventListener('pageshow', (event) => {
  if (event.persisted) refresh();
});
if (location.search) history.replaceState(null, '', location.pathname);
start();
