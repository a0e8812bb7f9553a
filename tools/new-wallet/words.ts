/**
 * The words that a new wallet is made of: its name in code, and what people call it. The template's
 * own are replaced by them, in texts and in paths.
 */
export interface WalletWords {
  /** Small letters and digits: the folder's name, and the wallet's in the API. */
  readonly name: string;
  readonly display: string;
  readonly displayZh: string;
}

/** Folders and modules that stand beside the wallets' own, and the template itself. */
const RESERVED = new Set(['qr', 'nfc', 'keys', 'wallet', 'registry', 'answers', 'credentials']);
/** The adapter exports a constant of the name. */
const OF_THE_LANGUAGE = new Set(
  (
    'break case catch class const continue debugger default delete else enum export extends false ' +
    'finally for function if implements import instanceof interface let new null package private ' +
    'protected public return static super switch this throw true try typeof var void while with ' +
    'yield async await undefined'
  ).split(' '),
);
const DISPLAY_CHARS_MAX = 24;

/** What is wrong with the words; undefined = nothing. */
export function wordsProblem({ name, display, displayZh }: WalletWords): string | undefined {
  if (!/^[a-z][a-z0-9]{2,19}$/.test(name))
    return 'a name has 3 to 20 small letters and digits and starts with a letter';
  if (RESERVED.has(name) || OF_THE_LANGUAGE.has(name) || name === TEMPLATE_WORDS.name)
    return `a name has to be free, and ${name} is reserved`;
  const isPlain = [display, displayZh].every(
    (text) => /^[\p{L}\p{N}][\p{L}\p{N} .+-]*$/u.test(text) && text.length <= DISPLAY_CHARS_MAX,
  );
  return isPlain
    ? undefined
    : `a display name has at most ${DISPLAY_CHARS_MAX} letters, digits, blanks, dots, + and -`;
}

const TEMPLATE_WORDS: WalletWords = {
  name: 'samplepay',
  display: 'Sample Pay',
  displayZh: '样例支付',
};

export function capital(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** A text or a path of the template, in the new wallet's words. */
export function reworded(text: string, words: WalletWords): string {
  const { name, display, displayZh } = TEMPLATE_WORDS;
  // The template's name is in no list of wallets; the new one is, and the compiler sees to it.
  return text
    .replaceAll(`'${name}' as WalletName`, `'${words.name}' satisfies WalletName`)
    .replaceAll(capital(name), capital(words.name))
    .replaceAll(name, words.name)
    .replaceAll(display, words.display)
    .replaceAll(displayZh, words.displayZh);
}
