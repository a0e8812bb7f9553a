/**
 * The cashier's script: counts down, opens the wallet once, and shows what the payment's own state
 * says. What a wallet's bridge answers is never believed; it only makes the page ask again.
 * Everything here is a comfort: the page works without it.
 *
 * - A screen that leaves the page is navigated to, never swapped in: only its own document's policy
 *   allows the way out.
 * - While a navigation is under way nothing here starts another, which would cancel it.
 * - Only the tab that pressed goes on to the wallet by itself; its address says so (`?go=`).
 */

const AGAIN_MS = 5000;
const CONFIRM_MS = 1500;
const RETURN_MS = 3000;
/** Still here so long after it should have left: the navigation came to nothing. */
const STILL_HERE_MS = 20000;
const live = document.getElementById('live');
let source = null;
let timers = [];
let asking = false;
let leaving = false;
/** The attempt that was pressed for in this tab. */
let pressed = new URLSearchParams(location.search).get('go');

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

/** This page as it is now; null where it is none any more. */
async function fetchPage() {
  const answer = await fetch(location.pathname, { credentials: 'same-origin' });
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return answer.ok && page.getElementById('main') ? page : null;
}

/** Shows this page where the payment has moved on. */
async function refresh() {
  if (asking || leaving) return;
  asking = true;
  try {
    const page = await fetchPage();
    if (page && !leaving) show(page, page.getElementById('main'));
  } catch (_error) {
    // Offline for a moment: the next event or tick asks again.
  } finally {
    asking = false;
  }
}

function show(page, next) {
  const now = main();
  const { version, screen, leaves, auto } = next.dataset;
  if (version === now.dataset.version && screen === now.dataset.screen) return;
  if (leaves) {
    if (leaves === now.dataset.leaves) now.dataset.version = version;
    else leaveFor(auto && auto === pressed ? `${location.pathname}?go=${auto}` : location.pathname);
    return;
  }
  const hadFocus = now.contains(document.activeElement);
  now.replaceWith(document.adoptNode(next));
  document.title = page.title;
  live.textContent = next.dataset.title || '';
  if (hadFocus) next.focus({ preventScroll: true });
  start();
}

function leaveFor(address) {
  leave();
  location.replace(address);
}

/** A navigation is under way: no live update, no timer may start another. */
function leave() {
  leaving = true;
  stopTimers();
  if (source) source.close();
  source = null;
  later(stay, STILL_HERE_MS);
}

function stay() {
  leaving = false;
  stopTimers();
  countdown();
  listen();
  refresh();
}

function stopTimers() {
  for (const timer of timers) clearTimeout(timer);
  timers = [];
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
  leaving = false;
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

/** An address that opens an app leaves the page where it is. */
const leadsAway = (url) => /^https?:/.test(new URL(url, location.href).protocol);

function go(target, action) {
  if (action.type === 'invoke') {
    invoke(target, action.params);
    return;
  }
  if (action.type === 'form' || leadsAway(action.url)) leave();
  if (action.type === 'form') target.submit();
  else location.assign(action.url);
}

function openWallet() {
  const target = one('[data-go]');
  const action = nextAction();
  if (!target || !action) return;
  if (action.type === 'invoke') target.addEventListener('click', () => go(target, action));
  const { auto } = main().dataset;
  if (!auto || auto !== pressed) return;
  pressed = null;
  go(target, action);
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
  stopTimers();
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
  handOut();
}

/**
 * A form that is made at the click: the one of this very load is, unless the buyer has come back to
 * it. A later press makes it anew; where there is none any more, the page says why.
 */
function handOut() {
  const form = one('[data-hand-out]');
  const [entry] = performance.getEntriesByType('navigation');
  if (!form || !entry || entry.type !== 'navigate') return;
  leave();
  form.submit();
}

async function handOutAnew(form) {
  leave();
  const page = await fetchPage().catch(() => null);
  const fresh = page ? page.querySelector('[data-hand-out]') : null;
  if (fresh) {
    form.replaceWith(document.adoptNode(fresh));
    fresh.submit();
  } else {
    location.reload();
  }
}

document.addEventListener('submit', (event) => {
  const { submitter } = event;
  if (event.target.matches('[data-hand-out]')) {
    event.preventDefault();
    handOutAnew(event.target);
    return;
  }
  if (submitter && submitter.name === 'attempt') pressed = submitter.value;
  leave();
});
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.getAttribute('href').startsWith('#') || !leadsAway(link.href)) return;
  leave();
});
// Back from a wallet's app, or out of the browser's page cache: the state may have moved on.
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !main().dataset.live) return;
  if (leaving) stay();
  else refresh();
});
window.addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  pressed = null;
  stay();
});
if (location.search) history.replaceState(null, '', location.pathname);
start();
