/**
 * The counter's script: keys to type an amount with, on screens that are touched. The field and its
 * form work without it; what is an amount is decided on the server.
 */
const field = document.getElementById('amount');
const keys = document.querySelector('[data-keys]');
const isTouched = window.matchMedia('(pointer: coarse)').matches;

function press(key) {
  const text = field.value;
  if (key === '⌫') field.value = text.slice(0, -1);
  else if (text.length >= 12 || (key === '.' && text.includes('.'))) return;
  else if (/\.\d\d$/.test(text)) return;
  else if (key === '.') field.value = `${text === '' ? '0' : text}.`;
  else field.value = text === '0' ? key : text + key;
}

if (field && keys && isTouched) {
  keys.hidden = false;
  // Ours are there: the phone's own keyboard would cover them.
  field.inputMode = 'none';
  for (const button of keys.querySelectorAll('[data-key]')) {
    button.addEventListener('click', () => press(button.dataset.key));
  }
}

// One tap, one order; coming back to the page takes the next one.
const form = field?.form;
if (form) {
  const button = form.querySelector('.primary');
  form.addEventListener('submit', () => {
    button.disabled = true;
  });
  window.addEventListener('pageshow', () => {
    button.disabled = false;
  });
}
