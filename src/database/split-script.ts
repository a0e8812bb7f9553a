/** What a statement's end may stand in without ending it. */
const QUOTED = [
  /(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'/,
  /'(?:[^']|'')*'/,
  /"(?:[^"]|"")*"/,
  /(\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$)[\s\S]*?\1/,
  /--[^\n]*/,
  /\/\*(?:[^*]|\*(?!\/))*\*\//,
];
const PARTS = new RegExp(`${QUOTED.map(({ source }) => source).join('|')}|;`, 'g');
const NOTHING = /^(?:\s|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*$/;

/**
 * The statements of a script, without those that are empty. Bodies of functions are quoted by `$$`,
 * and comments have none inside.
 */
export function splitScript(text: string): string[] {
  const statements: string[] = [];
  let from = 0;
  for (const { 0: part, index } of text.matchAll(PARTS)) {
    if (part !== ';') continue;
    statements.push(text.slice(from, index));
    from = index + 1;
  }
  statements.push(text.slice(from));
  return statements.filter((statement) => !NOTHING.test(statement));
}
