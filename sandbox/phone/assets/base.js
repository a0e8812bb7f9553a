/** What every part of the phone page uses: its words, its calls, and one thing at a time. */
export const byId = (id) => document.getElementById(id);
export const texts = JSON.parse(byId('texts').textContent);

export function yuan(fen) {
  const text = (fen / 100).toFixed(2);
  return `¥${text.replace(/\B(?=(\d{3})+\.)/g, ',')}`;
}

/** A refusal is an Error with the city's `code`, its message in the buyer's language. */
export async function call(path, body) {
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
  if (answer.error) {
    throw Object.assign(new Error(refusalText(answer.error)), { code: answer.error.code });
  }
  return answer;
}

/** In the buyer's language, with the city's own words behind it for whoever repairs it. */
function refusalText({ code, message }) {
  const known = texts[`error_${code}`];
  return known === undefined ? `${message} (${code})` : `${known} (${message})`;
}

/** Buttons rest while the city works; a refusal is shown, not swallowed. */
export async function busy(button, label, work) {
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

export function wallet() {
  return document.querySelector('input[name="wallet"]:checked')?.value ?? '';
}

/** What the chosen wallet's app can do here: `code`, `tap`. */
export function can(what) {
  const chosen = document.querySelector('input[name="wallet"]:checked');
  return chosen?.dataset[what] === 'yes';
}
